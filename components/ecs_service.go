package components

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/iampolicy"
)

// EcsServiceType is the type token of EcsService.
const EcsServiceType = "bifrost:index:EcsService"

// Defaults of an EcsService.
const (
	DefaultEcsName          = "bifrost"
	DefaultEcsLogGroup      = "/ecs/bifrost"
	DefaultEcsSecretPrefix  = "bifrost/"
	DefaultFargateCpu       = 512
	DefaultFargateMemory    = 1024
	DefaultLogRetentionDays = 30
	DefaultSecretRecovery   = 30

	// ConfigVariable carries config.json to the container that writes it; no secret variable may have this name.
	ConfigVariable = "BIFROST_CONFIG"
	configSecret   = "config.json"
	// stopTimeout in seconds, of Fargate's 120 at most: the gateway cleans up for up to 30.
	stopTimeout = 60
	ecsTimeout  = "20m"
)

// EcsServiceArgs are the arguments of NewEcsService.
type EcsServiceArgs struct {
	// Name of the task definition family, the service and the container. Default bifrost.
	Name string `pulumi:"name,optional"`
	// ClusterArn of an existing cluster; Region is its region, where the logs go.
	ClusterArn string `pulumi:"clusterArn"`
	Region     string `pulumi:"region"`
	// Image with a tag or a digest.
	Image string `pulumi:"image"`
	// ExecutionRoleArn and ExecutionRoleName are of the role that may pull the image. The rights on the log group and the
	// secrets made here are added to it; nothing else is.
	ExecutionRoleArn  pulumi.StringInput `pulumi:"executionRoleArn"`
	ExecutionRoleName pulumi.StringInput `pulumi:"executionRoleName"`
	// TaskRoleArn is the gateway's own runtime identity, such as for Amazon Bedrock. It never pulls the image.
	TaskRoleArn string `pulumi:"taskRoleArn,optional"`
	// DesiredCount of tasks, at least 1.
	DesiredCount int `pulumi:"desiredCount"`
	// Cpu (1024 units are one vCPU) and Memory (MiB), one of Fargate's pairs. Defaults 512 and 1024.
	Cpu    int `pulumi:"cpu,optional"`
	Memory int `pulumi:"memory,optional"`
	// Subnets and SecurityGroups of the tasks, at least one each.
	Subnets        []string `pulumi:"subnets"`
	SecurityGroups []string `pulumi:"securityGroups"`
	// AssignPublicIp gives each task a public address. Default false: private subnets with NAT or endpoints.
	AssignPublicIp bool `pulumi:"assignPublicIp,optional"`
	// Config is the text of config.json.
	Config pulumi.StringInput `pulumi:"config"`
	// Env are plain environment variables; SecretEnv are kept in Secrets Manager, one secret each. No name may be in both.
	Env       map[string]string             `pulumi:"env,optional"`
	SecretEnv map[string]pulumi.StringInput `pulumi:"secretEnv,optional"`
	// LogGroup and how long it keeps, in days. Defaults /ecs/bifrost and 30.
	LogGroup         string `pulumi:"logGroup,optional"`
	LogRetentionDays int    `pulumi:"logRetentionDays,optional"`
	// SecretPrefix begins the names of the secrets. Default bifrost/.
	SecretPrefix string `pulumi:"secretPrefix,optional"`
	// SecretRecoveryDays is how long Secrets Manager keeps a deleted secret, and with it the name: 0 or 7 to 30. Default 30.
	SecretRecoveryDays *int `pulumi:"secretRecoveryDays,optional"`
	// DependsOn is what must exist before a task can start: the execution role with its policies attached.
	DependsOn []pulumi.Resource
}

// EcsService is the gateway on ECS Fargate: log group, secrets, task definition and a service that `up` awaits. An `up` whose
// deployment the circuit breaker rolled back fails.
type EcsService struct {
	pulumi.ResourceState

	// ServiceName is the service.
	ServiceName pulumi.StringOutput `pulumi:"serviceName"`
	// TaskDefinitionArn is the revision that runs, compared with the one registered.
	TaskDefinitionArn pulumi.StringOutput `pulumi:"taskDefinitionArn"`
	// LogGroup is where the tasks log.
	LogGroup pulumi.StringOutput `pulumi:"logGroup"`
}

