package ecs

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicediscovery"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// EcsServiceType is the type token of EcsService.
const EcsServiceType = "bifrost:index:EcsService"

// Defaults of an EcsService.
const (
	DefaultEcsName           = "bifrost"
	DefaultEcsLogGroup       = "/ecs/bifrost"
	DefaultEcsSecretPrefix   = "bifrost/"
	DefaultEcsTaskRoleName   = "BifrostECSTaskRole"
	DefaultFargateCpu        = 512
	DefaultFargateMemory     = 1024
	DefaultLogRetentionDays  = 30
	DefaultSecretRecovery    = 30
	DefaultMinHealthyPercent = 100
	DefaultMaxHealthyPercent = 200
	// DefaultStopTimeout in seconds: the gateway cleans up for up to 30.
	DefaultStopTimeout = 60

	// ArchitectureX86 and ArchitectureArm are the processors that Fargate has.
	ArchitectureX86 = "X86_64"
	ArchitectureArm = "ARM64"

	// ConfigVariable carries config.json to the container that writes it; no secret variable may have this name.
	ConfigVariable = "BIFROST_CONFIG"
	configSecret   = "config.json"
	// DatabaseCaContentVariable likewise carries the authorities of the databases.
	DatabaseCaContentVariable = "BIFROST_DATABASE_CA"
	// A deployment takes the pulls, the checks and, behind a load balancer, the deregistration of the old tasks.
	ecsTimeout = "30m"
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
	// TaskRoleArn is the gateway's own runtime identity where it exists already, TaskRole one to make; exactly one of them. It
	// never pulls the image.
	TaskRoleArn string           `pulumi:"taskRoleArn,optional"`
	TaskRole    *EcsTaskRoleArgs `pulumi:"taskRole,optional"`
	// Exec opens ECS Exec: a shell in the running container for whoever may ask ECS for one. Its agent writes to the root
	// file system, so ReadOnlyRoot must be false (Amazon ECS developer guide, "Monitor Amazon ECS containers with ECS Exec"). An
	// existing TaskRoleArn must have the four ssmmessages actions already.
	Exec bool `pulumi:"exec,optional"`

	// DesiredCount of tasks, at least 1; with Autoscaling the number to begin with.
	DesiredCount int                 `pulumi:"desiredCount"`
	Autoscaling  *EcsAutoscalingArgs `pulumi:"autoscaling,optional"`
	// Cpu (1024 units are one vCPU) and Memory (MiB), one of Fargate's pairs. Defaults 512 and 1024.
	Cpu    int `pulumi:"cpu,optional"`
	Memory int `pulumi:"memory,optional"`
	// CpuArchitecture is X86_64, the default, or ARM64. The image must have it.
	CpuArchitecture string `pulumi:"cpuArchitecture,optional"`
	// ReadOnlyRoot leaves the containers only /app/data to write to. Default true.
	ReadOnlyRoot *bool `pulumi:"readOnlyRoot,optional"`
	// StopTimeoutSeconds is how long a task may clean up after SIGTERM, 2 to 120. Default 60.
	StopTimeoutSeconds int `pulumi:"stopTimeoutSeconds,optional"`
	// StartupSeconds is how long a start, migrations of the database included, may take, 30 to 600: until then neither the container's check
	// nor the load balancer's counts. Default 450, as for pods.
	StartupSeconds int `pulumi:"startupSeconds,optional"`
	// MigrationJob migrates the database in a container of each task, before its gateway starts, and lets no gateway migrate. For images that
	// know BIFROST_MIGRATE_ONLY alone: any other starts a server there, and the task stops at a deadline, StartupSeconds and 300 s.
	MigrationJob bool `pulumi:"migrationJob,optional"`
	// IpFamily IPv6 lets the gateway listen on IPv6, too (APP_HOST "::"). Default: IPv4 alone.
	IpFamily string `pulumi:"ipFamily,optional"`
	// MinHealthyPercent and MaxHealthyPercent of the desired count bound the tasks during a deployment. Defaults 100 and 200.
	MinHealthyPercent *int `pulumi:"minHealthyPercent,optional"`
	MaxHealthyPercent int  `pulumi:"maxHealthyPercent,optional"`

	// Subnets of the tasks, at least one.
	Subnets []string `pulumi:"subnets"`
	// SecurityGroups of the tasks, where they exist already: they must let the tasks out, the load balancer in on port 8080
	// and, with Clustering, the tasks to each other on 10101 (TCP and UDP) and 10102 (TCP), or with a broker on 50051 (TCP). Where there
	// are none, one that does is made.
	SecurityGroups []string `pulumi:"securityGroups,optional"`
	// ClientSecurityGroups may reach port 8080 of the tasks directly; for a security group made here.
	ClientSecurityGroups []string `pulumi:"clientSecurityGroups,optional"`
	// VpcId is the subnets' VPC, and VpcCidrs its address blocks: needed for what is made here in the VPC.
	VpcId    string   `pulumi:"vpcId,optional"`
	VpcCidrs []string `pulumi:"vpcCidrs,optional"`
	// AssignPublicIp gives each task a public address. Default false: private subnets with NAT or endpoints.
	AssignPublicIp bool `pulumi:"assignPublicIp,optional"`
	// LoadBalancer to make, or TargetGroupArn of an existing target group and the LoadBalancerArn that it hangs on; or neither.
	LoadBalancer    *EcsLoadBalancerArgs `pulumi:"loadBalancer,optional"`
	TargetGroupArn  string               `pulumi:"targetGroupArn,optional"`
	LoadBalancerArn string               `pulumi:"loadBalancerArn,optional"`
	// Clustering lets the tasks find each other, or a broker. Config must name the same DNS name.
	Clustering *EcsClusteringArgs `pulumi:"clustering,optional"`
	// Alarms to make. The cluster must have Container Insights.
	Alarms *EcsAlarmsArgs `pulumi:"alarms,optional"`

	// Config is the text of config.json.
	Config pulumi.StringInput `pulumi:"config"`
	// Env are plain environment variables; SecretEnv are kept in Secrets Manager, one secret each. No name may be in both.
	Env       map[string]string             `pulumi:"env,optional"`
	SecretEnv map[string]pulumi.StringInput `pulumi:"secretEnv,optional"`
	// ChangeEncryptionKey lets SecretEnv have another BIFROST_ENCRYPTION_KEY than before, which an `up` and its preview refuse otherwise:
	// the gateway can read nothing then that it has stored, starts without its virtual keys and serves inference to anybody.
	ChangeEncryptionKey bool `pulumi:"changeEncryptionKey,optional"`
	// DatabaseCa are the authorities of the databases' certificates, as PEM of 64 KiB at most. The container that writes config.json
	// writes them, too, and PGSSLROOTCERT names the file. Default: those that the image has.
	DatabaseCa string `pulumi:"databaseCa,optional"`
	// SecretPrefix begins the names of the secrets. Default bifrost/.
	SecretPrefix string `pulumi:"secretPrefix,optional"`
	// SecretRecoveryDays is how long Secrets Manager keeps a deleted secret, and with it the name: 0 or 7 to 30. Default 30.
	SecretRecoveryDays *int `pulumi:"secretRecoveryDays,optional"`
	// SecretKmsKeyArn is the KMS key of the secrets; the execution role may then decrypt with it, through Secrets Manager. Default:
	// AWS's own key.
	SecretKmsKeyArn string `pulumi:"secretKmsKeyArn,optional"`
	// LogGroup and how long it keeps, in days. Defaults /ecs/bifrost and 30.
	LogGroup         string `pulumi:"logGroup,optional"`
	LogRetentionDays int    `pulumi:"logRetentionDays,optional"`
	// LogKmsKeyArn is the KMS key of the log group, whose key policy must let CloudWatch Logs use it.
	LogKmsKeyArn string `pulumi:"logKmsKeyArn,optional"`

	// DependsOn is what must exist before a task can start: the execution role with its policies attached.
	DependsOn []pulumi.Resource
}

