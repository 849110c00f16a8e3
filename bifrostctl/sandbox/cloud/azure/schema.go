package azure

import (
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// providerSchema is what the schema of the Pulumi Azure Native provider says of the modelled types. No module holds it, so it was taken
// from the Go SDK at this version. Required are lists that its constructors demand. Computed are its outputs that are no arguments. Replace
// follows Azure's API: whatever is part of a resource's path, and the location.
var providerSchema = double.Schema{
	Version: "2.80.0",
	Types: map[string]double.TypeSchema{
		pulumitype.AzureManagedIdentity: {
			Replace:  []string{"resourceGroupName", "resourceName", "location"},
			Computed: []string{"clientId", "principalId", "tenantId", "name", "type", "systemData"},
		},
		pulumitype.AzureFederatedCredential: {
			Required: []string{"audiences"},
			Replace:  []string{"resourceGroupName", "resourceName", "federatedIdentityCredentialResourceName"},
			Computed: []string{"name", "type", "systemData"},
		},
	},
}
