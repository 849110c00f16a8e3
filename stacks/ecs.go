package stacks

import (
	"cmp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/aws"
	"bifrost/components/ecs"
	"bifrost/internal/check"
)

// ECS is an existing cluster and the service in it. The parts that hold objects have the same fields as the component's arguments,
// which describe them.
type ECS struct {
	ClusterName string `config:"clusterName"`
	Name        string `config:"name"`

	Subnets []string `config:"subnets"`
	// SingleZone is allow, or empty: whether subnets of one zone are enough.
	SingleZone           string   `config:"singleZone"`
	SecurityGroups       []string `config:"securityGroups"`
	ClientSecurityGroups []string `config:"clientSecurityGroups"`
	AssignPublicIP       bool     `config:"assignPublicIp"`

	// Env overlays gateway.env for the tasks alone.
	Env map[string]string `config:"env"`

	LoadBalancer   *ECSLoadBalancer `config:"loadBalancer"`
	TargetGroupArn string           `config:"targetGroupArn"`
	Clustering     *ECSClustering   `config:"clustering"`
	Autoscaling    *ECSAutoscaling  `config:"autoscaling"`
	Alarms         *ECSAlarms       `config:"alarms"`

	DesiredCount       *int   `config:"desiredCount"`
	CPU                int    `config:"cpu"`
	Memory             int    `config:"memory"`
	CPUArchitecture    string `config:"cpuArchitecture"`
	ReadOnlyRoot       *bool  `config:"readOnlyRoot"`
	Exec               bool   `config:"exec"`
	StopTimeoutSeconds int    `config:"stopTimeoutSeconds"`
	MinHealthyPercent  *int   `config:"minHealthyPercent"`
	MaxHealthyPercent  int    `config:"maxHealthyPercent"`

	RoleName       string   `config:"roleName"`
	PolicyName     string   `config:"policyName"`
	TaskRoleArn    string   `config:"taskRoleArn"`
	TaskRoleName   string   `config:"taskRoleName"`
	TaskPolicyArns []string `config:"taskPolicyArns"`

	LogGroup           string `config:"logGroup"`
	LogRetentionDays   int    `config:"logRetentionDays"`
	LogKmsKeyArn       string `config:"logKmsKeyArn"`
	SecretPrefix       string `config:"secretPrefix"`
	SecretRecoveryDays *int   `config:"secretRecoveryDays"`
	SecretKmsKeyArn    string `config:"secretKmsKeyArn"`
}

// ECSLoadBalancer is one to make: components.EcsLoadBalancerArgs.
type ECSLoadBalancer struct {
	CertificateArn             string   `config:"certificateArn"`
	AllowHttp                  bool     `config:"allowHttp"`
	Scheme                     string   `config:"scheme"`
	Subnets                    []string `config:"subnets"`
	SecurityGroups             []string `config:"securityGroups"`
	AllowedCidrs               []string `config:"allowedCidrs"`
	IdleTimeoutSeconds         int      `config:"idleTimeoutSeconds"`
	DeregistrationDelaySeconds *int     `config:"deregistrationDelaySeconds"`
	SslPolicy                  string   `config:"sslPolicy"`
	DeletionProtection         bool     `config:"deletionProtection"`
	AccessLogsBucket           string   `config:"accessLogsBucket"`
}

// ECSClustering are the private DNS zone and the name in it of components.EcsClusteringArgs.
type ECSClustering struct {
	Namespace string `config:"namespace"`
	Service   string `config:"service"`
}

// ECSAutoscaling is components.EcsAutoscalingArgs.
type ECSAutoscaling struct {
	MinTasks          int `config:"minTasks"`
	MaxTasks          int `config:"maxTasks"`
	CpuPercent        int `config:"cpuPercent"`
	MemoryPercent     int `config:"memoryPercent"`
	RequestsPerTarget int `config:"requestsPerTarget"`
	ScaleInSeconds    int `config:"scaleInSeconds"`
	ScaleOutSeconds   int `config:"scaleOutSeconds"`
}

// ECSAlarms is components.EcsAlarmsArgs.
type ECSAlarms struct {
	TopicArn     string `config:"topicArn"`
	ServerErrors int    `config:"serverErrors"`
}

// singleZoneAllow is the value of ecs.singleZone.
const singleZoneAllow = "allow"

