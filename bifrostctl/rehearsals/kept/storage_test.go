package kept_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
)

// volumes are stacks whose gateway has a volume of its own, on every platform that has volumes.
var volumes = map[string]stacktest.Way{
	"EKS": {Stack: "examples/minimal"},
	"AKS": {Stack: "azure-dev", Settings: []string{"gateway.replicas=1", "gateway.storage.size=10Gi",
		"gateway.config.config_store={enabled: true, type: sqlite, config: {path: /app/data/config.db}}",
		"gateway.config.logs_store={enabled: true, type: sqlite, config: {path: /app/data/logs.db}}",
	}},
}

// TestStorageIsNotReplaced: what a StatefulSet cannot change of its claims is refused by the preview and by the up, with the command that
// grows the claim; then the stack goes on with what the claim has become.
func TestStorageIsNotReplaced(t *testing.T) {
	t.Parallel()
	for name, way := range volumes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := way.Start(t)
			s.Engine.MustUp()
			before := stacktest.Standing(s.World, append(slices.Clone(stacktest.Kept), edits.ClaimKind))
			refused := func(setting string, words ...string) {
				t.Helper()
				s.Set(setting)
				for _, stopped := range []string{s.Engine.Preview().Messages(), s.Engine.UpAtOnce().Messages()} {
					for _, want := range words {
						require.Contains(t, stopped, want)
					}
				}
				stacktest.RequireStanding(t, s.World, before)
			}
			refused("gateway.storage.size=20Gi", "10Gi", "kubectl patch persistentvolumeclaim data-bifrost-0 -n bifrost --type merge "+
				`-p '{"spec":{"resources":{"requests":{"storage":"20Gi"}}}}'`, "allowVolumeExpansion", "gateway.storage.grownTo: 20Gi")
			refused("gateway.storage.size=5Gi", "10Gi", "claims never shrink", "gateway.storage.existingClaim")
			refused("gateway.storage.className=managed-csi-premium", "storage.className", "gateway.storage.existingClaim")

			edits.With(edits.ClaimKind, "data-bifrost-0", "spec.resources.requests.storage=20Gi", "status.capacity.storage=20Gi")(t, s.World)
			stacktest.OnlySame(t, s.Set("gateway.storage.grownTo=20Gi").Engine.MustUp(), "the claim has grown by hand")
			stacktest.RequireStanding(t, s.World, before)
			stacktest.OnlySame(t, s.Set("gateway.storage.size=10240Mi").Engine.MustUp(), "the same size in other words")
			require.NoError(t, s.Engine.Destroy().Err, "nothing holds a destroy up")
		})
	}
}

// TestStorageChangesHands: another claim is meant where one is named: the StatefulSet is made anew, and both claims stay.
func TestStorageChangesHands(t *testing.T) {
	t.Parallel()
	for name, way := range volumes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := way.Start(t)
			s.Engine.MustUp()
			made := edits.The(t, s.World, edits.ClaimKind, "data-bifrost-0")[0]
			restored := *made
			restored.ID, restored.State = "bifrost/restored", maps.Clone(made.State)
			restored.State["metadata"] = map[string]any{"name": "restored", "namespace": "bifrost"}
			s.World.Put(&restored)

			preview := s.Set("gateway.storage={existingClaim: restored}", "gateway.suppliedObjects=[persistentvolumeclaim/restored]").Engine.Preview()
			require.NoError(t, preview.Err, preview.Messages())
			require.Contains(t, preview.Messages(), "gateway.storage.existingClaim")
			require.Contains(t, preview.Messages(), "is made anew")
			s.Engine.MustUp()
			require.Same(t, made, edits.The(t, s.World, edits.ClaimKind, "data-bifrost-0")[0])
			require.False(t, made.Deleted)
			stacktest.OnlySame(t, s.Engine.MustUp(), "it is whole")

			back := s.Set().Engine.MustUp()
			require.Contains(t, back.Messages(), "is made anew")
			stacktest.OnlySame(t, s.Engine.MustUp(), "it is whole")
		})
	}
}
