package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// TestAdministratorPolicies: a gateway whose role may do anything, or make itself so, is told of by key and value.
func TestAdministratorPolicies(t *testing.T) {
	t.Parallel()
	const bedrock = "arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess"
	for name, c := range map[string]struct {
		key, region string
		policies    []any
		want        []string
	}{
		"administrators on EKS": {"eks.gatewayPolicyArns", "us-east-1", []any{bedrock, "arn:aws:iam::aws:policy/AdministratorAccess"},
			[]string{"eks.gatewayPolicyArns[1]: arn:aws:iam::aws:policy/AdministratorAccess"}},
		"power users on ECS": {"ecs.taskPolicyArns", "us-east-1", []any{"arn:aws:iam::aws:policy/PowerUserAccess"},
			[]string{"ecs.taskPolicyArns[0]: arn:aws:iam::aws:policy/PowerUserAccess"}},
		"IAM in another partition": {"ecs.taskPolicyArns", "us-gov-west-1", []any{"arn:aws-us-gov:iam::aws:policy/IAMFullAccess"},
			[]string{"ecs.taskPolicyArns[0]: arn:aws-us-gov:iam::aws:policy/IAMFullAccess"}},
		"both": {"eks.gatewayPolicyArns", "us-east-1", []any{"arn:aws:iam::aws:policy/PowerUserAccess", "arn:aws:iam::aws:policy/IAMFullAccess"},
			[]string{"eks.gatewayPolicyArns[0]: ", "eks.gatewayPolicyArns[1]: "}},
		"models":                 {"eks.gatewayPolicyArns", "us-east-1", []any{bedrock}, nil},
		"somebody's of the name": {"ecs.taskPolicyArns", "us-east-1", []any{"arn:aws:iam::111122223333:policy/AdministratorAccess"}, nil},
	} {
		s := stackFile(t, "aws-dev").set(c.key, c.policies).set("aws.region", c.region)
		if c.region != "us-east-1" {
			s.set("eks", nil).set("registry.image", "444455556666.dkr.ecr."+c.region+".amazonaws.com/acme-hub:2.1.0")
		}
		warnings := parsed(t, "aws-dev", s).Warnings()
		require.Len(t, warnings, len(c.want), name)
		for i, want := range c.want {
			require.True(t, strings.HasPrefix(warnings[i], want), warnings[i])
		}
		require.Empty(t, parsed(t, "aws-dev", s.set("rollout", stacks.RolloutIdentity)).Warnings(), "%s: no role of the gateway's is made", name)
	}
}