// readOnlyRoot unless the stack says otherwise.
func (e *ECS) readOnlyRoot() bool { return e.ReadOnlyRoot == nil || *e.ReadOnlyRoot }

// desiredCount of ECS tasks: as configured, else what the autoscaling keeps at least, else the gateway's replicas.
func (c *Config) desiredCount() int {
	switch {
	case c.ECS.DesiredCount != nil:
		return *c.ECS.DesiredCount
	case c.ECS.Autoscaling != nil && c.ECS.Autoscaling.MinTasks > 0:
		return c.ECS.Autoscaling.MinTasks
	}
	return c.Gateway.replicas()
}

func (c *Config) validateECS(k *checker) {
	p, e := field.NewPath("ecs"), c.ECS
	k.add(check.Required(p.Child("clusterName"), e.ClusterName, check.EcsName)...)
	k.add(check.Optional(p.Child("name"), e.Name, check.EcsName)...)
	c.validateECSNetwork(k, p)
	c.validateECSTask(k, p)

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
	k.add(ecs.ValidateLogRetention(p.Child("logRetentionDays"), cmp.Or(e.LogRetentionDays, ecs.DefaultLogRetentionDays))...)
	k.add(check.Arn(p.Child("logKmsKeyArn"), e.LogKmsKeyArn, check.KmsKeyArn)...)
	k.add(check.Optional(p.Child("secretPrefix"), e.SecretPrefix, check.SecretPrefix)...)
	if e.SecretRecoveryDays != nil {
		k.add(ecs.ValidateSecretRecovery(p.Child("secretRecoveryDays"), *e.SecretRecoveryDays)...)
	}
	k.add(check.Arn(p.Child("secretKmsKeyArn"), e.SecretKmsKeyArn, check.KmsKeyArn)...)
	if c.AWS != nil {
		k.add(ecs.ValidateEcsRegions(p, c.AWS.Region, e.SecretKmsKeyArn, e.LogKmsKeyArn, e.TargetGroupArn,
			(*ecs.EcsLoadBalancerArgs)(e.LoadBalancer), (*ecs.EcsAlarmsArgs)(e.Alarms))...)
	}
}

