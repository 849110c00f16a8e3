package ecs

import (
	"fmt"

	"bifrost/internal/gateway"
)

// migrationScript runs the image's own entrypoint until it has migrated. An image that does not know the variable starts a server, and the
// task would wait for its end for ever. So the script keeps a deadline: ECS has none beyond 120 s (API reference, ContainerDefinition,
// startTimeout).
func migrationScript(deadlineSeconds int) string {
	return fmt.Sprintf(`/app/docker-entrypoint.sh /app/main & pid=$!
left=%[1]d
while kill -0 $pid 2>/dev/null; do
  if [ $left -le 0 ]; then
    echo "the migration did not end within %[1]d s: an image that does not know %[2]s starts a server instead; `+
		`take a newer image, or remove migrationJob" >&2
    kill -9 $pid
    exit 1
  fi
  left=$((left-1))
  sleep 1
done
wait $pid`, deadlineSeconds, gateway.MigrateOnlyVariable)
}

// withMigration puts a container before the gateway that migrates and ends. Every task has one: the gateway's own locks let one migrate,
// and the others find nothing to do. A task of its own would need somebody who starts it and waits: the provider's function that runs one
// does so in previews, too.
func (a *EcsServiceArgs) withMigration(writer, main containerDefinition) []containerDefinition {
	if !a.MigrationJob {
		return []containerDefinition{writer, main}
	}
	migrate := writer
	migrate.Name = "migrate"
	migrate.DependsOn = main.DependsOn
	migrate.Secrets = main.Secrets
	migrate.Environment = a.environment(gateway.MigrateOnlyVariable)
	migrate.Command = []string{migrationScript(a.startupSeconds() + gateway.ScheduleSeconds)}
	main.DependsOn = append([]dependency{{migrate.Name, "SUCCESS"}}, main.DependsOn...)
	return []containerDefinition{writer, migrate, main}
}