// EcsService is the gateway on ECS Fargate: roles, network, load balancer, log group, secrets, task definition and a service that
// `up` awaits. An `up` whose deployment the circuit breaker rolled back fails.
type EcsService struct {
	pulumi.ResourceState

	// ServiceName is the service.
	ServiceName pulumi.StringOutput `pulumi:"serviceName"`
	// TaskDefinitionArn is the revision that runs, compared with the one registered.
	TaskDefinitionArn pulumi.StringOutput `pulumi:"taskDefinitionArn"`
	// TaskRoleArn is the gateway's own role.
	TaskRoleArn pulumi.StringOutput `pulumi:"taskRoleArn"`
	// LogGroup is where the tasks log.
	LogGroup pulumi.StringOutput `pulumi:"logGroup"`
	// TaskSecurityGroups are the tasks' security groups, given or made here.
	TaskSecurityGroups pulumi.StringArrayOutput `pulumi:"taskSecurityGroups"`
	// BrokerTaskDefinitionArn is the revision of the broker that runs, compared likewise; empty without a broker.
	BrokerTaskDefinitionArn pulumi.StringOutput `pulumi:"brokerTaskDefinitionArn"`
	// ClusterDnsName is the name at which the tasks find each other, or their broker; empty without clustering.
	ClusterDnsName pulumi.StringOutput `pulumi:"clusterDnsName"`
	// Url is https:// or http:// and the name of the load balancer made here. A certificate is for a name of yours: point that name
	// to it. This, and what follows, is empty without one.
	Url pulumi.StringOutput `pulumi:"url"`
	// LoadBalancerDnsName and LoadBalancerZoneId are what an alias record of Route 53 points to.
	LoadBalancerDnsName pulumi.StringOutput `pulumi:"loadBalancerDnsName"`
	LoadBalancerZoneId  pulumi.StringOutput `pulumi:"loadBalancerZoneId"`
	// LoadBalancerSecurityGroups are given or made here, too.
	LoadBalancerSecurityGroups pulumi.StringArrayOutput `pulumi:"loadBalancerSecurityGroups"`
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
	errs = append(errs, image.Validate(field.NewPath("image"), a.Image)...)
	errs = append(errs, a.validateRoles()...)
	errs = append(errs, a.validateTask()...)
	errs = append(errs, a.validateNetwork()...)
	if a.Clustering != nil {
		errs = append(errs, a.Clustering.Validate(field.NewPath("clustering"))...)
		errs = append(errs, a.validateBroker(field.NewPath("clustering", "broker"))...)
	}
	if a.Alarms != nil {
		errs = append(errs, a.Alarms.Validate(field.NewPath("alarms"))...)
	}
	errs = append(errs, check.Optional(field.NewPath("secretPrefix"), a.SecretPrefix, check.SecretPrefix)...)
	errs = append(errs, ValidateSecretRecovery(field.NewPath("secretRecoveryDays"), a.secretRecoveryDays())...)
	errs = append(errs, check.Arn(field.NewPath("secretKmsKeyArn"), a.SecretKmsKeyArn, check.KmsKeyArn)...)
	errs = append(errs, check.Optional(field.NewPath("logGroup"), a.LogGroup, check.LogGroup)...)
	errs = append(errs, ValidateLogRetention(field.NewPath("logRetentionDays"), a.logRetentionDays())...)
	errs = append(errs, check.Arn(field.NewPath("logKmsKeyArn"), a.LogKmsKeyArn, check.KmsKeyArn)...)
	return append(errs, ValidateEcsRegions(nil, a.Region, a.SecretKmsKeyArn, a.LogKmsKeyArn, a.TargetGroupArn, a.LoadBalancer, a.Alarms)...)
}

