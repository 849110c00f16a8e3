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
	ClusterName string
	Name        string

	Subnets []string
	// SingleZone is allow, or empty: whether subnets of one zone are enough.
	SingleZone           SingleZone
	SecurityGroups       []string
	ClientSecurityGroups []string
	AssignPublicIp       bool

	// Env overlays gateway.env for the tasks alone.
	Env map[string]string

	LoadBalancer   *EcsLoadBalancer
	TargetGroupArn string
	Clustering     *EcsClustering
	Autoscaling    *EcsAutoscaling
	Alarms         *EcsAlarms

	DesiredCount       *int
	Cpu                int
	Memory             int
	CpuArchitecture    string
	ReadOnlyRoot       *bool
	Exec               bool
	StopTimeoutSeconds int
	MinHealthyPercent  *int
	MaxHealthyPercent  int

	RoleName       string
	PolicyName     string
	TaskRoleArn    string
	TaskRoleName   string
	TaskPolicyArns []string

	LogGroup           string
	LogRetentionDays   int
	LogKmsKeyArn       string
	SecretPrefix       string
	SecretRecoveryDays *int
	SecretKmsKeyArn    string
}

// EcsLoadBalancer is one to make: components.EcsLoadBalancerArgs.
type EcsLoadBalancer struct {
	CertificateArn             string
	AllowHttp                  bool
	Scheme                     string
	Subnets                    []string
	SecurityGroups             []string
	AllowedCidrs               []string
	IdleTimeoutSeconds         int
	DeregistrationDelaySeconds *int
	SslPolicy                  string
	DeletionProtection         bool
	AccessLogsBucket           string
}

// EcsClustering are the private DNS zone and the name in it of components.EcsClusteringArgs.
type EcsClustering struct {
	Namespace string
	Service   string
}

// EcsAutoscaling is components.EcsAutoscalingArgs.
type EcsAutoscaling struct {
	MinTasks          int
	MaxTasks          int
	CpuPercent        int
	MemoryPercent     int
	RequestsPerTarget int
	ScaleInSeconds    int
	ScaleOutSeconds   int
}

// EcsAlarms is components.EcsAlarmsArgs.
type EcsAlarms struct {
	TopicArn     string
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
