package checks

import (
	"context"
	"fmt"
	"slices"

	"bifrost/bifrostctl/judge/cel"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

const (
	userRole   = "roles/iam.workloadIdentityUser"
	readerRole = "roles/artifactregistry.reader"
)

// gcpTrust is Google's side of the federation, where the stack makes it.
type gcpTrust struct {
	Stack
	// shown is the token that Google's side is shown, as the hand-off describes it.
	shown      Principal
	federation *stacks.Federation
	gcp        service.GCP
	pool       func(context.Context) (*service.Pool, error)
	provider   func(context.Context) (*service.PoolProvider, error)
}

func (s Stack) gcpTrust(c service.Clouds, shown Principal) []check.Check {
	f := s.Config.Gcp.Federation
	t := gcpTrust{
		Stack: s, shown: shown, federation: f, gcp: c.GCP,
		pool: shared(func(ctx context.Context) (*service.Pool, error) { return c.GCP.Pool(ctx, f.ProjectId, f.PoolId) }),
		provider: shared(func(ctx context.Context) (*service.PoolProvider, error) {
			return c.GCP.Provider(ctx, f.ProjectId, f.PoolId, f.ProviderId)
		}),
	}
	return []check.Check{
		{Code: "gcp-pool", Description: "the workload identity pool is usable", Run: t.poolUsable},
		{Code: "gcp-provider", Description: "the pool's provider is usable", Needs: []string{"gcp-pool"}, Run: t.providerUsable},
		{Code: "gcp-issuer", Description: "the provider trusts the issuer of the token that it is shown", Needs: []string{"gcp-provider"},
			Run: t.issuer},
		{Code: "gcp-audience", Description: "the provider allows the token's audience", Needs: []string{"gcp-provider"}, Run: t.audience},
		{Code: "gcp-condition", Description: "the token meets the provider's mapping and condition", Needs: []string{"gcp-provider"},
			Run: t.condition},
		{Code: "gcp-member", Description: "the token's subject may act as the service account", Needs: []string{"gcp-pool"}, Run: t.member},
		{Code: "gcp-repository", Description: "the service account may read the image's repository", Run: t.reader},
	}
}

func (t gcpTrust) login() string { return "gcloud auth application-default login" }

func (t gcpTrust) poolUsable(ctx context.Context) check.Result {
	pool, err := t.pool(ctx)
	switch {
	case missing(err):
		return check.Fail(t.up(), "project %s has no workload identity pool %s", t.federation.ProjectId, t.federation.PoolId)
	case err != nil:
		return unreadable("the workload identity pool "+t.federation.PoolId, err, t.login())
	case !pool.Usable:
		return check.Fail(fmt.Sprintf("gcloud iam workload-identity-pools undelete %s --project %s --location global, or update it with "+
			"--no-disabled", t.federation.PoolId, t.federation.ProjectId),
			"the workload identity pool %s is deleted or disabled", t.federation.PoolId)
	}
	return check.Pass("%s", pool.Name)
}

func (t gcpTrust) providerUsable(ctx context.Context) check.Result {
	provider, err := t.provider(ctx)
	switch {
	case missing(err):
		return check.Fail(t.up(), "pool %s has no provider %s", t.federation.PoolId, t.federation.ProviderId)
	case err != nil:
		return unreadable("the provider "+t.federation.ProviderId, err, t.login())
	case !provider.Usable:
		return check.Fail(t.up(), "the provider %s is deleted or disabled", t.federation.ProviderId)
	}
	return check.Pass("%s", t.federation.ProviderId)
}

func (t gcpTrust) issuer(ctx context.Context) check.Result {
	provider, err := t.provider(ctx)
	if err != nil {
		return unreadable("the provider", err, t.login())
	}
	if provider.Issuer != t.shown.Issuer {
		return check.Fail(t.up(), "issuer mismatch: the provider %s trusts %s, and the token is of %s", t.federation.ProviderId,
			provider.Issuer, t.shown.Issuer)
	}
	return check.Pass("%s", provider.Issuer)
}

func (t gcpTrust) audience(ctx context.Context) check.Result {
	provider, err := t.provider(ctx)
	if err != nil {
		return unreadable("the provider", err, t.login())
	}
	if !slices.Contains(provider.Audiences, t.shown.Audience) {
		return check.Fail(t.up(), "audience mismatch: the provider %s allows %s, and the token has %s", t.federation.ProviderId,
			quoted(provider.Audiences), t.shown.Audience)
	}
	return check.Pass("%s", t.shown.Audience)
}

// claims are those of the token that Google's side is shown.
func (t gcpTrust) claims() map[string]any {
	claims := map[string]any{"iss": t.shown.Issuer, "sub": t.shown.Subject, "aud": t.shown.Audience}
	if t.Config.Aks == nil || t.Config.Aks.Trust != stacks.TrustEntra {
		return claims
	}
	// The claims of Entra's access tokens differ by version.
	client := "azp"
	if t.Config.Aks.Entra.TokenVersion == 1 {
		client = "appid"
	}
	claims["tid"], claims["oid"], claims[client] = t.shown.TenantID, t.shown.PrincipalID, t.shown.ClientID
	return claims
}

func (t gcpTrust) condition(ctx context.Context) check.Result {
	provider, err := t.provider(ctx)
	if err != nil {
		return unreadable("the provider", err, t.login())
	}
	subject, holds, err := cel.Judge(provider.Mapping, provider.Condition, t.claims())
	switch {
	case err != nil:
		return check.Fail(t.up(), "mapping or condition of the provider %s: %v", t.federation.ProviderId, err)
	case !holds:
		return check.Fail(t.up(), "a token with the subject %s does not meet the condition %s", t.shown.Subject, provider.Condition)
	}
	return check.Pass("%s, as %s", provider.Condition, subject)
}

func (t gcpTrust) member(ctx context.Context) check.Result {
	pool, err := t.pool(ctx)
	if err != nil {
		return unreadable("the pool", err, t.login())
	}
	provider, err := t.provider(ctx)
	if err != nil {
		return unreadable("the provider", err, t.login())
	}
	mapped, err := cel.Map(provider.Mapping, t.claims())
	if err != nil {
		return check.Fail(t.up(), "mapping of the provider %s: %v", t.federation.ProviderId, err)
	}
	email := t.shown.ServiceAccountEmail
	members, err := t.gcp.AccountMembers(ctx, t.federation.ProjectId, email, userRole)
	switch {
	case missing(err):
		return check.Fail(t.up(), "there is no service account %s", email)
	case err != nil:
		return unreadable("the service account "+email, err, t.login())
	}
	want := "principal://iam.googleapis.com/" + pool.Name + "/subject/" + mapped[cel.Subject]
	if !slices.Contains(members, want) {
		return check.Fail(t.up(), "%s does not have %s on %s", want, userRole, email)
	}
	return check.Pass("%s", email)
}

func (t gcpTrust) reader(ctx context.Context) check.Result {
	repository, ok := t.Config.Image().ArtifactRegistryRepository()
	if !ok {
		return check.Fail("write an image of Artifact Registry into registry.image", "%s is of no Artifact Registry repository",
			t.Config.Image())
	}
	members, err := t.gcp.RepositoryMembers(ctx, repository.Project, repository.Location, repository.Name, readerRole)
	switch {
	case missing(err):
		return check.Fail("gcloud artifacts repositories list --project "+repository.Project,
			"there is no repository %s in %s of project %s", repository.Name, repository.Location, repository.Project)
	case err != nil:
		return unreadable("the repository "+repository.Name, err, t.login())
	}
	if want := "serviceAccount:" + t.shown.ServiceAccountEmail; !slices.Contains(members, want) {
		return check.Fail(t.up(), "%s does not have %s on repository %s of project %s", want, readerRole, repository.Name,
			repository.Project)
	}
	return check.Pass("%s of project %s", repository.Name, repository.Project)
}
