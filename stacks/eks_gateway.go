package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/aws"
	"bifrost/components/kubernetes"
)

// eksGateway is the gateway's runtime identity on EKS, where it has one.
type eksGateway struct {
	arn         pulumi.StringInput
	podIdentity bool
	// waitsFor is what the pods must not be made before.
	waitsFor []pulumi.Resource
}

// eksGatewayRoleName is the logical name of the role that is made for the gateway.
const eksGatewayRoleName = "eks-gateway-role"

// sameAssociation makes the association of a given role the one of a role that was made here, and the one that earlier revisions named
// otherwise: the ServiceAccount has one, so that it is changed and not made beside the old one, which EKS refuses.
func sameAssociation(ctx *pulumi.Context) pulumi.ResourceOption {
	made := pulumi.CreateURN(pulumi.String(eksGatewayRoleName), pulumi.String(aws.EksGatewayRoleType), nil, pulumi.String(ctx.Project()),
		pulumi.String(ctx.Stack()))
	return pulumi.Aliases([]pulumi.Alias{{ParentURN: made}, {Name: pulumi.String("eks-gateway-association")}})
}

// newEksGatewayRole makes the role, or associates the one that is given; a given role of IRSA is only named.
func (c *Config) newEksGatewayRole(ctx *pulumi.Context, cluster *eksCluster) (*eksGateway, error) {
	e := c.Eks
	gateway := &eksGateway{podIdentity: e.GatewayAuth == SignInPodIdentity, arn: optionalInput(e.GatewayRoleArn)}
	switch {
	case e.GatewayRoleArn != "" && gateway.podIdentity:
		association, err := eks.NewPodIdentityAssociation(ctx, eksGatewayRoleName+"-association", &eks.PodIdentityAssociationArgs{
			ClusterName: pulumi.String(e.ClusterName), Namespace: pulumi.String(c.Gateway.Namespace),
			ServiceAccount: pulumi.String(c.Gateway.ServiceAccount), RoleArn: pulumi.String(e.GatewayRoleArn),
		}, pulumi.Provider(cluster.provider), sameAssociation(ctx))
		if err != nil {
			return nil, fmt.Errorf("association of the gateway's role: %w", err)
		}
		gateway.waitsFor = []pulumi.Resource{association}
		return gateway, nil
	case len(e.GatewayPolicyArns) == 0:
		return gateway, nil
	}
	role, err := aws.NewEksGatewayRole(ctx, eksGatewayRoleName, c.eksGatewayRoleArgs(cluster), pulumi.Providers(cluster.provider))
	if err != nil {
		return nil, err
	}
	gateway.arn, gateway.waitsFor = role.RoleArn, role.Ready()
	return gateway, nil
}

// addTo lets the gateway's pods take the identity, and wait for it.
func (g *eksGateway) addTo(workload *kubernetes.BifrostWorkloadArgs) {
	workload.PodIdentity = g.podIdentity
	if !g.podIdentity {
		workload.AwsRoleArn = g.arn
	}
	workload.DependsOn = append(workload.DependsOn, g.waitsFor...)
}

// eksGatewayRoleArgs are those of the role that is made for the gateway.
func (c *Config) eksGatewayRoleArgs(cluster *eksCluster) *aws.EksGatewayRoleArgs {
	e := c.Eks
	args := &aws.EksGatewayRoleArgs{
		PolicyArns: e.GatewayPolicyArns, RoleName: e.GatewayRoleName,
		Path: c.Aws.IamPath, PermissionsBoundary: c.Aws.PermissionsBoundary,
	}
	if e.GatewayAuth == SignInPodIdentity {
		args.PodIdentity = &aws.PodIdentityTrustArgs{
			ClusterName: e.ClusterName, ClusterArn: cluster.arn, Namespace: c.Gateway.Namespace, ServiceAccount: c.Gateway.ServiceAccount,
		}
	} else {
		args.Irsa = &aws.IrsaTrustArgs{
			OidcProviderArn: cluster.oidcProviderArn, Issuer: cluster.issuer, Namespace: c.Gateway.Namespace,
			ServiceAccount: c.Gateway.ServiceAccount,
		}
	}
	return args
}
