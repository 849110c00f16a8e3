package saved

import (
	"context"
	"fmt"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify/service"
	"bifrost/bifrostctl/world"
)

type gcp struct{ w *cloud.World }

func usable(r *world.Resource) bool {
	return r.State["state"] != "DELETED" && r.State["disabled"] != true
}

func poolPath(project, pool string) string {
	return fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", project, pool)
}

// Pool implements service.GCP.
func (g gcp) Pool(_ context.Context, project, pool string) (*service.Pool, error) {
	g.w.Lock()
	defer g.w.Unlock()
	found, err := only(g.w, pulumitype.GcpPool, pool, func(r *world.Resource) bool { return r.ID == poolPath(project, pool) })
	if err != nil {
		return nil, err
	}
	number := project
	if known := g.w.GCP[project]; known != nil {
		number = known.Number
	}
	return &service.Pool{Name: poolPath(number, pool), Usable: usable(found)}, nil
}

// Provider implements service.GCP.
func (g gcp) Provider(_ context.Context, project, pool, provider string) (*service.PoolProvider, error) {
	g.w.Lock()
	defer g.w.Unlock()
	id := poolPath(project, pool) + "/providers/" + provider
	found, err := only(g.w, pulumitype.GcpPoolProvider, provider, func(r *world.Resource) bool { return r.ID == id })
	if err != nil {
		return nil, err
	}
	oidc, _ := found.State["oidc"].(map[string]any)
	answer := &service.PoolProvider{
		Usable: usable(found), Issuer: fmt.Sprint(oidc["issuerUri"]), Audiences: texts(oidc["allowedAudiences"]),
		Mapping: map[string]string{}, Condition: text(found, "attributeCondition"),
	}
	mapping, _ := found.State["attributeMapping"].(map[string]any)
	for name, expression := range mapping {
		answer.Mapping[name] = fmt.Sprint(expression)
	}
	return answer, nil
}

// AccountMembers implements service.GCP.
func (g gcp) AccountMembers(_ context.Context, _, email, role string) ([]string, error) {
	g.w.Lock()
	defer g.w.Unlock()
	if _, err := only(g.w, pulumitype.GcpServiceAccount, email, func(r *world.Resource) bool {
		return text(r, "email") == email
	}); err != nil {
		return nil, err
	}
	return g.members(pulumitype.GcpServiceAccountMember, role, func(r *world.Resource) bool {
		return strings.HasSuffix(text(r, "serviceAccountId"), "/"+email)
	}), nil
}

// RepositoryMembers implements service.GCP.
func (g gcp) RepositoryMembers(_ context.Context, project, location, repository, role string) ([]string, error) {
	g.w.Lock()
	defer g.w.Unlock()
	id := fmt.Sprintf("projects/%s/locations/%s/repositories/%s", project, location, repository)
	if _, err := only(g.w, pulumitype.GcpRepository, repository, func(r *world.Resource) bool { return r.ID == id }); err != nil {
		return nil, err
	}
	return g.members(pulumitype.GcpRepositoryMember, role, func(r *world.Resource) bool {
		name := text(r, "repository")
		return text(r, "project") == project && text(r, "location") == location && name[strings.LastIndex(name, "/")+1:] == repository
	}), nil
}

func (g gcp) members(typ, role string, of func(*world.Resource) bool) []string {
	var members []string
	for _, r := range g.w.Resources {
		if r.Type == typ && !r.Deleted && text(r, "role") == role && of(r) {
			members = append(members, text(r, "member"))
		}
	}
	return members
}
