package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/image"
	"bifrost/internal/check"
)

// eksOrEcs is what platform aws asks for.
const eksOrEcs = "give eks or ecs or both"

func validateAws(c *Config, k *checker) {
	p := field.NewPath("aws")
	if c.written.Aws == nil {
		k.add(field.Required(p, "give region and accountId"))
	} else {
		k.add(check.AwsRegion(p.Child("region"), c.Aws.Region)...)
		k.add(check.Required(p.Child("accountId"), c.Aws.AccountId, check.AccountId)...)
		k.add(check.Arn(p.Child("assumeRoleArn"), c.Aws.AssumeRoleArn, check.RoleArn)...)
		k.add(check.Optional(p.Child("iamPath"), c.Aws.IamPath, check.IamPath)...)
		k.add(check.Arn(p.Child("permissionsBoundary"), c.Aws.PermissionsBoundary, check.PolicyArn)...)
	}
	c.validateArns(k)
	k.add(check.AwsTags(field.NewPath("tags"), c.Tags, managedByTag, stackTag)...)
	// The identity needs it too: its policy names the repository.
	c.checkImage(k, true, func(i image.Reference) bool { _, ok := i.Ecr(); return ok },
		"ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG, or set registry.mirror to true for a registry of your own")
	if c.Eks == nil && c.Ecs == nil {
		k.add(field.Required(field.NewPath("eks"), eksOrEcs+": where the gateway runs"))
	}
	if c.Eks != nil {
		c.validateEks(k)
	}
	if c.Ecs != nil {
		c.validateEcs(k)
	}
}

// notLookedUp stands for what a look-up will say of the cluster.
var notLookedUp = &eksCluster{
	arn: "arn:aws:eks:REGION:ACCOUNT:cluster/NAME", issuer: "https://oidc.eks.REGION.amazonaws.com/id/ID",
	oidcProviderArn: pulumi.String("ARN"),
}

// Where the arguments of the roles on EKS come from.
var (
	eksPullKeys = keys{
		"repositoryArns": "registry.additionalRepositoryArns", "path": "aws.iamPath", "permissionsBoundary": "aws.permissionsBoundary",
		"roleName": "eks.roleName", "policyName": "eks.policyName",
	}
	eksGatewayKeys = keys{
		"policyArns": "eks.gatewayPolicyArns", "roleName": "eks.gatewayRoleName", "path": "aws.iamPath",
		"permissionsBoundary": "aws.permissionsBoundary",
	}
)

func (c *Config) validateEks(k *checker) {
	p := field.NewPath("eks")
	k.add(check.Required(p.Child("clusterName"), c.Eks.ClusterName, check.EksCluster)...)
	k.add(oneOf(p.Child("pull"), c.Eks.Pull)...)
	k.add(oneOf(p.Child("auth"), c.Eks.Auth)...)
	c.eksPull().validate(c, k)
	c.validateOidcProvider(k)
	k.add(oneOf(p.Child("oidcProvider"), c.Eks.OidcProvider)...)
	c.validateEksGateway(k)
	c.validateContext(k, p.Child("context"), c.Eks.Context)
}

// validateEksGateway checks the gateway's runtime identity: a role that is given, or one that is made with given policies.
func (c *Config) validateEksGateway(k *checker) {
	p, e := field.NewPath("eks"), c.written.Eks
	k.add(check.Arn(p.Child("gatewayRoleArn"), e.GatewayRoleArn, check.RoleArn)...)
	made := len(e.GatewayPolicyArns) > 0
	if made {
		k.arguments(c.eksGatewayRoleArgs(notLookedUp).Validate(nil), eksGatewayKeys)
	}
	k.add(oneOf(p.Child("gatewayAuth"), e.GatewayAuth)...)
	if made && e.GatewayRoleArn != "" {
		k.add(field.Forbidden(p.Child("gatewayRoleArn"), "eks.gatewayPolicyArns makes a role; remove one of them"))
	}
	if !made && e.GatewayRoleName != "" {
		k.add(field.Forbidden(p.Child("gatewayRoleName"), "only eks.gatewayPolicyArns makes a role; remove it, or list policies"))
	}
	if !made && e.GatewayRoleArn == "" && e.GatewayAuth != "" {
		k.add(field.Forbidden(p.Child("gatewayAuth"), "the gateway has no role; remove it, or give eks.gatewayPolicyArns or "+
			"eks.gatewayRoleArn"))
	}
}

// validateOidcProvider refuses a choice that nothing depends on.
func (c *Config) validateOidcProvider(k *checker) {
	if !c.webIdentity() && c.written.Eks.OidcProvider != "" {
		k.add(field.Forbidden(field.NewPath("eks", "oidcProvider"), "nothing here signs in through the cluster's OIDC issuer; "+
			"remove it, or eks.pull node, eks.auth podIdentity and registry.mirror"))
	}
}
