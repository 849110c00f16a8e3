package stacks_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

const (
	appRegistration = "00000000-0000-4000-8000-00000000000a"
	poolPath        = "projects/acme-mirror/locations/global/workloadIdentityPools/bifrost-azure"
)

// aksStack is the dev stack on AKS, with one of its ways to sign in at Google Cloud.
func aksStack(t testing.TB, changes map[string]any) settings {
	s := stackFile(t, "azure-dev")
	for key, v := range changes {
		s.set(key, v)
	}
	return s
}

func entraTrust(version int) map[string]any {
	return map[string]any{"appIdUri": "api://" + appRegistration, "tokenVersion": version}
}

func federation() map[string]any {
	return map[string]any{"federation": map[string]any{
		"projectId": "acme-mirror", "poolId": "bifrost-azure", "providerId": "bifrost-aks", "serviceAccountId": "bifrost-pull",
	}}
}

var aksTrusts = map[string]map[string]any{
	"aks":             {},
	"entra v1":        {"aks.trust": "entra", "aks.entra": entraTrust(1)},
	"entra v2":        {"aks.trust": "entra", "aks.entra": entraTrust(2)},
	"federated aks":   {"gcp": federation()},
	"federated entra": {"aks.trust": "entra", "aks.entra": entraTrust(2), "gcp": federation()},
}

const (
	tenantOf    = "tenant-of-aks-identity"
	clientOf    = "client-of-aks-identity"
	principalOf = "principal-of-aks-identity"
	pullSubject = "system:serviceaccount:bifrost:bifrost-pull"
)

// shownTokens are the claims by trust, and the condition on them.
var shownTokens = map[string]map[string]any{
	"aks": {
		"issuer": aksIssuer, "subject": pullSubject, "audience": "api://AzureADTokenExchange",
		"attributeCondition": "assertion.sub == '" + pullSubject + "'",
	},
	"entra v1": {
		"issuer": "https://sts.windows.net/" + tenantOf + "/", "subject": principalOf, "audience": "api://" + appRegistration,
		"attributeCondition": "assertion.tid == '" + tenantOf + "' && assertion.appid == '" + clientOf + "'",
	},
	"entra v2": {
		"issuer": "https://login.microsoftonline.com/" + tenantOf + "/v2.0", "subject": principalOf, "audience": appRegistration,
		"attributeCondition": "assertion.tid == '" + tenantOf + "' && assertion.azp == '" + clientOf + "'",
	},
}

// TestAKSHandoff: the vendor learns what the token that Google's side is shown says, before and after the workload the same.
func TestAKSHandoff(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]string{
		"aks": "aks", "entra v1": "entra v1", "entra v2": "entra v2", "federated aks": "aks", "federated entra": "entra v2",
	} {
		t.Run(name, func(t *testing.T) {
			trust, _, _ := strings.Cut(shown, " ")
			want := map[string]any{
				"platform": "aks", "purpose": "refreshes the pull Secret on AKS", "trust": trust,
				"tenantId": tenantOf, "clientId": clientOf, "principalId": principalOf,
			}
			for key, v := range shownTokens[shown] {
				want[key] = v
			}
			if name == "aks" {
				want["pool"] = "of this cluster alone: a principal at Google names pool and subject, so that a token of another cluster which " +
					"the pool lets in would pass for this one's with the same namespace and ServiceAccount"
			}
			if strings.HasPrefix(name, "federated") {
				want["serviceAccountEmail"] = "gcp-account@test.iam.gserviceaccount.com"
			}
			for _, rollout := range []stacks.Rollout{stacks.RolloutIdentity, stacks.RolloutFull} {
				require.Equal(t, []any{want}, output(t, aksStack(t, aksTrusts[name]).set("rollout", rollout), "vendorHandoff"), rollout)
			}
		})
	}
}

