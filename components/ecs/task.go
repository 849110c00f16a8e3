package ecs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// tmpVariable is where programs put temporary files. It points into the data volume: a volume of its own on /tmp would belong to
// root, since the image declares none there (Amazon ECS developer guide, "Use bind mounts with Amazon ECS").
const (
	tmpVariable = "TMPDIR"
	tmpDir      = gateway.DataDir + "/tmp"
)

// ecsTask is what the task definitions of the gateway and of its broker differ in.
type ecsTask struct {
	family      string
	cpu, memory int
	containers  pulumi.StringOutput
	// role is nil for a task that asks AWS for nothing.
	role pulumi.StringPtrInput
}

// newTaskDefinition registers the gateway's task.
func (a *EcsServiceArgs) newTaskDefinition(
	in component.Scope, logGroup *cloudwatch.LogGroup, secrets ecsSecrets, role ecsTaskRole,
) (*ecs.TaskDefinition, error) {
	return a.registerTask(in, "task-definition", ecsTask{
		family: a.name(), cpu: a.cpu(), memory: a.memory(),
		containers: a.containers(logGroup, secrets), role: role.arn.ToStringPtrOutput(),
	})
}

func (a *EcsServiceArgs) registerTask(in component.Scope, what string, task ecsTask) (*ecs.TaskDefinition, error) {
	definition, err := ecs.NewTaskDefinition(in.Ctx, in.Child(what), &ecs.TaskDefinitionArgs{
		Family:                  pulumi.String(task.family),
		RequiresCompatibilities: pulumi.StringArray{pulumi.String("FARGATE")},
		NetworkMode:             pulumi.String("awsvpc"),
		RuntimePlatform: &ecs.TaskDefinitionRuntimePlatformArgs{
			OperatingSystemFamily: pulumi.String("LINUX"),
			CpuArchitecture:       pulumi.String(cmp.Or(a.CpuArchitecture, ArchitectureX86)),
		},
		Cpu:                  pulumi.String(strconv.Itoa(task.cpu)),
		Memory:               pulumi.String(strconv.Itoa(task.memory)),
		ExecutionRoleArn:     a.ExecutionRoleArn.ToStringOutput().ToStringPtrOutput(),
		TaskRoleArn:          task.role,
		ContainerDefinitions: task.containers,
		// A revision stays when its successor comes: the service can go back to it.
		SkipDestroy: pulumi.Bool(true),
		Volumes:     ecs.TaskDefinitionVolumeArray{&ecs.TaskDefinitionVolumeArgs{Name: pulumi.String("data")}},
	}, in.Options()...)
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %w", in.Name, what, err)
	}
	return definition, nil
}

// containers renders the two containers. Fargate cannot mount a secret as a file, so the first, of the same image, writes config.json
// to the volume, at the path that the image declares as its own. The gateway starts when it has.
func (a *EcsServiceArgs) containers(logGroup *cloudwatch.LogGroup, secrets ecsSecrets) pulumi.StringOutput {
	return pulumi.All(logGroup.Name, secrets.references).ApplyT(func(v []any) (string, error) {
		common := a.container(v[0].(string), a.name())
		main := common
		var files []string
		var contents []secretReference
		for i, reference := range v[1].([]string) {
			s := secretReference{Name: secrets.variables[i], ValueFrom: reference}
			if _, written := writtenFiles[s.Name]; written {
				files, contents = append(files, s.Name), append(contents, s)
				continue
			}
			main.Secrets = append(main.Secrets, s)
		}

		writer := configWriter(common, files)
		writer.Secrets = contents

		main.Name = a.name()
		main.Essential = true
		main.Secrets = a.withReferences(main.Secrets, func(string) bool { return true })
		main.DockerLabels = a.restartLabel()
		main.DependsOn = []dependency{{writer.Name, "SUCCESS"}}
		main.PortMappings = a.portMappings()
		main.Environment = a.environment(gateway.NoMigrateVariable)
		main.HealthCheck = a.healthCheck()
		main.StopTimeout = a.stopTimeout()

		b, err := json.Marshal(a.withMigration(writer, main))
		return string(b), err
	}).(pulumi.StringOutput)
}

