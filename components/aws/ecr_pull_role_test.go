package aws_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/aws"
	"bifrost/internal/graphtest"
)

func irsaArgs() *aws.EcrPullRoleArgs {
	return &aws.EcrPullRoleArgs{
		RepositoryArns: []string{graphtest.Repository, "arn:aws:ecr:eu-west-1:777788889999:repository/other/hub"},
		Irsa: &aws.IrsaTrustArgs{
			OidcProviderArn: pulumi.String("arn:aws-us-gov:iam::111122223333:oidc-provider/oidc.eks.us-gov-west-1.amazonaws.com/id/ABC"),
			Issuer:          "https://oidc.eks.us-gov-west-1.amazonaws.com/id/ABC",
			Namespace:       "team", ServiceAccount: "puller",
		},
	}
}

func TestEcrPullRoleForAServiceAccount(t *testing.T) {
	t.Parallel()
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := aws.NewEcrPullRole(ctx, "x", irsaArgs(), on)
		return err
	})
	component, role := g.One(t, aws.EcrPullRoleType), g.One(t, "aws:iam/role:Role")
	policy, attachment := g.One(t, "aws:iam/policy:Policy"), g.One(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")

	require.Equal(t, "BifrostECRPullRole", role.Input(t, "name"))
	require.Equal(t, "BifrostECRPullPolicy", policy.Input(t, "name"))
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[
		{"Sid":"ECRAuth","Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":["*"]},
		{"Sid":"ECRPullFromBifrost","Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"],
		 "Resource":["`+graphtest.Repository+`","arn:aws:ecr:eu-west-1:777788889999:repository/other/hub"]}]}`, policy.Input(t, "policy").(string))
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"Federated":"arn:aws-us-gov:iam::111122223333:oidc-provider/oidc.eks.us-gov-west-1.amazonaws.com/id/ABC"},
		"Action":["sts:AssumeRoleWithWebIdentity"],
		"Condition":{"StringEquals":{
			"oidc.eks.us-gov-west-1.amazonaws.com/id/ABC:aud":"sts.amazonaws.com",
			"oidc.eks.us-gov-west-1.amazonaws.com/id/ABC:sub":"system:serviceaccount:team:puller"}}}]}`, role.Input(t, "assumeRolePolicy").(string))

	require.False(t, role.Has("inlinePolicies"), "exclusive: would drop the policies of others")
	require.False(t, role.Has("managedPolicyArns"), "exclusive: would drop the policies of others")
	require.True(t, g.DependsOn(attachment, role))
	require.True(t, g.DependsOn(attachment, policy))
	for _, child := range []string{role.Parent(), policy.Parent(), attachment.Parent()} {
		require.Equal(t, component.URN, child)
	}
}

func podIdentityArgs() *aws.PodIdentityTrustArgs {
	return &aws.PodIdentityTrustArgs{
		ClusterName: "dev", ClusterArn: "arn:aws:eks:us-east-1:111122223333:cluster/dev", Namespace: "team", ServiceAccount: "puller",
	}
}

func TestEcrPullRoleForPodIdentity(t *testing.T) {
	t.Parallel()
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := aws.NewEcrPullRole(ctx, "x", &aws.EcrPullRoleArgs{RepositoryArns: []string{graphtest.Repository}, PodIdentity: podIdentityArgs()}, on)
		return err
	})
	role := g.One(t, "aws:iam/role:Role")
	require.Equal(t, "BifrostECRPullRole", role.Input(t, "name"))
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},
		"Action":["sts:AssumeRole","sts:TagSession"],
		"Condition":{"StringEquals":{
			"aws:RequestTag/eks-cluster-arn":"arn:aws:eks:us-east-1:111122223333:cluster/dev",
			"aws:RequestTag/kubernetes-namespace":"team",
			"aws:RequestTag/kubernetes-service-account":"puller"}}}]}`, role.Input(t, "assumeRolePolicy").(string))
	association := g.One(t, "aws:eks/podIdentityAssociation:PodIdentityAssociation")
	require.Equal(t, g.One(t, aws.EcrPullRoleType).URN, association.Parent())
	for input, want := range map[string]string{
		"clusterName": "dev", "namespace": "team", "serviceAccount": "puller", "roleArn": "arn:aws:test:us-east-1:111122223333:x-role",
	} {
		require.Equal(t, want, association.Input(t, input), input)
	}
	require.True(t, g.DependsOn(association, role))
	require.True(t, g.DependsOn(association, g.One(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")))
}

func TestEcrPullRoleForEcsTasks(t *testing.T) {
	t.Parallel()
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := aws.NewEcrPullRole(ctx, "x", &aws.EcrPullRoleArgs{
			RepositoryArns: []string{graphtest.Repository}, EcsTasks: &aws.EcsTasksTrustArgs{AccountId: graphtest.AccountId, Region: "us-east-1"}, Protect: true,
		}, on)
		return err
	})
	role := g.One(t, "aws:iam/role:Role")
	require.Equal(t, "BifrostECSExecutionRole", role.Input(t, "name"))
	require.Equal(t, "BifrostECSPullPolicy", g.One(t, "aws:iam/policy:Policy").Input(t, "name"))
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},
		"Action":["sts:AssumeRole"],"Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:ecs:us-east-1:111122223333:*"}}}]}`, role.Input(t, "assumeRolePolicy").(string))
	for _, r := range g.Resources {
		require.Equal(t, r.URN == role.URN, r.Request.GetProtect(), "protection of %s", r.URN)
	}
}

func TestEcrPullRoleRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*aws.EcrPullRoleArgs)
		paths  []string
	}{
		"no repository": {func(a *aws.EcrPullRoleArgs) { a.RepositoryArns = nil }, []string{"repositoryArns"}},
		"a wildcard": {func(a *aws.EcrPullRoleArgs) {
			a.RepositoryArns = []string{"arn:aws:ecr:us-east-1:444455556666:repository/*"}
		}, []string{"repositoryArns[0]"}},
		"a placeholder": {func(a *aws.EcrPullRoleArgs) {
			a.RepositoryArns = []string{"arn:aws:ecr:us-east-1:BIFROST_ACCOUNT_ID:repository/x"}
		}, []string{"repositoryArns[0]"}},
		"pod identity": {func(a *aws.EcrPullRoleArgs) {
			a.Irsa, a.PodIdentity = nil, &aws.PodIdentityTrustArgs{ClusterName: "-", ClusterArn: "dev", Namespace: "A", ServiceAccount: "b_c"}
		}, []string{"podIdentity.clusterName", "podIdentity.clusterArn", "podIdentity.namespace", "podIdentity.serviceAccount"}},
		"an empty pod identity": {func(a *aws.EcrPullRoleArgs) {
			a.Irsa, a.PodIdentity = nil, &aws.PodIdentityTrustArgs{Namespace: "a", ServiceAccount: "b"}
		}, []string{"podIdentity.clusterName", "podIdentity.clusterArn"}},
		"irsa and pod identity": {func(a *aws.EcrPullRoleArgs) { a.PodIdentity = podIdentityArgs() }, []string{"irsa"}},
		"all three to trust": {func(a *aws.EcrPullRoleArgs) {
			a.PodIdentity, a.EcsTasks = podIdentityArgs(), &aws.EcsTasksTrustArgs{AccountId: graphtest.AccountId, Region: "us-east-1"}
		}, []string{"irsa"}},
		"nobody to trust": {func(a *aws.EcrPullRoleArgs) { a.Irsa = nil }, []string{"irsa"}},
		"two to trust": {func(a *aws.EcrPullRoleArgs) {
			a.EcsTasks = &aws.EcsTasksTrustArgs{AccountId: graphtest.AccountId, Region: "us-east-1"}
		}, []string{"irsa"}},
		"account": {func(a *aws.EcrPullRoleArgs) {
			a.Irsa, a.EcsTasks = nil, &aws.EcsTasksTrustArgs{AccountId: "1", Region: "x"}
		}, []string{"ecsTasks.accountId", "ecsTasks.region"}},
		"everything at once": {func(a *aws.EcrPullRoleArgs) {
			a.Irsa = &aws.IrsaTrustArgs{Issuer: "http://x", Namespace: "A", ServiceAccount: "b_c"}
			a.RoleName, a.PolicyName, a.Path, a.PermissionsBoundary = strings.Repeat("r", 65), "a b", "x", "y"
		}, []string{"irsa.oidcProviderArn", "irsa.issuer", "irsa.namespace", "irsa.serviceAccount", "roleName", "policyName", "path", "permissionsBoundary"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := irsaArgs()
			c.change(args)
			graphtest.RequireRefused(t, args.Validate(nil), c.paths, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
				_, err := aws.NewEcrPullRole(ctx, "x", args, on)
				return err
			})
		})
	}
}
