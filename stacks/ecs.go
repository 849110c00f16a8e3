package stacks

import (
	"cmp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/aws"
	"bifrost/components/ecs"
)

// Ecs is an existing cluster and the service in it.
type Ecs struct {
	// ClusterName is an existing cluster. Required.
	ClusterName string
	// Name of the task definition family, the service and the container, of 102 characters at most: a policy is named after it. With
	// another name the service goes before the new one comes, and nothing answers meanwhile. Default bifrost.
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

	// SecretRefs are environment variables of the tasks from existing secrets of AWS Secrets Manager and parameters of Systems Manager, by
	// ARN: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf, with :KEY behind it for one key of a secret in JSON, or
	// arn:aws:ssm:REGION:ACCOUNT:parameter/NAME. They win over gateway.env, and may be the same variables as in
	// gateway.secretRefs.
	SecretRefs map[string]string
	// SecretRefKmsKeyArns are the KMS keys of secretRefs where these are not under AWS's own keys.
	SecretRefKmsKeyArns []string
	// Restart is any text, such as a date. Another one starts the tasks anew, one after the other: they read what secretRefs hold then.
	Restart string

	// LoadBalancer is an Application Load Balancer to make in front of the tasks.
	LoadBalancer *ecs.EcsLoadBalancerArgs
	// TargetGroupArn is an existing target group of type ip instead. Then clientSecurityGroups names its load balancer's group.
	TargetGroupArn string
	// Clustering is how the tasks find each other, or their broker. It is not needed for clustering, which is on by default.
	Clustering *EcsClustering
	// Autoscaling changes the number of tasks by their load. An up leaves alone what it decided.
	Autoscaling *ecs.EcsAutoscalingArgs
	// Alarms of CloudWatch: failing checks, 5xx answers in five minutes, fewer tasks than desired. The cluster needs Container Insights.
	Alarms *ecs.EcsAlarmsArgs

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
	// MinHealthyPercent is how many tasks run at least during a deployment, in percent of the desired count, rounded up. Default
	// 100.
	MinHealthyPercent *int
	// MaxHealthyPercent is how many tasks run at most during a deployment, in percent of the desired count, rounded down: more than run at
	// least, of the fewest tasks that autoscaling may leave, too. Default 200.
	MaxHealthyPercent int

	// RoleName is the name of the execution role, which pulls the image. With another name the role goes before the new one comes, and the
	// vendor must allowlist that. Default BifrostECSExecutionRole.
	RoleName string
	// PolicyName is the name of the policy with the rights to pull. With another name no task can pull until it is there. Default
	// BifrostECSPullPolicy.
	PolicyName string
	// TaskRoleArn is an existing role of the gateway's own. It never pulls, and with exec it has the four ssmmessages actions.
	TaskRoleArn string
	// TaskRoleName is the name of the gateway's own role, which is made here without rights. With another name the role of the running
	// tasks goes before the new one comes. Default BifrostECSTaskRole.
	TaskRoleName string
	// TaskPolicyArns are existing policies to attach to that role, for Bedrock for instance. AWS's own for administrators give a warning.
	TaskPolicyArns []string

	// LogGroup in CloudWatch. With another name the tasks write there, and keepLogs says what becomes of the former one. Default
	// /ecs/bifrost.
	LogGroup string
	// KeepLogs leaves the log group where it is when the stack is destroyed or logGroup changes. An up of the stack takes a kept one back.
	// Default true.
	KeepLogs *bool
	// LogRetentionDays is how long the log group keeps, in days. Default 30.
	LogRetentionDays int
	// LogKmsKeyArn is a KMS key of the log group. Its key policy must let CloudWatch Logs use it.
	LogKmsKeyArn string
	// SecretPrefix begins the names of the secrets in Secrets Manager. With another one the former secrets go when the tasks read the new
	// ones. Default bifrost/.
	SecretPrefix string
	// SecretRecoveryDays is how long Secrets Manager keeps a deleted secret and its name: 0, which frees the name at once, or 7 to 30.
	// Default 30.
	SecretRecoveryDays *int
	// SecretKmsKeyArn is a KMS key of the secrets. It may be given, changed and taken away: an up puts the values again under the new key.
	// Keep the former key until no task, and no way back, needs the former revision. Default: AWS's own.
	SecretKmsKeyArn string

	// vpcId is that of the subnets, once it was looked up; empty where it was not, or could not be.
	vpcId string
}

// EcsClustering are the private DNS zone of the tasks' cluster, and the name in it. Whether there is a broker, gateway.clustering says.
type EcsClustering struct {
	// Namespace is the private DNS zone to make in the VPC, where no other zone may have the name. Default: STACK.bifrost.internal.
	Namespace string
	// Service is the name in the zone. Default: bifrost, and bifrost-broker of a broker.
	Service string
}

// ecsPlace is what the look-ups say of where the tasks run.
type ecsPlace struct {
	clusterArn string
	// vpcId is empty where it could not be looked up and nothing needs it.
	vpcId           string
	vpcCidrs        []string
	loadBalancerArn string
	// targetGroupDelay, in seconds, is that of an existing target group; nil without one.
	targetGroupDelay *int
	// hasLogGroup says that the log group is there, and this stack's.
	hasLogGroup bool
}

