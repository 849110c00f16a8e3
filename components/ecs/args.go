package ecs

import (
	"cmp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/utils/ptr"

	"bifrost/internal/gateway"
)

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
)

// Processors that Fargate has.
const (
	ArchitectureX86 = "X86_64"
	ArchitectureArm = "ARM64"
)

// EcsServiceArgs are the arguments of NewEcsService.
type EcsServiceArgs struct {
	// Name of the task definition family, the service and the container, at most 102 characters. Default bifrost.
	Name string `pulumi:"name,optional"`
	// ClusterArn of an existing cluster.
	ClusterArn string `pulumi:"clusterArn"`
	// Region is the cluster's, where the logs go.
	Region string `pulumi:"region"`
	// Image with a tag or a digest.
	Image string `pulumi:"image"`

	// ExecutionRoleArn is the role that may pull the image. It gets the rights on the log group and the secrets made here, and no other.
	ExecutionRoleArn pulumi.StringInput `pulumi:"executionRoleArn"`
	// ExecutionRoleName is the name of that role.
	ExecutionRoleName pulumi.StringInput `pulumi:"executionRoleName"`
	// TaskRoleArn is the gateway's own role at run time, where it exists already: give it or TaskRole. It never pulls the image.
	TaskRoleArn string `pulumi:"taskRoleArn,optional"`
	// TaskRole is the gateway's own role to make: give it or TaskRoleArn.
	TaskRole *EcsTaskRoleArgs `pulumi:"taskRole,optional"`
	// Exec opens ECS Exec: a shell in the running container for whoever may ask ECS for one. Its agent writes to the root file system, so
	// ReadOnlyRoot must be false (Amazon ECS developer guide, "Monitor Amazon ECS containers with ECS Exec"). An existing TaskRoleArn must
	// have the four ssmmessages actions already.
	Exec bool `pulumi:"exec,optional"`

	// DesiredCount of tasks, at least 1. With Autoscaling it is the number to begin with.
	DesiredCount int `pulumi:"desiredCount"`
	// Autoscaling changes the number of tasks. Default: it stays.
	Autoscaling *EcsAutoscalingArgs `pulumi:"autoscaling,optional"`
	// Cpu units of a task, 1024 of which are one vCPU. Cpu and Memory are one of Fargate's pairs. Default 512.
	Cpu int `pulumi:"cpu,optional"`
	// Memory of a task in MiB. Default 1024.
	Memory int `pulumi:"memory,optional"`
	// CpuArchitecture is X86_64, the default, or ARM64. The image must have it.
	CpuArchitecture string `pulumi:"cpuArchitecture,optional"`
	// ReadOnlyRoot leaves the containers only /app/data to write to. Default true.
	ReadOnlyRoot *bool `pulumi:"readOnlyRoot,optional"`
	// StopTimeoutSeconds is how long a task may clean up after SIGTERM, 2 to 120. Default 60.
	StopTimeoutSeconds int `pulumi:"stopTimeoutSeconds,optional"`
	// StartupSeconds is how long a start may take, migrations of the database included, 30 to 600. Until then a failed check counts
	// neither for the container nor for the load balancer. Default 450, as for pods.
	StartupSeconds int `pulumi:"startupSeconds,optional"`
	// MigrationJob migrates the database in a container of each task, before its gateway starts; no gateway migrates then. The image must
	// know BIFROST_MIGRATE_ONLY: any other starts a server there, and the task stops after StartupSeconds and 300 s.
	MigrationJob bool `pulumi:"migrationJob,optional"`
	// IpFamily IPv6 lets the gateway listen on IPv6, too (APP_HOST "::"). Default: IPv4 alone.
	IpFamily string `pulumi:"ipFamily,optional"`
	// MinHealthyPercent of the desired count run at least during a deployment, rounded up. Default 100.
	MinHealthyPercent *int `pulumi:"minHealthyPercent,optional"`
	// MaxHealthyPercent of the desired count run at most during a deployment, rounded down: more than run at least, of the fewest tasks
	// that autoscaling may leave, too. Default 200.
	MaxHealthyPercent int `pulumi:"maxHealthyPercent,optional"`

	// Subnets of the tasks, at least one.
	Subnets []string `pulumi:"subnets"`
	// SecurityGroups of the tasks, where they exist already. They must let the tasks out, and the load balancer in on port 8080; with
	// Clustering also the tasks to each other on 10101 (TCP and UDP) and 10102 (TCP), or to their broker on 50051 (TCP). Default: one that
	// does this is made.
	SecurityGroups []string `pulumi:"securityGroups,optional"`
	// ClientSecurityGroups may reach port 8080 of the tasks directly, where the tasks' security group is made here.
	ClientSecurityGroups []string `pulumi:"clientSecurityGroups,optional"`
	// VpcId is the subnets' VPC. It is needed for the security groups, the load balancer and the DNS zone made here.
	VpcId string `pulumi:"vpcId,optional"`
	// VpcCidrs are the VPC's address blocks. They are needed for an internal load balancer that the whole VPC may reach.
	VpcCidrs []string `pulumi:"vpcCidrs,optional"`
	// AssignPublicIp gives each task a public address. Default false: private subnets with NAT or endpoints.
	AssignPublicIp bool `pulumi:"assignPublicIp,optional"`
	// LoadBalancer to make: give it, or TargetGroupArn, or neither.
	LoadBalancer *EcsLoadBalancerArgs `pulumi:"loadBalancer,optional"`
	// TargetGroupArn of an existing target group, in which ECS registers the tasks.
	TargetGroupArn string `pulumi:"targetGroupArn,optional"`
	// TargetGroupDelaySeconds is how long TargetGroupArn lets a task that is to stop finish its streams, 0 to 3600: `up` waits so long for
	// what it replaces. Default 300.
	TargetGroupDelaySeconds *int `pulumi:"targetGroupDelaySeconds,optional"`
	// LoadBalancerArn of the load balancer that uses TargetGroupArn.
	LoadBalancerArn string `pulumi:"loadBalancerArn,optional"`
	// Clustering lets the tasks find each other, or a broker. Config must name the same DNS name.
	Clustering *EcsClusteringArgs `pulumi:"clustering,optional"`
	// Alarms to make. The cluster must have Container Insights.
	Alarms *EcsAlarmsArgs `pulumi:"alarms,optional"`

	// Config is the text of config.json.
	Config pulumi.StringInput `pulumi:"config"`
	// Env are plain environment variables.
	Env map[string]string `pulumi:"env,optional"`
	// SecretEnv are environment variables kept in Secrets Manager, one secret each. No name may be in Env, too.
	SecretEnv map[string]pulumi.StringInput `pulumi:"secretEnv,optional"`
	// SecretRefs are environment variables from existing secrets of AWS Secrets Manager and parameters of Systems Manager, by their ARNs as
	// ECS reads them: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-AbCdEf, with :KEY behind it for one key of a secret in JSON, or
	// arn:aws:ssm:REGION:ACCOUNT:parameter/NAME. A task reads them when it starts. No name may be in Env or SecretEnv, too.
	SecretRefs map[string]string `pulumi:"secretRefs,optional"`
	// SecretRefKmsKeyArns are the KMS keys of SecretRefs where these are not under AWS's own keys.
	SecretRefKmsKeyArns []string `pulumi:"secretRefKmsKeyArns,optional"`
	// Restart is any text. Another one is another revision of the task: tasks start anew, and read what SecretRefs hold then.
	Restart string `pulumi:"restart,optional"`
	// ChangeEncryptionKey lets SecretEnv have another BIFROST_ENCRYPTION_KEY than before, which an `up` and its preview refuse otherwise:
	// the gateway can read nothing then that it has stored, starts without its virtual keys and serves inference to anybody.
	ChangeEncryptionKey bool `pulumi:"changeEncryptionKey,optional"`
	// DatabaseCa are the authorities of the databases' certificates, as PEM of 64 KiB at most. They are written beside config.json, and
	// PGSSLROOTCERT names the file. Default: those that the image has.
	DatabaseCa string `pulumi:"databaseCa,optional"`
	// NetworkCa are authorities of the network, as PEM of 64 KiB at most. They are written to a folder of their own, and SSL_CERT_DIR names
	// it: the gateway trusts them for HTTPS beside those in the image. Default: those in the image alone.
	NetworkCa string `pulumi:"networkCa,optional"`
	// SecretPrefix begins the names of the secrets. Default bifrost/.
	SecretPrefix string `pulumi:"secretPrefix,optional"`
	// SecretRecoveryDays is how long Secrets Manager keeps a deleted secret, and with it the name: 0 or 7 to 30. Default 30.
	SecretRecoveryDays *int `pulumi:"secretRecoveryDays,optional"`
	// SecretKmsKeyArn is the KMS key of the secrets. It may be given, changed and taken away: the values are put again under the new key,
	// and what the former revision of the task reads stays under the former key, which must exist until that revision is gone for good.
	// Default: AWS's own key.
	SecretKmsKeyArn string `pulumi:"secretKmsKeyArn,optional"`
	// LogGroup to make. Under another name it comes before the former one goes. Default /ecs/bifrost.
	LogGroup string `pulumi:"logGroup,optional"`
	// KeepLogs leaves the log group where it is when it is destroyed or gets another name. Default true.
	KeepLogs *bool `pulumi:"keepLogs,optional"`
	// AdoptLogGroup imports the log group, which exists already, instead of making it. One that Pulumi knows stays as it is.
	AdoptLogGroup bool `pulumi:"adoptLogGroup,optional"`
	// LogRetentionDays is how long the log group keeps what it has. Default 30.
	LogRetentionDays int `pulumi:"logRetentionDays,optional"`
	// LogKmsKeyArn is the KMS key of the log group. The key's policy must let CloudWatch Logs use it.
	LogKmsKeyArn string `pulumi:"logKmsKeyArn,optional"`

	// DependsOn is what must exist before a task can start: the execution role with its policies attached.
	DependsOn []pulumi.Resource
}

