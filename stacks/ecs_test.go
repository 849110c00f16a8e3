package stacks_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

// ecsWith is the ecs object of the dev stack, with keys and values beside.
func ecsWith(pairs ...any) map[string]any {
	e := map[string]any{"clusterName": "dev", "subnets": ecsSubnets, "securityGroups": []any{"sg-0123456789abcdef0"}}
	for i := 0; i < len(pairs); i += 2 {
		e[pairs[i].(string)] = pairs[i+1]
	}
	return e
}

// lbWith is a load balancer for the dev stack, with one value changed.
func lbWith(key string, value any) map[string]any {
	return map[string]any{"certificateArn": certificate, "securityGroups": []any{lbGroup}, key: value}
}

// TestEcsKeys: every argument of the component has a key of the configuration, or is known to have none.
func TestEcsKeys(t *testing.T) {
	t.Parallel()
	for i := range reflect.TypeFor[ecs.EcsServiceArgs]().NumField() {
		f := reflect.TypeFor[ecs.EcsServiceArgs]().Field(i)
		if f.Name == "DependsOn" {
			continue
		}
		argument := "ecs." + stacks.KeyOf(f)
		room, key, keyed := strings.Cut(stacks.EcsKeys.Of(argument)+stacks.EcsGatewayKeys.Of(argument), ".")
		if !keyed {
			continue
		}
		object, ok := stacks.FieldByName(reflect.TypeFor[stacks.Config](), room)
		require.True(t, ok, "%s has the key %s.%s", f.Name, room, key)
		_, ok = stacks.FieldByName(stacks.Deref(object.Type), key)
		require.True(t, ok, "%s has the key %s.%s", f.Name, room, key)
	}
	for argument, want := range map[string]string{
		"ecs.subnets[1]": "ecs.subnets[1]", "ecs.loadBalancer.certificateArn": "ecs.loadBalancer.certificateArn",
		"ecs.taskRole.policyArns[0]": "ecs.taskPolicyArns[0]", "ecs.taskRole.accountId": "", "ecs.taskRoleArn": "ecs.taskRoleArn",
		"ecs.env[A]": "", "ecs.image": "registry.image", "ecs.vpcCidrs[0]": "", "ecs.ipFamily": "",
	} {
		require.Equal(t, want, stacks.EcsKeys.Of(argument), argument)
	}
}

// TestEcsAloneRoles: what the roles need of other objects is checked without EKS, too.
func TestEcsAloneRoles(t *testing.T) {
	t.Parallel()
	g := stackFile(t, "aws-dev").set("eks", nil).set("aws.iamPath", "x").set("aws.permissionsBoundary", "y").
		set("registry.additionalRepositoryArns", []any{"z"}).set("ecs.roleName", "a b").
		set("refresher.images.kubectl", "kubectl:latest").graph(t, "aws-dev")
	require.ElementsMatch(t, []string{
		"aws.iamPath", "aws.permissionsBoundary", "registry.additionalRepositoryArns[0]", "ecs.roleName", "refresher.images.kubectl",
	}, refusedKeys(t, g))
}

// TestEcsUnusedKeysAreChecked: a mistyped key is told, even where another one keeps it from being used, and once.
func TestEcsUnusedKeysAreChecked(t *testing.T) {
	t.Parallel()
	s := stackFile(t, "aws-dev").set("rollout", stacks.RolloutIdentity).set("secrets", nil).set("ecs", ecsWith(
		"taskRoleArn", "arn:aws:iam::111122223333:role/bedrock", "taskRoleName", "a b", "taskPolicyArns", []any{"p"},
		"clustering", map[string]any{"namespace": "Bifrost"},
	)).set("gateway.clustering", map[string]any{"enabled": false}).graph(t, "aws-dev")
	require.ElementsMatch(t, []string{
		"ecs.taskRoleName", "ecs.taskPolicyArns[0]", "ecs.taskPolicyArns", "ecs.clustering", "ecs.clustering.namespace",
		"gateway.config.config_store.config.db_name", "gateway.config.logs_store.config.db_name", // of both platforms
	}, refusedKeys(t, s))
}

// refusedKeys are the keys that a stack is refused for.
func refusedKeys(t *testing.T, g *graphtest.Graph) []string {
	t.Helper()
	var refusal *stacks.ConfigError
	require.ErrorAs(t, g.Run(program(g)), &refusal)
	var fields []string
	for _, p := range refusal.Problems {
		fields = append(fields, p.Field)
	}
	return fields
}

// TestECSIdentityLooksAtNoNetwork: before the vendor's answer the network need not be there.
func TestECSIdentityLooksAtNoNetwork(t *testing.T) {
	t.Parallel()
	g := record(t, "aws-dev", stackFile(t, "aws-dev").set("rollout", stacks.RolloutIdentity).set("secrets", nil))
	for _, call := range g.Calls {
		require.NotContains(t, call.Token, "aws:ec2/", "looked up")
	}
}

