package sandbox

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/sandbox/cloud"
)

// TestCanaries: secrets of every kind stand in clear nowhere but in the clouds: not in what is printed, in text or JSON, by a
// preview, an up, a failed up or a destroy; and not in the state, the logs and the working copy. The example has a login for Prometheus.
func TestCanaries(t *testing.T) {
	t.Parallel()
	for _, stack := range []string{"azure-dev", "../../examples/aks-production"} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			canaries(t, stack)
		})
	}
}

func canaries(t *testing.T, stack string) {
	t.Helper()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	requireCLI(t, dir)
	p, err := loadProject(dir, stack)
	require.NoError(t, err)
	state := t.TempDir()

	world := cloud.NewWorld()
	server := seed(world, p.values, p.values, settings{})
	kubeconfig := fakeSecret(world, p.values, server)("secrets.kubeconfig") + "# " + canary + "\n"
	settings := []string{
		"secrets.license=" + canary + "-license",
		"secrets.encryptionKey=" + canary + "-key",
		"secrets.adminPassword=" + canary + "-admin",
		"protectIdentities=false",
		"secrets.env.PG_PASSWORD=" + canary + "-password",
		"secrets.kubeconfig=" + kubeconfig,
	}
	var printed bytes.Buffer
	run := func(operation Operation, asJSON bool, more ...string) error {
		request := Request{Operation: operation, Stack: stack, Dir: dir, State: state, JSON: asJSON, Set: append(settings, more...)}
		return Runner{Program: Bifrost, Stdout: &printed, Stderr: &printed}.Run(t.Context(), request)
	}
	require.NoError(t, run(Preview, false))
	// Refused, and not repeated. What the next command writes takes the place of it.
	require.Error(t, run(Preview, true, "gateway.env.PG_PASSWORD="+canary), "a secret among plain variables, too")
	require.Error(t, run(Preview, true, "secrets.env={}", "gateway.env.PG_PASSWORD="+canary), "and there alone")
	require.Error(t, run(Preview, true, "gateway.config.plugins=[{name: own, enabled: true, config: {private_key: "+canary+"}}]"))
	require.Error(t, run(Preview, true, "secrets.encryptionKey="+canary), "too short")
	require.NoError(t, run(Up, false))
	require.NoError(t, run(Up, true, "gateway.replicas=3"))
	require.Error(t, run(Up, false, "aks.clusterName=nope"))
	require.Error(t, run(Up, false, "secrets.unknown="+canary))
	searchCanary(t, state)
	require.NoError(t, run(Destroy, true))
	require.NotContains(t, printed.String(), canary)
	require.NotContains(t, printed.String(), base64.StdEncoding.EncodeToString([]byte(canary))[:16])
	searchCanary(t, state)
}

// searchCanary fails the test where a file of the sandbox other than the saved clouds holds the canary, as it is or as a
// Kubernetes Secret has it.
func searchCanary(t *testing.T, state string) {
	t.Helper()
	files := filesBelow(t, state)
	require.NotEmpty(t, files)
	for _, file := range files {
		if filepath.Base(file) == "world.json" {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotContains(t, string(text), canary, file)
		require.NotContains(t, string(text), base64.StdEncoding.EncodeToString([]byte(canary))[:16], file)
	}
}
