package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// TestTagsOfTheCloud: tags are held against the rules of the stack's own cloud.
func TestTagsOfTheCloud(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stack string
		tags  map[string]any
		want  string
	}{
		"two cases, AWS":   {"aws-dev", map[string]any{"Owner": "a", "owner": "b"}, "tags[owner]: Invalid value: \"owner\": AWS takes it for the same key as Owner"},
		"two cases, Azure": {"azure-dev", map[string]any{"Owner": "a", "owner": "b"}, "tags[owner]: Invalid value: \"owner\": Azure takes it"},
		"reserved, AWS":    {"aws-dev", map[string]any{"aws:x": "a"}, "tags[aws:x]: Invalid value: \"aws:x\": AWS keeps keys that begin with aws: for itself"},
		"reserved, Azure":  {"azure-dev", map[string]any{"windows-x": "a"}, "Azure keeps keys that begin with windows for itself"},
		"a slash, Azure":   {"azure-dev", map[string]any{"cost/center": "a"}, `Azure takes no "/" in the key of a tag`},
		"an emphasis, AWS": {"aws-dev", map[string]any{"x": "a!"}, `AWS takes no "!" in the value of a tag`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problems := problemsOf(t, c.stack, stackFile(t, c.stack).set("tags", c.tags))
			require.Len(t, problems, 1)
			require.Contains(t, problems[0], c.want)
		})
	}
}

// TestNamePrefix: it begins every default name that an account or a cluster has once, and no name that is given.
func TestNamePrefix(t *testing.T) {
	t.Parallel()
	raw := func(stack string, s settings) *stacks.Config {
		return s.set("namePrefix", "team-b-").parsed(t, stack)
	}
	aws := raw("aws-dev", stackFile(t, "aws-dev").set("ecs.roleName", "Given"))
	for _, name := range []string{
		aws.Eks.RoleName, aws.Eks.PolicyName, aws.Eks.GatewayRoleName, aws.Ecs.Name, aws.Ecs.PolicyName, aws.Ecs.SecretPrefix, aws.Gateway.Namespace,
		strings.TrimPrefix(aws.Ecs.LogGroup, "/ecs/"), raw("azure-dev", stackFile(t, "azure-dev")).Aks.IdentityName,
	} {
		require.True(t, strings.HasPrefix(name, "team-b-"), name)
	}
	require.Equal(t, "Given", aws.Ecs.RoleName)
	problems := problemsOf(t, "aws-dev", stackFile(t, "aws-dev").set("namePrefix", "Team_B"))
	require.Len(t, problems, 1)
	require.Contains(t, problems[0], "namePrefix: Invalid value: \"Team_B\": 1 to 32 lowercase letters")
}
