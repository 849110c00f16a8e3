package azureaks

import (
	"testing"

	"bifrost/internal/sdksource"
)

// TestAsTheSDK: names of types, properties and look-ups are the provider's.
func TestAsTheSDK(t *testing.T) {
	t.Parallel()
	sdk := sdksource.Find(t, "github.com/pulumi/pulumi-azure-native-sdk/containerservice/v2")
	sdk.Require(t, "getManagedCluster.go", getManagedCluster, "LookupManagedClusterArgs", managedClusterArgs{})
	sdk.Require(t, "getManagedCluster.go", getManagedCluster, "LookupManagedClusterResult", ManagedCluster{})
	sdk.Require(t, "pulumiTypes.go", "", "ManagedClusterIdentityResponse", Identity{})
	sdk.Require(t, "pulumiTypes.go", "", "ManagedClusterOIDCIssuerProfileResponse", OidcIssuer{})
	sdk.Require(t, "pulumiTypes.go", "", "ManagedClusterSecurityProfileResponse", SecurityProfile{})
	sdk.Require(t, "pulumiTypes.go", "", "ManagedClusterSecurityProfileWorkloadIdentityResponse", WorkloadIdentity{})
	sdk.Require(t, "pulumiTypes.go", "", "ContainerServiceNetworkProfileResponse", NetworkProfile{})
	sdk.Require(t, "listManagedClusterUserCredentials.go", listUserCredentials, "ListManagedClusterUserCredentialsArgs", userCredentialsArgs{})
	sdk.Require(t, "listManagedClusterUserCredentials.go", listUserCredentials, "ListManagedClusterUserCredentialsResult", UserCredentials{})
	sdk.Require(t, "pulumiTypes.go", "", "CredentialResultResponse", Kubeconfig{})
}
