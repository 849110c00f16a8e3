package ecs_test

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/aws"
	"bifrost/components/ecs"
	"bifrost/internal/graphtest"
)

func ecsArgs() *ecs.EcsServiceArgs {
	return &ecs.EcsServiceArgs{
		ClusterArn: "arn:aws:ecs:eu-west-1:111122223333:cluster/dev", Region: "eu-west-1", Image: graphtest.Image,
		ExecutionRoleArn: pulumi.String("arn:aws:iam::111122223333:role/E"), ExecutionRoleName: pulumi.String("E"),
		TaskRole:     &ecs.EcsTaskRoleArgs{AccountId: graphtest.AccountId},
		DesiredCount: 2, Subnets: []string{"subnet-0a1b2c3d4e5f60718"}, SecurityGroups: []string{"sg-0123456789abcdef0"},
		Config: graphtest.Secret(`{"a":1}`), Env: map[string]string{"PG_HOST": "h"},
		SecretEnv: map[string]pulumi.StringInput{"PG_PASSWORD": graphtest.Secret(graphtest.Canary)},
	}
}

func TestEcsService(t *testing.T) {
	t.Parallel()
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		role, err := aws.NewEcrPullRole(ctx, "r", &aws.EcrPullRoleArgs{
			RepositoryArns: []string{graphtest.Repository}, EcsTasks: &aws.EcsTasksTrustArgs{AccountId: graphtest.AccountId, Region: "eu-west-1"},
		}, on)
		if err != nil {
			return err
		}
		args := ecsArgs()
		args.DependsOn = role.Ready()
		_, err = ecs.NewEcsService(ctx, "x", args, on)
		return err
	})
	require.Equal(t, "/ecs/bifrost", g.One(t, "aws:cloudwatch/logGroup:LogGroup").Input(t, "name"))

	rights := g.One(t, "aws:iam/rolePolicy:RolePolicy")
	require.Equal(t, "E", rights.Input(t, "role"))
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[
		{"Sid":"WriteLogStreams","Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],
		 "Resource":["arn:aws:test:us-east-1:111122223333:x-logs:log-stream:*"]},
		{"Sid":"ReadSecrets","Effect":"Allow","Action":["secretsmanager:GetSecretValue"],
		 "Resource":["arn:aws:test:us-east-1:111122223333:x-config","arn:aws:test:us-east-1:111122223333:x-secret-PG_PASSWORD"]},
		{"Sid":"DecryptSecrets","Effect":"Allow","Action":["kms:Decrypt"],"Resource":["arn:aws:kms:eu-west-1:*:key/*"],"Condition":{
		 "StringEquals":{"kms:ViaService":"secretsmanager.eu-west-1.amazonaws.com"},
		 "StringLike":{"kms:EncryptionContext:SecretARN":"arn:aws:secretsmanager:eu-west-1:*:secret:bifrost/*"}}}]}`,
		rights.Input(t, "policy").(string))

	task := g.One(t, "aws:ecs/taskDefinition:TaskDefinition")
	require.Equal(t, "bifrost", task.Input(t, "family"))
	require.Equal(t, "512", task.Input(t, "cpu"))
	require.Equal(t, "1024", task.Input(t, "memory"))
	require.Equal(t, "awsvpc", task.Input(t, "networkMode"))
	require.Equal(t, "arn:aws:iam::111122223333:role/E", task.Input(t, "executionRoleArn"))
	require.Equal(t, "arn:aws:test:us-east-1:111122223333:x-task-role", task.Input(t, "taskRoleArn"))
	require.Equal(t, map[string]any{"operatingSystemFamily": "LINUX", "cpuArchitecture": "X86_64"}, task.Input(t, "runtimePlatform"))
	require.JSONEq(t, `[
		{"name":"config","image":"`+graphtest.Image+`","essential":false,"user":"1000","readonlyRootFilesystem":true,
		 "linuxParameters":{"capabilities":{"add":[],"drop":["ALL"]}},
		 "entryPoint":["/bin/sh","-c"],"command":["mkdir -p /app/data/tmp && printf '%s' \"$BIFROST_CONFIG\" > /app/data/config.json"],
		 "secrets":[{"name":"BIFROST_CONFIG","valueFrom":"arn:aws:test:us-east-1:111122223333:x-config:::version-of-x-config-version"}],
		 "mountPoints":[{"sourceVolume":"data","containerPath":"/app/data","readOnly":false}],
		 "logConfiguration":{"logDriver":"awslogs","options":{
		  "awslogs-group":"/ecs/bifrost","awslogs-region":"eu-west-1","awslogs-stream-prefix":"bifrost"}}},
		{"name":"bifrost","image":"`+graphtest.Image+`","essential":true,"user":"1000","readonlyRootFilesystem":true,
		 "linuxParameters":{"capabilities":{"add":[],"drop":["ALL"]}},
		 "dependsOn":[{"containerName":"config","condition":"SUCCESS"}],
		 "portMappings":[{"containerPort":8080,"hostPort":8080,"protocol":"tcp"}],
		 "environment":[{"name":"GOMEMLIMIT","value":"921MiB"},{"name":"PG_HOST","value":"h"},{"name":"TMPDIR","value":"/app/data/tmp"}],
		 "secrets":[{"name":"PG_PASSWORD",
		  "valueFrom":"arn:aws:test:us-east-1:111122223333:x-secret-PG_PASSWORD:::version-of-x-secret-PG_PASSWORD-version"}],
		 "mountPoints":[{"sourceVolume":"data","containerPath":"/app/data","readOnly":false}],
		 "healthCheck":{"command":["CMD-SHELL","wget -q -O /dev/null http://127.0.0.1:8080/health || exit 1"],
		  "interval":30,"timeout":5,"retries":5,"startPeriod":300},
		 "stopTimeout":60,
		 "logConfiguration":{"logDriver":"awslogs","options":{
		  "awslogs-group":"/ecs/bifrost","awslogs-region":"eu-west-1","awslogs-stream-prefix":"bifrost"}}}
	]`, task.Input(t, "containerDefinitions").(string))

	service := g.One(t, "aws:ecs/service:Service")
	for path, want := range map[string]any{
		"cluster": "arn:aws:ecs:eu-west-1:111122223333:cluster/dev", "launchType": "FARGATE",
		"desiredCount": 2.0, "waitForSteadyState": true,
		"deploymentMinimumHealthyPercent": 100.0, "deploymentMaximumPercent": 200.0, "enableExecuteCommand": false,
		"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true},
		"networkConfiguration": map[string]any{
			"subnets": []any{"subnet-0a1b2c3d4e5f60718"}, "securityGroups": []any{"sg-0123456789abcdef0"}, "assignPublicIp": false,
		},
	} {
		require.Equal(t, want, service.Input(t, path), path)
	}
	require.True(t, g.DependsOn(service, rights), "without its rights the task cannot log")
	toPull := g.One(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")
	require.True(t, g.DependsOn(service, toPull), "without its policy the role cannot pull")

	for _, typ := range []string{
		"aws:ec2/securityGroup:SecurityGroup", "aws:lb/loadBalancer:LoadBalancer", "aws:appautoscaling/target:Target",
		"aws:servicediscovery/service:Service", "aws:cloudwatch/metricAlarm:MetricAlarm",
	} {
		require.Empty(t, g.Of(typ), "nobody asked for it")
	}
	require.Empty(t, service.Request.GetIgnoreChanges())

	for _, r := range g.Resources {
		require.Empty(t, graphtest.Leaks(r.Inputs, graphtest.Canary), r.URN)
	}
	for _, v := range g.Of("aws:secretsmanager/secretVersion:SecretVersion") {
		require.True(t, v.Inputs["secretString"].IsSecret())
	}
	require.EqualValues(t, 30, g.Of("aws:secretsmanager/secret:Secret")[0].Input(t, "recoveryWindowInDays"))
}

func TestEcsServiceRefuses(t *testing.T) {
	t.Parallel()
	days, delay := 3, 3601
	args := &ecs.EcsServiceArgs{
		ClusterArn: "dev", Region: "x", Image: "x", Cpu: 512, Memory: 512, Subnets: []string{"x"}, SecretRecoveryDays: &days,
		SecretEnv: map[string]pulumi.StringInput{"BIFROST_CONFIG": pulumi.String("x")},
		Name:      "a b", LogGroup: "a b", LogRetentionDays: 2, SecretPrefix: "a b", SecretKmsKeyArn: "alias/x", LogKmsKeyArn: "x",
		TaskRoleArn: "x", TaskRole: &ecs.EcsTaskRoleArgs{
			RoleName: "a b", Path: "x", PermissionsBoundary: "x",
			PolicyArns: []string{"x", "", "arn:aws:iam::aws:policy/B", "arn:aws:iam::111122223333:policy/team/B"},
		},
		Exec: true, CpuArchitecture: "arm64", StopTimeoutSeconds: 121, MaxHealthyPercent: 50,
		ClientSecurityGroups: []string{"x"}, VpcCidrs: []string{"10.0.0.1/8", "::/0", "10.0.0.0/8", "10.0.0.0/8"}, TargetGroupArn: "x",
		LoadBalancer: &ecs.EcsLoadBalancerArgs{
			CertificateArn: "x", Scheme: "public", Subnets: []string{"x"}, SecurityGroups: []string{"x"}, AllowedCidrs: []string{"x"},
			IdleTimeoutSeconds: 4001, DeregistrationDelaySeconds: &delay, SslPolicy: "TLS13", AccessLogsBucket: "B",
		},
		Clustering: &ecs.EcsClusteringArgs{Namespace: "Bifrost", Service: "a.b"},
		Autoscaling: &ecs.EcsAutoscalingArgs{
			MinTasks: 3, MaxTasks: 2, CpuPercent: 101, MemoryPercent: -1, RequestsPerTarget: -1, ScaleInSeconds: -1, ScaleOutSeconds: 3601,
		},
		Alarms: &ecs.EcsAlarmsArgs{TopicArn: "x", ServerErrors: -1},
	}
	requireRefused(t, args,
		"clusterArn", "region", "name", "image", "executionRoleArn", "taskRoleArn", "taskRole", "taskRole.accountId", "taskRole.roleName",
		"taskRole.policyArns[0]", "taskRole.policyArns[1]", "taskRole.policyArns[3]", "taskRole.path", "taskRole.permissionsBoundary",
		"desiredCount", "memory", "cpuArchitecture", "stopTimeoutSeconds", "maxHealthyPercent", "exec",
		"autoscaling.maxTasks", "autoscaling.minTasks", "autoscaling.cpuPercent", "autoscaling.memoryPercent",
		"autoscaling.requestsPerTarget",
		"autoscaling.scaleInSeconds", "autoscaling.scaleOutSeconds", "alarms.topicArn", "alarms.serverErrors",
		"subnets[0]", "clientSecurityGroups[0]", "vpcId", "vpcCidrs[0]", "vpcCidrs[1]", "vpcCidrs[3]",
		"targetGroupArn", "loadBalancerArn", "loadBalancer", "loadBalancer.certificateArn", "loadBalancer.scheme",
		"loadBalancer.subnets[0]", "loadBalancer.securityGroups[0]", "loadBalancer.allowedCidrs[0]", "loadBalancer.allowedCidrs",
		"loadBalancer.idleTimeoutSeconds", "loadBalancer.deregistrationDelaySeconds", "loadBalancer.sslPolicy",
		"loadBalancer.accessLogsBucket",
		"clustering.namespace", "clustering.service", "config", "secretEnv[BIFROST_CONFIG]",
		"logGroup", "logRetentionDays", "logKmsKeyArn", "secretPrefix", "secretRecoveryDays", "secretKmsKeyArn",
	)
	require.Empty(t, ecsArgs().Validate(nil))
}

// TestEcsServicePaths: the problems are below the path that the caller gives, and so are the arguments that their sentences name.
func TestEcsServicePaths(t *testing.T) {
	t.Parallel()
	args := ecsArgs()
	withLoadBalancer(args)
	args.Memory, args.LoadBalancer.Scheme, args.TargetGroupArn = 5000, "public", "x"
	problems := args.Validate(field.NewPath("ecs")).ToAggregate()
	for _, want := range []string{
		"ecs.memory: Invalid value: 5000", "ecs.cpu 1024 with ecs.memory 5120", "ecs.loadBalancer.scheme: ", "ecs.loadBalancerArn: ",
		"ecs.loadBalancer: Forbidden: ecs.targetGroupArn names",
	} {
		require.ErrorContains(t, problems, want)
	}
}

// requireRefused checks that the arguments have these problems and no others, and that the component refuses them.
func requireRefused(t *testing.T, args *ecs.EcsServiceArgs, paths ...string) {
	t.Helper()
	graphtest.RequireRefused(t, args.Validate(nil), paths, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := ecs.NewEcsService(ctx, "x", args, on)
		return err
	})
}

// containersText are the container definitions of the one task definition.
func containersText(t *testing.T, g *graphtest.Graph) string {
	t.Helper()
	return g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions").(string)
}

// taskContainers are the containers of a task definition.
func taskContainers(t *testing.T, g *graphtest.Graph, name string) []ecs.ContainerDefinition {
	t.Helper()
	var containers []ecs.ContainerDefinition
	text := g.Named(t, "aws:ecs/taskDefinition:TaskDefinition", name).Input(t, "containerDefinitions").(string)
	require.NoError(t, json.Unmarshal([]byte(text), &containers))
	return containers
}

// recordEcs makes a service of changed arguments.
func recordEcs(t *testing.T, change func(*ecs.EcsServiceArgs)) *graphtest.Graph {
	t.Helper()
	return graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		args := ecsArgs()
		change(args)
		_, err := ecs.NewEcsService(ctx, "x", args, on)
		return err
	})
}

const (
	lbCertificate = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000001"
	topic         = "arn:aws:sns:eu-west-1:111122223333:alarms"
	lbGroup       = "sg-00000000000000001"
)

// withLoadBalancer is a service with everything made here.
func withLoadBalancer(a *ecs.EcsServiceArgs) {
	a.SecurityGroups, a.VpcId, a.VpcCidrs = nil, "vpc-0123456789abcdef0", []string{"10.0.0.0/16"}
	a.LoadBalancer = &ecs.EcsLoadBalancerArgs{CertificateArn: lbCertificate}
}
