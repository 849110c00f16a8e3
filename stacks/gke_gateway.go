package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/gcp"
)

// gkeGatewayArgs are those of the service account that is made for the gateway.
func (c *Config) gkeGatewayArgs(workloadPool string) *gcp.GkeGatewayIdentityArgs {
	own := c.Gke.GatewayServiceAccount
	return &gcp.GkeGatewayIdentityArgs{
		ProjectId: c.Google.ProjectId, WorkloadPool: workloadPool,
		Namespace: c.Gateway.Namespace, ServiceAccount: c.Gateway.ServiceAccount,
		ServiceAccountId: own.Id, Roles: own.Roles,
	}
}

// newGkeGatewayIdentity makes the identity; one that is given is only named.
func (d *gkeDeployment) newGkeGatewayIdentity(ctx *pulumi.Context) (*gcp.GkeGatewayIdentity, error) {
	if d.Gke.GatewayServiceAccount == nil {
		return nil, nil
	}
	return gcp.NewGkeGatewayIdentity(ctx, "gke-gateway-identity", d.gkeGatewayArgs(d.cluster.workloadPool),
		pulumi.Providers(d.cluster.provider))
}