// TestAdoptWarns: an adopted provider is taken from whoever uses it.
func TestAdoptWarns(t *testing.T) {
	t.Parallel()
	for _, rollout := range []stacks.Rollout{stacks.RolloutIdentity, stacks.RolloutFull} {
		s := stackFile(t, "azure-dev").set("gcp", federation()).set("rollout", rollout)
		require.Empty(t, parsed(t, "azure-dev", s).Warnings())
		warnings := parsed(t, "azure-dev", s.set("gcp.federation.adopt", true)).Warnings()
		require.Len(t, warnings, 1)
		for _, want := range []string{"gcp.federation.adopt: ", "provider bifrost-aks of pool bifrost-azure", "another cluster", "remove the key"} {
			require.Contains(t, warnings[0], want)
		}
	}
}

// TestAKSFullKeepsIdentities: full adds to what was handed off, in every way to sign in; the federation is one of the identities.
func TestAKSFullKeepsIdentities(t *testing.T) {
	t.Parallel()
	for name, changes := range aksTrusts {
		t.Run(name, func(t *testing.T) {
			identity := record(t, "azure-dev", aksStack(t, changes).set("rollout", stacks.RolloutIdentity).set("secrets", nil))
			full := record(t, "azure-dev", aksStack(t, changes))
			require.Greater(t, len(full.Resources), len(identity.Resources))
			federated := strings.HasPrefix(name, "federated")
			require.Equal(t, federated, len(identity.Of("bifrost:index:GcpFederation")) == 1)
			for _, r := range identity.Resources {
				require.False(t, strings.HasPrefix(r.Type, "kubernetes:"), r.URN)
				i := slices.IndexFunc(full.Resources, func(f graphtest.Resource) bool { return f.URN == r.URN })
				require.GreaterOrEqual(t, i, 0, "%s is missing", r.URN)
				if r.Type != stacks.PlaceGuardType { // it knows the rollout
					require.Equal(t, r.Inputs, full.Resources[i].Inputs, r.URN)
				}
			}
		})
	}
}

// TestAKSTokens: what the refresher shows and where the credential configuration looks for it fit.
func TestAKSTokens(t *testing.T) {
	t.Parallel()
	for name, changes := range aksTrusts {
		t.Run(name, func(t *testing.T) {
			g := record(t, "azure-dev", aksStack(t, changes))
			g.RequireProviders(t)
			job := g.One(t, "kubernetes:batch/v1:Job")
			vars := map[string]any{}
			for _, v := range job.Input(t, "spec.template.spec.initContainers[0].env").([]any) {
				vars[v.(map[string]any)["name"].(string)] = v.(map[string]any)["value"]
			}
			var config struct {
				Source struct{ File string } `json:"credential_source"`
			}
			configMap := g.One(t, "kubernetes:core/v1:ConfigMap")
			require.NoError(t, json.Unmarshal([]byte(configMap.Input(t, `data["credential-config.json"]`).(string)), &config))

			if !strings.Contains(name, "entra") {
				require.NotContains(t, vars, "AZURE_CLIENT_ID")
			} else {
				require.Equal(t, clientOf, vars["AZURE_CLIENT_ID"])
				require.Equal(t, tenantOf, vars["AZURE_TENANT_ID"])
				require.Equal(t, "api://"+appRegistration+"/.default", vars["ENTRA_SCOPE"])
				require.Equal(t, config.Source.File, vars["SUBJECT_TOKEN_FILE"])
			}
			require.Equal(t, "/var/run/secrets/azure/tokens/azure-identity-token", config.Source.File)
			require.True(t, g.DependsOn(job, g.One(t, "azure-native:managedidentity:FederatedIdentityCredential")))
		})
	}
}

