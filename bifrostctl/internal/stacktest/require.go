package stacktest

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/internal/graphtest"
)

// OnlySame requires that nothing is done, or would be.
func OnlySame(t testing.TB, r *enginetest.Result, because string) {
	t.Helper()
	require.NoError(t, r.Err, r.Diagnostics)
	require.Empty(t, r.Plan(), because)
	require.Len(t, r.Changes, 1)
}

// NoLeaks requires that no secret stands in clear in the stack's state.
func NoLeaks(t testing.TB, made *enginetest.Result) {
	t.Helper()
	for _, r := range made.Snapshot.Resources {
		require.Empty(t, graphtest.Leaks(r.Inputs, Secret), "inputs of %s", r.URN)
		require.Empty(t, graphtest.Leaks(r.Outputs, Secret), "outputs of %s", r.URN)
	}
}

// Kept are the types of what no up may replace or delete unless the configuration asks for it: workloads, and identities that others know.
var Kept = []string{
	edits.DeploymentKind, edits.StatefulKind, edits.ServiceKind, edits.ServiceType,
	edits.RoleType, edits.PolicyType, pulumitype.AwsOidcProvider, pulumitype.AzureManagedIdentity, edits.CredentialType,
	pulumitype.GcpPool, pulumitype.GcpPoolProvider, pulumitype.GcpServiceAccount,
}

// Standing are the things of some types that the stack has made, by their keys in the world.
func Standing(w *cloud.World, types []string) map[string]*cloud.Resource {
	made := maps.Clone(w.Resources)
	maps.DeleteFunc(made, func(_ string, r *cloud.Resource) bool {
		return r.Seeded || r.Deleted || !slices.Contains(types, r.Type)
	})
	return made
}

// RequireStanding requires that everything that stood stands as the same object, and that Deployments have pods.
func RequireStanding(t testing.TB, w *cloud.World, before map[string]*cloud.Resource) {
	t.Helper()
	for key, r := range before {
		require.Same(t, r, w.Resources[key], "%s is another one", key)
		require.False(t, r.Deleted, "%s is gone", key)
		if r.Type == edits.DeploymentKind {
			require.Positive(t, r.State["status"].(map[string]any)["availableReplicas"], "%s has no pods", key)
		}
	}
}
