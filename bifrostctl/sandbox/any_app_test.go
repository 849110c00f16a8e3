package sandbox_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/internal/stacktest/anyapp"
	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/sandbox/cloud"
)

// TestAnyAppOnRealCluster is a part of the end-to-end tests, which run it with a cluster and a folder for network.json.
func TestAnyAppOnRealCluster(t *testing.T) {
	kubeconfig, dir := os.Getenv("BIFROST_E2E_KUBECONFIG"), os.Getenv("BIFROST_E2E_STATE")
	if kubeconfig == "" || dir == "" {
		t.Skip("run by make e2e")
	}
	cluster, err := cloud.Connect(t.Context(), kubeconfig)
	require.NoError(t, err)
	w := cloud.NewWorld()
	w.Live = cluster
	e := anyapp.New(t, w)
	withdraw, err := sandbox.Publish(dir, w)
	require.NoError(t, err)
	defer func() { require.NoError(t, withdraw()) }()
	e.MustUp()
	w.Lock()
	require.Empty(t, w.Warnings)
	w.Unlock()
	stacktest.OnlySame(t, e.MustUp(), "nothing changed since")
	gone := e.Destroy()
	require.NoError(t, gone.Err, gone.Diagnostics)
}
