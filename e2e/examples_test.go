package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/controlplane"
)

// testAnyApp: examples/any-app goes up, stays up and goes away. It is a program of its own, which a test of the companion's module runs
// in the engine: this module does not import that one.
func testAnyApp(t *testing.T, s *site) {
	onlyAll(t)
	s.fresh(t)
	before := inventory(t, s)
	dir := filepath.Join(s.state, s.stack)
	require.NoError(t, os.MkdirAll(dir, 0o700))
	const name = "TestAnyAppOnRealCluster"
	cmd := exec.CommandContext(t.Context(), "go", "test", "./sandbox", "-count=1", "-v", "-run", "^"+name+"$")
	cmd.Dir = filepath.Join(repository, "bifrostctl")
	// Built as the companion's own tests are, whatever this module is built with.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=", "BIFROST_E2E_KUBECONFIG="+s.plane.KubeconfigOf(controlplane.AdminUser), "BIFROST_E2E_STATE="+dir)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+name, "and was not skipped")
	leftNothing(t, s, before)
}
