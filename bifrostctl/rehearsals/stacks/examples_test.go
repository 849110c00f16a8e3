package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/stacks"
)

// TestExamples: each example goes up, first its identities where it has any, stays as it is, and goes whole.
func TestExamples(t *testing.T) {
	t.Parallel()
	for _, way := range stacktest.Examples(t) {
		t.Run(way.Name, func(t *testing.T) {
			t.Parallel()
			s := way.Start(t)
			before := map[string]bool{}
			for key := range s.World.Resources {
				before[key] = true
			}
			if handsOff(t, s) {
				s.Set(append(destroyable(s), "rollout=identity")...)
				s.Engine.MustUp()
			}
			s.Set(destroyable(s)...)
			made := s.Engine.MustUp()
			require.Empty(t, s.World.Warnings)
			stacktest.OnlySame(t, s.Engine.Preview(), "nothing changed since")
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
			require.NoError(t, s.Engine.Refresh().Err)
			stacktest.OnlySame(t, s.Engine.MustUp(), "a refresh finds nothing new")
			stacktest.NoLeaks(t, made)

			gone := s.Engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
			require.Empty(t, gone.Snapshot.Resources)
			for _, r := range s.Left() {
				require.True(t, before[r.Key()] || r.Deleted, "%s is left in the clouds", r.Key())
			}
		})
	}
}

// handsOff tells whether the stack has an identity for the vendor to know: none pulls from a registry of one's own, or with the vendor's key.
func handsOff(t *testing.T, s *stacktest.Stack) bool {
	t.Helper()
	config, err := stacks.Parse("x", s.Look.Config)
	require.NoError(t, err)
	on, _ := config.Cluster()
	return !config.Registry.Mirror && !on.StaticKey
}

// destroyable are the settings with which all of the stack can go.
func destroyable(s *stacktest.Stack) []string {
	settings := []string{"protectIdentities=false"}
	if strings.Contains(s.Look.Config.Values["ecs"], `"loadBalancer"`) {
		settings = append(settings, "ecs.loadBalancer.deletionProtection=false")
	}
	return settings
}