// fargateSize is the memory that goes with a number of CPU units: from Min to Max in steps of Step, in MiB.
type fargateSize struct{ cpu, min, max, step int }

// fargateSizes are the pairs that Fargate has (Amazon ECS developer guide, "Task size"). 256 units go with 512 too.
var fargateSizes = []fargateSize{
	{256, 1024, 2048, 1024},
	{512, 1024, 4096, 1024},
	{1024, 2048, 8192, 1024},
	{2048, 4096, 16384, 1024},
	{4096, 8192, 30720, 1024},
	{8192, 16384, 61440, 4096},
	{16384, 32768, 122880, 8192},
}

// ValidateFargateSize refuses a pair of CPU units and MiB that Fargate does not have; the error names what goes.
func ValidateFargateSize(cpuPath, memoryPath *field.Path, cpu, memory int) field.ErrorList {
	i := slices.IndexFunc(fargateSizes, func(s fargateSize) bool { return s.cpu == cpu })
	if i < 0 {
		return field.ErrorList{field.Invalid(cpuPath, cpu, "Fargate has 256, 512, 1024, 2048, 4096, 8192 and 16384 CPU units")}
	}
	s := fargateSizes[i]
	fits := memory >= s.min && memory <= s.max && (memory-s.min)%s.step == 0
	if fits || (cpu == 256 && memory == 512) {
		return nil
	}
	smallest := s.min
	if cpu == 256 {
		smallest = 512
	}
	return field.ErrorList{field.Invalid(memoryPath, memory,
		fmt.Sprintf("with cpu %d Fargate has %d to %d MiB in steps of %d", cpu, smallest, s.max, s.step))}
}

// logRetentions are the days that CloudWatch Logs accepts (API reference, PutRetentionPolicy).
var logRetentions = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// ValidateLogRetention refuses a number of days that CloudWatch Logs does not have.
func ValidateLogRetention(path *field.Path, days int) field.ErrorList {
	if slices.Contains(logRetentions, days) {
		return nil
	}
	return field.ErrorList{field.Invalid(path, days, fmt.Sprintf("CloudWatch Logs keeps for one of %v days", logRetentions))}
}

// ValidateSecretRecovery refuses a recovery window that Secrets Manager does not have (API reference, DeleteSecret); 0 deletes at once.
func ValidateSecretRecovery(path *field.Path, days int) field.ErrorList {
	if days == 0 || (days >= 7 && days <= 30) {
		return nil
	}
	return field.ErrorList{field.Invalid(path, days, "0, or 7 to 30 days")}
}

// Validate reports every problem of the arguments.
func (a *EcsServiceArgs) Validate() field.ErrorList {
	var errs field.ErrorList
	if a.ClusterArn == "" {
		errs = append(errs, field.Required(field.NewPath("clusterArn"), "the ARN of an existing cluster"))
	}
	errs = append(errs, check.Arn(field.NewPath("clusterArn"), a.ClusterArn, check.EcsClusterArn)...)
	errs = append(errs, check.Required(field.NewPath("region"), a.Region, check.Region)...)
	errs = append(errs, check.Optional(field.NewPath("name"), a.Name, check.EcsName)...)
	errs = append(errs, check.Arn(field.NewPath("taskRoleArn"), a.TaskRoleArn, check.RoleArn)...)
	errs = append(errs, check.Optional(field.NewPath("logGroup"), a.LogGroup, check.LogGroup)...)
	errs = append(errs, check.Optional(field.NewPath("secretPrefix"), a.SecretPrefix, check.SecretPrefix)...)
	errs = append(errs, ValidateImage(field.NewPath("image"), a.Image)...)
	if a.ExecutionRoleArn == nil || a.ExecutionRoleName == nil {
		errs = append(errs, field.Required(field.NewPath("executionRoleArn"), "ARN and name of the role that may pull the image"))
	}
	if a.DesiredCount < 1 {
		errs = append(errs, field.Invalid(field.NewPath("desiredCount"), a.DesiredCount, "at least 1"))
	}
	errs = append(errs, ValidateFargateSize(field.NewPath("cpu"), field.NewPath("memory"), a.cpu(), a.memory())...)
	errs = append(errs, check.IDs(field.NewPath("subnets"), a.Subnets, check.Subnet)...)
	errs = append(errs, check.IDs(field.NewPath("securityGroups"), a.SecurityGroups, check.SecurityGroup)...)
	if a.Config == nil {
		errs = append(errs, field.Required(field.NewPath("config"), "the text of config.json"))
	}
	errs = append(errs, validateEnv(a.Env, a.SecretEnv)...)
	if _, taken := a.SecretEnv[ConfigVariable]; taken {
		errs = append(errs, field.Forbidden(field.NewPath("secretEnv").Key(ConfigVariable), "carries config.json"))
	}
	errs = append(errs, ValidateLogRetention(field.NewPath("logRetentionDays"), a.logRetentionDays())...)
	return append(errs, ValidateSecretRecovery(field.NewPath("secretRecoveryDays"), a.secretRecoveryDays())...)
}

