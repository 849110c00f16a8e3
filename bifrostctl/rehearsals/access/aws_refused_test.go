package access_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/judge/iam"
)

// TestAWSRefuses: what somebody could do with the role that deploys, beyond the stack.
func TestAWSRefuses(t *testing.T) {
	t.Parallel()
	deploy, preview := policies(t, deploys...), policies(t, previews...)
	pull := account + "role/BifrostECRPullRole"
	within := map[string]string{"iam:PermissionsBoundary": boundary}
	require.True(t, may(t, deploy, asked{"iam:CreateRole", pull, within}))
	require.True(t, may(t, deploy, passed(account+"role/BifrostECSTaskRole", tasks)))
	group := in("ec2", "security-group/sg-0fedcba9876543210")
	for name, q := range map[string]asked{
		"a role of another name":      {"iam:CreateRole", account + "role/Admin", within},
		"a role without the boundary": {"iam:CreateRole", pull, nil},
		"a role with another boundary": {"iam:CreateRole", pull,
			map[string]string{"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}},
		"another boundary afterwards": {"iam:PutRolePermissionsBoundary", pull,
			map[string]string{"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"}},
		"no boundary afterwards":                 {"iam:DeleteRolePermissionsBoundary", pull, within},
		"a wider boundary":                       {"iam:CreatePolicyVersion", boundary, nil},
		"another version of the boundary":        {"iam:SetDefaultPolicyVersion", boundary, nil},
		"rights for a role that has no boundary": {"iam:PutRolePolicy", pull, nil},
		"rights for nodes": {"iam:AttachRolePolicy", account + "role/dev-node",
			map[string]string{"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}},
		"rights written into nodes":           {"iam:PutRolePolicy", account + "role/dev-node", within},
		"rights for the role that deploys":    {"iam:PutRolePolicy", account + "role/bifrost-deploy", within},
		"the trust of another role":           {"iam:UpdateAssumeRolePolicy", account + "role/Admin", nil},
		"another policy":                      {"iam:CreatePolicyVersion", account + "policy/Others", nil},
		"a role passed to another service":    passed(account+"role/BifrostECSTaskRole", "lambda.amazonaws.com"),
		"a role passed to EC2":                passed(account+"role/BifrostECSTaskRole", "ec2.amazonaws.com"),
		"the pull role passed to tasks":       passed(pull, tasks),
		"another role passed to tasks":        passed(account+"role/Admin", tasks),
		"another role passed to Pod Identity": passed(account+"role/Admin", pods),
		"the role of another service": {"iam:CreateServiceLinkedRole", account + "role/aws-service-role/ec2.amazonaws.com/x",
			map[string]string{"iam:AWSServiceName": "ec2.amazonaws.com"}},
		"another cluster's pods":         {"eks:CreatePodIdentityAssociation", in("eks", "cluster/prod"), nil},
		"access to the cluster":          {"eks:CreateAccessEntry", in("eks", "cluster/dev"), nil},
		"the provider of another issuer": {"iam:CreateOpenIDConnectProvider", account + "oidc-provider/issuer.example.com", nil},
		"another stack's service":        {"ecs:UpdateService", in("ecs", "service/dev/payments"), nil},
		"a task that runs at once":       {"ecs:RunTask", in("ecs", "task-definition/bifrost:1"), nil},
		"a shell in a task":              {"ecs:ExecuteCommand", in("ecs", "task/dev/0123"), nil},
		"another stack's task definition": {"ecs:RegisterTaskDefinition", "*",
			map[string]string{"aws:RequestTag/pulumi-stack": "aws-prod"}},
		"another secret": {"secretsmanager:GetSecretValue", in("secretsmanager", "secret:payments/database-AbCdEf"),
			nil},
		"a policy of a secret": {"secretsmanager:PutResourcePolicy",
			in("secretsmanager", "secret:bifrost/license-AbCdEf"), nil},
		"another log group":                {"logs:DeleteLogGroup", in("logs", "log-group:/ecs/payments"), nil},
		"the log's events":                 {"logs:GetLogEvents", in("logs", "log-group:/ecs/bifrost:log-stream:x"), nil},
		"a door in another security group": {"ec2:AuthorizeSecurityGroupIngress", group, ours("RequestTag")},
		"another security group": {"ec2:DeleteSecurityGroup", group,
			map[string]string{"aws:ResourceTag/pulumi-stack": "aws-prod"}},
		"a tag that makes it ours": {"ec2:CreateTags", group, ours("RequestTag")},
		"a tag that makes a load balancer ours": {"elasticloadbalancing:AddTags", in("elasticloadbalancing", "loadbalancer/app/x/1"),
			ours("RequestTag")},
		"a listener on another load balancer": {"elasticloadbalancing:CreateListener",
			in("elasticloadbalancing", "loadbalancer/app/x/1"), ours("RequestTag")},
		"another load balancer": {"elasticloadbalancing:DeleteLoadBalancer",
			in("elasticloadbalancing", "loadbalancer/app/x/1"), nil},
		"a group without the tag": {"ec2:CreateSecurityGroup", in("ec2", "security-group/*"), nil},
		"another zone":            {"servicediscovery:DeleteNamespace", in("servicediscovery", "namespace/ns-1"), nil},
		"records of another zone": {"route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1", nil},
		"the zone's end":          {"route53:DeleteHostedZone", zoneArn, nil},
		"another certificate":     {"acm:DeleteCertificate", in("acm", "certificate/x"), nil},
		"another stack's certificate made ours": {"acm:AddTagsToCertificate", in("acm", "certificate/x"),
			map[string]string{"aws:RequestTag/pulumi-stack": "aws-dev", "aws:ResourceTag/pulumi-stack": "aws-prod"}},
		"a user":                 {"iam:CreateUser", account + "user/x", within},
		"an access key":          {"iam:CreateAccessKey", account + "user/x", nil},
		"another role's session": {"sts:AssumeRole", account + "role/Admin", nil},
		"the state of others":    {"s3:GetObject", "arn:aws:s3:::payments-state/x", nil},
		"a policy of the bucket": {"s3:PutBucketPolicy", "arn:aws:s3:::acme-pulumi-state", nil},
		"another key":            {"kms:Decrypt", in("kms", "key/0a1b2c3d-0000-4000-8000-00000000000c"), nil},
		"the key's end":          {"kms:ScheduleKeyDeletion", in("kms", "key/0a1b2c3d-0000-4000-8000-00000000000b"), nil},
	} {
		require.False(t, may(t, deploy, q), "deploy may make %s: %s on %s", name, q.action, q.resource)
		require.False(t, may(t, preview, q), "preview may make %s: %s on %s", name, q.action, q.resource)
	}
	state := asked{"s3:PutObject", "arn:aws:s3:::acme-pulumi-state/.pulumi/stacks/bifrost/aws-dev.json", nil}
	require.True(t, may(t, deploy, state))
	require.False(t, may(t, preview, state), "preview writes the state")
}

// TestAWSWithoutBoundary: a stack that names no boundary cannot be deployed by the ready role, rather than unbounded.
func TestAWSWithoutBoundary(t *testing.T) {
	t.Parallel()
	resources := upIn(t, "aws-dev", stacktest.Way{InFile: []string{stacktest.OnlyEKS}})
	bounds := boundaries(resources)
	for _, r := range resources {
		if r.Type != pulumitype.AwsRole {
			continue
		}
		refused := questions(t, r, bounds)[0]
		require.Equal(t, "iam:CreateRole", refused.action)
		require.False(t, may(t, policies(t, deploys...), refused))
	}
}

// TestTrust: one environment of one repository takes a role. Neither another environment of it does, nor a branch, a pull request or a
// fork.
func TestTrust(t *testing.T) {
	t.Parallel()
	const provider, host = account + "oidc-provider/token.actions.githubusercontent.com", "token.actions.githubusercontent.com:"
	for name, environment := range map[string]string{"trust-deploy": "aws-dev", "trust-preview": "aws-dev-preview"} {
		document := policies(t, name)[0]
		for subject, want := range map[string]bool{
			"repo:ORG/REPO:environment:aws-dev":         environment == "aws-dev",
			"repo:ORG/REPO:environment:aws-dev-preview": environment == "aws-dev-preview",
			"repo:ORG/REPO:environment:aws-dev-x":       false, "repo:ORG/REPO:ref:refs/heads/main": false,
			"repo:ORG/REPO:pull_request":                 false,
			"repo:OTHER/REPO:environment:" + environment: false,
		} {
			d, err := iam.Evaluate(document, iam.Request{
				Federated: provider, Action: "sts:AssumeRoleWithWebIdentity",
				Context: map[string]string{host + "aud": "sts.amazonaws.com", host + "sub": subject},
			})
			require.NoError(t, err)
			require.Equal(t, want, d.Allowed, "%s: %s", name, subject)
		}
	}
}
