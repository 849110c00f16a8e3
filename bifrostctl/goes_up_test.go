package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/stacktest"
)

// TestInitGoesUp: a stack that init writes goes up on the sandbox, by the real CLI, and its change is reported with a page, without a
// secret. All stacks that init may begin with go up in rehearsals/stacks, in the test of the same name.
func TestInitGoesUp(t *testing.T) {
	t.Parallel()
	stacktest.RequireCLI(t)
	dir := ownProject(t)
	repository, err := filepath.Abs("..")
	require.NoError(t, err)
	if _, err := os.Stat(filepath.Join(repository, "bin")); err == nil {
		require.NoError(t, os.Symlink(filepath.Join(repository, "bin"), filepath.Join(dir, "bin")))
	}
	state := t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		require.Zero(t, cli.Execute(t.Context(), command(), args, &stdout, &stderr), "%v: %s", args, stderr.String())
		return stdout.String()
	}
	run("init", "demo", "--from", "aws-dev", "--yes", "--dir", dir)
	run("sandbox", "up", "demo", "--dir", dir, "--state", state, "--json")

	const canary = "canary-5e0a77"
	preview := filepath.Join(dir, "preview.json")
	require.NoError(t, os.WriteFile(preview, []byte(run("sandbox", "preview", "demo", "--dir", dir, "--state", state, "--json",
		"--set", "gateway.replicas=5", "--set", "secrets.license="+canary, "--set", "secrets.env.PG_PASSWORD="+canary)), 0o644))
	page := filepath.Join(dir, "report.html")
	shown := run("report", preview, "--html", page, "--json") + run("report", preview)
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	shown += string(text)
	require.True(t, strings.Contains(shown, ">step 1</text>"))
	require.False(t, strings.Contains(shown, `"seconds":`))
	for _, secret := range []string{canary, stacktest.Secret} {
		require.False(t, strings.Contains(shown, secret), secret)
	}
}
