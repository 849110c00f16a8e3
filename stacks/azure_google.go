package stacks

import (
	"fmt"
	"strings"

	pulumigcp "github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/organizations"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/azure"
	"bifrost/components/gcp"
	"bifrost/internal/check"
)

// appId is the app registration's client id: its own key, or that in api://CLIENT_ID; empty when neither has it.
func (e *Entra) appId() string {
	if id, ok := strings.CutPrefix(e.AppIdUri, "api://"); e.AppId == "" && ok && check.UUID.Pattern.MatchString(id) {
		return id
	}
	return e.AppId
}

// shownToken is what identifies the token that Google's side is shown: its claims, and a CEL condition on them that nobody else's
// token meets.
type shownToken struct {
	issuer, subject, audience, condition pulumi.StringInput
	// jwks are the issuer's keys, where Google cannot fetch them; empty otherwise.
	jwks string
}

// shownToken of the cluster is the ServiceAccount's own. Entra's is the managed identity's: its claims differ by version (Microsoft
// identity platform, "Access token claims reference"), and every identity of the tenant can have one for the same audience.
func (c *Config) shownToken(cluster *aksCluster, identity *azure.AksWorkloadIdentity) shownToken {
	if c.Aks.Trust == TrustAks {
		return shownToken{
			issuer: pulumi.String(cluster.issuer), subject: identity.Subject, audience: pulumi.String(c.Aks.TokenAudience),
			condition: pulumi.Sprintf("assertion.sub == '%s'", identity.Subject),
		}
	}
	entra := c.Aks.Entra
	if entra.TokenVersion == 1 {
		return shownToken{
			issuer: pulumi.Sprintf("https://sts.windows.net/%s/",
				identity.TenantId), subject: identity.PrincipalId, audience: pulumi.String(entra.AppIdUri),
			condition: pulumi.Sprintf("assertion.tid == '%s' && assertion.appid == '%s'", identity.TenantId, identity.ClientId),
		}
	}
	return shownToken{
		issuer: pulumi.Sprintf("https://login.microsoftonline.com/%s/v2.0",
			identity.TenantId), subject: identity.PrincipalId, audience: pulumi.String(entra.AppId),
		condition: pulumi.Sprintf("assertion.tid == '%s' && assertion.azp == '%s'", identity.TenantId, identity.ClientId),
	}
}

// googleCredentials are what the refresher signs in with at Google Cloud; the service account is nil where the vendor has it.
type googleCredentials struct{ config, serviceAccount pulumi.StringInput }

// googleCredentials are the vendor's document, or come from the federation, which is one of the identities: made at every rollout.
func (c *Config) googleCredentials(ctx *pulumi.Context, shown shownToken) (*googleCredentials, error) {
	if c.federated() {
		return c.federate(ctx, shown)
	}
	if c.Rollout == RolloutIdentity {
		return &googleCredentials{}, nil
	}
	config, err := c.Gcp.credentialConfigJSON()
	return &googleCredentials{config: pulumi.String(config)}, err
}

func (c *Config) federate(ctx *pulumi.Context, shown shownToken) (*googleCredentials, error) {
	f := c.Gcp.Federation
	provider, err := pulumigcp.NewProvider(ctx, "gcp", &pulumigcp.ProviderArgs{Project: pulumi.String(f.ProjectId)})
	if err != nil {
		return nil, fmt.Errorf("gcp provider: %w", err)
	}
	project, err := organizations.LookupProject(ctx, &organizations.LookupProjectArgs{ProjectId: &f.ProjectId}, pulumi.Provider(provider))
	if err != nil {
		return nil, fmt.Errorf("gcp.federation.projectId: there is no project %s, or it cannot be read: %w; sign in with `gcloud auth "+
			"application-default login`, see `gcloud projects list` and set %s:gcp.federation.projectId",
			f.ProjectId, err, Project)
	}
	federation, err := gcp.NewGcpFederation(ctx, "gcp", c.federationArgs(project.Number, shown), pulumi.Providers(provider))
	if err != nil {
		return nil, err
	}
	return &googleCredentials{config: federation.CredentialConfig, serviceAccount: federation.ServiceAccountEmail}, nil
}

// federationArgs are those of Google's side; number is the project's.
func (c *Config) federationArgs(number string, shown shownToken) *gcp.GcpFederationArgs {
	f := c.Gcp.Federation
	repository, _ := c.image.ArtifactRegistryRepository()
	return &gcp.GcpFederationArgs{
		ProjectId: f.ProjectId, ProjectNumber: pulumi.String(number),
		PoolId: f.PoolId, ProviderId: f.ProviderId, ServiceAccountId: f.ServiceAccountId,
		Issuer: shown.issuer, Subject: shown.subject, Audience: shown.audience, Condition: shown.condition, Jwks: shown.jwks,
		Repository: repository,
		TokenFile:  c.googleToken().file,
		Adopt:      f.Adopt, Protect: c.ProtectIdentities,
	}
}

// adoptions tells what an adopted pool and provider may cost somebody else.
func (c *Config) adoptions() []string {
	if !c.federated() || !c.Gcp.Federation.Adopt {
		return nil
	}
	f := c.Gcp.Federation
	return []string{fmt.Sprintf("gcp.federation.adopt: this stack takes over provider %s of pool %s in project %s, whoever has made it: "+
		"if another cluster signs in through it, that no longer can, for the provider trusts this one instead; see `gcloud iam "+
		"workload-identity-pools providers list --workload-identity-pool %s --project %s --location global`, keep one pool for each "+
		"cluster, and remove the key once `pulumi up` has succeeded",
		f.ProviderId, f.PoolId, f.ProjectId, f.PoolId, f.ProjectId)}
}
