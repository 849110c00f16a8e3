package kept_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
)

// TestServiceOfAnotherFamily: the family of a Service's address never changes, so that another gateway.ipFamily makes the Services anew, but not
// the default that is written out; the pods stay what they are.
func TestServiceOfAnotherFamily(t *testing.T) {
	t.Parallel()
	for _, stack := range stacktest.DevStacks {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, stack).Set("ecs=null")
			s.Engine.MustUp()
			all := stacktest.Standing(s.World, []string{edits.DeploymentKind, edits.ServiceKind})
			require.Greater(t, len(all), 1)
			for _, same := range []string{"gateway.ipFamily=IPv4", "gateway.ipFamily=null"} {
				s.Set("ecs=null", same).Engine.MustUp()
				stacktest.RequireStanding(t, s.World, all)
				stacktest.OnlySame(t, s.Engine.MustUp(), "it is whole")
			}
			before := stacktest.Standing(s.World, []string{edits.DeploymentKind})
			s.Set("ecs=null", "gateway.ipFamily=IPv6")
			require.NoError(t, s.Engine.Preview().Err)
			s.Engine.MustUp()
			stacktest.RequireStanding(t, s.World, before)
			stacktest.OnlySame(t, s.Engine.MustUp(), "it is whole")
			require.Equal(t, []any{"IPv6"}, edits.The(t, s.World, edits.ServiceKind, "bifrost/bifrost")[0].State["spec"].(map[string]any)["ipFamilies"])
			s.Set("ecs=null").Engine.MustUp()
			stacktest.OnlySame(t, s.Engine.MustUp(), "it is whole")
		})
	}
}
