package ecs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
	"bifrost/internal/graphtest"
)

func TestEcsTaskRole(t *testing.T) {
	t.Parallel()
	g := recordEcs(t, func(a *ecs.EcsServiceArgs) {
		open := false
		a.Exec, a.ReadOnlyRoot, a.CpuArchitecture = true, &open, ecs.ArchitectureArm
		a.TaskRole = &ecs.EcsTaskRoleArgs{
			AccountId: graphtest.AccountId, RoleName: "R", Path: "/p/", PermissionsBoundary: "arn:aws:iam::111122223333:policy/b",
			PolicyArns: []string{"arn:aws:iam::111122223333:policy/team/Bedrock"},
		}
	})
	role := g.One(t, "aws:iam/role:Role")
	for path, want := range map[string]any{"name": "R", "path": "/p/", "permissionsBoundary": "arn:aws:iam::111122223333:policy/b"} {
		require.Equal(t, want, role.Input(t, path), path)
	}
	require.Contains(t, role.Input(t, "assumeRolePolicy"), `"aws:SourceAccount":"`+graphtest.AccountId+`"`)
	require.Contains(t, role.Input(t, "assumeRolePolicy"), `"aws:SourceArn":"arn:aws:ecs:eu-west-1:`+graphtest.AccountId+`:*"`)
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
	require.Contains(t, containersText(t, g), `"readonlyRootFilesystem":false,"linuxParameters":{"initProcessEnabled":true}`)

	given := recordEcs(t, func(a *ecs.EcsServiceArgs) {
		a.TaskRole, a.TaskRoleArn = nil, "arn:aws:iam::111122223333:role/bedrock"
	})
	require.Empty(t, given.Of("aws:iam/role:Role"))
	task = given.One(t, "aws:ecs/taskDefinition:TaskDefinition")
	require.Equal(t, "arn:aws:iam::111122223333:role/bedrock", task.Input(t, "taskRoleArn"))
}

func TestEcsKeys(t *testing.T) {
	t.Parallel()
	const key = "arn:aws:kms:eu-west-1:111122223333:key/0a1b2c3d-0000-4000-8000-000000000001"
	g := recordEcs(t, func(a *ecs.EcsServiceArgs) { a.SecretKmsKeyArn, a.LogKmsKeyArn = key, key })
	require.Equal(t, key, g.One(t, "aws:cloudwatch/logGroup:LogGroup").Input(t, "kmsKeyId"))
	for _, s := range g.Of("aws:secretsmanager/secret:Secret") {
		require.Equal(t, key, s.Input(t, "kmsKeyId"), s.Name)
	}
	none := recordEcs(t, func(*ecs.EcsServiceArgs) {})
	require.False(t, none.One(t, "aws:cloudwatch/logGroup:LogGroup").Has("kmsKeyId"))
	for _, s := range none.Of("aws:secretsmanager/secret:Secret") {
		require.Equal(t, "alias/aws/secretsmanager", s.Input(t, "kmsKeyId"), s.Name)
	}
	for name, g := range map[string]*graphtest.Graph{"a key": g, "none": none} {
		for _, v := range g.Of("aws:secretsmanager/secretVersion:SecretVersion") {
			secret := g.Named(t, "aws:secretsmanager/secret:Secret", strings.TrimSuffix(v.Name, "-version"))
			require.Equal(t, secret.Input(t, "kmsKeyId"), v.Request.GetReplacementTrigger().GetStringValue(), name)
		}
		require.Contains(t, executionRights(t, g), `"Action":["kms:Decrypt"],"Resource":["arn:aws:kms:eu-west-1:*:key/*"]`, name)
	}
}

// executionRights is the policy that the execution role gets.
func executionRights(t *testing.T, g *graphtest.Graph) string {
	t.Helper()
	policies := g.Of("aws:iam/rolePolicy:RolePolicy")
	i := slices.IndexFunc(policies, func(r graphtest.Resource) bool { return strings.HasPrefix(r.Name, "x-logs-and-secrets-") })
	require.GreaterOrEqual(t, i, 0)
	return policies[i].Input(t, "policy").(string)
}

// TestEcsExecutionRightsOfEachRevision: what a revision of the task reads and writes has a policy of its own.
func TestEcsExecutionRightsOfEachRevision(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for what, change := range map[string]func(*ecs.EcsServiceArgs){
		"as it is":       func(*ecs.EcsServiceArgs) {},
		"another name":   func(a *ecs.EcsServiceArgs) { a.Name = "other" },
		"another log":    func(a *ecs.EcsServiceArgs) { a.LogGroup = "/other" },
		"another prefix": func(a *ecs.EcsServiceArgs) { a.SecretPrefix = "other/" },
		"another secret": func(a *ecs.EcsServiceArgs) { a.SecretEnv["OTHER"] = graphtest.Secret("x") },
		"a default given": func(a *ecs.EcsServiceArgs) {
			a.LogGroup, a.SecretPrefix = ecs.DefaultEcsLogGroup, ecs.DefaultEcsSecretPrefix
		},
		"another value": func(a *ecs.EcsServiceArgs) { a.SecretEnv["PG_PASSWORD"] = graphtest.Secret("x") },
	} {
		for _, r := range recordEcs(t, change).Of("aws:iam/rolePolicy:RolePolicy") {
			seen[what] = r.Name
		}
	}
	require.Equal(t, seen["as it is"], seen["a default given"])
	require.Equal(t, seen["as it is"], seen["another value"])
	different := map[string]bool{}
	for _, name := range seen {
		different[name] = true
	}
	require.Len(t, different, 5)
}
