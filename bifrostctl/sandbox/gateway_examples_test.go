package sandbox

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/projectdir"
)

// exampleStacks are the folders of examples/ that hold a stack file of the project, and no project of their own.
func exampleStacks(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../../examples/*/Pulumi.*.yaml")
	require.NoError(t, err)
	var folders []string
	for _, file := range found {
		if folder := filepath.Dir(file); !projectdir.IsProject(folder) {
			folders = append(folders, folder)
		}
	}
	require.NotEmpty(t, folders)
	return folders
}

// TestExamples: each example goes up, first its identities where it has any, stays as it is, and goes whole.
func TestExamples(t *testing.T) {
	for _, folder := range exampleStacks(t) {
		t.Run(filepath.Base(folder), func(t *testing.T) {
			s := newStack(t, folder)
			before := map[string]bool{}
			for key := range s.world.Resources {
				before[key] = true
			}
			if !s.mirrored() {
				s.set(append(s.destroyable(), "rollout=identity")...)
				s.engine.MustUp()
			}
			s.set(s.destroyable()...)
			made := s.engine.MustUp()
			require.Empty(t, s.world.Warnings)
			onlySame(t, s.engine.Preview(), "nothing changed since")
			onlySame(t, s.engine.MustUp(), "nothing changed since")
			require.NoError(t, s.engine.Refresh().Err)
			onlySame(t, s.engine.MustUp(), "a refresh finds nothing new")
			noLeaks(t, made)

			gone := s.engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
			require.Empty(t, gone.Snapshot.Resources)
			for key, r := range s.world.Resources {
				require.True(t, before[key] || r.Deleted, "%s is left in the clouds", key)
			}
		})
	}
}

// mirrored tells whether the stack pulls from a registry of one's own, and so has no identity for the vendor to know.
func (s *stackUnderTest) mirrored() bool {
	registry, _ := s.file["registry"].(map[string]any)
	return registry["mirror"] == true
}

// destroyable are the settings with which all of the stack can go.
func (s *stackUnderTest) destroyable() []string {
	settings := []string{"protectIdentities=false"}
	ecs, _ := s.file["ecs"].(map[string]any)
	if ecs["loadBalancer"] != nil {
		settings = append(settings, "ecs.loadBalancer.deletionProtection=false")
	}
	return settings
}
