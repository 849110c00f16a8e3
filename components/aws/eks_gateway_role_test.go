package aws_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/aws"
	"bifrost/internal/graphtest"
)

const (
	bedrockPolicy = "arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess"
	ownPolicy     = "arn:aws:iam::111122223333:policy/models"
)

func recordGatewayRole(t *testing.T, args *aws.EksGatewayRoleArgs) *graphtest.Graph {
	return graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := aws.NewEksGatewayRole(ctx, "x", args, on)
		return err
	})
}

// TestEksGatewayRole: the role trusts the gateway's ServiceAccount alone and has the given policies alone.
func TestEksGatewayRole(t *testing.T) {
	t.Parallel()
	irsa := irsaArgs().Irsa
	irsa.Namespace, irsa.ServiceAccount = "bifrost", "bifrost-sa"
	args := &aws.EksGatewayRoleArgs{
		PolicyArns: []string{bedrockPolicy, ownPolicy}, Irsa: irsa, Path: "/llm/", PermissionsBoundary: ownPolicy,
	}
	g := recordGatewayRole(t, args)
	role := g.One(t, "aws:iam/role:Role")
	require.Equal(t, "BifrostGatewayRole", role.Input(t, "name"))
	require.Equal(t, "/llm/", role.Input(t, "path"))
	require.Equal(t, ownPolicy, role.Input(t, "permissionsBoundary"))
	require.Equal(t, g.One(t, aws.EksGatewayRoleType).URN, role.Parent())
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Principal":{"Federated":"arn:aws-us-gov:iam::111122223333:oidc-provider/oidc.eks.us-gov-west-1.amazonaws.com/id/ABC"},
		"Action":["sts:AssumeRoleWithWebIdentity"],
		"Condition":{"StringEquals":{
			"oidc.eks.us-gov-west-1.amazonaws.com/id/ABC:aud":"sts.amazonaws.com",
			"oidc.eks.us-gov-west-1.amazonaws.com/id/ABC:sub":"system:serviceaccount:bifrost:bifrost-sa"}}}]}`, role.Input(t, "assumeRolePolicy").(string))
	require.False(t, role.Has("managedPolicyArns"))

	attachments := g.Of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
	require.Len(t, attachments, 2)
	var attached []any
	for _, a := range attachments {
		attached = append(attached, a.Input(t, "policyArn"))
		require.True(t, g.DependsOn(a, role))
	}
	require.ElementsMatch(t, []any{bedrockPolicy, ownPolicy}, attached)

	// Another order of the policies changes nothing.
	args.PolicyArns = []string{ownPolicy, bedrockPolicy}
	require.Equal(t, g.URNs(), recordGatewayRole(t, args).URNs())
}

func TestEksGatewayRoleForPodIdentity(t *testing.T) {
	t.Parallel()
	g := recordGatewayRole(t, &aws.EksGatewayRoleArgs{PolicyArns: []string{ownPolicy}, PodIdentity: podIdentityArgs(), RoleName: "Models"})
	require.Equal(t, "Models", g.One(t, "aws:iam/role:Role").Input(t, "name"))
	association := g.One(t, "aws:eks/podIdentityAssociation:PodIdentityAssociation")
	require.Equal(t, "puller", association.Input(t, "serviceAccount"))
	require.True(t, g.DependsOn(association, g.One(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")))
}

func TestEksGatewayRoleRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args  aws.EksGatewayRoleArgs
		paths []string
	}{
		"nothing": {aws.EksGatewayRoleArgs{}, []string{"policyArns", "irsa"}},
		"both":    {aws.EksGatewayRoleArgs{PolicyArns: []string{ownPolicy}, Irsa: irsaArgs().Irsa, PodIdentity: podIdentityArgs()}, []string{"irsa"}},
		"all": {aws.EksGatewayRoleArgs{
			PolicyArns: []string{"", "x", ownPolicy, ownPolicy}, PodIdentity: &aws.PodIdentityTrustArgs{Namespace: "a", ServiceAccount: "b"},
			RoleName: strings.Repeat("r", 65), Path: "x", PermissionsBoundary: "y",
		}, []string{
			"policyArns[0]", "policyArns[1]", "policyArns[3]", "podIdentity.clusterName", "podIdentity.clusterArn",
			"roleName", "path", "permissionsBoundary",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			graphtest.RequireRefused(t, c.args.Validate(nil), c.paths, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
				_, err := aws.NewEksGatewayRole(ctx, "x", &c.args, on)
				return err
			})
		})
	}
}