func (a *EcsServiceArgs) name() string       { return cmp.Or(a.Name, DefaultEcsName) }
func (a *EcsServiceArgs) brokerName() string { return BrokerName(a.name()) }

// BrokerName is the name of the broker's service and of its task definition family beside a service.
func BrokerName(service string) string       { return service + "-broker" }
func (a *EcsServiceArgs) cpu() int           { return cmp.Or(a.Cpu, DefaultFargateCpu) }
func (a *EcsServiceArgs) memory() int        { return cmp.Or(a.Memory, DefaultFargateMemory) }
func (a *EcsServiceArgs) readOnlyRoot() bool { return ptr.Deref(a.ReadOnlyRoot, true) }
func (a *EcsServiceArgs) stopTimeout() int   { return cmp.Or(a.StopTimeoutSeconds, DefaultStopTimeout) }
func (a *EcsServiceArgs) startupSeconds() int {
	return cmp.Or(a.StartupSeconds, gateway.DefaultStartupSeconds)
}
func (a *EcsServiceArgs) logGroup() string { return cmp.Or(a.LogGroup, DefaultEcsLogGroup) }
func (a *EcsServiceArgs) keepLogs() bool   { return ptr.Deref(a.KeepLogs, true) }
func (a *EcsServiceArgs) logRetentionDays() int {
	return cmp.Or(a.LogRetentionDays, DefaultLogRetentionDays)
}

