package aws_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
)

// tagged lets the repository have tags.
func tagged(tags ...any) func(*cloud.World) {
	return set(pulumitype.AwsEcrRepository, "hub", "tags", tags)
}

// runningTasks is how many tasks of the one service run.
func runningTasks(w *cloud.World) int {
	return w.Tasks[w.List(serviceType, scope)[0].ID].Running
}

// TestFailedDeploymentStaysFailed: the provider's error has no reason. Where nothing changed since, or tags alone, it asks ECS for nothing and
// calls that a success; and ECS starts no task any more of a deployment that its circuit breaker gave up.
func TestFailedDeploymentStaysFailed(t *testing.T) {
	const steady = "service/dev/app) create: timeout while waiting for state to become 'tfSTABLE' (last state: 'tfPENDING', timeout: 30m0s)"
	w := ecsWorld()
	tagged("2")(w)
	patient := []step{}
	for _, s := range production() {
		if s.name == "service" {
			s.options = append(s.options, pulumi.Timeouts(&pulumi.CustomTimeouts{Create: "30m"}))
		}
		patient = append(patient, s)
	}
	e := enginetest.New(t, w, stack(patient...), nil)
	failed := e.Up()
	require.Contains(t, failed.Messages(), steady)
	require.Contains(t, strings.Join(failed.Warnings, ""), "image not found")
	require.NotContains(t, strings.Join(failed.Diagnostics, ""), "image not found")
	require.Zero(t, runningTasks(w))

	tagged("1")(w)
	again := e.MustUp()
	require.Equal(t, 1, again.Changes["update"], "the engine tries again: %v", again.Plan())
	require.Zero(t, runningTasks(w))
	e.SetProgram(stack(with(patient, "service", props{"tags": props{"team": "x"}})...))
	e.MustUp()
	require.Zero(t, runningTasks(w))
	e.SetProgram(stack(with(patient, "service", props{"deploymentMaximumPercent": 150})...))
	require.Contains(t, e.Up().Messages(), "update: timeout while waiting for state to become 'tfSTABLE' (last state: 'tfPENDING', timeout: 20m0s)")
	require.Zero(t, runningTasks(w), "nothing that starts a deployment changed")

	e.SetProgram(stack(with(patient, "task", props{"memory": "2048"})...))
	e.MustUp()
	require.Equal(t, 2, runningTasks(w))
}

// TestFailedWithoutABreaker: ECS goes on starting tasks.
func TestFailedWithoutABreaker(t *testing.T) {
	w := ecsWorld()
	tagged("2")(w)
	e := enginetest.New(t, w, stack(with(production(), "service", props{"deploymentCircuitBreaker": nil})...), nil)
	require.Error(t, e.Up().Err)
	require.Zero(t, runningTasks(w))
	tagged("1")(w)
	e.MustUp()
	require.Equal(t, 2, runningTasks(w))
}

// TestRollbackNeedsNoNewTasks: what still runs of the old revision need not start again. Where ECS may stop it first, it must.
func TestRollbackNeedsNoNewTasks(t *testing.T) {
	tests := []struct {
		name     string
		least    int
		lacking  bool
		rollback bool
		running  int
	}{
		{"all old tasks run", 100, true, true, 2},
		{"old tasks may be stopped first, and start again", 50, false, true, 2},
		{"old tasks may be stopped first, and cannot start any more", 50, true, false, 1},
		{"no old task is kept", 0, true, false, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := ecsWorld()
			steps := with(production(), "service", props{"deploymentMinimumHealthyPercent": test.least})
			e := enginetest.New(t, w, stack(steps...), nil)
			e.MustUp()
			tagged("1")(w)
			if test.lacking {
				tagged("3")(w)
			}
			e.SetProgram(stack(with(steps, "task", props{"containerDefinitions": strings.ReplaceAll(definitions(), "hub:1", "hub:2")})...))
			up := e.Up()
			require.Equal(t, test.running, runningTasks(w))
			require.Contains(t, strings.Join(up.Warnings, ""), "image not found")
			if !test.rollback {
				require.Contains(t, up.Messages(), "update: timeout while waiting for state to become 'tfSTABLE'")
				return
			}
			require.NoError(t, up.Err, "the provider calls that a success")
			require.Contains(t, up.Resource("service").Outputs["taskDefinition"].StringValue(), "app:1")
		})
	}
}