// ecsConfigFile is the config.json that the tasks get.
func ecsConfigFile(t *testing.T, g *graphtest.Graph) map[string]any {
	t.Helper()
	var config map[string]any
	text := g.Named(t, "aws:secretsmanager/secretVersion:SecretVersion", "ecs-config-version").Input(t, "secretString").(string)
	require.NoError(t, json.Unmarshal([]byte(text), &config))
	return config
}

// TestECSDesiredCount: what is configured, what the autoscaling keeps at least, or what the gateway has elsewhere.
func TestECSDesiredCount(t *testing.T) {
	t.Parallel()
	scaling := map[string]any{"minTasks": 3, "maxTasks": 9, "cpuPercent": 60}
	for name, c := range map[string]struct {
		s    settings
		want float64
	}{
		"at least":      {stackFile(t, "aws-dev").set("ecs.autoscaling", scaling), 3},
		"to begin with": {stackFile(t, "aws-dev").set("ecs.autoscaling", scaling).set("ecs.desiredCount", 5), 5},
		"replicas":      {stackFile(t, "aws-dev").set("ecs.autoscaling", map[string]any{"maxTasks": 9, "cpuPercent": 60}), 2},
	} {
		require.Equal(t, c.want, record(t, "aws-dev", c.s).One(t, "aws:ecs/service:Service").Input(t, "desiredCount"), name)
	}
	g := stackFile(t, "aws-dev").set("gateway.replicas", 1).set("gateway.config.config_store.type", "sqlite").
		set("gateway.config.config_store.config", map[string]any{"path": "/app/data/config.db"}).
		set("ecs.autoscaling", map[string]any{"maxTasks": 2, "cpuPercent": 60}).graph(t, "aws-dev")
	require.ErrorContains(t, g.Run(program(g)), "bifrost:ecs.autoscaling.maxTasks: Invalid value: 2: SQLite")
}

// ecsExamples are the stack files below examples/ that run on ECS alone.
var ecsExamples = []string{"ecs-minimal", "ecs-production"}

// TestECSExamples pins what the examples render: the task definition, every policy document and the URNs.
func TestECSExamples(t *testing.T) {
	t.Parallel()
	for _, name := range ecsExamples {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "examples", name, "Pulumi."+name+".yaml"))
			require.NoError(t, err)
			g := record(t, name, parseStackFile(t, text))
			g.RequireProviders(t)
			requireGolden(t, name+".task.json", taskDefinition(t, g))
			requireGolden(t, name+".policies.json", policies(t, g))
			requireGolden(t, name+".full.urns", strings.Join(g.URNs(), "\n")+"\n")
		})
	}
}

func requireGolden(t *testing.T, file, got string) {
	t.Helper()
	golden := filepath.Join("testdata", file)
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run go test ./stacks -update, and review the difference before you commit it")
}

// taskDefinition is what ECS would register, with the containers as they are rendered.
func taskDefinition(t *testing.T, g *graphtest.Graph) string {
	t.Helper()
	task := graphtest.Plain(g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Inputs).Mappable()
	task["containerDefinitions"] = json.RawMessage(task["containerDefinitions"].(string))
	return indented(t, task)
}

// policies are all IAM documents by the logical names of their resources: what roles may do, and who may assume them.
func policies(t *testing.T, g *graphtest.Graph) string {
	t.Helper()
	documents := map[string]any{}
	for _, d := range []struct{ typ, input string }{
		{"aws:iam/role:Role", "assumeRolePolicy"}, {"aws:iam/policy:Policy", "policy"}, {"aws:iam/rolePolicy:RolePolicy", "policy"},
	} {
		for _, r := range g.Of(d.typ) {
			documents[r.Name] = json.RawMessage(r.Input(t, d.input).(string))
		}
	}
	return indented(t, documents)
}

func indented(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	return string(b) + "\n"
}

// TestTasks: what the configuration says of the number of tasks is what the component makes of it.
func TestTasks(t *testing.T) {
	t.Parallel()
	one, five := 1, 5
	for name, test := range map[string]struct {
		ecs         stacks.Ecs
		least, most int
	}{
		"as the gateway's replicas":   {stacks.Ecs{}, 1, 1},
		"fixed":                       {stacks.Ecs{DesiredCount: &five}, 5, 5},
		"scaled":                      {stacks.Ecs{Autoscaling: &ecs.EcsAutoscalingArgs{MinTasks: 2, MaxTasks: 9}}, 2, 9},
		"scaled from the fixed count": {stacks.Ecs{DesiredCount: &five, Autoscaling: &ecs.EcsAutoscalingArgs{MaxTasks: 9}}, 5, 9},
	} {
		t.Run(name, func(t *testing.T) {
			c := &stacks.Config{Ecs: &test.ecs, Gateway: stacks.Gateway{Replicas: &one}}
			c.Resolve()
			least, most := c.Tasks()
			require.Equal(t, []int{test.least, test.most}, []int{least, most})
			most, added := c.ProcessesAt(stacks.OnEcs)
			require.Equal(t, []int{test.most, test.most}, []int{most, added}, "twice as many in a rollout, 200 %")
		})
	}
}