// ValidateEcsRegions refuses keys, a target group, a certificate and a topic of another region than the service's, below p.
func ValidateEcsRegions(p *field.Path, region, secretKmsKeyArn, logKmsKeyArn, targetGroupArn string, lb *EcsLoadBalancerArgs, alarms *EcsAlarmsArgs) field.ErrorList {
	errs := check.SameRegion(p.Child("secretKmsKeyArn"), secretKmsKeyArn, region)
	errs = append(errs, check.SameRegion(p.Child("logKmsKeyArn"), logKmsKeyArn, region)...)
	errs = append(errs, check.SameRegion(p.Child("targetGroupArn"), targetGroupArn, region)...)
	if lb != nil {
		errs = append(errs, check.SameRegion(p.Child("loadBalancer", "certificateArn"), lb.CertificateArn, region)...)
	}
	if alarms != nil {
		errs = append(errs, check.SameRegion(p.Child("alarms", "topicArn"), alarms.TopicArn, region)...)
	}
	return errs
}

func (a *EcsServiceArgs) name() string { return cmp.Or(a.Name, DefaultEcsName) }
func (a *EcsServiceArgs) cpu() int     { return cmp.Or(a.Cpu, DefaultFargateCpu) }
func (a *EcsServiceArgs) memory() int  { return cmp.Or(a.Memory, DefaultFargateMemory) }
func (a *EcsServiceArgs) logRetentionDays() int {
	return cmp.Or(a.LogRetentionDays, DefaultLogRetentionDays)
}
func (a *EcsServiceArgs) secretRecoveryDays() int {
	return ptr.Deref(a.SecretRecoveryDays, DefaultSecretRecovery)
}
func (a *EcsServiceArgs) minHealthyPercent() int {
	return ptr.Deref(a.MinHealthyPercent, DefaultMinHealthyPercent)
}
func (a *EcsServiceArgs) maxHealthyPercent() int {
	return cmp.Or(a.MaxHealthyPercent, DefaultMaxHealthyPercent)
}
func (a *EcsServiceArgs) stopTimeout() int { return cmp.Or(a.StopTimeoutSeconds, DefaultStopTimeout) }
func (a *EcsServiceArgs) startupSeconds() int {
	return cmp.Or(a.StartupSeconds, gateway.DefaultStartupSeconds)
}
func (a *EcsServiceArgs) readOnlyRoot() bool { return ptr.Deref(a.ReadOnlyRoot, true) }
func (a *EcsServiceArgs) behindTargetGroup() bool {
	return a.LoadBalancer != nil || a.TargetGroupArn != ""
}