func (c *Config) validateECSNetwork(k *checker, p *field.Path) {
	e := c.ECS
	k.add(ecs.ValidateSubnets(p.Child("subnets"), e.Subnets)...)
	k.add(check.OneOf(p.Child("singleZone"), e.SingleZone, singleZoneAllow)...)
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

func (c *Config) validateECSTask(k *checker, p *field.Path) {
	e := c.ECS
	cpu, memory := cmp.Or(e.CPU, ecs.DefaultFargateCpu), cmp.Or(e.Memory, ecs.DefaultFargateMemory)
	k.add(ecs.ValidateFargateSize(p.Child("cpu"), p.Child("memory"), cpu, memory)...)
	k.add(ecs.ValidateCpuArchitecture(p.Child("cpuArchitecture"), e.CPUArchitecture)...)
	k.add(ecs.ValidateExec(p.Child("exec"), p.Child("readOnlyRoot"), e.Exec, e.readOnlyRoot())...)
	k.add(ecs.ValidateStopTimeout(p.Child("stopTimeoutSeconds"), cmp.Or(e.StopTimeoutSeconds, ecs.DefaultStopTimeout))...)
	least := ecs.DefaultMinHealthyPercent
	if e.MinHealthyPercent != nil {
		least = *e.MinHealthyPercent
	}
	k.add(ecs.ValidateRollout(p.Child("minHealthyPercent"), p.Child("maxHealthyPercent"), least, cmp.Or(e.MaxHealthyPercent, ecs.DefaultMaxHealthyPercent), c.desiredCount())...)
	c.validateCount(k, p.Child("desiredCount"), e.DesiredCount)
	if e.Autoscaling == nil {
		return
	}
	at := p.Child("autoscaling")
	k.add((*ecs.EcsAutoscalingArgs)(e.Autoscaling).Validate(at, c.desiredCount(), e.LoadBalancer != nil || e.TargetGroupArn != "")...)
	if e.Autoscaling.MaxTasks > 0 {
		c.validateCount(k, at.Child("maxTasks"), &e.Autoscaling.MaxTasks)
	}
}

func (c *Config) ecsExecutionRoleArgs() *aws.EcrPullRoleArgs {
	return &aws.EcrPullRoleArgs{
		RepositoryArns: c.repositoryArns(),
		EcsTasks:       &aws.EcsTasksTrustArgs{AccountId: c.AWS.AccountID},
		RoleName:       c.ECS.RoleName, PolicyName: c.ECS.PolicyName,
		Path: c.AWS.IamPath, PermissionsBoundary: c.AWS.PermissionsBoundary, Protect: c.ProtectIdentities,
	}
}

func (c *Config) deployECS(ctx *pulumi.Context, provider pulumi.ProviderResource, place *ecsPlace, executionRole *aws.EcrPullRole) error {
	config, err := c.configJSON(onECS)
	if err != nil {
		return err
	}
	cluster, err := c.ecsCluster()
	if err != nil {
		return err
	}
	e := c.ECS
	args := &ecs.EcsServiceArgs{
		Name:             e.Name,
		ClusterArn:       place.clusterArn,
		Region:           c.AWS.Region,
		Image:            c.image().String(),
		ExecutionRoleArn: executionRole.RoleArn, ExecutionRoleName: executionRole.RoleName,
		TaskRoleArn: e.TaskRoleArn, Exec: e.Exec,
		DesiredCount: c.desiredCount(), Autoscaling: (*ecs.EcsAutoscalingArgs)(e.Autoscaling),
		Cpu: e.CPU, Memory: e.Memory, CpuArchitecture: e.CPUArchitecture, ReadOnlyRoot: e.ReadOnlyRoot,
		StopTimeoutSeconds: e.StopTimeoutSeconds, MinHealthyPercent: e.MinHealthyPercent, MaxHealthyPercent: e.MaxHealthyPercent,
		Subnets: e.Subnets, SecurityGroups: e.SecurityGroups, ClientSecurityGroups: e.ClientSecurityGroups, AssignPublicIp: e.AssignPublicIP,
		VpcId: place.vpcID, VpcCidrs: place.vpcCidrs,
		LoadBalancer:   (*ecs.EcsLoadBalancerArgs)(e.LoadBalancer),
		TargetGroupArn: e.TargetGroupArn, LoadBalancerArn: place.loadBalancerArn,
		Clustering: cluster, Alarms: (*ecs.EcsAlarmsArgs)(e.Alarms),
		Config: config, Env: c.env(onECS), SecretEnv: c.secretInputs(onECS), ChangeEncryptionKey: c.Gateway.ChangeEncryptionKey, DatabaseCa: c.Gateway.databaseCA,
		StartupSeconds: c.Gateway.StartupSeconds, MigrationJob: c.Gateway.MigrationJob, IpFamily: c.Gateway.IPFamily,
		SecretPrefix: e.SecretPrefix, SecretRecoveryDays: e.SecretRecoveryDays, SecretKmsKeyArn: e.SecretKmsKeyArn,
		LogGroup: e.LogGroup, LogRetentionDays: e.LogRetentionDays, LogKmsKeyArn: e.LogKmsKeyArn,
		DependsOn: executionRole.Ready(),
	}
	if e.TaskRoleArn == "" {
		args.TaskRole = &ecs.EcsTaskRoleArgs{
			AccountId: c.AWS.AccountID, RoleName: e.TaskRoleName, PolicyArns: e.TaskPolicyArns,
			Path: c.AWS.IamPath, PermissionsBoundary: c.AWS.PermissionsBoundary,
		}
	}
	service, err := ecs.NewEcsService(ctx, "ecs", args, pulumi.Providers(provider))
	if err != nil {
		return err
	}
	ctx.Export("ecs", c.ecsOutputs(place, service))
	return nil
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
	if c.clusterForm(onECS) == brokerCluster {
		outputs["brokerTaskDefinition"] = service.BrokerTaskDefinitionArn
	}
	if c.ECS.LoadBalancer != nil {
		outputs["url"], outputs["loadBalancerDnsName"], outputs["loadBalancerZoneId"] = service.Url, service.LoadBalancerDnsName, service.LoadBalancerZoneId
		outputs["loadBalancerSecurityGroups"] = service.LoadBalancerSecurityGroups
	}
	return outputs
}