func (a *EcsServiceArgs) minHealthyPercent() int {
	return ptr.Deref(a.MinHealthyPercent, DefaultMinHealthyPercent)
}

func (a *EcsServiceArgs) maxHealthyPercent() int {
	return cmp.Or(a.MaxHealthyPercent, DefaultMaxHealthyPercent)
}

func (a *EcsServiceArgs) secretPrefix() string {
	return cmp.Or(a.SecretPrefix, DefaultEcsSecretPrefix)
}

func (a *EcsServiceArgs) secretRecoveryDays() int {
	return ptr.Deref(a.SecretRecoveryDays, DefaultSecretRecovery)
}

func (a *EcsServiceArgs) targetGroupDelay() int {
	return ptr.Deref(a.TargetGroupDelaySeconds, DefaultDeregistrationDelay)
}

// clusterName is the last part of the cluster's ARN.
func (a *EcsServiceArgs) clusterName() string {
	return a.ClusterArn[strings.LastIndex(a.ClusterArn, "/")+1:]
}

// behindTargetGroup tells whether a load balancer passes requests on to the tasks.
func (a *EcsServiceArgs) behindTargetGroup() bool {
	return a.LoadBalancer != nil || a.TargetGroupArn != ""
}

// brokered tells whether the tasks speak to a broker made here.
func (a *EcsServiceArgs) brokered() bool { return a.Clustering != nil && a.Clustering.Broker != nil }

// meshed tells whether the tasks speak to each other.
func (a *EcsServiceArgs) meshed() bool { return a.Clustering != nil && a.Clustering.Broker == nil }

// clusterDnsName is the name of the tasks' cluster, empty without one.
func (a *EcsServiceArgs) clusterDnsName() pulumi.StringOutput {
	if a.Clustering == nil {
		return pulumi.String("").ToStringOutput()
	}
	return pulumi.String(a.Clustering.DnsName()).ToStringOutput()
}

// given are the names of the variables that the gateway gets.
func (a *EcsServiceArgs) given() map[string]bool {
	return gateway.Given(a.Env, a.SecretEnv, a.SecretRefs)
}
