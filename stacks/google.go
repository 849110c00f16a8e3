package stacks

import (
	"fmt"

	pulumigcp "github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/organizations"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/utils/ptr"

	"bifrost/internal/component"
)

// Google says which project is used, and as whom.
type Google struct {
	// ProjectId is the id of the only project that the stack may change: service accounts are made there. Required.
	ProjectId string
	// ImpersonateServiceAccount is the email of a service account to act as after signing in, for Google and for the cluster. Who signs in
	// needs the role Service Account Token Creator on it.
	ImpersonateServiceAccount string
}

// googleProject is google.projectId; empty where there is no such object, as on a platform that does not read it.
func (c *Config) googleProject() string { return ptr.Deref(c.Google, Google{}).ProjectId }

// newGoogleProvider names the project in each request.
func newGoogleProvider(ctx *pulumi.Context, c *Config) (pulumi.ProviderResource, error) {
	provider, err := pulumigcp.NewProvider(ctx, "google", &pulumigcp.ProviderArgs{
		Project:                   pulumi.String(c.Google.ProjectId),
		ImpersonateServiceAccount: component.OptionalString(c.Google.ImpersonateServiceAccount),
	})
	if err != nil {
		return nil, fmt.Errorf("gcp provider: %w", err)
	}
	return provider, nil
}

// projectNumber is the number of a project, of which principals and the emails of Google's own service accounts are made. Google says of a
// project that is not there what it says of one that may not be read (Resource Manager API, projects.get). key names the project's.
func (c *Config) projectNumber(ctx *pulumi.Context, key, project string, provider pulumi.ProviderResource) (string, error) {
	found, err := organizations.LookupProject(ctx, &organizations.LookupProjectArgs{ProjectId: &project}, pulumi.Provider(provider))
	if err != nil {
		return "", fmt.Errorf("%s: there is no project %s, or it cannot be read: %w; sign in with `gcloud auth application-default "+
			"login`, see `gcloud projects list` and set %s:%s", key, project, err, Project, key)
	}
	return found.Number, nil
}
