package ecs_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
	"bifrost/internal/graphtest"
)

// TestServiceTimes: the provider waits for as many starts and for as long a goodbye as the arguments allow.
func TestServiceTimes(t *testing.T) {
	t.Parallel()
	delay := 3600
	behind := func(a *ecs.EcsServiceArgs) {
		withLoadBalancer(a)
		a.LoadBalancer.DeregistrationDelaySeconds = &delay
	}
	tests := map[string]struct {
		change                 func(*ecs.EcsServiceArgs)
		create, update, delete string
	}{
		"nothing before the tasks": {func(*ecs.EcsServiceArgs) {}, "1500s", "2310s", "1260s"},
		"a slow start":             {func(a *ecs.EcsServiceArgs) { a.StartupSeconds = 600 }, "1800s", "2760s", "1260s"},
		"a load balancer":          {withLoadBalancer, "1500s", "2610s", "1560s"},
		"long streams":             {behind, "1500s", "5910s", "4860s"},
		"an existing target group": {func(a *ecs.EcsServiceArgs) {
			a.TargetGroupArn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/t/0123456789abcdef"
			a.LoadBalancerArn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/l/0123456789abcdef"
			a.TargetGroupDelaySeconds = &delay
		}, "1500s", "5910s", "4860s"},
		"one task after the other": {func(a *ecs.EcsServiceArgs) { a.DesiredCount, a.MaxHealthyPercent = 4, 125 }, "1500s", "4740s",
			"1260s"},
		"as many as autoscaling makes": {func(a *ecs.EcsServiceArgs) {
			a.MaxHealthyPercent = 150
			a.Autoscaling = &ecs.EcsAutoscalingArgs{MinTasks: 2, MaxTasks: 10, CpuPercent: 60}
		}, "1500s", "3120s", "1260s"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			times := recordEcs(t, test.change).One(t, "aws:ecs/service:Service").Request.GetCustomTimeouts()
			require.Equal(t, test.create, times.GetCreate())
			require.Equal(t, test.update, times.GetUpdate())
			require.Equal(t, test.delete, times.GetDelete())
		})
	}
}

// TestPreviewComparesNothing: what runs is looked at once the up has changed it.
func TestPreviewComparesNothing(t *testing.T) {
	t.Parallel()
	program := graphtest.Build(func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := ecs.NewEcsService(ctx, "x", ecsArgs(), on)
		return err
	})
	running := func(revision string, tasks int) *graphtest.Graph {
		answer := func(properties map[string]any) func(resource.PropertyMap) (resource.PropertyMap, error) {
			return func(resource.PropertyMap) (resource.PropertyMap, error) {
				return resource.NewPropertyMapFromMap(properties), nil
			}
		}
		return &graphtest.Graph{Answers: map[string]func(resource.PropertyMap) (resource.PropertyMap, error){
			"aws:ecs/getService:getService": answer(map[string]any{"taskDefinition": "arn:aws:test:us-east-1:111122223333:" + revision}),
			"aws:ecs/getCluster:getCluster": answer(map[string]any{"runningTasksCount": tasks}),
		}}
	}
	require.NoError(t, running("x-task-definition", 1).Run(program))
	require.ErrorContains(t, running("other", 1).Run(program), "was rolled back")
	require.ErrorContains(t, running("x-task-definition", 0).Run(program), "no task runs in the cluster dev")

	g := running("other", 0)
	g.Preview = true
	require.NoError(t, g.Run(program))
	require.Empty(t, g.Calls)
}
