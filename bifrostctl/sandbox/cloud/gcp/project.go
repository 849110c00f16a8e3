package gcp

import (
	"fmt"
	"path"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/projects"

	"bifrost/bifrostctl/sandbox/cloud/double"
)

// getProject answers as terraform-provider-google 5.44 does (google/services/resourcemanager/data_source_google_project.go and
// resource_google_project.go, resourceGoogleProjectRead): its resource's fields, with the deletion policy that is assumed.
func getProject(c *double.Call, args double.Object) (double.Object, error) {
	id := double.String(args, "projectId")
	if id == "" {
		id = scope(c)
	}
	found := c.World.GCP[id]
	if found == nil {
		return nil, fmt.Errorf("the user does not have permission to access Project %q or it may not exist", id)
	}
	return double.Object{
		"id": "projects/" + id, "projectId": id, "number": found.Number, "name": id, "autoCreateNetwork": false,
		"billingAccount": "", "deletionPolicy": "DELETE", "effectiveLabels": double.Object{}, "folderId": "", "labels": double.Object{},
		"orgId": "", "pulumiLabels": double.Object{}, "skipDelete": false,
	}, nil
}

// projectMember is one member of a project's policy (google/services/resourcemanager/iam_project.go).
func projectMember() *double.Type {
	return &double.Type{
		Args:  projects.IAMMemberArgs{},
		Scope: scope,
		Find:  find,
		Equal: map[string]func(state, input any) bool{"member": sameMember, "project": sameProject},
		Check: checkMember,
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			id := path.Base(double.String(in, "project"))
			of := fmt.Sprintf("project %q", double.String(in, "project"))
			if c.World.GCP[id] == nil {
				//lint:ignore ST1005 the words are not ours
				return "", nil, fmt.Errorf("Error retrieving IAM policy for %s: googleapi: Error 403: The caller does not have "+
					"permission, forbidden", of)
			}
			if err := memberExists(c, of, double.String(in, "member")); err != nil {
				return "", nil, err
			}
			return member(double.String(in, "project"), double.Clone(in), c)
		},
	}
}

// sameProject is the provider's comparison of PROJECT and projects/PROJECT (CompareProjectName).
func sameProject(state, input any) bool {
	was, _ := state.(string)
	is, _ := input.(string)
	return path.Base(was) == path.Base(is)
}
