package components

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/graphtest"
)

func ecsArgs() *EcsServiceArgs {
	return &EcsServiceArgs{
		ClusterArn: "arn:aws:ecs:eu-west-1:111122223333:cluster/dev", Region: "eu-west-1", Image: image,
		ExecutionRoleArn: pulumi.String("arn:aws:iam::111122223333:role/E"), ExecutionRoleName: pulumi.String("E"),
		TaskRole:     &EcsTaskRoleArgs{AccountId: accountID},
		DesiredCount: 2, Subnets: []string{"subnet-0a1b2c3d4e5f60718"}, SecurityGroups: []string{"sg-0123456789abcdef0"},
		Config: secret(`{"a":1}`), Env: map[string]string{"PG_HOST": "h"},
		SecretEnv: map[string]pulumi.StringInput{"PG_PASSWORD": secret(canary)},
	}
}

func TestEcsService(t *testing.T) {
	g := record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		role, err := NewEcrPullRole(ctx, "r", &EcrPullRoleArgs{RepositoryArns: []string{repository}, EcsTasks: &EcsTasksTrustArgs{AccountId: accountID}}, on)
		if err != nil {
			return err
		}
		args := ecsArgs()
		args.DependsOn = []pulumi.Resource{role}
		_, err = NewEcsService(ctx, "x", args, on)
		return err
	})
	require.Equal(t, "/ecs/bifrost", g.One(t, "aws:cloudwatch/logGroup:LogGroup").Input(t, "name"))

	rights := g.Named(t, "aws:iam/rolePolicy:RolePolicy", "x-logs-and-secrets")
	require.Equal(t, "E", rights.Input(t, "role"))
	require.JSONEq(t, `{"Version":"2012-10-17","Statement":[
		{"Sid":"WriteLogStreams","Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":["arn:aws:test:us-east-1:111122223333:x-logs:log-stream:*"]},
		{"Sid":"ReadSecrets","Effect":"Allow","Action":["secretsmanager:GetSecretValue"],
		 "Resource":["arn:aws:test:us-east-1:111122223333:x-config","arn:aws:test:us-east-1:111122223333:x-secret-PG_PASSWORD"]}]}`,
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
		{"name":"config","image":"`+image+`","essential":false,"user":"1000","readonlyRootFilesystem":true,"linuxParameters":{"capabilities":{"drop":["ALL"]}},
		 "entryPoint":["/bin/sh","-c"],"command":["mkdir -p /app/data/tmp && printf '%s' \"$BIFROST_CONFIG\" > /app/data/config.json"],
		 "secrets":[{"name":"BIFROST_CONFIG","valueFrom":"arn:aws:test:us-east-1:111122223333:x-config:::version-of-x-config-version"}],
		 "mountPoints":[{"sourceVolume":"data","containerPath":"/app/data","readOnly":false}],
		 "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/bifrost","awslogs-region":"eu-west-1","awslogs-stream-prefix":"bifrost"}}},
		{"name":"bifrost","image":"`+image+`","essential":true,"user":"1000","readonlyRootFilesystem":true,"linuxParameters":{"capabilities":{"drop":["ALL"]}},
		 "dependsOn":[{"containerName":"config","condition":"SUCCESS"}],
		 "portMappings":[{"containerPort":8080,"hostPort":8080,"protocol":"tcp"}],
		 "environment":[{"name":"GOMEMLIMIT","value":"921MiB"},{"name":"PG_HOST","value":"h"},{"name":"TMPDIR","value":"/app/data/tmp"}],
		 "secrets":[{"name":"PG_PASSWORD","valueFrom":"arn:aws:test:us-east-1:111122223333:x-secret-PG_PASSWORD:::version-of-x-secret-PG_PASSWORD-version"}],
		 "mountPoints":[{"sourceVolume":"data","containerPath":"/app/data","readOnly":false}],
		 "healthCheck":{"command":["CMD-SHELL","wget -q -O /dev/null http://127.0.0.1:8080/health || exit 1"],"interval":30,"timeout":5,"retries":3,"startPeriod":60},
		 "stopTimeout":60,
		 "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/bifrost","awslogs-region":"eu-west-1","awslogs-stream-prefix":"bifrost"}}}
	]`, task.Input(t, "containerDefinitions").(string))

	service := g.One(t, "aws:ecs/service:Service")
	for path, want := range map[string]any{
		"cluster": "arn:aws:ecs:eu-west-1:111122223333:cluster/dev", "launchType": "FARGATE", "desiredCount": 2.0, "waitForSteadyState": true,
		"deploymentMinimumHealthyPercent": 100.0, "deploymentMaximumPercent": 200.0, "enableExecuteCommand": false,
		"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true},
		"networkConfiguration": map[string]any{
			"subnets": []any{"subnet-0a1b2c3d4e5f60718"}, "securityGroups": []any{"sg-0123456789abcdef0"}, "assignPublicIp": false,
		},
	} {
		require.Equal(t, want, service.Input(t, path), path)
	}
	require.True(t, g.DependsOn(service, rights), "without its rights the task cannot log")
	require.True(t, g.DependsOn(service, g.One(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")), "without its policy the role cannot pull")

	for _, typ := range []string{"aws:ec2/securityGroup:SecurityGroup", "aws:lb/loadBalancer:LoadBalancer", "aws:appautoscaling/target:Target", "aws:servicediscovery/service:Service", "aws:cloudwatch/metricAlarm:MetricAlarm"} {
		require.Empty(t, g.Of(typ), "nobody asked for it")
	}
	require.Empty(t, service.Request.GetIgnoreChanges())

	for _, r := range g.Resources {
		require.Empty(t, graphtest.Leaks(r.Inputs, canary), r.URN)
	}
	for _, v := range g.Of("aws:secretsmanager/secretVersion:SecretVersion") {
		require.True(t, v.Inputs["secretString"].IsSecret())
	}
	require.EqualValues(t, 30, g.Of("aws:secretsmanager/secret:Secret")[0].Input(t, "recoveryWindowInDays"))
}

func TestFargateSizes(t *testing.T) {
	for _, c := range []struct {
		cpu, memory int
		nearest     string
	}{
		{256, 512, ""}, {256, 1024, ""}, {256, 2048, ""}, {256, 1536, "cpu 256 with memory 2048"}, {256, 600, "cpu 256 with memory 1024"}, {256, 3072, "cpu 512 with memory 3072"},
		{512, 1024, ""}, {512, 4096, ""}, {512, 512, "cpu 512 with memory 1024"}, {512, 5120, "cpu 1024 with memory 5120"},
		{1024, 2048, ""}, {1024, 8192, ""}, {1024, 1024, "cpu 1024 with memory 2048"}, {1024, 16000, "cpu 2048 with memory 16384"},
		{2048, 4096, ""}, {2048, 16384, ""}, {2048, 17408, "cpu 4096 with memory 17408"},
		{4096, 8192, ""}, {4096, 30720, ""}, {4096, 31744, "cpu 8192 with memory 32768"},
		{8192, 16384, ""}, {8192, 20480, ""}, {8192, 61440, ""}, {8192, 18432, "cpu 8192 with memory 20480"},
		{16384, 32768, ""}, {16384, 122880, ""}, {16384, 36864, "cpu 16384 with memory 40960"}, {16384, 200000, "largest pair is cpu 16384 with memory 122880"},
		{500, 1024, "cpu 512 with memory 1024"}, {0, 0, "cpu 256 with memory 512"}, {32768, 1024, "largest pair is cpu 16384"},
	} {
		errs := ValidateFargateSize(field.NewPath("cpu"), field.NewPath("memory"), c.cpu, c.memory)
		if c.nearest == "" {
			require.Empty(t, errs, "%d/%d", c.cpu, c.memory)
			continue
		}
		require.ErrorContains(t, errs.ToAggregate(), c.nearest, "%d/%d", c.cpu, c.memory)
	}
}

// TestRollout: what ECS rounds, minimum up and maximum down, must leave room for a deployment.
func TestRollout(t *testing.T) {
	for _, c := range []struct {
		least, most, count int
		fits               bool
	}{
		{100, 200, 1, true}, {0, 100, 1, true}, {50, 100, 2, true}, {100, 150, 2, true}, {100, 125, 4, true},
		{100, 100, 3, false}, {100, 150, 1, false}, {50, 100, 1, false}, {100, 125, 3, false},
		{101, 200, 1, false}, {-1, 200, 1, false}, {100, 99, 1, false},
	} {
		errs := ValidateRollout(field.NewPath("min"), field.NewPath("max"), c.least, c.most, c.count)
		require.Equal(t, c.fits, len(errs) == 0, "%+v: %v", c, errs)
	}
}

func TestEcsServiceRefuses(t *testing.T) {
	days, delay := 3, 3601
	args := &EcsServiceArgs{
		ClusterArn: "dev", Region: "x", Image: "x", Cpu: 512, Memory: 512, Subnets: []string{"x"}, SecretRecoveryDays: &days,
		SecretEnv: map[string]pulumi.StringInput{"BIFROST_CONFIG": pulumi.String("x")}, LogRetentionDays: 2, Name: "a b", LogGroup: "a b", SecretPrefix: "a b", TaskRoleArn: "x",
		TaskRole: &EcsTaskRoleArgs{RoleName: "a b", PolicyArns: []string{"x", "", "arn:aws:iam::aws:policy/B", "arn:aws:iam::111122223333:policy/team/B"}, Path: "x", PermissionsBoundary: "x"},
		Exec:     true, CpuArchitecture: "arm64", StopTimeoutSeconds: 121, MaxHealthyPercent: 50, SecretKmsKeyArn: "alias/x", LogKmsKeyArn: "x",
		ClientSecurityGroups: []string{"x"}, VpcCidrs: []string{"10.0.0.1/8", "::/0", "10.0.0.0/8", "10.0.0.0/8"}, TargetGroupArn: "x",
		LoadBalancer: &EcsLoadBalancerArgs{
			CertificateArn: "x", Scheme: "public", Subnets: []string{"x"}, SecurityGroups: []string{"x"}, AllowedCidrs: []string{"x"}, IdleTimeoutSeconds: 4001,
			DeregistrationDelaySeconds: &delay, SslPolicy: "TLS13", AccessLogsBucket: "B",
		},
		Clustering:  &EcsClusteringArgs{Namespace: "Bifrost", Service: "a.b"},
		Autoscaling: &EcsAutoscalingArgs{MinTasks: 3, MaxTasks: 2, CpuPercent: 101, MemoryPercent: -1, RequestsPerTarget: -1, ScaleInSeconds: -1, ScaleOutSeconds: 3601},
		Alarms:      &EcsAlarmsArgs{TopicArn: "x", ServerErrors: -1},
	}
	requireRefused(t, args.Validate(), []string{
		"clusterArn", "region", "name", "image", "executionRoleArn", "taskRoleArn", "taskRole", "taskRole.accountId", "taskRole.roleName",
		"taskRole.policyArns[0]", "taskRole.policyArns[1]", "taskRole.policyArns[3]", "taskRole.path", "taskRole.permissionsBoundary",
		"desiredCount", "memory", "cpuArchitecture", "stopTimeoutSeconds", "maxHealthyPercent", "exec",
		"autoscaling.maxTasks", "autoscaling.minTasks", "autoscaling.cpuPercent", "autoscaling.memoryPercent", "autoscaling.requestsPerTarget",
		"autoscaling.scaleInSeconds", "autoscaling.scaleOutSeconds", "alarms.topicArn", "alarms.serverErrors",
		"subnets[0]", "clientSecurityGroups[0]", "vpcId", "vpcCidrs[0]", "vpcCidrs[1]", "vpcCidrs[3]", "targetGroupArn", "loadBalancerArn", "loadBalancer",
		"loadBalancer.certificateArn", "loadBalancer.scheme", "loadBalancer.subnets[0]", "loadBalancer.securityGroups[0]", "loadBalancer.allowedCidrs[0]",
		"loadBalancer.allowedCidrs", "loadBalancer.idleTimeoutSeconds", "loadBalancer.deregistrationDelaySeconds", "loadBalancer.sslPolicy", "loadBalancer.accessLogsBucket",
		"clustering.namespace", "clustering.service", "config", "secretEnv[BIFROST_CONFIG]",
		"logGroup", "logRetentionDays", "logKmsKeyArn", "secretPrefix", "secretRecoveryDays", "secretKmsKeyArn",
	}, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := NewEcsService(ctx, "x", args, on)
		return err
	})
	require.Empty(t, ecsArgs().Validate())
}

// TestContainerOrder: the same arguments render the same text, or every up would register a revision.
func TestContainerOrder(t *testing.T) {
	render := func() string {
		args := ecsArgs()
		args.Env = map[string]string{"A": "1", "B": "2", "C": "3", "D": "4"}
		g := record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
			_, err := NewEcsService(ctx, "x", args, on)
			return err
		})
		return g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions").(string)
	}
	first := render()
	require.True(t, json.Valid([]byte(first)))
	for range 5 {
		require.Equal(t, first, render())
	}
}

// recordEcs makes a service of changed arguments.
func recordEcs(t *testing.T, change func(*EcsServiceArgs)) *graphtest.Graph {
	t.Helper()
	return record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		args := ecsArgs()
		change(args)
		_, err := NewEcsService(ctx, "x", args, on)
		return err
	})
}

const (
	certificate = "arn:aws:acm:eu-west-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000001"
	topic       = "arn:aws:sns:eu-west-1:111122223333:alarms"
	lbGroup     = "sg-00000000000000001"
)

// withLoadBalancer is a service with everything made here.
func withLoadBalancer(a *EcsServiceArgs) {
	a.SecurityGroups, a.VpcId, a.VpcCidrs = nil, "vpc-0123456789abcdef0", []string{"10.0.0.0/16"}
	a.LoadBalancer = &EcsLoadBalancerArgs{CertificateArn: certificate}
}

func TestEcsLoadBalancer(t *testing.T) {
	g := recordEcs(t, withLoadBalancer)
	balancer := g.One(t, "aws:lb/loadBalancer:LoadBalancer")
	for path, want := range map[string]any{
		"loadBalancerType": "application", "internal": true, "idleTimeout": 300.0, "dropInvalidHeaderFields": true, "enableDeletionProtection": false,
		"subnets": []any{"subnet-0a1b2c3d4e5f60718"}, "securityGroups": []any{"x-lb-id"},
	} {
		require.Equal(t, want, balancer.Input(t, path), path)
	}
	target := g.One(t, "aws:lb/targetGroup:TargetGroup")
	for path, want := range map[string]any{
		"targetType": "ip", "protocol": "HTTP", "port": 8080.0, "vpcId": "vpc-0123456789abcdef0", "deregistrationDelay": 300.0, "healthCheck.path": "/health",
	} {
		require.Equal(t, want, target.Input(t, path), path)
	}
	secure, plain := g.Named(t, "aws:lb/listener:Listener", "x-https"), g.Named(t, "aws:lb/listener:Listener", "x-http")
	require.Equal(t, certificate, secure.Input(t, "certificateArn"))
	require.Equal(t, 443.0, secure.Input(t, "port"))
	require.Equal(t, "forward", secure.Input(t, "defaultActions[0].type"))
	require.Equal(t, 80.0, plain.Input(t, "port"))
	require.Equal(t, map[string]any{"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}, plain.Input(t, "defaultActions[0].redirect"))
	require.False(t, plain.Has("defaultActions[0].targetGroupArn"), "nothing is served in clear")

	service := g.One(t, "aws:ecs/service:Service")
	require.Equal(t, []any{map[string]any{"containerName": "bifrost", "containerPort": 8080.0, "targetGroupArn": "arn:aws:test:us-east-1:111122223333:x-targets"}}, service.Input(t, "loadBalancers"))
	require.Equal(t, 120.0, service.Input(t, "healthCheckGracePeriodSeconds"))
	require.Equal(t, []any{"x-tasks-id"}, service.Input(t, "networkConfiguration.securityGroups"))
	for _, r := range append(g.Of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"), append(g.Of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"), secure, plain)...) {
		require.True(t, g.DependsOn(service, r), r.URN)
	}
	require.Equal(t, []string{
		"x-lb <- tcp 443 10.0.0.0/16", "x-lb <- tcp 80 10.0.0.0/16", "x-tasks <- tcp 8080 x-lb", "x-lb -> tcp 8080 x-tasks", "x-tasks -> -1 0.0.0.0/0",
	}, rules(t, g))

	g = recordEcs(t, func(a *EcsServiceArgs) {
		delay := 0
		withLoadBalancer(a)
		*a.LoadBalancer = EcsLoadBalancerArgs{
			AllowHttp: true, Scheme: SchemeInternetFacing, Subnets: []string{"subnet-00000001", "subnet-00000002"}, AllowedCidrs: []string{"0.0.0.0/0"},
			IdleTimeoutSeconds: 4000, DeregistrationDelaySeconds: &delay, DeletionProtection: true, AccessLogsBucket: "logs",
		}
	})
	balancer = g.One(t, "aws:lb/loadBalancer:LoadBalancer")
	require.Equal(t, false, balancer.Input(t, "internal"))
	require.Equal(t, []any{"subnet-00000001", "subnet-00000002"}, balancer.Input(t, "subnets"))
	require.Equal(t, true, balancer.Input(t, "enableDeletionProtection"))
	require.Equal(t, map[string]any{"bucket": "logs", "prefix": "bifrost", "enabled": true}, balancer.Input(t, "accessLogs"))
	require.Equal(t, "forward", g.One(t, "aws:lb/listener:Listener").Input(t, "defaultActions[0].type"))
	require.Equal(t, 0.0, g.One(t, "aws:lb/targetGroup:TargetGroup").Input(t, "deregistrationDelay"))
	require.Equal(t, []string{"x-lb <- tcp 80 0.0.0.0/0", "x-tasks <- tcp 8080 x-lb", "x-lb -> tcp 8080 x-tasks", "x-tasks -> -1 0.0.0.0/0"}, rules(t, g))
}

// rules are what the security groups let through, in words.
func rules(t *testing.T, g *graphtest.Graph) []string {
	t.Helper()
	var all []string
	for _, direction := range []struct{ arrow, typ string }{
		{"<-", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"}, {"->", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"},
	} {
		var some []string
		for _, r := range g.Of(direction.typ) {
			words := []string{strings.TrimSuffix(r.Input(t, "securityGroupId").(string), "-id"), direction.arrow, r.Input(t, "ipProtocol").(string)}
			if r.Has("fromPort") {
				require.Equal(t, r.Input(t, "fromPort"), r.Input(t, "toPort"))
				words = append(words, fmt.Sprint(r.Input(t, "fromPort")))
			}
			require.NotEqual(t, r.Has("cidrIpv4"), r.Has("referencedSecurityGroupId"), "exactly one of them")
			if r.Has("cidrIpv4") {
				words = append(words, r.Input(t, "cidrIpv4").(string))
			} else {
				words = append(words, strings.TrimSuffix(r.Input(t, "referencedSecurityGroupId").(string), "-id"))
			}
			some = append(some, strings.Join(words, " "))
		}
		slices.Sort(some)
		all = append(all, some...)
	}
	return all
}

func TestEcsSecurityGroups(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*EcsServiceArgs)
		want   []string
	}{
		"given": {func(*EcsServiceArgs) {}, nil},
		"clients": {func(a *EcsServiceArgs) {
			a.SecurityGroups, a.VpcId, a.ClientSecurityGroups = nil, "vpc-0123456789abcdef0", []string{lbGroup}
		}, []string{"x-tasks <- tcp 8080 " + lbGroup, "x-tasks -> -1 0.0.0.0/0"}},
		"load balancer's given": {func(a *EcsServiceArgs) {
			withLoadBalancer(a)
			a.LoadBalancer.SecurityGroups = []string{lbGroup}
		}, []string{"x-tasks <- tcp 8080 " + lbGroup, "x-tasks -> -1 0.0.0.0/0"}},
		"both given": {func(a *EcsServiceArgs) {
			withLoadBalancer(a)
			a.SecurityGroups, a.LoadBalancer.SecurityGroups = []string{"sg-0123456789abcdef0"}, []string{lbGroup}
		}, nil},
		"clustering": {func(a *EcsServiceArgs) {
			a.SecurityGroups, a.VpcId, a.Clustering = nil, "vpc-0123456789abcdef0", &EcsClusteringArgs{Namespace: "bifrost.internal"}
		}, []string{"x-tasks <- tcp 10101 x-tasks", "x-tasks <- tcp 10102 x-tasks", "x-tasks <- udp 10101 x-tasks", "x-tasks -> -1 0.0.0.0/0"}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, rules(t, recordEcs(t, c.change))) })
	}
}

func TestEcsTargetGroup(t *testing.T) {
	g := recordEcs(t, func(a *EcsServiceArgs) {
		a.TargetGroupArn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shared/0123456789abcdef"
		a.LoadBalancerArn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/front/fedcba9876543210"
		a.Autoscaling = &EcsAutoscalingArgs{MaxTasks: 6, RequestsPerTarget: 500}
		a.Alarms = &EcsAlarmsArgs{TopicArn: topic}
	})
	require.Equal(t, "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shared/0123456789abcdef", g.One(t, "aws:ecs/service:Service").Input(t, "loadBalancers[0].targetGroupArn"))
	require.Empty(t, g.Of("aws:lb/loadBalancer:LoadBalancer"))
	const specification = "targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification"
	policy := g.One(t, "aws:appautoscaling/policy:Policy")
	require.Equal(t, "ALBRequestCountPerTarget", policy.Input(t, specification+".predefinedMetricType"))
	require.Equal(t, "app/front/fedcba9876543210/targetgroup/shared/0123456789abcdef", policy.Input(t, specification+".resourceLabel"))
	alarm := g.Named(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "x-alarm-unhealthy-targets")
	require.Equal(t, map[string]any{"LoadBalancer": "app/front/fedcba9876543210", "TargetGroup": "targetgroup/shared/0123456789abcdef"}, alarm.Input(t, "dimensions"))
	require.Len(t, g.Of("aws:cloudwatch/metricAlarm:MetricAlarm"), 3, "a shared load balancer's own errors are others' as well")
}

// TestEcsAutoscaling: what the autoscaling decides, up never takes back.
func TestEcsAutoscaling(t *testing.T) {
	g := recordEcs(t, func(a *EcsServiceArgs) {
		withLoadBalancer(a)
		a.Autoscaling = &EcsAutoscalingArgs{MinTasks: 2, MaxTasks: 9, CpuPercent: 60, MemoryPercent: 70, RequestsPerTarget: 400, ScaleInSeconds: 900}
	})
	service := g.One(t, "aws:ecs/service:Service")
	require.Equal(t, []string{"desiredCount"}, service.Request.GetIgnoreChanges())
	require.Equal(t, 2.0, service.Input(t, "desiredCount"))
	bounds := g.One(t, "aws:appautoscaling/target:Target")
	for path, want := range map[string]any{
		"minCapacity": 2.0, "maxCapacity": 9.0, "resourceId": "service/dev/bifrost", "scalableDimension": "ecs:service:DesiredCount", "serviceNamespace": "ecs",
	} {
		require.Equal(t, want, bounds.Input(t, path), path)
	}
	require.True(t, g.DependsOn(bounds, service), "there is nothing to scale before")
	for name, want := range map[string]float64{"cpu": 60, "memory": 70, "requests": 400} {
		policy := g.Named(t, "aws:appautoscaling/policy:Policy", "x-scaling-"+name)
		require.Equal(t, "TargetTrackingScaling", policy.Input(t, "policyType"))
		require.Equal(t, want, policy.Input(t, "targetTrackingScalingPolicyConfiguration.targetValue"))
		require.Equal(t, 900.0, policy.Input(t, "targetTrackingScalingPolicyConfiguration.scaleInCooldown"))
		require.Equal(t, 60.0, policy.Input(t, "targetTrackingScalingPolicyConfiguration.scaleOutCooldown"))
	}
	require.Equal(t, "suffix-of-x-lb/suffix-of-x-targets", g.Named(t, "aws:appautoscaling/policy:Policy", "x-scaling-requests").
		Input(t, "targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.resourceLabel"))
}

func TestEcsClustering(t *testing.T) {
	g := recordEcs(t, func(a *EcsServiceArgs) {
		a.VpcId, a.Clustering = "vpc-0123456789abcdef0", &EcsClusteringArgs{Namespace: "bifrost.internal"}
	})
	namespace := g.One(t, "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace")
	require.Equal(t, "bifrost.internal", namespace.Input(t, "name"))
	require.Equal(t, "vpc-0123456789abcdef0", namespace.Input(t, "vpc"))
	registry := g.One(t, "aws:servicediscovery/service:Service")
	require.Equal(t, "bifrost", registry.Input(t, "name"))
	require.Equal(t, map[string]any{
		"namespaceId": "x-namespace-id", "routingPolicy": "MULTIVALUE", "dnsRecords": []any{map[string]any{"type": "A", "ttl": 10.0}},
	}, registry.Input(t, "dnsConfig"))
	require.Equal(t, "arn:aws:test:us-east-1:111122223333:x-registry", g.One(t, "aws:ecs/service:Service").Input(t, "serviceRegistries.registryArn"))
	var containers []containerDefinition
	require.NoError(t, json.Unmarshal([]byte(g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions").(string)), &containers))
	require.Equal(t, []portMapping{{8080, 8080, "tcp"}, {10101, 10101, "tcp"}, {10101, 10101, "udp"}, {10102, 10102, "tcp"}}, containers[1].PortMappings)
	require.Equal(t, "peers.bifrost.internal", (&EcsClusteringArgs{Namespace: "bifrost.internal", Service: "peers"}).DnsName())
}

func TestEcsAlarms(t *testing.T) {
	g := recordEcs(t, func(a *EcsServiceArgs) {
		withLoadBalancer(a)
		a.Alarms = &EcsAlarmsArgs{TopicArn: topic, ServerErrors: 3}
	})
	for name, metric := range map[string]string{"unhealthy-targets": "UnHealthyHostCount", "server-errors": "HTTPCode_Target_5XX_Count", "load-balancer-errors": "HTTPCode_ELB_5XX_Count"} {
		alarm := g.Named(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "x-alarm-"+name)
		require.Equal(t, "bifrost-"+name, alarm.Input(t, "name"))
		require.Equal(t, metric, alarm.Input(t, "metricName"))
		require.Equal(t, "AWS/ApplicationELB", alarm.Input(t, "namespace"))
		require.Equal(t, "suffix-of-x-lb", alarm.Input(t, "dimensions.LoadBalancer"))
		require.Equal(t, "notBreaching", alarm.Input(t, "treatMissingData"))
	}
	require.Equal(t, 3.0, g.Named(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "x-alarm-server-errors").Input(t, "threshold"))
	running := g.Named(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "x-alarm-running-tasks")
	require.Equal(t, "desired - running", running.Input(t, "metricQueries[2].expression"))
	require.Equal(t, true, running.Input(t, "metricQueries[2].returnData"))
	require.Equal(t, map[string]any{"ClusterName": "dev", "ServiceName": "bifrost"}, running.Input(t, "metricQueries[0].metric.dimensions"))
	for _, alarm := range g.Of("aws:cloudwatch/metricAlarm:MetricAlarm") {
		require.Equal(t, []any{topic}, alarm.Input(t, "alarmActions"), alarm.Name)
		require.Equal(t, []any{topic}, alarm.Input(t, "okActions"), alarm.Name)
	}
}

func TestEcsTaskRole(t *testing.T) {
	g := recordEcs(t, func(a *EcsServiceArgs) {
		open := false
		a.Exec, a.ReadOnlyRoot, a.CpuArchitecture = true, &open, ArchitectureArm
		a.TaskRole = &EcsTaskRoleArgs{
			AccountId: accountID, RoleName: "R", Path: "/p/", PermissionsBoundary: "arn:aws:iam::111122223333:policy/b", PolicyArns: []string{"arn:aws:iam::111122223333:policy/team/Bedrock"},
		}
	})
	role := g.One(t, "aws:iam/role:Role")
	for path, want := range map[string]any{"name": "R", "path": "/p/", "permissionsBoundary": "arn:aws:iam::111122223333:policy/b"} {
		require.Equal(t, want, role.Input(t, path), path)
	}
	require.Contains(t, role.Input(t, "assumeRolePolicy"), `"aws:SourceAccount":"`+accountID+`"`)
	require.False(t, role.Has("inlinePolicies") || role.Has("managedPolicyArns"), "both are exclusive")
	attachment := g.Named(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "x-task-policy-Bedrock")
	require.Equal(t, "arn:aws:iam::111122223333:policy/team/Bedrock", attachment.Input(t, "policyArn"))
	exec := g.Named(t, "aws:iam/rolePolicy:RolePolicy", "x-exec")
	require.Equal(t, "R", exec.Input(t, "role"))
	require.Equal(t, 4, strings.Count(exec.Input(t, "policy").(string), "ssmmessages:"))
	service := g.One(t, "aws:ecs/service:Service")
	require.Equal(t, true, service.Input(t, "enableExecuteCommand"))
	require.True(t, g.DependsOn(service, attachment) && g.DependsOn(service, exec))
	task := g.One(t, "aws:ecs/taskDefinition:TaskDefinition")
	require.Equal(t, "ARM64", task.Input(t, "runtimePlatform.cpuArchitecture"))
	require.Contains(t, task.Input(t, "containerDefinitions"), `"readonlyRootFilesystem":false,"linuxParameters":{"initProcessEnabled":true}`)

	given := recordEcs(t, func(a *EcsServiceArgs) {
		a.TaskRole, a.TaskRoleArn = nil, "arn:aws:iam::111122223333:role/bedrock"
	})
	require.Empty(t, given.Of("aws:iam/role:Role"))
	require.Equal(t, "arn:aws:iam::111122223333:role/bedrock", given.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "taskRoleArn"))
}

func TestEcsKeys(t *testing.T) {
	const key = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000001"
	g := recordEcs(t, func(a *EcsServiceArgs) { a.SecretKmsKeyArn, a.LogKmsKeyArn = key, key })
	require.Equal(t, key, g.One(t, "aws:cloudwatch/logGroup:LogGroup").Input(t, "kmsKeyId"))
	for _, s := range g.Of("aws:secretsmanager/secret:Secret") {
		require.Equal(t, key, s.Input(t, "kmsKeyId"), s.Name)
	}
	rights := g.Named(t, "aws:iam/rolePolicy:RolePolicy", "x-logs-and-secrets").Input(t, "policy")
	require.Contains(t, rights, `"Action":["kms:Decrypt"],"Resource":["`+key+`"],"Condition":{"StringEquals":{"kms:ViaService":"secretsmanager.eu-west-1.amazonaws.com"}}`)
}

// TestOwnTemporaryFolder: what the gateway's variables say wins.
func TestOwnTemporaryFolder(t *testing.T) {
	for _, change := range []func(*EcsServiceArgs){
		func(a *EcsServiceArgs) { a.Env = map[string]string{"TMPDIR": "/app/data/own"} },
		func(a *EcsServiceArgs) {
			a.SecretEnv = map[string]pulumi.StringInput{"TMPDIR": secret("/app/data/own")}
		},
	} {
		g := recordEcs(t, change)
		require.NotContains(t, g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions"), `"value":"/app/data/tmp"`)
	}
}
