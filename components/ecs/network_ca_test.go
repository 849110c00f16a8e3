package ecs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
	"bifrost/internal/graphtest"
)

// TestNetworkCaOnEcs: the authorities have a folder of their own, since Go reads all files of it, and the gateway is told of that.
func TestNetworkCaOnEcs(t *testing.T) {
	t.Parallel()
	g := recordEcs(t, func(a *ecs.EcsServiceArgs) { a.NetworkCa = "PEM" })
	require.Equal(t, "bifrost/network-ca.pem", g.Named(t, "aws:secretsmanager/secret:Secret", "x-network-ca").Input(t, "name"))
	require.Contains(t, executionRights(t, g), ":x-network-ca\"")
	containers := taskContainers(t, g, "x-task-definition")
	writer, gateway := containers[0], containers[1]
	require.Equal(t, []string{`mkdir -p /app/data/tmp /app/data/network-ca && printf '%s' "$BIFROST_CONFIG" > /app/data/config.json && ` +
		`printf '%s' "$BIFROST_NETWORK_CA" > /app/data/network-ca/network-ca.pem`}, writer.Command)
	require.Contains(t, gateway.Environment, ecs.Variable{"SSL_CERT_DIR", "/app/data/network-ca"})
	require.Len(t, gateway.Secrets, 1, "the gateway gets the file alone")

	task := ecsArgs()
	task.NetworkCa = strings.Repeat("x", 64<<10+1)
	task.SecretEnv["SSL_CERT_DIR"], task.SecretEnv["BIFROST_NETWORK_CA"] = graphtest.Secret("/own"), graphtest.Secret("x")
	requireRefused(t, task, "networkCa", "networkCa", "secretEnv[BIFROST_NETWORK_CA]")
}
