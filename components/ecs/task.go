package ecs

import (
	"bifrost/internal/gateway"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// tmpVariable is where programs put temporary files. It points into the data volume: a volume of its own on /tmp would belong to
// root, since the image declares none there (Amazon ECS developer guide, "Use bind mounts with Amazon ECS").
const (
	tmpVariable = "TMPDIR"
	tmpDir      = gateway.DataDir + "/tmp"
)

// writtenFiles are what the first container writes to the data folder, by the secret variables that carry them.
var writtenFiles = map[string]string{ConfigVariable: gateway.ConfigFile, DatabaseCaContentVariable: gateway.DatabaseCaFile}

// maxSecretString is the most of one secret's value (AWS Secrets Manager API, SecretString).
const maxSecretString = 64 << 10

func (a *EcsServiceArgs) validateTask() field.ErrorList {
	var errs field.ErrorList
	if a.DesiredCount < 1 {
		errs = append(errs, field.Invalid(field.NewPath("desiredCount"), a.DesiredCount, "at least 1"))
	}
	if a.Autoscaling != nil {
		errs = append(errs, a.Autoscaling.Validate(field.NewPath("autoscaling"), a.DesiredCount, a.behindTargetGroup())...)
	}
	errs = append(errs, ValidateFargateSize(field.NewPath("cpu"), field.NewPath("memory"), a.cpu(), a.memory())...)
	errs = append(errs, ValidateCpuArchitecture(field.NewPath("cpuArchitecture"), a.CpuArchitecture)...)
	errs = append(errs, ValidateStopTimeout(field.NewPath("stopTimeoutSeconds"), a.stopTimeout())...)
	errs = append(errs, ValidateRollout(field.NewPath("minHealthyPercent"), field.NewPath("maxHealthyPercent"), a.minHealthyPercent(), a.maxHealthyPercent(), a.DesiredCount)...)
	errs = append(errs, ValidateExec(field.NewPath("exec"), field.NewPath("readOnlyRoot"), a.Exec, a.readOnlyRoot())...)
	if a.Config == nil {
		errs = append(errs, field.Required(field.NewPath("config"), "the text of config.json"))
	}
	errs = append(errs, gateway.ValidateEnv(nil, a.Env, a.SecretEnv)...)
	errs = append(errs, ValidateEcsStartup(field.NewPath("startupSeconds"), a.startupSeconds())...)
	errs = append(errs, gateway.ValidateMigration(field.NewPath("migrationJob"), a.MigrationJob, a.given())...)
	errs = append(errs, gateway.ValidateIpFamily(field.NewPath("ipFamily"), a.IpFamily, a.given())...)
	if _, plain := a.Env[gateway.EncryptionKeyVariable]; plain {
		errs = append(errs, field.Forbidden(field.NewPath("env").Key(gateway.EncryptionKeyVariable), "a secret, and one that no up changes by accident; give it in secretEnv"))
	}
	for _, variable := range slices.Sorted(maps.Keys(writtenFiles)) {
		if _, taken := a.SecretEnv[variable]; taken {
			errs = append(errs, field.Forbidden(field.NewPath("secretEnv").Key(variable), "carries "+writtenFiles[variable]))
		}
	}
	_, plain := a.Env[gateway.DatabaseCaVariable]
	if _, secret := a.SecretEnv[gateway.DatabaseCaVariable]; a.DatabaseCa != "" && (plain || secret) {
		errs = append(errs, field.Forbidden(field.NewPath("databaseCa"), gateway.DatabaseCaVariable+" is set, too; keep one of them"))
	}
	if len(a.DatabaseCa) > maxSecretString {
		errs = append(errs, field.TooLong(field.NewPath("databaseCa"), "", maxSecretString))
	}
	return errs
}

// ValidateExec refuses ECS Exec together with a read-only root: its agent writes there (Amazon ECS developer guide, "Monitor Amazon
// ECS containers with ECS Exec").
func ValidateExec(execPath, rootPath *field.Path, exec, readOnlyRoot bool) field.ErrorList {
	if !exec || !readOnlyRoot {
		return nil
	}
	return field.ErrorList{field.Invalid(execPath, exec, fmt.Sprintf("the agent of ECS Exec writes to the root file system; set %s to false, or remove this", rootPath))}
}

func (a *EcsServiceArgs) newTaskDefinition(ctx *pulumi.Context, name string, parent pulumi.Resource, taskRoleArn, logGroup pulumi.StringOutput, secrets ecsSecrets) (*ecs.TaskDefinition, error) {
	return a.registerTask(ctx, name, parent, ecsTask{
		family: a.name(), cpu: a.cpu(), memory: a.memory(), containers: a.containers(logGroup, secrets), role: taskRoleArn.ToStringPtrOutput(),
	})
}

// ecsTask is what the task definitions of the gateway and of its broker differ in.
type ecsTask struct {
	family      string
	cpu, memory int
	containers  pulumi.StringOutput
	// role is nil for a task that asks AWS for nothing.
	role pulumi.StringPtrInput
}

func (a *EcsServiceArgs) registerTask(ctx *pulumi.Context, name string, parent pulumi.Resource, task ecsTask) (*ecs.TaskDefinition, error) {
	definition, err := ecs.NewTaskDefinition(ctx, name+"-task-definition", &ecs.TaskDefinitionArgs{
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
		Volumes:              ecs.TaskDefinitionVolumeArray{&ecs.TaskDefinitionVolumeArgs{Name: pulumi.String("data")}},
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("%s: task definition: %w", name, err)
	}
	return definition, nil
}

// Container definitions as ECS reads them (API reference, ContainerDefinition).
type (
	containerDefinition struct {
		Name             string            `json:"name"`
		Image            string            `json:"image"`
		Essential        bool              `json:"essential"`
		User             string            `json:"user"`
		ReadOnlyRoot     bool              `json:"readonlyRootFilesystem"`
		LinuxParameters  linuxParameters   `json:"linuxParameters"`
		EntryPoint       []string          `json:"entryPoint,omitempty"`
		Command          []string          `json:"command,omitempty"`
		DependsOn        []dependency      `json:"dependsOn,omitempty"`
		PortMappings     []portMapping     `json:"portMappings,omitempty"`
		Environment      []variable        `json:"environment,omitempty"`
		Secrets          []secretReference `json:"secrets,omitempty"`
		MountPoints      []mountPoint      `json:"mountPoints"`
		HealthCheck      *healthCheck      `json:"healthCheck,omitempty"`
		StopTimeout      int               `json:"stopTimeout,omitempty"`
		LogConfiguration logConfiguration  `json:"logConfiguration"`
	}
	linuxParameters struct {
		Capabilities       *capabilities `json:"capabilities,omitempty"`
		InitProcessEnabled bool          `json:"initProcessEnabled,omitempty"`
	}
	capabilities struct {
		Drop []string `json:"drop"`
	}
	dependency struct {
		ContainerName string `json:"containerName"`
		Condition     string `json:"condition"`
	}
	portMapping struct {
		ContainerPort int    `json:"containerPort"`
		HostPort      int    `json:"hostPort"`
		Protocol      string `json:"protocol"`
	}
	variable struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	secretReference struct {
		Name      string `json:"name"`
		ValueFrom string `json:"valueFrom"`
	}
	mountPoint struct {
		SourceVolume  string `json:"sourceVolume"`
		ContainerPath string `json:"containerPath"`
		ReadOnly      bool   `json:"readOnly"`
	}
	healthCheck struct {
		Command     []string `json:"command"`
		Interval    int      `json:"interval"`
		Timeout     int      `json:"timeout"`
		Retries     int      `json:"retries"`
		StartPeriod int      `json:"startPeriod"`
	}
	logConfiguration struct {
		LogDriver string            `json:"logDriver"`
		Options   map[string]string `json:"options"`
	}
)

// containers renders the two containers: Fargate cannot mount a secret as a file, so the first, of the same image, writes
// config.json to the volume, at the path that the image declares as its own, and the gateway starts when it has.
func (a *EcsServiceArgs) containers(logGroup pulumi.StringOutput, secrets ecsSecrets) pulumi.StringOutput {
	return pulumi.All(logGroup, secrets.references).ApplyT(func(v []any) (string, error) {
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

// configWriter is the container that writes files of the data folder, from the variables that carry them, and ends.
func configWriter(common containerDefinition, variables []string) containerDefinition {
	write := "mkdir -p " + tmpDir
	for _, variable := range variables {
		write += fmt.Sprintf(` && printf '%%s' "$%s" > %s/%s`, variable, gateway.DataDir, writtenFiles[variable])
	}
	common.Name = "config"
	common.EntryPoint = []string{"/bin/sh", "-c"}
	common.Command = []string{write}
	return common
}

// linuxParameters: no capability is needed for a user that is not root; the agent of ECS Exec is root, and leaves processes
// that an init process must reap.
func (a *EcsServiceArgs) linuxParameters() linuxParameters {
	if a.Exec {
		return linuxParameters{InitProcessEnabled: true}
	}
	return linuxParameters{Capabilities: &capabilities{Drop: []string{"ALL"}}}
}

func (a *EcsServiceArgs) portMappings() []portMapping {
	mappings := []portMapping{{gateway.Port, gateway.Port, "tcp"}}
	if a.meshed() {
		for _, p := range ecsClusterPorts {
			mappings = append(mappings, portMapping{p.port, p.port, p.protocol})
		}
	}
	return mappings
}

// healthCheck asks the gateway: ECS ignores the image's own check, and the image has wget and no curl. Failures do not count for the start
// period, and as many as the retries are let pass after it, which takes a start beyond ECS's longest period.
func (a *EcsServiceArgs) healthCheck() *healthCheck {
	period := min(a.startupSeconds(), maxStartPeriod)
	beyond := (a.startupSeconds() - period + checkInterval - 1) / checkInterval
	return &healthCheck{
		Command:  []string{"CMD-SHELL", fmt.Sprintf("wget -q -O /dev/null http://127.0.0.1:%d%s || exit 1", gateway.Port, gateway.HealthPath)},
		Interval: checkInterval, Timeout: 5, Retries: max(3, beyond), StartPeriod: period,
	}
}

// environment are the plain variables, sorted: the same arguments render the same text. With a migration the variable of a migrating or of
// a serving process is set.
func (a *EcsServiceArgs) environment(migration string) []variable {
	plain := gateway.WithMemoryLimit(a.Env, a.SecretEnv, strconv.Itoa(a.memory()*9/10)+"MiB")
	_, secret := a.SecretEnv[tmpVariable]
	if _, own := plain[tmpVariable]; !own && !secret {
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
	var all []variable
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		all = append(all, variable{name, plain[name]})
	}
	return all
}

// given are the names of the variables that the gateway gets.
func (a *EcsServiceArgs) given() map[string]bool {
	return gateway.Given[string](a.Env, a.SecretEnv, nil)
}
