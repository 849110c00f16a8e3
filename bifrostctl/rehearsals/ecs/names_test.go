package ecs_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/world"
)

// TestECSSecretGivenAgain: a secret that was taken away and is given again within its recovery window is brought back by the commands that
// the failure names.
func TestECSSecretGivenAgain(t *testing.T) {
	t.Parallel()
	const key, other = "secrets.env.PROVIDER_KEY=" + stacktest.Secret + "first", "secrets.env.PROVIDER_KEY=" + stacktest.Secret + "second"
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, "ecs.secretRecoveryDays=30", key)
	s.Engine.MustUp()
	s.Set(stacktest.OnlyECS, "ecs.secretRecoveryDays=30")
	s.Engine.MustUp()

	s.Set(stacktest.OnlyECS, "ecs.secretRecoveryDays=30", other)
	failed := s.Engine.Up()
	require.Error(t, failed.Err)
	require.NotContains(t, failed.Messages(), stacktest.Secret)
	for _, want := range []string{
		"scheduled for deletion", "aws secretsmanager restore-secret --region us-east-1 --secret-id bifrost/PROVIDER_KEY`",
		"aws secretsmanager delete-secret --region us-east-1 --secret-id bifrost/PROVIDER_KEY --force-delete-without-recovery`",
		"ecs.secretRecoveryDays",
	} {
		require.Contains(t, failed.Messages(), want)
	}
	bringBack(t, s, failed)
	s.Engine.MustUp()
	stacktest.OnlySame(t, s.Engine.MustUp(), "it is whole")
	s.RequireWhole(t)
}

// destroy takes the whole stack away. The vendor is told of its roles anew.
func destroy(t *testing.T, s *stacktest.Stack) {
	t.Helper()
	gone := s.Engine.Destroy()
	require.NoError(t, gone.Err, gone.Messages())
	clear(s.World.Grants)
}

// bringBack carries out what a failed up says of deleted secrets.
func bringBack(t *testing.T, s *stacktest.Stack, failed *enginetest.Result) {
	t.Helper()
	commands := enginetest.ImportCommands(failed.Messages())
	require.NotEmpty(t, commands)
	for _, command := range commands {
		imported := s.Engine.Import(command, func(describe string) string {
			name := regexp.MustCompile(`^aws secretsmanager describe-secret --region us-east-1 --secret-id (\S+) --query ARN --output text$`).
				FindStringSubmatch(describe)
			require.NotNil(t, name, describe)
			for _, r := range s.World.Resources {
				if r.Type == pulumitype.AwsSecret && r.State["name"] == name[1] {
					r.Deleted = false // aws secretsmanager restore-secret
					delete(r.State, "deletedDate")
					return r.ID
				}
			}
			t.Fatal(name)
			return ""
		})
		require.NoError(t, imported.Err, imported.Messages())
	}
}

// TestECSDestroyedAndMadeAgain: every secret comes back as it is told, and the log group by itself, with what it had.
func TestECSDestroyedAndMadeAgain(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, "ecs.secretRecoveryDays=7")
	s.Engine.MustUp()
	before := theLogGroup(t, s, "/ecs/bifrost")
	destroy(t, s)
	s.Set(stacktest.OnlyECS, "ecs.secretRecoveryDays=7", "ecs.logRetentionDays=90")
	up := s.Engine.Up()
	require.Error(t, up.Err)
	for range 10 { // The engine begins nothing more once something has failed.
		if up.Err == nil {
			break
		}
		bringBack(t, s, up)
		up = s.Engine.Up()
	}
	s.RequireWhole(t)
	after := theLogGroup(t, s, "/ecs/bifrost")
	require.Same(t, before, after)
	require.Equal(t, 90.0, after.State["retentionInDays"])
}

// TestECSLogsKept: neither another name nor a destroy deletes logs unless the stack says so, and a kept log group is taken back.
func TestECSLogsKept(t *testing.T) {
	t.Parallel()
	const renamed = "ecs.logGroup=/ecs/other"
	for name, settings := range map[string][]string{"kept": nil, "not kept": {"ecs.keepLogs=false"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kept := len(settings) == 0
			with := func(more ...string) []string { return slices.Concat([]string{stacktest.OnlyECS}, settings, more) }
			s := stacktest.New(t, "aws-dev").Set(with()...)
			s.Engine.MustUp()
			first := theLogGroup(t, s, "/ecs/bifrost")

			s.Set(with(renamed)...)
			preview := s.Engine.Preview()
			require.Equal(t, !kept, strings.Contains(preview.Messages(), "ecs.logGroup: the log group /ecs/bifrost is deleted with its logs"))
			up := s.Engine.MustUp()
			requireNewFirst(t, up, "ecs-logs")
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
			require.NotNil(t, theLogGroup(t, s, "/ecs/other"))
			require.Equal(t, kept, theLogGroup(t, s, "/ecs/bifrost") == first)

			s.Set(with()...)
			s.Engine.MustUp()
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
			require.Equal(t, kept, theLogGroup(t, s, "/ecs/bifrost") == first, "the former one is taken back")

			destroy(t, s)
			require.Equal(t, kept, theLogGroup(t, s, "/ecs/bifrost") != nil)
			s.Engine.MustUp()
			stacktest.OnlySame(t, s.Engine.MustUp(), "made again")
			require.Equal(t, kept, theLogGroup(t, s, "/ecs/bifrost") == first)
		})
	}
}

