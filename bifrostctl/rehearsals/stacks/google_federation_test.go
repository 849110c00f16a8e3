package stacks_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
)

// opsOf are the steps of a resource, in order.
func opsOf(r *enginetest.Result, name string) []string {
	var ops []string
	for _, step := range r.Steps {
		if step.Name == name {
			ops = append(ops, step.Op)
		}
	}
	return ops
}

// TestFederationChanges: on Google's side the new part stands before the old one goes, so that the token is fetched in the same `up`; where
// identities are protected, nothing happens to pool and service account.
func TestFederationChanges(t *testing.T) {
	t.Parallel()
	for setting, replaced := range map[string][]string{
		"gcp.federation.poolId=another-pool":             {"gcp-pool", "gcp-provider", "gcp-user"},
		"gcp.federation.providerId=another-provider":     {"gcp-provider"},
		"gcp.federation.serviceAccountId=another-puller": {"gcp-account", "gcp-reader", "gcp-user"},
		"gcp.federation.projectId=acme-other":            {"gcp-pool", "gcp-provider", "gcp-account", "gcp-reader", "gcp-user"},
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			s := stacktest.OwnFederation.Start(t)
			s.Set("protectIdentities=true")
			s.Engine.MustUp()
			s.Set("protectIdentities=true", setting)
			isKept := slices.Contains(replaced, "gcp-pool") || slices.Contains(replaced, "gcp-account")
			require.Equal(t, isKept, s.Engine.Preview().Err != nil, "protected")

			up := s.Set(setting).Engine.MustUp()
			for _, name := range []string{"gcp-pool", "gcp-provider", "gcp-account", "gcp-reader", "gcp-user"} {
				var want []string
				if slices.Contains(replaced, name) {
					want = []string{"create-replacement", "replace", "delete-replaced"}
				}
				require.Equal(t, want, opsOf(up, name), name)
			}
			require.Empty(t, opsOf(up, "aks-gateway-deployment"))
			live := 0
			for _, r := range s.World.Resources {
				if r.Type == pulumitype.GcpPoolProvider && !r.Deleted && !r.Seeded {
					live++
				}
			}
			require.Equal(t, 1, live, "the former one is gone, wherever it was")
			stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
		})
	}
}

// TestFederationTakesAnotherSubject: the new member may act as the service account before the provider maps anybody to it, and the former one
// goes last.
func TestFederationTakesAnotherSubject(t *testing.T) {
	t.Parallel()
	s := stacktest.OwnFederation.Start(t)
	s.Engine.MustUp()
	var order []string
	for _, step := range s.Set("refresher.serviceAccount=another-pull").Engine.MustUp().Steps {
		if step.Name == "gcp-user" || step.Name == "gcp-provider" {
			order = append(order, step.Op+" "+step.Name)
		}
	}
	require.Equal(t, []string{
		"create-replacement gcp-user", "replace gcp-user", "update gcp-provider", "delete-replaced gcp-user",
	}, order)
}

// TestAdoptsAnotherTrust: a provider that was restored trusts what it trusted before; it is imported, and brought up to date.
func TestAdoptsAnotherTrust(t *testing.T) {
	t.Parallel()
	s := stacktest.OwnFederation.Start(t)
	s.Engine.MustUp()
	require.NoError(t, s.Engine.Destroy().Err)
	require.ErrorContains(t, s.Engine.Up().Err, "gcp.federation.adopt")
	for _, r := range s.World.Resources { // gcloud iam workload-identity-pools undelete, and providers undelete
		if r.Type != pulumitype.GcpPool && r.Type != pulumitype.GcpPoolProvider || r.Seeded {
			continue
		}
		r.Deleted, r.State["state"] = false, "ACTIVE"
		if oidc, ok := r.State["oidc"].(map[string]any); ok {
			oidc["issuerUri"] = "https://former.example.com/"
		}
	}
	s.Set("gcp.federation.adopt=true", "agreed.adopted=acme-mirror/bifrost-azure/bifrost-aks")
	require.Equal(t, []string{"import", "update"}, opsOf(s.Engine.MustUp(), "gcp-provider"))
	stacktest.OnlySame(t, s.Engine.MustUp(), "adopted")
}
