package stacks

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/kubernetes"
	"bifrost/internal/iampolicy"
)

// eksTarget is an existing cluster of EKS.
type eksTarget struct{ podsTarget }

func (eksTarget) title() string { return "EKS" }

func (eksTarget) used(c *Config) bool { return c.Eks != nil }

func (t eksTarget) facts(c *Config) Cluster {
	e := c.Eks
	facts := Cluster{
		Target: t.key, Context: e.Context,
		SignIn:       fmt.Sprintf("aws eks update-kubeconfig --region %s --name %s", c.Aws.region(), e.ClusterName),
		RegistryUser: kubernetes.EcrUser, TokenLife: kubernetes.EcrTokenLife, Token: "an ECR token", TokenAudience: iampolicy.STSAudience,
		IdentityAnnotation: kubernetes.IrsaAnnotation, Identity: e.GatewayRoleArn, Refreshes: t.refreshes(c),
	}
	if e.Auth == SignInPodIdentity {
		facts.TokenAudience = ""
	}
	if e.GatewayAuth == SignInPodIdentity {
		facts.IdentityAnnotation = ""
	}
	return facts
}

// metadataDisabled keeps AWS's SDKs from the instance metadata service.
const metadataDisabled = "AWS_EC2_METADATA_DISABLED"

// overlay keeps the gateway from the rights of its node, which are not meant for it, wherever no network policy does.
func (eksTarget) overlay(c *Config) (plain, secret map[string]string) {
	if _, given := c.Gateway.Env[metadataDisabled]; given {
		return nil, nil
	}
	return map[string]string{metadataDisabled: "true"}, nil
}

func (eksTarget) runtime(c *Config, workload *kubernetes.BifrostWorkloadArgs) {
	e := c.Eks
	workload.PodIdentity = e.GatewayAuth == SignInPodIdentity
	switch {
	case workload.PodIdentity:
	case len(e.GatewayPolicyArns) > 0:
		workload.AwsRoleArn = madeUp
	case e.GatewayRoleArn != "":
		workload.AwsRoleArn = pulumi.String(e.GatewayRoleArn)
	}
	workload.EcrRoleArn = optionalInput(c.eksPull().workloadRole())
}

func (eksTarget) identified(c *Config) bool {
	return c.Eks.GatewayRoleArn != "" || len(c.Eks.GatewayPolicyArns) > 0
}

func (eksTarget) identify() string {
	return "eks.gatewayPolicyArns makes a role with a policy that allows rds-db:connect on the database's user"
}

func (eksTarget) runtimeIdentity(c *Config) string {
	role := c.Eks.GatewayRoleArn
	if len(c.Eks.GatewayPolicyArns) > 0 {
		role = c.roleArn(c.Eks.GatewayRoleName)
	}
	if role == "" {
		return ""
	}
	return string(c.Eks.GatewayAuth) + " " + role
}

func (eksTarget) refreshes(c *Config) bool { return c.eksPull().refreshes() }

func (t eksTarget) pullSecret(c *Config) *kubernetes.PullSecretArgs {
	if !t.refreshes(c) {
		return nil
	}
	return c.ecrPullSecretArgs(madeUp, nil)
}
