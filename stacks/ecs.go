package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/aws"
	"bifrost/components/ecs"
	"bifrost/internal/check"
)

// Ecs is an existing cluster and the service in it. The parts that hold objects have the same fields as the component's arguments,
// which describe them.
type Ecs struct {
	// ClusterName is an existing cluster. Required.
	ClusterName string
	// Name of the task definition family, the service and the container. Default bifrost.
	Name string

	// Subnets where the tasks run: private ones of at least two zones. Required.
	Subnets []string
	// SingleZone allow takes subnets of one zone, which are refused otherwise, or give a warning where protectIdentities is off.
	SingleZone SingleZone
	// SecurityGroups are existing groups of the tasks (docs/ecs.md says what they must let through). Default: one is made.
	SecurityGroups []string
	// ClientSecurityGroups are who else may reach port 8080 of the security group made here.
	ClientSecurityGroups []string
	// AssignPublicIp gives each task a public address. Private subnets need NAT, or endpoints for ECR, S3, logs and Secrets Manager:
	// looked up before anything is made. Default false.
	AssignPublicIp bool

	// Env are plain environment variables of the tasks alone. They win over gateway.env.
	Env map[string]string

	// LoadBalancer is an Application Load Balancer to make in front of the tasks.
	LoadBalancer *EcsLoadBalancer
	// TargetGroupArn is an existing target group of type ip instead. Then clientSecurityGroups names its load balancer's group.
	TargetGroupArn string
	// Clustering is how the tasks find each other, or their broker. It is not needed for clustering, which is on by default.
	Clustering *EcsClustering
	// Autoscaling changes the number of tasks by their load. An up leaves alone what it decided.
	Autoscaling *EcsAutoscaling
	// Alarms of CloudWatch: failing checks, 5xx answers in five minutes, fewer tasks than desired. The cluster needs Container Insights.
	Alarms *EcsAlarms

	// DesiredCount is the number of tasks. With autoscaling it is the number to begin with. Default: autoscaling.minTasks, else
	// gateway.replicas.
	DesiredCount *int
	// Cpu is the size of a task in CPU units, 1024 for one vCPU: with memory one of Fargate's pairs. Default 512.
	Cpu int
	// Memory is the size of a task in MiB. Default 1024.
	Memory int
	// CpuArchitecture is the processor of the tasks. The image must be built for it. Default X86_64.
	CpuArchitecture string
	// ReadOnlyRoot leaves the containers only /app/data to write to. Default true.
	ReadOnlyRoot *bool
	// Exec opens ECS Exec, a shell in the running container. It needs readOnlyRoot false. Default false.
	Exec bool
	// StopTimeoutSeconds is how long a task may clean up after SIGTERM, 2 to 120. Default 60.
	StopTimeoutSeconds int
	// MinHealthyPercent is how many tasks run at least during a deployment, in percent of the desired count. Default 100.
	MinHealthyPercent *int
	// MaxHealthyPercent is how many tasks run at most during a deployment, in percent of the desired count. Default 200.
	MaxHealthyPercent int

	// RoleName is the name of the execution role, which pulls the image. Default BifrostECSExecutionRole.
	RoleName string
	// PolicyName is the name of the policy with the rights to pull. Default BifrostECSPullPolicy.
	PolicyName string
	// TaskRoleArn is an existing role of the gateway's own. It never pulls, and with exec it has the four ssmmessages actions.
	TaskRoleArn string
	// TaskRoleName is the name of the gateway's own role, which is made here without rights. Default BifrostECSTaskRole.
	TaskRoleName string
	// TaskPolicyArns are existing policies to attach to that role, for Bedrock for instance.
	TaskPolicyArns []string

	// LogGroup in CloudWatch. Default /ecs/bifrost.
	LogGroup string
	// LogRetentionDays is how long the log group keeps, in days. Default 30.
	LogRetentionDays int
	// LogKmsKeyArn is a KMS key of the log group. Its key policy must let CloudWatch Logs use it.
	LogKmsKeyArn string
	// SecretPrefix begins the names of the secrets in Secrets Manager. Default bifrost/.
	SecretPrefix string
	// SecretRecoveryDays is how long Secrets Manager keeps a deleted secret and its name: 0, which frees the name at once, or 7 to 30.
	// Default 30.
	SecretRecoveryDays *int
	// SecretKmsKeyArn is a KMS key of the secrets. The execution role may then decrypt with it. Default: AWS's own.
	SecretKmsKeyArn string
}

