package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
)

// TestNamesOfOthers: what another stack has is refused by the preview, before anything is made, with the key and the way out.
func TestNamesOfOthers(t *testing.T) {
	t.Parallel()
	for key, c := range map[string]struct {
		settings  []string
		typ, name string
		kind      string
	}{
		"eks.roleName":        {[]string{stacktest.OnlyEKS}, pulumitype.AwsRole, "BifrostECRPullRole", "role"},
		"eks.gatewayRoleName": {[]string{stacktest.OnlyEKS, "eks.gatewayPolicyArns=[arn:aws:iam::aws:policy/ReadOnlyAccess]"}, pulumitype.AwsRole, "BifrostGatewayRole", "role"},
		"ecs.roleName":        {[]string{stacktest.OnlyECS}, pulumitype.AwsRole, "BifrostECSExecutionRole", "role"},
		"ecs.taskRoleName":    {[]string{stacktest.OnlyECS}, pulumitype.AwsRole, "BifrostECSTaskRole", "role"},
		"ecs.logGroup":        {[]string{stacktest.OnlyECS}, pulumitype.AwsLogGroup, "/ecs/bifrost", "log group"},
		"ecs.name":            {[]string{stacktest.OnlyECS}, edits.ServiceType, "service/", "service"},
	} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			first := stacktest.New(t, "aws-dev").Set(c.settings...)
			first.Engine.MustUp()
			found := edits.The(t, first.World, c.typ, c.name)[0]
			for _, tags := range []string{"tags", "tagsAll"} {
				found.State[tags].(map[string]any)["pulumi-stack"] = "another"
			}
			before := len(first.World.Resources)
			second := stacktest.Way{Stack: "aws-dev"}.StartIn(t, first.World).Set(c.settings...)
			refused := second.Engine.Preview()
			require.Error(t, refused.Err)
			require.Contains(t, refused.Messages(), key+": the "+c.kind+" ")
			require.Contains(t, refused.Messages(), "it is of stack another")
			require.Contains(t, refused.Messages(), "bifrost:namePrefix")
			require.Len(t, first.World.Resources, before)
		})
	}
}

// TestNamesOfOthersUnseen: a look-up that is not allowed is told, and stops nothing.
func TestNamesOfOthersUnseen(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
	s.Engine.Fault("type=" + pulumitype.AwsGetRole + ",op=invoke,error=denied,times=1000")
	preview := s.Engine.Preview()
	require.NoError(t, preview.Err, preview.Messages())
	require.Contains(t, preview.Messages(), "ecs.roleName: it could not be looked up whether somebody else has the role BifrostECSExecutionRole")
}

// TestNamePrefix: two stacks live in one account and in one cluster of each kind.
func TestNamePrefix(t *testing.T) {
	t.Parallel()
	for _, stack := range stacktest.DevStacks {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			first := stacktest.New(t, stack)
			first.Engine.MustUp()
			settings := []string{"namePrefix=team-b-"}
			if stack == "aws-dev" {
				settings = append(settings, "ecs.clustering.namespace=team-b.internal")
			}
			second := stacktest.Way{Stack: stack, InFile: settings}.StartIn(t, first.World)
			second.Engine.MustUp()
			stacktest.OnlySame(t, second.Engine.MustUp(), "nothing changed since")
			stacktest.OnlySame(t, first.Engine.MustUp(), "it is not touched")
			gone := second.Engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
			stacktest.OnlySame(t, first.Engine.MustUp(), "it is not touched by the other's end")
		})
	}
}