func (c *Config) ecsExecutionRoleArgs() *aws.EcrPullRoleArgs {
	return &aws.EcrPullRoleArgs{
		RepositoryArns: c.repositoryArns(), PullThroughCache: c.Registry.PullThroughCache,
		EcsTasks: &aws.EcsTasksTrustArgs{AccountId: c.Aws.AccountId, Region: c.Aws.region()},
		RoleName: c.Ecs.RoleName, PolicyName: c.Ecs.PolicyName,
		Path: c.Aws.IamPath, PermissionsBoundary: c.Aws.PermissionsBoundary, Protect: c.ProtectIdentities,
	}
}

// ecsTaskRoleArgs are the gateway's own role, where it is made here.
func (c *Config) ecsTaskRoleArgs() *ecs.EcsTaskRoleArgs {
	return &ecs.EcsTaskRoleArgs{
		AccountId: c.Aws.AccountId, RoleName: c.taskRoleName(), PolicyArns: c.Ecs.TaskPolicyArns,
		Path: c.Aws.IamPath, PermissionsBoundary: c.Aws.PermissionsBoundary,
	}
}

// taskRoleName is that of the gateway's own role, where it is made here.
func (c *Config) taskRoleName() string {
	return cmp.Or(c.Ecs.TaskRoleName, c.prefix()+ecs.DefaultEcsTaskRoleName)
}

// ecsServiceArgs are the component's arguments without config.json, which is rendered once the configuration is known to be right.
func (c *Config) ecsServiceArgs(place *ecsPlace, executionRole *aws.EcrPullRole) (*ecs.EcsServiceArgs, error) {
	cluster, err := c.ecsCluster()
	if err != nil {
		return nil, err
	}
	e, g := c.Ecs, &c.Gateway
	args := &ecs.EcsServiceArgs{
		Name:             e.Name,
		ClusterArn:       place.clusterArn,
		Region:           c.Aws.Region,
		Image:            c.image.String(),
		ExecutionRoleArn: executionRole.RoleArn, ExecutionRoleName: executionRole.RoleName,
		TaskRoleArn: e.TaskRoleArn, Exec: e.Exec,
		DesiredCount: *e.DesiredCount, Autoscaling: e.Autoscaling,
		Cpu: e.Cpu, Memory: e.Memory, CpuArchitecture: e.CpuArchitecture, ReadOnlyRoot: e.ReadOnlyRoot,
		StopTimeoutSeconds: e.StopTimeoutSeconds, MinHealthyPercent: e.MinHealthyPercent, MaxHealthyPercent: e.MaxHealthyPercent,
		Subnets: e.Subnets, SecurityGroups: e.SecurityGroups, ClientSecurityGroups: e.ClientSecurityGroups,
		VpcId: place.vpcId, VpcCidrs: place.vpcCidrs, AssignPublicIp: e.AssignPublicIp,
		LoadBalancer: e.LoadBalancer, TargetGroupArn: e.TargetGroupArn, LoadBalancerArn: place.loadBalancerArn,
		TargetGroupDelaySeconds: place.targetGroupDelay,
		Clustering:              cluster, Alarms: e.Alarms,
		Env: c.env(onEcs), SecretEnv: c.secretInputs(onEcs), ChangeEncryptionKey: g.ChangeEncryptionKey, DatabaseCa: g.databaseCa,
		NetworkCa:  c.Network.ca,
		SecretRefs: e.SecretRefs, SecretRefKmsKeyArns: e.SecretRefKmsKeyArns, Restart: e.Restart,
		StartupSeconds: g.StartupSeconds, MigrationJob: g.MigrationJob, IpFamily: g.IpFamily,
		SecretPrefix: e.SecretPrefix, SecretRecoveryDays: e.SecretRecoveryDays, SecretKmsKeyArn: e.SecretKmsKeyArn,
		LogGroup: e.LogGroup, LogRetentionDays: e.LogRetentionDays, LogKmsKeyArn: e.LogKmsKeyArn,
		KeepLogs: e.KeepLogs, AdoptLogGroup: place.hasLogGroup,
		DependsOn: executionRole.Ready(),
	}
	if e.TaskRoleArn == "" {
		args.TaskRole = c.ecsTaskRoleArgs()
	}
	return args, nil
}

func (c *Config) deployEcs(
	ctx *pulumi.Context, provider pulumi.ProviderResource, place *ecsPlace, executionRole *aws.EcrPullRole,
) (pulumi.Map, error) {
	args, err := c.ecsServiceArgs(place, executionRole)
	if err != nil {
		return nil, err
	}
	if args.Config, err = c.configJSON(onEcs); err != nil {
		return nil, err
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
		outputs["url"], outputs["loadBalancerSecurityGroups"] = service.Url, service.LoadBalancerSecurityGroups
		outputs["loadBalancerDnsName"], outputs["loadBalancerZoneId"] = service.LoadBalancerDnsName, service.LoadBalancerZoneId
		outputs["loadBalancerArn"] = service.LoadBalancerArn
		if c.Ecs.LoadBalancer.MakesCertificate() {
			outputs["certificateArn"] = service.CertificateArn
		}
	}
	return outputs
}