// TestRollbackOfANetwork: a rollback returns to all that the deployment was to change, and the next up tries again.
func TestRollbackOfANetwork(t *testing.T) {
	w := ecsWorld()
	e := enginetest.New(t, w, stack(production()...), nil)
	e.MustUp()
	e.SetProgram(stack(with(production(), "service", props{"networkConfiguration.subnets": []any{"subnet-1a", "subnet-1b"}})...))
	for range 2 {
		up := e.MustUp()
		require.Equal(t, 1, up.Changes["update"])
		require.Contains(t, w.List(serviceType, scope)[0].State["networkConfiguration"].(props)["subnets"], "subnet-0a")
	}
}

// TestInactiveRevision: a service goes on with a revision that was deregistered, and no other service may take it. Both go in the end.
func TestInactiveRevision(t *testing.T) {
	w := ecsWorld()
	before := len(w.Resources)
	named := with(production(), "service", props{"taskDefinition": "app:1"})
	e := enginetest.New(t, w, stack(named...), nil)
	e.MustUp()
	e.SetProgram(stack(with(named, "task", props{"memory": "2048"})...))
	e.MustUp()
	require.Len(t, w.List(taskDefinitionType, scope), 1, "app:1 is inactive")
	e.SetProgram(stack(with(with(named, "task", props{"memory": "2048"}), "service", props{"desiredCount": 3, "deploymentMaximumPercent": 150})...))
	require.Contains(t, e.Up().Messages(), "TaskDefinition not found: app:1", "an update names it")
	require.NoError(t, e.Destroy().Err)
	require.Len(t, w.Resources, before)
}

// TestDraining: what is to go is waited for: until its target groups let it finish what it serves, and it has cleaned up.
func TestDraining(t *testing.T) {
	w := ecsWorld()
	slow := with(production(), "targets", props{"deregistrationDelay": 1200})
	e := enginetest.New(t, w, stack(slow...), nil)
	e.MustUp()
	larger := with(slow, "task", props{"memory": "2048"})
	e.SetProgram(stack(larger...))
	require.Contains(t, e.Up().Messages(), "update: timeout while waiting for state to become 'tfSTABLE' (last state: 'tfPENDING', timeout: 20m0s)")
	e.MustUp()
	gone := e.Destroy()
	require.Contains(t, gone.Messages(), "delete: timeout while waiting for state to become 'INACTIVE' (last state: 'DRAINING', timeout: 20m0s)")
	require.NoError(t, e.Destroy().Err)
}

// TestServiceKeepsWhatIsTakenAway: ECS keeps what the provider sends nothing for.
func TestServiceKeepsWhatIsTakenAway(t *testing.T) {
	w := ecsWorld()
	given := with(production(), "service", props{"propagateTags": "SERVICE"})
	e := enginetest.New(t, w, stack(given...), nil)
	e.MustUp()
	e.SetProgram(stack(with(given, "service", props{"deploymentCircuitBreaker": nil})...))
	require.Empty(t, e.MustUp().Steps)
	e.SetProgram(stack(with(given, "service", props{"propagateTags": nil})...))
	for range 2 {
		require.Equal(t, []string{"update Service service [propagateTags]"}, e.MustUp().Plan(), "at each up")
	}
	e.SetProgram(stack(with(given, "service", props{"serviceRegistries": nil})...))
	require.Equal(t, []string{"update Service service [serviceRegistries]"}, e.MustUp().Plan())
	require.Empty(t, e.MustUp().Steps, "the registry is taken away")
}

// TestServiceSets: the order of subnets is nobody's.
func TestServiceSets(t *testing.T) {
	e := enginetest.New(t, ecsWorld(), stack(production()...), nil)
	e.MustUp()
	e.SetProgram(stack(with(production(), "service", props{"networkConfiguration.subnets": []any{"subnet-0b", "subnet-0a"}})...))
	require.Empty(t, e.MustUp().Steps)
}
