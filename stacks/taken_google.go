package stacks

import (
	"fmt"
	"path"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/gcp"
)

// identitiesOnGke are the service accounts that are made. They have no labels: their display names say of which stack they are.
func (c *Config) identitiesOnGke() []namedThing {
	account := func(key, id, purpose, resource string, full bool) namedThing {
		display := c.displayName(purpose)
		return namedThing{
			key: key, kind: "service account", name: id, within: c.googleProject() + "/", full: full,
			tags: func(ctx *pulumi.Context, c *Config, name string, on pulumi.InvokeOption) (map[string]string, error) {
				return c.tagsOfAccount(ctx, name, display, on)
			},
			own: fmt.Sprintf("run `gcloud iam service-accounts update %s --project %s --display-name '%s'` and import it, or name it "+
				"as an existing one", gcp.Email(id, c.googleProject()), c.googleProject(), display),
			resource: resource,
		}
	}
	var all []namedThing
	if c.makesPullAccount() {
		all = append(all, account("gke.serviceAccountId", c.Gke.ServiceAccountId, pullsOnGke, "gke-pull-account", false))
	}
	if own := c.Gke.GatewayServiceAccount; own != nil {
		all = append(all, account("gke.gatewayServiceAccount.id", own.Id, gatewayOnGke, "gke-gateway-identity-account", true))
	}
	return all
}

// What the service accounts are for, as their display names say.
const (
	pullsOnGke   = "Pulls Bifrost images"
	gatewayOnGke = "The Bifrost gateway"
)

// mostDisplayed is how long a display name may be (IAM API, ServiceAccount.displayName).
const mostDisplayed = 100

// displayName says what a service account is for, and of which stack it is.
func (c *Config) displayName(purpose string) string {
	name := fmt.Sprintf("%s, of Pulumi stack %s", purpose, c.stack)
	return name[:min(len(name), mostDisplayed)]
}

// tagsOfAccount takes PROJECT/ID. The stack's own tags stand for its display name.
func (c *Config) tagsOfAccount(ctx *pulumi.Context, name, display string, on pulumi.InvokeOption) (map[string]string, error) {
	project, id := path.Split(name)
	project = path.Clean(project)
	found, err := serviceaccount.LookupAccount(ctx, &serviceaccount.LookupAccountArgs{AccountId: id, Project: &project}, on)
	if err != nil {
		return nil, err
	}
	if found.DisplayName != display {
		return nil, nil
	}
	return c.tags(), nil
}
