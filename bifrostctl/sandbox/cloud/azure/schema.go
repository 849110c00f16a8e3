package azure

import (
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// providerSchema is what the schema of the Pulumi Azure Native provider says of the modelled types. No module holds it, so it was taken
// from the Go SDK at this version. Required are lists that its constructors demand. Computed are its outputs that are no arguments. Replace
// is what is part of a resource's path, and what Azure's API takes in a create only: the location of what has tags
// (provider/pkg/provider/diff.go, calculateDetailedDiff; x-ms-mutability in Azure's common types, TrackedResource).
var providerSchema = double.Schema{
	Version: "2.80.0",
	Types: map[string]double.TypeSchema{
		pulumitype.AzureManagedIdentity: {
			Replace:  []string{"resourceGroupName", "resourceName", "location"},
			Computed: []string{"clientId", "principalId", "tenantId", "name", "type", "systemData"},
			Behaviour: double.Behaviour{
				Source:    source,
				TakenAway: "tags go; a location that is no longer given stays what it was",
				Half:      "nothing in the state; what Azure made nevertheless is refused by the next create as already existing",
				Waits:     waits,
				Unique:    "its name in the resource group; made again under it, it has other client and principal ids",
			},
		},
		pulumitype.AzureFederatedCredential: {
			Required: []string{"audiences"},
			Replace:  []string{"resourceGroupName", "resourceName", "federatedIdentityCredentialResourceName"},
			Computed: []string{"name", "type", "systemData"},
			Behaviour: double.Behaviour{
				Source:    source + "; pulumi-azure-native issue 4343",
				TakenAway: "nothing can be: all is required, and issuer, subject and audiences change in place",
				Half:      "as of its identity, with which it goes",
				Waits:     waits + "; 409 of parallel writes to one identity is not tried again",
				Unique:    "its name in the identity, and issuer with subject",
			},
		},
		pulumitype.AzureRoleAssignment: {
			// provider/pkg/gen/replacement.go, forceNewMap; the name is part of the path.
			Replace:  []string{"roleAssignmentName", "principalId", "scope"},
			Computed: []string{"name", "type", "createdBy", "createdOn", "updatedBy", "updatedOn"},
			Behaviour: double.Behaviour{
				Source:    source + "; provider/pkg/gen/replacement.go",
				TakenAway: "nothing can be but the kind of principal, which stays",
				Half:      "nothing in the state; what Azure made nevertheless is refused by the next create as already existing",
				Waits:     waits,
				Unique:    "its name at the scope, and the role with the principal there",
			},
		},
	},
	Lookups: map[string]double.Lookup{
		pulumitype.AzureGetManagedCluster: {
			Missing: "Azure's 404, of the group or of the cluster", Source: lookups,
		},
		pulumitype.AzureGetManagedIdentity: {
			Missing: "Azure's 404", Source: lookups,
		},
		pulumitype.AzureListUserCredentials: {
			Missing: "Azure's 404, of the group or of the cluster", Source: lookups,
		},
	},
}

const (
	source  = "pulumi-azure-native 2.80, provider/pkg/provider/{provider,diff}.go and provider/pkg/azure/client_azcore.go"
	lookups = "pulumi-azure-native 2.80, provider/pkg/provider/provider.go, Invoke"
	waits   = "for nothing: Azure answers when it is done; 408, 429 and 5xx are tried three times more, two hours at most"
)