// container is what all containers have in common; stream begins the names of their log streams.
func (a *EcsServiceArgs) container(logGroup, stream string) containerDefinition {
	return containerDefinition{
		Image:           a.Image,
		User:            strconv.Itoa(gateway.Uid),
		ReadOnlyRoot:    a.readOnlyRoot(),
		LinuxParameters: a.linuxParameters(),
		MountPoints:     []mountPoint{{SourceVolume: "data", ContainerPath: gateway.DataDir}},
		LogConfiguration: logConfiguration{LogDriver: "awslogs", Options: map[string]string{
			"awslogs-group": logGroup, "awslogs-region": a.Region, "awslogs-stream-prefix": stream,
		}},
	}
}

// restartLabel makes another revision of the task at another text: the service goes over to it, task by task, and a deployment that fails
// is rolled back, as at every other change. ECS itself is only told to deploy a revision again by who is not the program.
func (a *EcsServiceArgs) restartLabel() map[string]string {
	if a.Restart == "" {
		return nil
	}
	return map[string]string{"bifrost.restart": a.Restart}
}

// configWriter is the container that writes files of the data folder, from the variables that carry them, and ends.
func configWriter(common containerDefinition, variables []string) containerDefinition {
	write := "mkdir -p " + tmpDir
	if slices.Contains(variables, NetworkCaContentVariable) {
		write += " " + gateway.DataDir + "/" + networkCaDir
	}
	for _, variable := range variables {
		write += fmt.Sprintf(` && printf '%%s' "$%s" > %s/%s`, variable, gateway.DataDir, writtenFiles[variable])
	}
	common.Name = "config"
	common.EntryPoint = []string{"/bin/sh", "-c"}
	common.Command = []string{write}
	return common
}

// linuxParameters drop every capability: a user that is not root needs none. The agent of ECS Exec is root, and leaves processes behind
// that an init process must reap.
func (a *EcsServiceArgs) linuxParameters() linuxParameters {
	if a.Exec {
		return linuxParameters{InitProcessEnabled: true}
	}
	return withoutCapabilities()
}

func withoutCapabilities() linuxParameters {
	return linuxParameters{Capabilities: &capabilities{Add: []string{}, Drop: []string{"ALL"}}}
}

func (a *EcsServiceArgs) portMappings() []portMapping {
	mappings := []portMapping{{gateway.Port, gateway.Port, "tcp"}}
	if !a.meshed() {
		return mappings
	}
	for _, p := range clusterPorts {
		mappings = append(mappings, portMapping{p.port, p.port, p.protocol})
	}
	return mappings
}

// healthCheck asks the gateway: ECS ignores the image's own check, and the image has wget and no curl. During the start period no failure
// counts. After it as many failures as there are retries are let pass: this takes a start beyond ECS's longest period.
func (a *EcsServiceArgs) healthCheck() *healthCheck {
	period := min(a.startupSeconds(), maxStartPeriod)
	beyond := (a.startupSeconds() - period + checkInterval - 1) / checkInterval
	ask := fmt.Sprintf("wget -q -O /dev/null http://127.0.0.1:%d%s || exit 1", gateway.Port, gateway.HealthPath)
	return &healthCheck{
		Command:  []string{"CMD-SHELL", ask},
		Interval: checkInterval, Timeout: 5, Retries: max(3, beyond), StartPeriod: period,
	}
}

// environment are the plain variables, sorted: the same arguments render the same text. Where there is a migration, the given variable of
// a migrating or of a serving process is set.
func (a *EcsServiceArgs) environment(migration string) []variable {
	plain := gateway.WithMemoryLimit(a.Env, a.SecretEnv, softMemory(a.memory()))
	if !a.given()[tmpVariable] {
		plain[tmpVariable] = tmpDir
	}
	if a.MigrationJob {
		plain[migration] = "1"
	}
	if a.IpFamily == gateway.IPv6 {
		plain[gateway.HostVariable] = gateway.AnyHost
	}
	if a.DatabaseCa != "" {
		plain[gateway.DatabaseCaVariable] = gateway.DataDir + "/" + gateway.DatabaseCaFile
	}
	if a.NetworkCa != "" {
		plain[gateway.CaDirVariable] = gateway.DataDir + "/" + networkCaDir
	}
	var all []variable
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		all = append(all, variable{name, plain[name]})
	}
	return all
}

// softMemory is Go's memory limit in a task that has so many MiB.
func softMemory(memory int) string { return strconv.Itoa(gateway.SoftMemory(memory)) + "MiB" }