func (a *EcsServiceArgs) cpu() int    { return cmp.Or(a.Cpu, DefaultFargateCpu) }
func (a *EcsServiceArgs) memory() int { return cmp.Or(a.Memory, DefaultFargateMemory) }
func (a *EcsServiceArgs) logRetentionDays() int {
	return cmp.Or(a.LogRetentionDays, DefaultLogRetentionDays)
}
func (a *EcsServiceArgs) secretRecoveryDays() int {
	if a.SecretRecoveryDays == nil {
		return DefaultSecretRecovery
	}
	return *a.SecretRecoveryDays
}

// NewEcsService makes the service and what belongs to it.
func NewEcsService(ctx *pulumi.Context, name string, args *EcsServiceArgs, opts ...pulumi.ResourceOption) (*EcsService, error) {
	if err := refuse(EcsServiceType, name, args.Validate()); err != nil {
		return nil, err
	}
	c := &EcsService{}
	if err := ctx.RegisterComponentResource(EcsServiceType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering %s %s: %w", EcsServiceType, name, err)
	}
	serviceName := cmp.Or(args.Name, DefaultEcsName)

	logGroup, err := cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(cmp.Or(args.LogGroup, DefaultEcsLogGroup)),
		RetentionInDays: pulumi.Int(args.logRetentionDays()),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: log group: %w", name, err)
	}

	secrets, err := args.newSecrets(ctx, name, c)
	if err != nil {
		return nil, err
	}

	// A policy of the role's own, so that the identity that the vendor allowlists stays as it is.
	rights, err := iam.NewRolePolicy(ctx, name+"-logs-and-secrets", &iam.RolePolicyArgs{
		Name: pulumi.String(serviceName + "-logs-and-secrets"),
		Role: args.ExecutionRoleName,
		Policy: pulumi.All(logGroup.Arn, secrets.arns).ApplyT(func(v []any) (string, error) {
			return iampolicy.ECSExecution(v[0].(string), v[1].([]string)).JSON()
		}).(pulumi.StringOutput),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: execution role's policy: %w", name, err)
	}

	taskDefinition, err := ecs.NewTaskDefinition(ctx, name+"-task-definition", &ecs.TaskDefinitionArgs{
		Family:                  pulumi.String(serviceName),
		RequiresCompatibilities: pulumi.StringArray{pulumi.String("FARGATE")},
		NetworkMode:             pulumi.String("awsvpc"),
		Cpu:                     pulumi.String(strconv.Itoa(args.cpu())),
		Memory:                  pulumi.String(strconv.Itoa(args.memory())),
		ExecutionRoleArn:        args.ExecutionRoleArn.ToStringOutput().ToStringPtrOutput(),
		TaskRoleArn:             optionalString(args.TaskRoleArn),
		ContainerDefinitions:    args.containers(serviceName, logGroup.Name, secrets),
		Volumes:                 ecs.TaskDefinitionVolumeArray{&ecs.TaskDefinitionVolumeArgs{Name: pulumi.String("data")}},
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: task definition: %w", name, err)
	}

	// IAM is eventually consistent: without the waits the first tasks fail to pull.
	service, err := ecs.NewService(ctx, name+"-service", &ecs.ServiceArgs{
		Name:                            pulumi.String(serviceName),
		Cluster:                         pulumi.String(args.ClusterArn),
		TaskDefinition:                  taskDefinition.Arn,
		DesiredCount:                    pulumi.Int(args.DesiredCount),
		LaunchType:                      pulumi.String("FARGATE"),
		DeploymentMinimumHealthyPercent: pulumi.Int(100),
		DeploymentMaximumPercent:        pulumi.Int(200),
		DeploymentCircuitBreaker:        &ecs.ServiceDeploymentCircuitBreakerArgs{Enable: pulumi.Bool(true), Rollback: pulumi.Bool(true)},
		WaitForSteadyState:              pulumi.Bool(true),
		EnableEcsManagedTags:            pulumi.Bool(true),
		PropagateTags:                   pulumi.String("SERVICE"),
		NetworkConfiguration: &ecs.ServiceNetworkConfigurationArgs{
			Subnets:        pulumi.ToStringArray(args.Subnets),
			SecurityGroups: pulumi.ToStringArray(args.SecurityGroups),
			AssignPublicIp: pulumi.Bool(args.AssignPublicIp),
		},
	}, pulumi.Parent(c), pulumi.DependsOn(append([]pulumi.Resource{rights}, args.DependsOn...)),
		pulumi.Timeouts(&pulumi.CustomTimeouts{Create: ecsTimeout, Update: ecsTimeout}))
	if err != nil {
		return nil, fmt.Errorf("%s: service: %w", name, err)
	}

	c.ServiceName, c.LogGroup = service.Name, logGroup.Name
	c.TaskDefinitionArn = runningTaskDefinition(ctx, c, args.ClusterArn, service, taskDefinition)
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"serviceName": c.ServiceName, "taskDefinitionArn": c.TaskDefinitionArn, "logGroup": c.LogGroup,
	})
}

