package stacks_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
)

// TestDemandingClusters: a stack behind a proxy with an authority of its own, on nodes with taints, goes up with a token, stays as it is and
// goes away, and what its cluster comes to ask of the refresher later makes another first run before the former one goes.
func TestDemandingClusters(t *testing.T) {
	t.Parallel()
	demands := []string{
		"network.proxy=http://proxy.example.com:3128", "network.noProxy=[.vpce.amazonaws.com]",
		"network.caFile=examples/eks-production/rds-ca.pem",
		"gateway.scheduling.tolerations=[{key: dedicated, operator: Exists, effect: NoSchedule}]",
		"gateway.scheduling.architectures=[amd64]", "refresher.podLabels={cost-center: seven}", "refresher.env={LANG: C}",
		"labels.cost-center=seven",
	}
	tags := map[string]string{"aws-dev": "tags.cost-center=seven", "azure-dev": "tags.cost-center=seven"} // elsewhere nothing has any
	for _, name := range stacktest.DevStacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.Way{Stack: name, Settings: append(slices.Clone(demands), cmp.Or(tags[name], "tags=null"))}.Start(t)
			before := len(s.World.Resources)
			made := s.Engine.MustUp()
			require.NotContains(t, pullSecretData(s), `eyJhdXRocyI6e319`, "the placeholder is still there")
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
			require.NoError(t, s.Engine.Refresh().Err)
			stacktest.OnlySame(t, s.Engine.MustUp(), "what is read is what was asked for")
			stacktest.NoLeaks(t, made)

			moved := s.Set("refresher.scheduling.nodeSelector={pool: system}").Engine.MustUp()
			var jobs []string
			for _, step := range moved.Steps {
				if strings.HasSuffix(step.Type, ":Job") {
					jobs = append(jobs, string(step.Op))
				}
			}
			require.NotEmpty(t, jobs, "a template is immutable")
			require.NotContains(t, jobs, "delete")
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")

			gone := s.Engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
			require.Len(t, s.Left(), before, "something is left in the clouds")
		})
	}
}