// NewEcsService makes the service and what belongs to it.
func NewEcsService(ctx *pulumi.Context, name string, args *EcsServiceArgs, opts ...pulumi.ResourceOption) (*EcsService, error) {
	if err := component.Refuse(EcsServiceType, name, args.Validate()); err != nil {
		return nil, err
	}
	c := &EcsService{}
	if err := ctx.RegisterComponentResource(EcsServiceType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering %s %s: %w", EcsServiceType, name, err)
	}

	logGroup, err := cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		Name:            pulumi.String(cmp.Or(args.LogGroup, DefaultEcsLogGroup)),
		RetentionInDays: pulumi.Int(args.logRetentionDays()),
		KmsKeyId:        component.OptionalString(args.LogKmsKeyArn),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: log group: %w", name, err)
	}
	secrets, err := args.newSecrets(ctx, name, c)
	if err != nil {
		return nil, err
	}
	rights, err := args.newExecutionRights(ctx, name, c, logGroup.Arn, secrets.arns)
	if err != nil {
		return nil, err
	}
	taskRole, err := args.newTaskRole(ctx, name, c)
	if err != nil {
		return nil, err
	}
	network, err := args.newNetwork(ctx, name, c)
	if err != nil {
		return nil, err
	}
	front, err := args.newLoadBalancer(ctx, name, c, network)
	if err != nil {
		return nil, err
	}
	registry, err := args.newRegistry(ctx, name, c)
	if err != nil {
		return nil, err
	}
	around := ecsSurroundings{rights, taskRole, network, front, nil}
	c.BrokerTaskDefinitionArn = pulumi.String("").ToStringOutput()
	if args.brokered() {
		if c.BrokerTaskDefinitionArn, err = args.newBroker(ctx, name, c, logGroup.Name, secrets, around, registry); err != nil {
			return nil, err
		}
	} else {
		around.registry = registry
	}
	taskDefinition, err := args.newTaskDefinition(ctx, name, c, taskRole.arn, logGroup.Name, secrets)
	if err != nil {
		return nil, err
	}

	service, err := args.newService(ctx, name, c, taskDefinition.Arn, around)
	if err != nil {
		return nil, err
	}
	if err := args.newAutoscaling(ctx, name, c, service, front); err != nil {
		return nil, err
	}
	if err := args.newAlarms(ctx, name, c, service, front); err != nil {
		return nil, err
	}

	c.ServiceName, c.LogGroup, c.TaskRoleArn = service.Name, logGroup.Name, taskRole.arn
	c.TaskDefinitionArn = runningTaskDefinition(ctx, c, args.ClusterArn, service, taskDefinition)
	c.TaskSecurityGroups, c.LoadBalancerSecurityGroups = network.taskGroups.ToStringArrayOutput(), network.lbGroups.ToStringArrayOutput()
	c.Url, c.LoadBalancerDnsName, c.LoadBalancerZoneId = front.url, front.dnsName, front.zoneId
	c.ClusterDnsName = pulumi.String("").ToStringOutput()
	if args.Clustering != nil {
		c.ClusterDnsName = pulumi.String(args.Clustering.DnsName()).ToStringOutput()
	}
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"serviceName": c.ServiceName, "taskDefinitionArn": c.TaskDefinitionArn, "taskRoleArn": c.TaskRoleArn, "logGroup": c.LogGroup,
		"taskSecurityGroups": c.TaskSecurityGroups, "clusterDnsName": c.ClusterDnsName, "brokerTaskDefinitionArn": c.BrokerTaskDefinitionArn,
		"url": c.Url, "loadBalancerDnsName": c.LoadBalancerDnsName, "loadBalancerZoneId": c.LoadBalancerZoneId,
		"loadBalancerSecurityGroups": c.LoadBalancerSecurityGroups,
	})
}