// runningTaskDefinition compares what runs with what was registered: a circuit breaker's rollback leaves the service steady on
// the old revision, which the provider takes for success (terraform-provider-aws issue 20858).
func runningTaskDefinition(ctx *pulumi.Context, parent pulumi.Resource, clusterArn string, service *ecs.Service, registered *ecs.TaskDefinition) pulumi.StringOutput {
	// The name is known before the service exists, its id is not: a preview must not look for what is not there yet.
	name := pulumi.All(service.ID(), service.Name).ApplyT(func(v []any) string { return v[1].(string) }).(pulumi.StringOutput)
	running := ecs.LookupServiceOutput(ctx, ecs.LookupServiceOutputArgs{
		ClusterArn:  pulumi.String(clusterArn),
		ServiceName: name,
	}, pulumi.Parent(parent)).TaskDefinition()
	return pulumi.All(name, running, registered.Arn).ApplyT(func(v []any) (string, error) {
		service, running, registered := v[0].(string), v[1].(string), v[2].(string)
		if running != registered {
			return "", fmt.Errorf("the ECS service %s runs %s and not %s, which was registered: the deployment was rolled back; "+
				"see why with `aws ecs describe-services --cluster %s --services %s --query 'services[0].events[:10]'`, mend the configuration and run `pulumi up --refresh`",
				service, running, registered, clusterArn, service)
		}
		return running, nil
	}).(pulumi.StringOutput)
}

// ecsSecrets are the secrets of a task: config.json and one for each secret variable.
type ecsSecrets struct {
	// variables are sorted; arns and references (ARN and version, so that a changed value is a new revision) are in their order.
	variables  []string
	arns       pulumi.StringArrayOutput
	references pulumi.StringArrayOutput
}

