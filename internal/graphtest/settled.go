package graphtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// settled are the properties of workloads and identities for whose change a provider replaces them. It takes a value that is not known for
// a change, and while a resource is made anew, nothing that comes from it is known (pulumi, step_generator.go,
// calculateDependentReplacements). So these come from no other resource. A federated credential goes with its identity.
var settled = map[string][]string{
	"kubernetes:apps/v1:Deployment":                            {"spec"},
	"kubernetes:apps/v1:StatefulSet":                           {"spec"},
	"kubernetes:core/v1:Service":                               {"spec"},
	"aws:ecs/service:Service":                                  {"cluster", "deploymentController", "iamRole", "launchType", "name"},
	"aws:iam/role:Role":                                        {"description", "name", "namePrefix", "path"},
	"aws:iam/policy:Policy":                                    {"description", "name", "namePrefix", "path"},
	"azure-native:managedidentity:UserAssignedIdentity":        {"location", "resourceGroupName", "resourceName"},
	"azure-native:managedidentity:FederatedIdentityCredential": {"federatedIdentityCredentialResourceName", "resourceGroupName"},
	"gcp:iam/workloadIdentityPool:WorkloadIdentityPool":        {"project", "workloadIdentityPoolId"},
	"gcp:serviceaccount/account:Account":                       {"accountId", "project"},
}

// RequireSettled fails the test when a workload or an identity could be replaced because another resource is. Objects go with their
// namespace: their metadata may come from it.
func (g *Graph) RequireSettled(t testing.TB) {
	t.Helper()
	for _, r := range g.Resources {
		from := r.Request.GetPropertyDependencies()
		for _, property := range settled[r.Type] {
			require.Empty(t, from[property].GetUrns(), "%s goes with what its %s comes from: write plain text, and depend on it", r.URN,
				property)
		}
		if settled[r.Type] == nil {
			continue
		}
		for _, urn := range from["metadata"].GetUrns() {
			require.Contains(t, urn, "kubernetes:core/v1:Namespace::", "%s goes with what its metadata comes from", r.URN)
		}
	}
}
