package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/cli"
)

// TestInitGoesUp: a stack that init writes from any other one goes up on the sandbox.
func TestInitGoesUp(t *testing.T) {
	dir := ownProject(t)
	repository, err := filepath.Abs("..")
	require.NoError(t, err)
	if _, err := os.Stat(filepath.Join(repository, "bin")); err == nil {
		require.NoError(t, os.Symlink(filepath.Join(repository, "bin"), filepath.Join(dir, "bin")))
	}
	files, err := filepath.Glob(filepath.Join(dir, "Pulumi.*.yaml"))
	require.NoError(t, err)
	examples, err := filepath.Glob(filepath.Join(dir, "examples/*/Pulumi.*.yaml"))
	require.NoError(t, err)
	for _, file := range append(files, examples...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if !strings.Contains(string(text), "bifrost:platform") {
			continue // another project's
		}
		from := strings.Split(filepath.Base(file), ".")[1]
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			name := "demo-" + from
			require.Zero(t, cli.Execute(t.Context(), command(), []string{"init", name, "--from", from, "--yes", "--dir", dir}, &stdout, &stderr), stderr.String())
			args := []string{"sandbox", "up", name, "--dir", dir, "--state", t.TempDir(), "--json"}
			require.Zero(t, cli.Execute(t.Context(), command(), args, &stdout, &stderr), stderr.String())
		})
	}
}
