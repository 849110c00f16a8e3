package aws_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/aws"
	"bifrost/internal/graphtest"
)

func recordNodePull(t *testing.T, roles ...string) *graphtest.Graph {
	return graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := aws.NewEcrNodePull(ctx, "x", &aws.EcrNodePullArgs{RepositoryArns: []string{graphtest.Repository}, RoleNames: roles}, on)
		return err
	})
}

func TestEcrNodePull(t *testing.T) {
	t.Parallel()
	g := recordNodePull(t, "nodes", "fargate")
	component, policy := g.One(t, aws.EcrNodePullType), g.One(t, "aws:iam/policy:Policy")
	require.Equal(t, "BifrostECRPullPolicy", policy.Input(t, "name"))
	require.Equal(t, component.URN, policy.Parent())
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[
		{"Sid":"ECRAuth","Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":["*"]},
		{"Sid":"ECRPullFromBifrost","Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"],
		 "Resource":["`+graphtest.Repository+`"]}]}`, policy.Input(t, "policy").(string))

	attachments := g.Of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
	require.Len(t, attachments, 2)
	for i, role := range []string{"fargate", "nodes"} {
		require.Equal(t, role, attachments[i].Input(t, "role"))
		require.Equal(t, "arn:aws:test:us-east-1:111122223333:x-policy", attachments[i].Input(t, "policyArn"))
		require.Equal(t, component.URN, attachments[i].Parent())
		require.True(t, g.DependsOn(attachments[i], policy))
	}
	require.Empty(t, g.Of("aws:iam/role:Role"), "the roles are others' own")
}

// TestEcrNodePullNamesByRole: neither the order of the roles nor one that leaves the list touches the others.
func TestEcrNodePullNamesByRole(t *testing.T) {
	t.Parallel()
	both := recordNodePull(t, "a", "b").URNs()
	require.Equal(t, both, recordNodePull(t, "b", "a").URNs())
	require.Subset(t, both, recordNodePull(t, "b").URNs())
}

func TestEcrNodePullRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args  aws.EcrNodePullArgs
		paths []string
	}{
		"nothing": {aws.EcrNodePullArgs{}, []string{"repositoryArns", "roleNames"}},
		"everything at once": {aws.EcrNodePullArgs{
			RepositoryArns: []string{"x"}, RoleNames: []string{"a", "", strings.Repeat("r", 65), "a"}, PolicyName: "a b", Path: "x",
		}, []string{"repositoryArns[0]", "roleNames[1]", "roleNames[2]", "roleNames[3]", "policyName", "path"}},
	} {
		t.Run(name, func(t *testing.T) {
			graphtest.RequireRefused(t, c.args.Validate(nil), c.paths, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
				_, err := aws.NewEcrNodePull(ctx, "x", &c.args, on)
				return err
			})
		})
	}
}