// EcsLoadBalancer is one to make: ecs.EcsLoadBalancerArgs.
type EcsLoadBalancer struct {
	// CertificateArn is an existing certificate, in the load balancer's region: HTTPS, and a redirect from HTTP.
	CertificateArn string
	// AllowHttp serves plain HTTP where there is no certificate, for trials. Default false.
	AllowHttp bool
	// Scheme is internal, or internet-facing, which needs public subnets. Default internal.
	Scheme string
	// Subnets of the load balancer, of at least two zones. Default: ecs.subnets.
	Subnets []string
	// SecurityGroups are existing groups of the load balancer. Required with ecs.securityGroups.
	SecurityGroups []string
	// AllowedCidrs are the IPv4 blocks that may reach it. Required with scheme internet-facing. Default: the VPC.
	AllowedCidrs []string
	// IdleTimeoutSeconds is how long a stream may be silent, 1 to 4000. Default 300.
	IdleTimeoutSeconds int
	// DeregistrationDelaySeconds is how long a task that is to stop may finish its streams, 0 to 3600. Default 300.
	DeregistrationDelaySeconds *int
	// SslPolicy is a predefined security policy of HTTPS. Default ELBSecurityPolicy-TLS13-1-2-Res-2021-06.
	SslPolicy string
	// DeletionProtection keeps AWS from deleting the load balancer, and with it its DNS name. Default false.
	DeletionProtection bool
	// AccessLogsBucket is a bucket of S3 for the access logs. Its policy must let Elastic Load Balancing write. Default: no access logs.
	AccessLogsBucket string
}

// EcsClustering are the private DNS zone and the name in it of ecs.EcsClusteringArgs.
type EcsClustering struct {
	// Namespace is the private DNS zone to make in the VPC, where no other zone may have the name. Default: STACK.bifrost.internal.
	Namespace string
	// Service is the name in the zone. Default: bifrost, and bifrost-broker of a broker.
	Service string
}

// EcsAutoscaling is ecs.EcsAutoscalingArgs.
type EcsAutoscaling struct {
	// MinTasks is the least number of tasks. Default: ecs.desiredCount.
	MinTasks int
	// MaxTasks is the most tasks. Required.
	MaxTasks int
	// CpuPercent is the average use of the CPU to keep, 1 to 100. At least one target is needed.
	CpuPercent int
	// MemoryPercent is the average use of the memory to keep, 1 to 100.
	MemoryPercent int
	// RequestsPerTarget is the number of requests in a minute to keep. It needs a load balancer or a target group.
	RequestsPerTarget int
	// ScaleInSeconds is the pause after tasks were taken away, 1 to 3600. Default 300.
	ScaleInSeconds int
	// ScaleOutSeconds is the pause after tasks were added, 1 to 3600. Default 60.
	ScaleOutSeconds int
}

// EcsAlarms is ecs.EcsAlarmsArgs.
type EcsAlarms struct {
	// TopicArn is an existing SNS topic, to which alarms and their ends are sent. Required.
	TopicArn string
	// ServerErrors is how many 5xx answers in five minutes raise the alarm. Default 10.
	ServerErrors int
}

