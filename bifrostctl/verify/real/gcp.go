package real

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/api/artifactregistry/v1"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iam/v1"
	"google.golang.org/api/option"

	"bifrost/bifrostctl/verify/service"
)

// gcpCloud signs in with application default credentials when it is first asked.
type gcpCloud struct {
	options []option.ClientOption
	// certificates is where those of keys are; empty for Google's own place.
	certificates string
}

func gcpNotFound(what string, err error) error {
	var answer *googleapi.Error
	switch {
	case err == nil || !errors.As(err, &answer):
		return err
	case answer.Code == http.StatusNotFound:
		return fmt.Errorf("%s: %w", what, service.ErrNotFound)
	case answer.Code == http.StatusForbidden:
		return fmt.Errorf("%w: %w", service.ErrForbidden, err)
	}
	return err
}

// usable: a pool or provider that is deleted stays readable for 30 days.
func usable(state string, disabled bool) bool { return state == "ACTIVE" && !disabled }

func poolName(project, pool string) string {
	return fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", project, pool)
}

// Pool implements service.GCP.
func (g gcpCloud) Pool(ctx context.Context, project, pool string) (*service.Pool, error) {
	client, err := iam.NewService(ctx, g.options...)
	if err != nil {
		return nil, err
	}
	answer, err := client.Projects.Locations.WorkloadIdentityPools.Get(poolName(project, pool)).Context(ctx).Do()
	if err != nil {
		return nil, gcpNotFound("workload identity pool "+pool, err)
	}
	return &service.Pool{Name: answer.Name, Usable: usable(answer.State, answer.Disabled)}, nil
}

// Provider implements service.GCP.
func (g gcpCloud) Provider(ctx context.Context, project, pool, provider string) (*service.PoolProvider, error) {
	client, err := iam.NewService(ctx, g.options...)
	if err != nil {
		return nil, err
	}
	answer, err := client.Projects.Locations.WorkloadIdentityPools.Providers.Get(poolName(project,
		pool) + "/providers/" + provider).Context(ctx).Do()
	if err != nil {
		return nil, gcpNotFound("provider "+provider, err)
	}
	found := &service.PoolProvider{Usable: usable(answer.State, answer.Disabled), Mapping: answer.AttributeMapping,
		Condition: answer.AttributeCondition}
	if answer.Oidc != nil {
		found.Issuer, found.Audiences = answer.Oidc.IssuerUri, answer.Oidc.AllowedAudiences
	}
	return found, nil
}

// AccountMembers implements service.GCP.
func (g gcpCloud) AccountMembers(ctx context.Context, project, email, role string) ([]string, error) {
	client, err := iam.NewService(ctx, g.options...)
	if err != nil {
		return nil, err
	}
	policy, err := client.Projects.ServiceAccounts.GetIamPolicy(fmt.Sprintf("projects/%s/serviceAccounts/%s", project,
		email)).Context(ctx).Do()
	if err != nil {
		return nil, gcpNotFound("service account "+email, err)
	}
	var members []string
	for _, b := range policy.Bindings {
		if b.Role == role && b.Condition == nil {
			members = append(members, b.Members...)
		}
	}
	return members, nil
}

// RepositoryMembers implements service.GCP.
func (g gcpCloud) RepositoryMembers(ctx context.Context, project, location, repository, role string) ([]string, error) {
	client, err := artifactregistry.NewService(ctx, g.options...)
	if err != nil {
		return nil, err
	}
	policy, err := client.Projects.Locations.Repositories.GetIamPolicy(fmt.Sprintf("projects/%s/locations/%s/repositories/%s", project,
		location, repository)).Context(ctx).Do()
	if err != nil {
		return nil, gcpNotFound("repository "+repository, err)
	}
	var members []string
	for _, b := range policy.Bindings {
		if b.Role == role && b.Condition == nil {
			members = append(members, b.Members...)
		}
	}
	return members, nil
}
