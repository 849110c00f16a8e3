package e2e

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/runbook"
)

// oncall is a cluster of its own: its API server goes before its stack does.
var oncall = &site{index: 4, issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/E2E0123456789ABCDEF0123456789AB2"}

// TestRunbook: each command of docs/operations.md that package runbook calls Run does what the page says of it, as it stands there. The tests
// of that package tell of commands that are not in its table.
func TestRunbook(t *testing.T) {
	onlyAll(t)
	t.Parallel()
	t.Cleanup(oncall.stop)
	ran := map[string]bool{}
	withAWS := hasAWS(t)
	if withAWS {
		t.Run("ECS", func(t *testing.T) { testOnECS(t, ran) })
	}
	s := oncall.started(t)
	t.Run("volume", func(t *testing.T) { testGrownVolume(t, s, ran) })
	t.Run("Kubernetes", func(t *testing.T) { testOnKubernetes(t, s, ran) })
	if !withAWS {
		t.Skip("the AWS CLI is not installed here: its commands in docs/operations.md were not tried")
	}
	for command, way := range runbook.Commands {
		require.True(t, way != runbook.Run || ran[command], "no step runs: %s", command)
	}
}

// hasAWS: CI has the AWS CLI.
func hasAWS(t *testing.T) bool {
	_, err := exec.LookPath("aws")
	if os.Getenv("CI") != "" {
		require.NoError(t, err)
	}
	return err == nil
}