func (c *Config) validateEcs(k *checker) {
	p, e := field.NewPath("ecs"), c.Ecs
	k.add(check.Required(p.Child("clusterName"), e.ClusterName, check.EcsName)...)
	k.add(check.Optional(p.Child("name"), e.Name, check.EcsName)...)
	c.validateEcsNetwork(k, p)
	c.validateEcsTask(k, p)

	k.add(check.RoleName(p.Child("roleName"), e.RoleName)...)
	k.add(check.PolicyName(p.Child("policyName"), e.PolicyName)...)
	k.add(check.Arn(p.Child("taskRoleArn"), e.TaskRoleArn, check.RoleArn)...)
	k.add(check.RoleName(p.Child("taskRoleName"), e.TaskRoleName)...)
	k.add(ecs.ValidateTaskPolicies(p.Child("taskPolicyArns"), e.TaskPolicyArns)...)
	if e.TaskRoleArn != "" {
		if e.TaskRoleName != "" {
			k.add(field.Forbidden(p.Child("taskRoleName"), "names the role made here, and ecs.taskRoleArn gives an existing one; remove one of them"))
		}
		if len(e.TaskPolicyArns) > 0 {
			k.add(field.Forbidden(p.Child("taskPolicyArns"), "attached to the role made here, and ecs.taskRoleArn gives an existing one, which has its own; remove one of them"))
		}
	}
	if e.Alarms != nil {
		k.add((*ecs.EcsAlarmsArgs)(e.Alarms).Validate(p.Child("alarms"))...)
	}
	k.add(check.Optional(p.Child("logGroup"), e.LogGroup, check.LogGroup)...)
	k.add(ecs.ValidateLogRetention(p.Child("logRetentionDays"), e.LogRetentionDays)...)
	k.add(check.Arn(p.Child("logKmsKeyArn"), e.LogKmsKeyArn, check.KmsKeyArn)...)
	k.add(check.Optional(p.Child("secretPrefix"), e.SecretPrefix, check.SecretPrefix)...)
	if e.SecretRecoveryDays != nil {
		k.add(ecs.ValidateSecretRecovery(p.Child("secretRecoveryDays"), *e.SecretRecoveryDays)...)
	}
	k.add(check.Arn(p.Child("secretKmsKeyArn"), e.SecretKmsKeyArn, check.KmsKeyArn)...)
	if c.Aws != nil {
		k.add(ecs.ValidateEcsRegions(p, c.Aws.Region, e.SecretKmsKeyArn, e.LogKmsKeyArn, e.TargetGroupArn,
			(*ecs.EcsLoadBalancerArgs)(e.LoadBalancer), (*ecs.EcsAlarmsArgs)(e.Alarms))...)
	}
}

func (c *Config) validateEcsNetwork(k *checker, p *field.Path) {
	e := c.Ecs
	k.add(ecs.ValidateSubnets(p.Child("subnets"), e.Subnets)...)
	k.add(oneOf(p.Child("singleZone"), e.SingleZone)...)
	k.add(ecs.ValidateTaskGroups(p.Child("securityGroups"), p.Child("clientSecurityGroups"), p.Child("targetGroupArn"), e.SecurityGroups, e.ClientSecurityGroups, e.TargetGroupArn)...)
	k.add(check.Arn(p.Child("targetGroupArn"), e.TargetGroupArn, check.TargetGroupArn)...)
	if e.LoadBalancer == nil {
		return
	}
	if e.TargetGroupArn != "" {
		k.add(field.Forbidden(p.Child("loadBalancer"), "ecs.targetGroupArn names an existing load balancer's target group; remove one of them"))
	}
	k.add((*ecs.EcsLoadBalancerArgs)(e.LoadBalancer).Validate(p.Child("loadBalancer"), e.SecurityGroups)...)
}

func (c *Config) validateEcsTask(k *checker, p *field.Path) {
	e := c.Ecs
	cpu, memory := e.Cpu, e.Memory
	k.add(ecs.ValidateFargateSize(p.Child("cpu"), p.Child("memory"), cpu, memory)...)
	k.add(ecs.ValidateCpuArchitecture(p.Child("cpuArchitecture"), e.CpuArchitecture)...)
	k.add(ecs.ValidateExec(p.Child("exec"), p.Child("readOnlyRoot"), e.Exec, *e.ReadOnlyRoot)...)
	k.add(ecs.ValidateStopTimeout(p.Child("stopTimeoutSeconds"), e.StopTimeoutSeconds)...)
	k.add(ecs.ValidateRollout(p.Child("minHealthyPercent"), p.Child("maxHealthyPercent"), *e.MinHealthyPercent, e.MaxHealthyPercent, *c.Ecs.DesiredCount)...)
	c.validateCount(k, p.Child("desiredCount"), c.written.Ecs.DesiredCount)
	if e.Autoscaling == nil {
		return
	}
	at := p.Child("autoscaling")
	k.add((*ecs.EcsAutoscalingArgs)(e.Autoscaling).Validate(at, *c.Ecs.DesiredCount, e.LoadBalancer != nil || e.TargetGroupArn != "")...)
	if e.Autoscaling.MaxTasks > 0 {
		c.validateCount(k, at.Child("maxTasks"), &e.Autoscaling.MaxTasks)
	}
}

func (c *Config) ecsExecutionRoleArgs() *aws.EcrPullRoleArgs {
	return &aws.EcrPullRoleArgs{
		RepositoryArns: c.repositoryArns(),
		EcsTasks:       &aws.EcsTasksTrustArgs{AccountId: c.Aws.AccountId},
		RoleName:       c.Ecs.RoleName, PolicyName: c.Ecs.PolicyName,
		Path: c.Aws.IamPath, PermissionsBoundary: c.Aws.PermissionsBoundary, Protect: c.ProtectIdentities,
	}
}

