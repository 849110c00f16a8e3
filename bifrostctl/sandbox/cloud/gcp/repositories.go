package gcp

import (
	"fmt"
	"path"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/artifactregistry"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// repositoryMember is one member of a repository's policy (google/services/artifactregistry/iam_artifact_registry_repository.go). The
// repository may be of another project than the provider's.
func repositoryMember() *double.Type {
	return &double.Type{
		Args:  artifactregistry.RepositoryIamMemberArgs{},
		Scope: scope,
		Find:  find,
		Equal: map[string]func(state, input any) bool{"member": sameMember, "repository": sameRepository},
		Check: checkMember,
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			id := fmt.Sprintf("projects/%s/locations/%s/repositories/%s", project(c, in), double.String(in, "location"),
				path.Base(double.String(in, "repository")))
			if c.World.Get(pulumitype.GcpRepository, project(c, in), id) == nil {
				//lint:ignore ST1005 the words are not ours
				return "", nil, fmt.Errorf("Error retrieving IAM policy for artifactregistry repository %q: googleapi: Error 404: "+
					"Requested entity was not found", id)
			}
			if err := memberExists(c, fmt.Sprintf("artifactregistry repository %q", id), double.String(in, "member")); err != nil {
				return "", nil, err
			}
			// The state has the repository's path, whatever was given (ArtifactRegistryRepositoryIamUpdaterProducer).
			return member(id, answer(c, in, double.Object{"repository": id}), c)
		},
	}
}

// sameRepository is the provider's comparison of a path with a path or a name (google/tpgresource/self_link_helpers.go,
// CompareSelfLinkOrResourceName).
func sameRepository(state, input any) bool {
	was, _ := state.(string)
	is, _ := input.(string)
	return was == is || !strings.Contains(is, "/") && path.Base(was) == is
}
