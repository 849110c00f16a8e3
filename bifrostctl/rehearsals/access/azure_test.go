package access_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
)

// azureRole is a custom role as az takes it.
type azureRole struct {
	Actions, NotActions, DataActions, NotDataActions, AssignableScopes []string
}

func role(t *testing.T, name string) azureRole {
	t.Helper()
	var r azureRole
	require.NoError(t, json.Unmarshal(file(t, "azure/"+name+".json"), &r))
	for _, action := range slices.Concat(r.Actions, r.DataActions) {
		require.NotContains(t, action, "*", "the ready roles name each action")
	}
	return r
}

// may tells whether the role, assigned where it can be, allows an action on an id. Azure compares both without regard to case.
func (r azureRole) may(action, id string) bool {
	within := slices.ContainsFunc(r.AssignableScopes, func(scope string) bool {
		return strings.HasPrefix(strings.ToLower(id)+"/", strings.ToLower(scope)+"/")
	})
	return within && slices.ContainsFunc(r.Actions, func(a string) bool { return strings.EqualFold(a, action) })
}

const identities = "Microsoft.ManagedIdentity/userAssignedIdentities"

// azureTypes are what Azure Resource Manager calls the types that a stack makes; the provider reads, writes (PUT) and deletes them.
var azureTypes = map[string]string{
	pulumitype.AzureManagedIdentity: identities, pulumitype.AzureFederatedCredential: identities + "/federatedIdentityCredentials",
}

// azureLookUps are the actions of the look-ups: on the cluster but that of an identity's name.
var azureLookUps = map[string]string{
	pulumitype.AzureGetManagedIdentity:  identities + "/read",
	pulumitype.AzureGetManagedCluster:   "Microsoft.ContainerService/managedClusters/read",
	pulumitype.AzureListUserCredentials: "Microsoft.ContainerService/managedClusters/listClusterUserCredential/action",
}

// TestAzure: who deploys keeps the identity in its resource group, and both who deploy and who preview look the cluster up. Nothing else.
func TestAzure(t *testing.T) {
	t.Parallel()
	deploy, cluster, preview := role(t, "deploy-role"), role(t, "cluster-role"), role(t, "preview-role")
	needed := map[string]bool{}
	for _, way := range []stacktest.Way{stacktest.TrustAKS, stacktest.TrustEntra} {
		way.InFile = []string{"aks.resourceGroup=dev-clusters"}
		types := map[string]bool{}
		for _, r := range made(way.Start(t).Engine.MustUp(), "azure-native") {
			name, known := azureTypes[string(r.Type)]
			require.True(t, known, "%s has no row in azureTypes", r.Type)
			types[string(r.Type)] = true
			for _, verb := range []string{"read", "write", "delete"} {
				require.True(t, deploy.may(name+"/"+verb, string(r.ID)), "deploy may not %s/%s on %s", name, verb, r.ID)
				require.False(t, cluster.may(name+"/"+verb, string(r.ID)), "preview may %s/%s on %s", name, verb, r.ID)
				require.Equal(t, name+"/"+verb == identities+"/read", preview.may(name+"/"+verb, string(r.ID)), "preview: %s/%s", name, verb)
				needed[name+"/"+verb] = true
			}
		}
		require.ElementsMatch(t, slices.Collect(maps.Keys(azureTypes)), slices.Collect(maps.Keys(types)))
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(needed)), deploy.Actions, "the role has what stacks ask for, and no more")

	const dev = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/dev-clusters/providers/Microsoft.ContainerService/managedClusters/dev"
	for _, provider := range cloud.Providers() {
		if provider.Package != "azure-native" {
			continue
		}
		for token := range provider.Functions {
			action, known := azureLookUps[token]
			require.True(t, known, "%s has no row in azureLookUps", token)
			require.True(t, cluster.may(action, dev) || token == pulumitype.AzureGetManagedIdentity, "%s on %s", action, dev)
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Values(azureLookUps)), slices.Concat(cluster.Actions, preview.Actions))

	for _, r := range []azureRole{deploy, cluster, preview} {
		require.Empty(t, slices.Concat(r.DataActions, r.NotActions, r.NotDataActions))
		require.False(t, r.may("Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action", dev))
		require.False(t, r.may("Microsoft.Authorization/roleAssignments/write", dev))
		require.False(t, r.may(identities+"/assign/action", dev))
		require.False(t, r.may(identities+"/write", strings.Replace(dev, "dev-clusters", "payments", 1)))
	}
}

// TestAzureGatewayRoles: a stack with an identity of the gateway's own asks for one role more, at what the gateway calls, and no more of it.
func TestAzureGatewayRoles(t *testing.T) {
	t.Parallel()
	const account = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/ai/providers/Microsoft.CognitiveServices/accounts/acme"
	deploy, roles := role(t, "deploy-role"), role(t, "gateway-roles-role")
	way := stacktest.TrustAKS
	way.InFile = []string{
		"aks.gatewayIdentity.roleAssignments[0].role=Cognitive Services OpenAI User", "aks.gatewayIdentity.roleAssignments[0].scope=" + account,
	}
	const assignments = "Microsoft.Authorization/roleAssignments"
	needed := map[string]bool{}
	for _, r := range made(way.Start(t).Engine.MustUp(), "azure-native") {
		name, known := azureTypes[string(r.Type)]
		if string(r.Type) == pulumitype.AzureRoleAssignment {
			name, known = assignments, true
		}
		require.True(t, known, "%s has no row in azureTypes", r.Type)
		for _, verb := range []string{"read", "write", "delete"} {
			by := deploy
			if name == assignments {
				by, needed[name+"/"+verb] = roles, true
			}
			require.True(t, by.may(name+"/"+verb, string(r.ID)), "%s on %s", name+"/"+verb, r.ID)
		}
	}
	require.ElementsMatch(t, slices.Collect(maps.Keys(needed)), roles.Actions, "the role has what stacks ask for, and no more")
	require.Empty(t, slices.Concat(roles.DataActions, roles.NotActions, roles.NotDataActions))
	require.False(t, roles.may(assignments+"/write", "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/bifrost-dev"))
}
