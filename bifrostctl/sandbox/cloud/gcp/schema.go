package gcp

import (
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// providerSchema is what the schema of the Pulumi Google Cloud provider says of the modelled types. No module holds it, so it was taken
// from the Go SDK at this version. Computed are its outputs that are no arguments. Replace follows Google's APIs: whatever is part of a
// resource's name, and every part of a binding. Nothing is required that the argument structs do not show.
var providerSchema = double.Schema{
	Version: "7.38.0",
	Types: map[string]double.TypeSchema{
		pulumitype.GcpPool: {
			Replace:  []string{"workloadIdentityPoolId", "project"},
			Computed: []string{"name", "state"},
		},
		pulumitype.GcpPoolProvider: {
			Replace:  []string{"workloadIdentityPoolId", "workloadIdentityPoolProviderId", "project"},
			Computed: []string{"name", "state"},
		},
		pulumitype.GcpServiceAccount: {
			Replace:  []string{"accountId", "project"},
			Computed: []string{"email", "member", "name", "uniqueId"},
		},
		pulumitype.GcpServiceAccountMember: {
			Replace:  []string{"serviceAccountId", "role", "member", "condition"},
			Computed: []string{"etag"},
		},
		pulumitype.GcpRepositoryMember: {
			Replace:  []string{"project", "location", "repository", "role", "member", "condition"},
			Computed: []string{"etag"},
		},
	},
}
