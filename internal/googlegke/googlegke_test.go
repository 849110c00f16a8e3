package googlegke

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/sdksource"
)

// TestAsTheSDK: names of types, properties and look-ups are the provider's.
func TestAsTheSDK(t *testing.T) {
	t.Parallel()
	sdk := sdksource.Find(t, "github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/container")
	const lookup, types = "getCluster.go", "pulumiTypes.go"
	sdk.Require(t, lookup, getCluster, "LookupClusterArgs", clusterArgs{})
	sdk.Require(t, lookup, getCluster, "LookupClusterResult", Cluster{})
	for name, own := range map[string]any{
		"GetClusterMasterAuth": MasterAuth{}, "GetClusterNetworkPolicy": NetworkPolicy{},
		"GetClusterWorkloadIdentityConfig": WorkloadIdentity{}, "GetClusterClusterAutoscaling": Autoscaling{},
		"GetClusterClusterAutoscalingAutoProvisioningDefault": Provisioning{},
		"GetClusterNodePool": NodePool{}, "GetClusterNodePoolNodeConfig": NodeConfig{},
		"GetClusterNodePoolNodeConfigWorkloadMetadataConfig": WorkloadMetadata{},
	} {
		sdk.Require(t, types, "", name, own)
	}
}

func TestCluster(t *testing.T) {
	t.Parallel()
	off := &Cluster{}
	require.Empty(t, off.WorkloadPool())
	require.Empty(t, off.CaCertificate())
	require.False(t, off.EnforcesPolicies())

	on := &Cluster{
		WorkloadIdentityConfigs: []WorkloadIdentity{{"acme.svc.id.goog"}}, MasterAuths: []MasterAuth{{"Q0E="}},
		NetworkPolicies: []NetworkPolicy{{true, "CALICO"}},
	}
	require.Equal(t, "acme.svc.id.goog", on.WorkloadPool())
	require.Equal(t, "Q0E=", on.CaCertificate())
	require.True(t, on.EnforcesPolicies())

	pool := func(mode string) *NodePool {
		return &NodePool{NodeConfigs: []NodeConfig{{WorkloadMetadataConfigs: []WorkloadMetadata{{mode}}}}}
	}
	require.True(t, pool("GKE_METADATA").HasMetadataServer())
	require.False(t, pool("GCE_METADATA").HasMetadataServer())
	require.False(t, (&NodePool{}).HasMetadataServer())
}
