package stacks_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/setup"
)

// TestInitGoesUp: a stack that init writes from any other one previews and goes up as it is written. One goes up by the real CLI in the
// test of that name of bifrostctl itself.
func TestInitGoesUp(t *testing.T) {
	t.Parallel()
	dir := copyOfProject(t)
	froms := append([]string{"local-dev"}, stacktest.DevStacks...)
	for _, example := range stacktest.Examples(t) {
		froms = append(froms, example.Stack)
	}
	for _, from := range froms {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			name := "demo-" + filepath.Base(from)
			cmd := setup.Command()
			cmd.SetArgs([]string{name, "--from", from, "--yes", "--dir", dir})
			cmd.SetOut(io.Discard)
			require.NoError(t, cmd.ExecuteContext(t.Context()))
			s := stacktest.Way{Stack: name, Project: dir}.Start(t)
			made := s.Engine.MustUp() // with its preview
			require.Empty(t, made.Warnings)
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
		})
	}
}

// copyOfProject is a folder with the project's stack files and examples.
func copyOfProject(t *testing.T) string {
	t.Helper()
	project, dir := stacktest.Project(t), t.TempDir()
	files, err := filepath.Glob(filepath.Join(project, "Pulumi*.yaml"))
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o644))
	}
	require.NoError(t, os.CopyFS(filepath.Join(dir, "examples"), os.DirFS(filepath.Join(project, "examples"))))
	return dir
}
