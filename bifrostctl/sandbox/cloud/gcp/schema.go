package gcp

import (
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// providerSchema is what the schema of the Pulumi Google Cloud provider says of the modelled types. No module holds it: the lists were
// taken from the source that this version is made of, terraform-provider-google 5.44, and hold what its Go SDK has. Nothing is required
// that the argument structs do not show, and no type has a name that the provider makes up: the ids are required.
var providerSchema = double.Schema{
	Version: "7.38.0",
	Types: map[string]double.TypeSchema{
		pulumitype.GcpPool: {
			Replace:  []string{"workloadIdentityPoolId", "project"},
			Computed: []string{"name", "state", "project"},
			Behaviour: double.Behaviour{
				Source:    "terraform-provider-google 5.44.1, google/services/iambeta/resource_iam_workload_identity_pool.go",
				TakenAway: "displayName, description and disabled are cleared",
				Half: "nothing in the state where the wait for the operation fails, although Google may have the pool: its id is " +
					"taken then",
				Waits:  "each create, update and delete for its operation, 20 minutes",
				Unique: "its id in the project, for 30 days after its deletion too",
			},
		},
		pulumitype.GcpPoolProvider: {
			Replace:  []string{"workloadIdentityPoolId", "workloadIdentityPoolProviderId", "project"},
			Computed: []string{"name", "state", "project"},
			Behaviour: double.Behaviour{
				Source: "terraform-provider-google 5.44.1, google/services/iambeta/resource_iam_workload_identity_pool_provider.go",
				TakenAway: "the condition, the audiences, displayName, description and disabled are cleared; issuer and audiences change " +
					"in place",
				Half:   "as of its pool",
				Waits:  "each create, update and delete for its operation, 20 minutes",
				Unique: "its id in the pool, for 30 days after its deletion too",
			},
		},
		pulumitype.GcpServiceAccount: {
			Replace:  []string{"accountId", "project"},
			Computed: []string{"email", "member", "name", "uniqueId", "project"},
			Defaults: map[string]any{"disabled": false},
			Behaviour: double.Behaviour{
				Source:    "terraform-provider-google 5.44.1, google/services/resourcemanager/resource_google_service_account.go",
				TakenAway: "displayName and description are cleared, disabled becomes false",
				Half:      "it is in the state as not ready where it cannot be read after its creation; disabled is not sent by a create",
				Waits:     "until it is seen, 5 minutes, and 10 seconds more",
				Unique: "its id in the project; free at once when it is deleted, and the new account is no member of what the old one " +
					"was",
			},
		},
		pulumitype.GcpServiceAccountMember: {
			Replace:   []string{"serviceAccountId", "role", "member", "condition"},
			Computed:  []string{"etag"},
			Behaviour: memberBehaviour,
		},
		pulumitype.GcpProjectMember: {
			Replace:   []string{"project", "role", "member", "condition"},
			Computed:  []string{"etag"},
			Behaviour: memberBehaviour,
		},
		pulumitype.GcpRepositoryMember: {
			Replace:   []string{"project", "location", "repository", "role", "member", "condition"},
			Computed:  []string{"etag", "project", "location"},
			Behaviour: memberBehaviour,
		},
	},
	Lookups: map[string]double.Lookup{
		pulumitype.GcpGetCluster: {
			Missing: "its path, and that it was not found; 403 of a project that is not there",
			Source: "terraform-provider-google 5.44.1, google/services/container/data_source_google_container_cluster.go and " +
				"resource_container_cluster.go",
		},
		pulumitype.GcpGetServiceAccount: {
			Missing: "its name, and that it was not found",
			Source:  "terraform-provider-google 5.44.1, google/services/resourcemanager/data_source_google_service_account.go",
		},
		pulumitype.GcpGetProject: {
			Missing: "an error that cannot tell a project that does not exist from one that may not be read",
			Source: "terraform-provider-google 5.44.1, google/services/resourcemanager/data_source_google_project.go and " +
				"resource_google_project.go",
		},
	},
}

// memberBehaviour is the same for every policy: one member is one resource.
var memberBehaviour = double.Behaviour{
	Source:    "terraform-provider-google 5.44.1, google/tpgiamresource/resource_iam_member.go and iam.go",
	TakenAway: "every change makes another member, and then takes the former one away",
	Half:      "a member that exists already is taken over: writing the policy again changes nothing",
	Waits: "three reads that show the change; a write that meets another is tried again after 1, 2, 4 and 8 seconds; members of one " +
		"policy are written one after the other",
	Unique: "nothing",
}