func (a *EcsServiceArgs) newSecrets(ctx *pulumi.Context, name string, parent pulumi.Resource) (ecsSecrets, error) {
	values := maps.Clone(a.SecretEnv)
	if values == nil {
		values = map[string]pulumi.StringInput{}
	}
	values[ConfigVariable] = a.Config

	variables := slices.Sorted(maps.Keys(values))
	var arns, references pulumi.StringArray
	for _, variable := range variables {
		physical, logical := variable, name+"-secret-"+variable
		if variable == ConfigVariable {
			physical, logical = configSecret, name+"-config"
		}
		secret, err := secretsmanager.NewSecret(ctx, logical, &secretsmanager.SecretArgs{
			Name:                 pulumi.String(cmp.Or(a.SecretPrefix, DefaultEcsSecretPrefix) + physical),
			RecoveryWindowInDays: pulumi.Int(a.secretRecoveryDays()),
		}, pulumi.Parent(parent))
		if err != nil {
			return ecsSecrets{}, fmt.Errorf("%s: secret %s: %w", name, physical, err)
		}
		version, err := secretsmanager.NewSecretVersion(ctx, logical+"-version", &secretsmanager.SecretVersionArgs{
			SecretId:     secret.Arn,
			SecretString: pulumi.ToSecret(values[variable]).(pulumi.StringOutput),
		}, pulumi.Parent(parent))
		if err != nil {
			return ecsSecrets{}, fmt.Errorf("%s: value of secret %s: %w", name, physical, err)
		}
		arns = append(arns, secret.Arn)
		references = append(references, pulumi.Sprintf("%s:::%s", secret.Arn, version.VersionId))
	}
	return ecsSecrets{variables, arns.ToStringArrayOutput(), references.ToStringArrayOutput()}, nil
}

// Container definitions as ECS reads them (API reference, ContainerDefinition).
type (
	containerDefinition struct {
		Name             string            `json:"name"`
		Image            string            `json:"image"`
		Essential        bool              `json:"essential"`
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
func (a *EcsServiceArgs) containers(name string, logGroup pulumi.StringOutput, secrets ecsSecrets) pulumi.StringOutput {
	return pulumi.All(logGroup, secrets.references).ApplyT(func(v []any) (string, error) {
		logs := logConfiguration{LogDriver: "awslogs", Options: map[string]string{
			"awslogs-group": v[0].(string), "awslogs-region": a.Region, "awslogs-stream-prefix": name,
		}}
		data := []mountPoint{{SourceVolume: "data", ContainerPath: GatewayDataDir}}
		var config, others []secretReference
		for i, reference := range v[1].([]string) {
			s := secretReference{Name: secrets.variables[i], ValueFrom: reference}
			if s.Name == ConfigVariable {
				config = append(config, s)
				continue
			}
			others = append(others, s)
		}
		plain := withMemoryLimit(a.Env, a.SecretEnv, strconv.Itoa(a.memory()*9/10)+"MiB")
		var environment []variable
		for _, k := range slices.Sorted(maps.Keys(plain)) {
			environment = append(environment, variable{k, plain[k]})
		}

		b, err := json.Marshal([]containerDefinition{
			{
				Name:             "config",
				Image:            a.Image,
				EntryPoint:       []string{"/bin/sh", "-c"},
				Command:          []string{`printf '%s' "$` + ConfigVariable + `" > ` + GatewayDataDir + "/" + configFile},
				Secrets:          config,
				MountPoints:      data,
				LogConfiguration: logs,
			},
			{
				Name:         name,
				Image:        a.Image,
				Essential:    true,
				DependsOn:    []dependency{{"config", "SUCCESS"}},
				PortMappings: []portMapping{{GatewayPort, GatewayPort, "tcp"}},
				Environment:  environment,
				Secrets:      others,
				MountPoints:  data,
				// ECS ignores the image's own check, and the image has wget and no curl.
				HealthCheck: &healthCheck{
					Command:  []string{"CMD-SHELL", fmt.Sprintf("wget -q -O /dev/null http://127.0.0.1:%d/health || exit 1", GatewayPort)},
					Interval: 30, Timeout: 5, Retries: 3, StartPeriod: 60,
				},
				StopTimeout:      stopTimeout,
				LogConfiguration: logs,
			},
		})
		return string(b), err
	}).(pulumi.StringOutput)
}
