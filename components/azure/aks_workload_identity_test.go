package azure_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/azure"
	"bifrost/internal/graphtest"
)

func identityArgs() *azure.AksWorkloadIdentityArgs {
	return &azure.AksWorkloadIdentityArgs{
		ResourceGroup: "rg", Location: "westeurope", Issuer: "https://westeurope.oic.prod-aks.azure.com/t/c/",
		Namespace: "bifrost", ServiceAccount: "bifrost-pull", Tags: map[string]string{"a": "b"},
	}
}

func TestAksWorkloadIdentity(t *testing.T) {
	t.Parallel()
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		args := identityArgs()
		args.Protect = true
		_, err := azure.NewAksWorkloadIdentity(ctx, "x", args, on)
		return err
	})
	identity := g.One(t, "azure-native:managedidentity:UserAssignedIdentity")
	credential := g.One(t, "azure-native:managedidentity:FederatedIdentityCredential")
	require.Equal(t, "bifrost-pull-identity", identity.Input(t, "resourceName"))
	require.Equal(t, "b", identity.Input(t, "tags.a"))
	require.True(t, identity.Request.GetProtect())
	require.False(t, credential.Request.GetProtect())

	require.Equal(t, "bifrost-federated-credential", credential.Input(t, "federatedIdentityCredentialResourceName"))
	require.Equal(t, "https://westeurope.oic.prod-aks.azure.com/t/c/", credential.Input(t, "issuer"), "verbatim, with its slash")
	require.Equal(t, "system:serviceaccount:bifrost:bifrost-pull", credential.Input(t, "subject"))
	require.Equal(t, []any{"api://AzureADTokenExchange"}, credential.Input(t, "audiences"))
	require.True(t, g.DependsOn(credential, identity))
	require.Equal(t, g.One(t, azure.AksWorkloadIdentityType).URN, credential.Parent())
}

func TestAksWorkloadIdentityRefuses(t *testing.T) {
	t.Parallel()
	args := &azure.AksWorkloadIdentityArgs{Issuer: "x", Namespace: "-", ServiceAccount: "-", IdentityName: "x", FederatedCredentialName: "y"}
	graphtest.RequireRefused(t, args.Validate(nil),
		[]string{"resourceGroup", "location", "issuer", "namespace", "serviceAccount", "identityName", "federatedCredentialName"},
		func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
			_, err := azure.NewAksWorkloadIdentity(ctx, "x", args, on)
			return err
		})
	require.Empty(t, identityArgs().Validate(nil))
}