// ecsSurroundings are what a service needs around it.
type ecsSurroundings struct {
	// rights of the execution role.
	rights   pulumi.Resource
	taskRole ecsTaskRole
	network  *ecsNetwork
	front    ecsFront
	registry *servicediscovery.Service
}

func (a *EcsServiceArgs) newService(ctx *pulumi.Context, name string, parent pulumi.Resource, taskDefinitionArn pulumi.StringOutput, around ecsSurroundings) (*ecs.Service, error) {
	serviceArgs := &ecs.ServiceArgs{
		Name:                            pulumi.String(a.name()),
		Cluster:                         pulumi.String(a.ClusterArn),
		TaskDefinition:                  taskDefinitionArn,
		DesiredCount:                    pulumi.Int(a.DesiredCount),
		LaunchType:                      pulumi.String("FARGATE"),
		DeploymentMinimumHealthyPercent: pulumi.Int(a.minHealthyPercent()),
		DeploymentMaximumPercent:        pulumi.Int(a.maxHealthyPercent()),
		DeploymentCircuitBreaker:        &ecs.ServiceDeploymentCircuitBreakerArgs{Enable: pulumi.Bool(true), Rollback: pulumi.Bool(true)},
		WaitForSteadyState:              pulumi.Bool(true),
		EnableExecuteCommand:            pulumi.Bool(a.Exec),
		EnableEcsManagedTags:            pulumi.Bool(true),
		PropagateTags:                   pulumi.String("SERVICE"),
		NetworkConfiguration:            a.networkConfiguration(around.network),
	}
	if around.front.targetGroupArn != nil {
		serviceArgs.HealthCheckGracePeriodSeconds = pulumi.Int(a.startupSeconds())
		serviceArgs.LoadBalancers = ecs.ServiceLoadBalancerArray{&ecs.ServiceLoadBalancerArgs{
			TargetGroupArn: around.front.targetGroupArn.ToStringOutput().ToStringPtrOutput(),
			ContainerName:  pulumi.String(a.name()),
			ContainerPort:  pulumi.Int(gateway.Port),
		}}
	}
	if around.registry != nil {
		serviceArgs.ServiceRegistries = &ecs.ServiceServiceRegistriesArgs{RegistryArn: around.registry.Arn}
	}
	// IAM is eventually consistent, and without the rules nothing is let through: without the waits the first tasks fail to pull.
	// ECS refuses a target group that no listener uses yet.
	waits := append([]pulumi.Resource{around.rights}, a.DependsOn...)
	waits = append(waits, around.taskRole.rights...)
	waits = append(waits, around.network.rules...)
	waits = append(waits, around.front.listeners...)
	serviceOpts := []pulumi.ResourceOption{
		pulumi.Parent(parent), pulumi.DependsOn(waits), pulumi.Timeouts(&pulumi.CustomTimeouts{Create: ecsTimeout, Update: ecsTimeout}),
	}
	if a.Autoscaling != nil {
		serviceOpts = append(serviceOpts, pulumi.IgnoreChanges([]string{"desiredCount"}))
	}
	service, err := ecs.NewService(ctx, name+"-service", serviceArgs, serviceOpts...)
	if err != nil {
		return nil, fmt.Errorf("%s: service: %w", name, err)
	}
	return service, nil
}

func (a *EcsServiceArgs) networkConfiguration(network *ecsNetwork) *ecs.ServiceNetworkConfigurationArgs {
	return &ecs.ServiceNetworkConfigurationArgs{
		Subnets: pulumi.ToStringArray(a.Subnets), SecurityGroups: network.taskGroups, AssignPublicIp: pulumi.Bool(a.AssignPublicIp),
	}
}

// clusterName is the last part of the cluster's ARN.
func (a *EcsServiceArgs) clusterName() string {
	return a.ClusterArn[strings.LastIndex(a.ClusterArn, "/")+1:]
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
