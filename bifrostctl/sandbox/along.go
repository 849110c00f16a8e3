package sandbox

import (
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
)

// goesAlong tells, by the type of what is removed by hand, what its cloud deletes with it: the garbage collection of Kubernetes empties
// namespaces and deletes the objects of a kind that is no more ("CustomResourceDefinition", "Delete a CustomResourceDefinition"); the
// console of AWS detaches a policy and empties a role that it deletes (IAM user guide, "Delete IAM policies", "Delete roles"); a service
// account of Google takes its own policy along (IAM, "Delete and undelete service accounts").
var goesAlong = map[string]func(gone, r *cloud.Resource) bool{
	pulumitype.KubernetesNamespace: func(gone, r *cloud.Resource) bool {
		return strings.HasPrefix(r.Type, "kubernetes:") && strings.HasPrefix(r.ID, gone.ID+"/")
	},
	pulumitype.KubernetesDefinition: func(gone, r *cloud.Resource) bool {
		spec, _ := gone.State["spec"].(map[string]any)
		names, _ := spec["names"].(map[string]any)
		group, _ := spec["group"].(string)
		apiVersion, _ := r.State["apiVersion"].(string)
		return r.State["kind"] == names["kind"] && strings.HasPrefix(apiVersion, group+"/")
	},
	pulumitype.AwsPolicy: func(gone, r *cloud.Resource) bool {
		return r.Type == pulumitype.AwsRolePolicyAttachment && r.State["policyArn"] == gone.ID
	},
	pulumitype.AwsRole: func(gone, r *cloud.Resource) bool {
		return slices.Contains([]string{pulumitype.AwsRolePolicyAttachment, pulumitype.AwsRolePolicy}, r.Type) && r.State["role"] == gone.ID
	},
	pulumitype.GcpServiceAccount: func(gone, r *cloud.Resource) bool {
		return r.Type == pulumitype.GcpServiceAccountMember && r.State["serviceAccountId"] == gone.ID
	},
}

// along is what goes with a thing that is removed by hand, or has gone, ordered by type and id.
func along(world *cloud.World, gone *cloud.Resource) []*cloud.Resource {
	goes := goesAlong[gone.Type]
	var found []*cloud.Resource
	for _, r := range world.Resources {
		if goes != nil && r != gone && r.Scope == gone.Scope && goes(gone, r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, func(a, b *cloud.Resource) int { return strings.Compare(a.Key(), b.Key()) })
	return found
}

// takeAway removes a thing by hand. What others made stays in the clouds as removed, or seeding would make it again.
func takeAway(world *cloud.World, r *cloud.Resource) {
	if r.Seeded {
		r.Deleted, r.Edited = true, true
		return
	}
	world.Remove(r)
}
