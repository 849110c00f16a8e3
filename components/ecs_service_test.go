package components

import (
	"encoding/json"
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

	rights := g.One(t, "aws:iam/rolePolicy:RolePolicy")
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
	require.False(t, task.Has("taskRoleArn"))
	require.JSONEq(t, `[
		{"name":"config","image":"`+image+`","essential":false,"entryPoint":["/bin/sh","-c"],
		 "command":["printf '%s' \"$BIFROST_CONFIG\" > /app/data/config.json"],
		 "secrets":[{"name":"BIFROST_CONFIG","valueFrom":"arn:aws:test:us-east-1:111122223333:x-config:::version-of-x-config-version"}],
		 "mountPoints":[{"sourceVolume":"data","containerPath":"/app/data","readOnly":false}],
		 "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/bifrost","awslogs-region":"eu-west-1","awslogs-stream-prefix":"bifrost"}}},
		{"name":"bifrost","image":"`+image+`","essential":true,"dependsOn":[{"containerName":"config","condition":"SUCCESS"}],
		 "portMappings":[{"containerPort":8080,"hostPort":8080,"protocol":"tcp"}],
		 "environment":[{"name":"GOMEMLIMIT","value":"921MiB"},{"name":"PG_HOST","value":"h"}],
		 "secrets":[{"name":"PG_PASSWORD","valueFrom":"arn:aws:test:us-east-1:111122223333:x-secret-PG_PASSWORD:::version-of-x-secret-PG_PASSWORD-version"}],
		 "mountPoints":[{"sourceVolume":"data","containerPath":"/app/data","readOnly":false}],
		 "healthCheck":{"command":["CMD-SHELL","wget -q -O /dev/null http://127.0.0.1:8080/health || exit 1"],"interval":30,"timeout":5,"retries":3,"startPeriod":60},
		 "stopTimeout":60,
		 "logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"/ecs/bifrost","awslogs-region":"eu-west-1","awslogs-stream-prefix":"bifrost"}}}
	]`, task.Input(t, "containerDefinitions").(string))

	service := g.One(t, "aws:ecs/service:Service")
	for path, want := range map[string]any{
		"cluster": "arn:aws:ecs:eu-west-1:111122223333:cluster/dev", "launchType": "FARGATE", "desiredCount": 2.0, "waitForSteadyState": true,
		"deploymentCircuitBreaker": map[string]any{"enable": true, "rollback": true},
		"networkConfiguration": map[string]any{
			"subnets": []any{"subnet-0a1b2c3d4e5f60718"}, "securityGroups": []any{"sg-0123456789abcdef0"}, "assignPublicIp": false,
		},
	} {
		require.Equal(t, want, service.Input(t, path), path)
	}
	require.True(t, g.DependsOn(service, rights), "without its rights the task cannot log")
	require.True(t, g.DependsOn(service, g.One(t, "aws:iam/rolePolicyAttachment:RolePolicyAttachment")), "without its policy the role cannot pull")

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
		fits        bool
	}{
		{256, 512, true}, {256, 1024, true}, {256, 2048, true}, {256, 1536, false}, {256, 3072, false},
		{512, 1024, true}, {512, 4096, true}, {512, 512, false}, {512, 5120, false},
		{1024, 2048, true}, {1024, 8192, true}, {1024, 1024, false},
		{2048, 4096, true}, {2048, 16384, true}, {2048, 17408, false},
		{4096, 8192, true}, {4096, 30720, true}, {4096, 31744, false},
		{8192, 16384, true}, {8192, 20480, true}, {8192, 61440, true}, {8192, 18432, false},
		{16384, 32768, true}, {16384, 122880, true}, {16384, 36864, false},
		{500, 1024, false}, {0, 0, false},
	} {
		errs := ValidateFargateSize(field.NewPath("cpu"), field.NewPath("memory"), c.cpu, c.memory)
		require.Equal(t, c.fits, len(errs) == 0, "%d/%d: %v", c.cpu, c.memory, errs)
	}
}

func TestEcsServiceRefuses(t *testing.T) {
	days := 3
	args := &EcsServiceArgs{
		ClusterArn: "dev", Region: "x", Image: "x", Cpu: 512, Memory: 512, Subnets: []string{"x"}, SecretRecoveryDays: &days,
		SecretEnv: map[string]pulumi.StringInput{"BIFROST_CONFIG": pulumi.String("x")}, LogRetentionDays: 2, Name: "a b", LogGroup: "a b", SecretPrefix: "a b", TaskRoleArn: "x",
	}
	requireRefused(t, args.Validate(), []string{
		"clusterArn", "region", "name", "taskRoleArn", "logGroup", "secretPrefix", "image", "executionRoleArn", "desiredCount", "memory",
		"subnets[0]", "securityGroups", "config", "secretEnv[BIFROST_CONFIG]", "logRetentionDays", "secretRecoveryDays",
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