func (c *Config) deployEcs(ctx *pulumi.Context, provider pulumi.ProviderResource, place *ecsPlace, executionRole *aws.EcrPullRole) (pulumi.Map, error) {
	config, err := c.configJSON(onEcs)
	if err != nil {
		return nil, err
	}
	cluster, err := c.ecsCluster()
	if err != nil {
		return nil, err
	}
	e := c.Ecs
	args := &ecs.EcsServiceArgs{
		Name:             e.Name,
		ClusterArn:       place.clusterArn,
		Region:           c.Aws.Region,
		Image:            c.image.String(),
		ExecutionRoleArn: executionRole.RoleArn, ExecutionRoleName: executionRole.RoleName,
		TaskRoleArn: e.TaskRoleArn, Exec: e.Exec,
		DesiredCount: *c.Ecs.DesiredCount, Autoscaling: (*ecs.EcsAutoscalingArgs)(e.Autoscaling),
		Cpu: e.Cpu, Memory: e.Memory, CpuArchitecture: e.CpuArchitecture, ReadOnlyRoot: e.ReadOnlyRoot,
		StopTimeoutSeconds: e.StopTimeoutSeconds, MinHealthyPercent: e.MinHealthyPercent, MaxHealthyPercent: e.MaxHealthyPercent,
		Subnets: e.Subnets, SecurityGroups: e.SecurityGroups, ClientSecurityGroups: e.ClientSecurityGroups, AssignPublicIp: e.AssignPublicIp,
		VpcId: place.vpcId, VpcCidrs: place.vpcCidrs,
		LoadBalancer:   (*ecs.EcsLoadBalancerArgs)(e.LoadBalancer),
		TargetGroupArn: e.TargetGroupArn, LoadBalancerArn: place.loadBalancerArn,
		Clustering: cluster, Alarms: (*ecs.EcsAlarmsArgs)(e.Alarms),
		Config: config, Env: c.env(onEcs), SecretEnv: c.secretInputs(onEcs), ChangeEncryptionKey: c.Gateway.ChangeEncryptionKey, DatabaseCa: c.Gateway.databaseCa,
		StartupSeconds: c.Gateway.StartupSeconds, MigrationJob: c.Gateway.MigrationJob, IpFamily: c.Gateway.IpFamily,
		SecretPrefix: e.SecretPrefix, SecretRecoveryDays: e.SecretRecoveryDays, SecretKmsKeyArn: e.SecretKmsKeyArn,
		LogGroup: e.LogGroup, LogRetentionDays: e.LogRetentionDays, LogKmsKeyArn: e.LogKmsKeyArn,
		DependsOn: executionRole.Ready(),
	}
	if e.TaskRoleArn == "" {
		args.TaskRole = &ecs.EcsTaskRoleArgs{
			AccountId: c.Aws.AccountId, RoleName: e.TaskRoleName, PolicyArns: e.TaskPolicyArns,
			Path: c.Aws.IamPath, PermissionsBoundary: c.Aws.PermissionsBoundary,
		}
	}
	service, err := ecs.NewEcsService(ctx, "ecs", args, pulumi.Providers(provider))
	if err != nil {
		return nil, err
	}
	return c.ecsOutputs(place, service), nil
}

// ecsOutputs are what was made, and of what exists only where it is.
func (c *Config) ecsOutputs(place *ecsPlace, service *ecs.EcsService) pulumi.Map {
	outputs := pulumi.Map{
		"cluster": pulumi.String(place.clusterArn), "service": service.ServiceName, "taskDefinition": service.TaskDefinitionArn,
		"taskRoleArn": service.TaskRoleArn, "taskSecurityGroups": service.TaskSecurityGroups, "logGroup": service.LogGroup,
	}
	if c.makesZone() {
		outputs["clusterDnsName"] = service.ClusterDnsName
	}
	if c.clusterForm(onEcs) == brokerCluster {
		outputs["brokerTaskDefinition"] = service.BrokerTaskDefinitionArn
	}
	if c.Ecs.LoadBalancer != nil {
		outputs["url"], outputs["loadBalancerDnsName"], outputs["loadBalancerZoneId"] = service.Url, service.LoadBalancerDnsName, service.LoadBalancerZoneId
		outputs["loadBalancerSecurityGroups"] = service.LoadBalancerSecurityGroups
	}
	return outputs
}
