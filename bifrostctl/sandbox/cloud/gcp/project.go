package gcp

import (
	"fmt"

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