// TestFederation: Google's side trusts what is shown, in the order in which each part needs the one before.
func TestFederation(t *testing.T) {
	t.Parallel()
	for name, shown := range map[string]map[string]any{"federated aks": shownTokens["aks"], "federated entra": shownTokens["entra v2"]} {
		t.Run(name, func(t *testing.T) {
			g := record(t, "azure-dev", aksStack(t, aksTrusts[name]).set("protectIdentities", "true"))
			require.Equal(t, "acme-mirror", g.One(t, "pulumi:providers:gcp").Input(t, "project"))
			provider := g.One(t, "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider")
			require.Equal(t, shown["issuer"], provider.Input(t, "oidc.issuerUri"))
			require.Equal(t, []any{shown["audience"]}, provider.Input(t, "oidc.allowedAudiences"))
			require.Equal(t, shown["attributeCondition"], provider.Input(t, "attributeCondition"))

			reader := g.One(t, "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember")
			require.Equal(t, "bifrost-dist", reader.Input(t, "project"), "the image's, not the federation's")
			require.Equal(t, "europe-west1", reader.Input(t, "location"))
			require.Equal(t, "acme-hub", reader.Input(t, "repository"))
			user := g.One(t, "gcp:serviceaccount/iAMMember:IAMMember")
			issuer := sha256.Sum256([]byte(shown["issuer"].(string)))
			require.Equal(t, fmt.Sprintf("principal://iam.googleapis.com/projects/210987654321/locations/global/workloadIdentityPools/bifrost-azure/subject/%x/%s", issuer[:8], shown["subject"]),
				user.Input(t, "member"))

			identity := g.One(t, "azure-native:managedidentity:UserAssignedIdentity")
			require.Equal(t, name == "federated entra", g.DependsOn(provider, identity))
			for _, binding := range []graphtest.Resource{reader, user} {
				require.True(t, g.DependsOn(g.One(t, "kubernetes:core/v1:ConfigMap"), binding))
				require.True(t, g.DependsOn(g.One(t, "kubernetes:batch/v1:Job"), binding))
			}
			for _, typ := range []string{"gcp:iam/workloadIdentityPool:WorkloadIdentityPool", "gcp:serviceaccount/account:Account"} {
				require.True(t, g.One(t, typ).Request.GetProtect(), typ)
			}
		})
	}
}

func TestFederationAdopts(t *testing.T) {
	t.Parallel()
	s := aksStack(t, aksTrusts["federated aks"]).set("gcp.federation.adopt", true)
	g := record(t, "azure-dev", s)
	require.Equal(t, poolPath, g.One(t, "gcp:iam/workloadIdentityPool:WorkloadIdentityPool").Request.GetImportId())
	require.Equal(t, poolPath+"/providers/bifrost-aks", g.One(t, "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider").Request.GetImportId())
}

func TestFederationWithoutProject(t *testing.T) {
	t.Parallel()
	g := aksStack(t, aksTrusts["federated aks"]).graph(t, "azure-dev")
	g.Answers["gcp:organizations/getProject:getProject"] = never("Error 403")
	err := g.Run(program(g))
	require.ErrorContains(t, err, "gcp.federation.projectId: there is no project acme-mirror")
	require.ErrorContains(t, err, "gcloud auth application-default login")
	require.Empty(t, g.Of("gcp:iam/workloadIdentityPool:WorkloadIdentityPool"))
}

// TestFederationURNs pins the URNs of the federation, as TestURNs does those of the dev stacks.
func TestFederationURNs(t *testing.T) {
	t.Parallel()
	g := record(t, "azure-dev", aksStack(t, aksTrusts["federated aks"]).set("rollout", stacks.RolloutIdentity))
	got := strings.Join(g.URNs(), "\n") + "\n"
	golden := filepath.Join("testdata", "azure-dev.federation.urns")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// TestGoogleAudience: the audience in Google's own form fits the provider that the credential configuration names.
func TestGoogleAudience(t *testing.T) {
	t.Parallel()
	const audience = "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme-hub-azure-pool/providers/acme-hub-azure-provider"
	record(t, "azure-dev", stackFile(t, "azure-dev").set("aks.tokenAudience", "https:"+audience))
}
