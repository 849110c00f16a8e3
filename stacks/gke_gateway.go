package stacks

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/gcp"
)

// gkeGatewayArgs are those of the service account that is made for the gateway.
func (c *Config) gkeGatewayArgs(workloadPool string) *gcp.GkeGatewayIdentityArgs {
	own := c.Gke.GatewayServiceAccount
	return &gcp.GkeGatewayIdentityArgs{
		ProjectId: c.googleProject(), WorkloadPool: workloadPool,
		Namespace: c.Gateway.Namespace, ServiceAccount: c.Gateway.ServiceAccount,
		ServiceAccountId: own.Id, Roles: own.Roles, DisplayName: c.displayName(gatewayOnGke),
	}
}

// mightyRoles are roles of Google's with which whoever has them has the project, or may give rights to others (IAM, "Basic roles" and
// "Predefined roles").
var mightyRoles = []string{
	"roles/owner", "roles/editor", "roles/resourcemanager.projectIamAdmin", "roles/iam.securityAdmin", "roles/iam.serviceAccountAdmin",
	"roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountKeyAdmin", "roles/iam.workloadIdentityUser",
}

// mightyAccount tells of roles with which whoever takes the gateway over has the project.
func mightyAccount(c *Config) string {
	if c.Gke == nil || c.Gke.GatewayServiceAccount == nil {
		return ""
	}
	var mighty []string
	for _, role := range c.Gke.GatewayServiceAccount.Roles {
		if slices.Contains(mightyRoles, role) {
			mighty = append(mighty, role)
		}
	}
	if len(mighty) == 0 {
		return ""
	}
	return "gke.gatewayServiceAccount.roles: whoever takes the gateway over may change everything in project " + c.googleProject() +
		", or act as others there (" + strings.Join(mighty, ", ") + "); a gateway needs what it calls alone, such as roles/aiplatform.user"
}

// newGkeGatewayIdentity makes the identity; one that is given is only named.
func (d *gkeDeployment) newGkeGatewayIdentity(ctx *pulumi.Context) (*gcp.GkeGatewayIdentity, error) {
	if d.Gke.GatewayServiceAccount == nil {
		return nil, nil
	}
	return gcp.NewGkeGatewayIdentity(ctx, "gke-gateway-identity", d.gkeGatewayArgs(d.cluster.workloadPool),
		pulumi.Providers(d.cluster.provider))
}
