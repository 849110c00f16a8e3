package ecs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
	"bifrost/internal/graphtest"
)

func TestDatabaseCaRefused(t *testing.T) {
	t.Parallel()
	task := ecsArgs()
	task.DatabaseCa = strings.Repeat("x", 64<<10+1)
	task.SecretEnv["PGSSLROOTCERT"], task.SecretEnv["BIFROST_DATABASE_CA"] = graphtest.Secret("/own"), graphtest.Secret("x")
	requireRefused(t, task, "databaseCa", "databaseCa", "secretEnv[BIFROST_DATABASE_CA]")
}

// TestDatabaseCaOnEcs: the container that writes config.json writes the authorities beside it, and the gateway is told where.
func TestDatabaseCaOnEcs(t *testing.T) {
	t.Parallel()
	g := recordEcs(t, func(a *ecs.EcsServiceArgs) { a.DatabaseCa = "PEM" })
	require.Equal(t, "bifrost/database-ca.pem", g.Named(t, "aws:secretsmanager/secret:Secret", "x-database-ca").Input(t, "name"))
	require.Equal(t, "PEM", g.Named(t, "aws:secretsmanager/secretVersion:SecretVersion", "x-database-ca-version").Input(t, "secretString"))
	require.Contains(t, executionRights(t, g), ":x-database-ca\"")

	containers := taskContainers(t, g, "x-task-definition")
	writer, gateway := containers[0], containers[1]
	require.Equal(t, []string{`mkdir -p /app/data/tmp && printf '%s' "$BIFROST_CONFIG" > /app/data/config.json && ` +
		`printf '%s' "$BIFROST_DATABASE_CA" > /app/data/database-ca.pem`}, writer.Command)
	require.Equal(t, "BIFROST_DATABASE_CA", writer.Secrets[1].Name)
	require.Contains(t, gateway.Environment, ecs.Variable{"PGSSLROOTCERT", "/app/data/database-ca.pem"})
	require.Len(t, gateway.Secrets, 1, "the gateway gets the file alone")
}
