package ecs_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
	"bifrost/internal/gateway"
)

// TestMigrationOnEcs: each task migrates in a container before its gateway, which waits for its success.
func TestMigrationOnEcs(t *testing.T) {
	t.Parallel()
	g := recordEcs(t, func(a *ecs.EcsServiceArgs) { a.MigrationJob, a.StartupSeconds = true, 300 })
	containers := taskContainers(t, g, "x-task-definition")
	require.Len(t, containers, 3)
	migrate, gateway := containers[1], containers[2]
	require.Equal(t, "migrate", migrate.Name)
	require.False(t, migrate.Essential)
	require.Equal(t, []ecs.Dependency{{"config", "SUCCESS"}}, migrate.DependsOn)
	require.Equal(t, []ecs.Dependency{{"migrate", "SUCCESS"}, {"config", "SUCCESS"}}, gateway.DependsOn)
	require.Equal(t, gateway.Secrets, migrate.Secrets)
	require.Contains(t, migrate.Environment, ecs.Variable{"BIFROST_MIGRATE_ONLY", "1"})
	require.Contains(t, gateway.Environment, ecs.Variable{"BIFROST_NO_MIGRATE", "1"})
	require.NotContains(t, gateway.Environment, ecs.Variable{"BIFROST_MIGRATE_ONLY", "1"})
	require.Nil(t, migrate.HealthCheck)
	require.Empty(t, migrate.PortMappings)
	require.Contains(t, migrate.Command[0], "left=600")
}

// TestMigrationScript: it ends as the migration does, and stops a server that an image without the variable starts.
func TestMigrationScript(t *testing.T) {
	t.Parallel()
	run := func(program string, deadline int) (string, error) {
		script := strings.Replace(ecs.MigrationScript(deadline), "/app/docker-entrypoint.sh /app/main", program, 1)
		out, err := exec.CommandContext(t.Context(), "/bin/sh", "-c", script).CombinedOutput()
		return string(out), err
	}
	out, err := run("true", 5)
	require.NoError(t, err, out)
	_, err = run("sh -c 'exit 3'", 5)
	require.ErrorContains(t, err, "exit status 3")
	out, err = run("sleep 60", 0)
	require.ErrorContains(t, err, "exit status 1")
	require.Contains(t, out, "the migration did not end within 0 s: "+
		"an image that does not know BIFROST_MIGRATE_ONLY starts a server instead; take a newer image, or remove migrationJob\n")
}

// TestEcsStartup: the container's check and the load balancer's wait as long as a start may take.
func TestEcsStartup(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int]ecs.HealthCheck{
		60: {StartPeriod: 60, Retries: 3}, 300: {StartPeriod: 300, Retries: 3},
		0: {StartPeriod: 300, Retries: 5}, 600: {StartPeriod: 300, Retries: 10},
	} {
		got := ecs.HealthCheckOf(&ecs.EcsServiceArgs{StartupSeconds: seconds})
		require.Equal(t, []int{want.StartPeriod, want.Retries}, []int{got.StartPeriod, got.Retries}, seconds)
	}
}

// TestIpFamily: the gateway listens on IPv6, too.
func TestIpFamily(t *testing.T) {
	t.Parallel()
	task := containersText(t, recordEcs(t, func(a *ecs.EcsServiceArgs) { a.IpFamily = gateway.IPv6 }))
	require.Contains(t, task, `{"name":"APP_HOST","value":"::"}`)
	require.Contains(t, task, "http://127.0.0.1:8080/health", "it listens there, too")
}

func TestStartRefused(t *testing.T) {
	t.Parallel()
	task := ecsArgs()
	task.MigrationJob, task.IpFamily, task.StartupSeconds, task.StopTimeoutSeconds = true, gateway.IPv6, 601, 1
	task.Env = map[string]string{"BIFROST_MIGRATE_ONLY": "1", "APP_HOST": "0.0.0.0"}
	requireRefused(t, task, "migrationJob", "ipFamily", "startupSeconds", "stopTimeoutSeconds")
}