// TestECSLogGroupOfOthers: a log group that another stack has is not taken; with the tags that the refusal names it is this stack's.
func TestECSLogGroupOfOthers(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
	s.Engine.MustUp()
	destroy(t, s)
	group := theLogGroup(t, s, "/ecs/bifrost")
	tag := func(stack string) {
		group.State["tagsAll"].(map[string]any)["pulumi-stack"] = stack
		group.State["tags"].(map[string]any)["pulumi-stack"] = stack
	}
	tag("another")
	refused := s.Engine.Preview()
	require.Error(t, refused.Err)
	require.Contains(t, refused.Messages(), "ecs.logGroup: the log group /ecs/bifrost exists")
	require.Contains(t, refused.Messages(), "give it the tags managed-by=pulumi and pulumi-stack=test")
	tag("test")
	s.Engine.MustUp()
	stacktest.OnlySame(t, s.Engine.MustUp(), "it is taken")
	require.Same(t, group, theLogGroup(t, s, "/ecs/bifrost"))
}

// TestECSRenames: what another name takes away is told in the preview, and the stack is whole afterwards.
func TestECSRenames(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"ecs.name=llm":               "ecs.name: the service bifrost and its tasks go before llm comes",
		"ecs.roleName=Other":         "ecs.roleName: the execution role BifrostECSExecutionRole goes before Other comes: no task can start meanwhile",
		"ecs.policyName=Other":       "ecs.policyName: the policy BifrostECSPullPolicy goes before Other comes",
		"ecs.taskRoleName=Other":     "ecs.taskRoleName: the role BifrostECSTaskRole, as which the running tasks sign in, goes before Other comes",
		"ecs.secretPrefix=other/":    "ecs.secretPrefix: the secrets below bifrost/ are deleted for good once the tasks read those below other/",
		"ecs.clustering.service=llm": "ecs.clustering: the private name llm.test.bifrost.internal comes beside bifrost.test.bifrost.internal, which goes once",
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			settings := []string{stacktest.OnlyECS, ownGroups}
			s := stacktest.New(t, "aws-dev").Set(settings...)
			s.Engine.MustUp()
			s.Set(append(settings, setting)...)
			if strings.HasPrefix(setting, "ecs.roleName") {
				edits.AlsoAllowlisted("arn:aws:iam::111122223333:role/Other")(t, s.World)
				s.Set(append(settings, setting, "agreed.newPrincipals=[arn:aws:iam::111122223333:role/Other]")...)
			}
			preview := s.Engine.Preview()
			require.NoError(t, preview.Err, preview.Messages())
			require.Contains(t, preview.Messages(), want)
			up := s.Engine.Up()
			require.NoError(t, up.Err, up.Messages())
			again := s.RequireWhole(t)
			require.NotContains(t, again.Messages(), want, "it is told once")
		})
	}
}

// TestECSRenamedWithEverything: another name moves all that a service may have around it.
func TestECSRenamedWithEverything(t *testing.T) {
	t.Parallel()
	everything := append([]string{stacktest.OnlyECS}, ecsVariants[len(ecsVariants)-1].settings...)
	s := stacktest.New(t, "aws-dev").Set(everything...)
	s.Engine.MustUp()
	s.Set(append(everything, "ecs.name=llm")...)
	s.Engine.MustUp()
	s.RequireWhole(t)
}

// TestECSSecretPrefix: the tasks read the new secrets before the former ones go.
func TestECSSecretPrefix(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
	s.Engine.MustUp()
	s.Set(stacktest.OnlyECS, "ecs.secretPrefix=other/")
	up := s.Engine.MustUp()
	requireNewFirst(t, up, "ecs-config")
	place := func(op, name string) int {
		return slices.IndexFunc(up.Steps, func(step enginetest.Step) bool { return step.Op == op && step.Name == name })
	}
	require.Less(t, place("update", "ecs-service"), place("delete-replaced", "ecs-config"))
}

// TestECSSecretPrefixHalfWay: an up that renames the secrets fails before the former ones go. The former prefix is refused before anything
// is made; the other one goes on, and so does a third.
func TestECSSecretPrefixHalfWay(t *testing.T) {
	t.Parallel()
	for _, on := range []string{"other/", "third/"} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS)
			s.Engine.MustUp()
			s.Set(stacktest.OnlyECS, "ecs.secretPrefix=other/")
			s.Engine.Fault("type=aws:ecs/service:Service,op=update,error=denied")
			require.Error(t, s.Engine.Up().Err)
			s.Set(stacktest.OnlyECS)
			there := len(s.World.Resources)
			for _, back := range []*enginetest.Result{s.Engine.Preview(), s.Engine.Up()} {
				require.Error(t, back.Err)
				require.Contains(t, back.Messages(), "ecs.secretPrefix: the secret bifrost/")
				require.Contains(t, back.Messages(), "Write other/ once more, or a prefix that the stack has not had")
				require.NotContains(t, back.Messages(), "pulumi import")
			}
			require.Len(t, s.World.Resources, there)
			s.Set(stacktest.OnlyECS, "ecs.secretPrefix="+on)
			s.Engine.MustUp()
			s.RequireWhole(t)
			for _, secret := range s.World.List(pulumitype.AwsSecret, "111122223333/us-east-1") {
				require.Contains(t, secret.State["name"], on)
			}
		})
	}
}

// requireNewFirst requires that a resource's successor came before the resource went.
func requireNewFirst(t *testing.T, up *enginetest.Result, name string) {
	t.Helper()
	var steps []string
	for _, step := range up.Steps {
		if step.Name == name {
			steps = append(steps, step.Op)
		}
	}
	require.Equal(t, []string{"create-replacement", "replace", "delete-replaced"}, steps)
}

func theLogGroup(t *testing.T, s *stacktest.Stack, name string) *world.Resource {
	t.Helper()
	return s.World.Get(pulumitype.AwsLogGroup, "111122223333/us-east-1", name)
}
