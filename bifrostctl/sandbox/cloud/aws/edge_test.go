package aws_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
)

// Tests of what stands around a service of ECS: in front of it, and what scales it.

// TestServiceFront: a living service gets or loses its load balancers, or a grace period, but not both in one update.
func TestServiceFront(t *testing.T) {
	t.Parallel()
	const refused = "Health check grace period is only valid for services configured to use load balancers"
	none := props{"loadBalancers": nil, "healthCheckGracePeriodSeconds": nil}
	unperiodic := props{"healthCheckGracePeriodSeconds": nil}
	for name, c := range map[string]struct {
		before, after props
		want          string
	}{
		"both come":                         {none, nil, refused},
		"both go":                           {nil, none, refused},
		"the load balancer comes, alone":    {none, unperiodic, ""},
		"the load balancer goes, alone":     {unperiodic, none, ""},
		"the period comes to what is there": {unperiodic, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps := without(production(), "requests")
			e := enginetest.New(t, ecsWorld(), stack(with(steps, "service", c.before)...), nil)
			e.MustUp()
			e.SetProgram(stack(with(steps, "service", c.after)...))
			up := e.Up()
			if c.want == "" {
				require.NoError(t, up.Err, up.Diagnostics)
				return
			}
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), c.want)
		})
	}
}

// TestScalingWrites: Application Auto Scaling takes one write at a time about a scalable target.
func TestScalingWrites(t *testing.T) {
	t.Parallel()
	steps := without(production(), "unhealthy", "below-desired")
	w := ecsWorld()
	e := enginetest.New(t, w, unordered(3, steps...), nil)
	up := e.Up()
	require.Error(t, up.Err)
	require.Contains(t, up.Messages(), "ConcurrentUpdateException")
	require.Contains(t, up.Messages(), scaledResource)

	e.SetProgram(stack(steps...))
	e.MustUp()
	e.SetProgram(stack(steps[:len(steps)-3]...))
	e.MustUp()
	require.Empty(t, policies(w))
}

func policies(w *cloud.World) []string {
	var names []string
	for _, r := range w.List(scalingType, scope) {
		names = append(names, r.ID)
	}
	return names
}

// TestScalingGoesWithItsService: also where the service is deleted by hand or made anew.
func TestScalingGoesWithItsService(t *testing.T) {
	t.Parallel()
	steps := without(production(), "unhealthy", "below-desired")
	w := ecsWorld()
	e := enginetest.New(t, w, stack(steps...), nil)
	e.MustUp()
	e.SetProgram(stack(without(steps, "scalable", "cpu", "memory", "requests", "service")...))
	e.MustUp()
	require.Empty(t, policies(w))
	require.Empty(t, w.List(targetType, scope))
}

// TestAnswered: what the services answer beyond what they are asked for is no difference, and stays where nothing is said of it.
func TestAnswered(t *testing.T) {
	t.Parallel()
	w := ecsWorld()
	e := enginetest.New(t, w, stack(production()...), nil)
	made := e.MustUp()
	action := made.Resource("http").Outputs["defaultActions"].ArrayValue()[0].ObjectValue()
	require.Equal(t, 1.0, action["order"].NumberValue())
	require.Equal(t, "#{host}", action["redirect"].ObjectValue()["host"].StringValue())
	require.Equal(t, "round_robin", made.Resource("targets").Outputs["loadBalancingAlgorithmType"].StringValue())

	e.SetProgram(stack(with(with(production(), "targets", props{"healthCheck": nil, "deregistrationDelay": nil}), "lb",
		props{"accessLogs": nil, "idleTimeout": nil})...))
	up := e.MustUp()
	require.ElementsMatch(t, []string{
		"update TargetGroup targets [deregistrationDelay]", "update LoadBalancer lb [accessLogs idleTimeout]",
	}, up.Plan())
	targets, balancer := up.Resource("targets").Outputs.Mappable(), up.Resource("lb").Outputs.Mappable()
	require.Equal(t, 300.0, targets["deregistrationDelay"])
	require.Equal(t, "/health", targets["healthCheck"].(map[string]any)["path"], "what is computed stays")
	require.Equal(t, 60.0, balancer["idleTimeout"])
	require.Nil(t, balancer["accessLogs"])
	require.Empty(t, e.MustUp().Plan())
}

// TestSets: the order of what the provider holds as a set is no difference.
func TestSets(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t, ecsWorld(), stack(production()...), nil)
	e.MustUp()
	steps := with(production(), "lb", props{"subnets": []any{"subnet-0b", "subnet-0a"}})
	queries := steps[len(steps)-1].props["metricQueries"].([]any)
	e.SetProgram(stack(with(steps, "below-desired", props{"metricQueries": []any{queries[2], queries[0], queries[1]}})...))
	require.Empty(t, e.MustUp().Plan())
}

// TestRuleOfAnotherPeer: a rule keeps its kind of peer, and changes everything else in place.
func TestRuleOfAnotherPeer(t *testing.T) {
	t.Parallel()
	e := enginetest.New(t, ecsWorld(), stack(production()...), nil)
	e.MustUp()
	e.SetProgram(stack(with(production(), "lb-in", props{"cidrIpv4": "10.1.0.0/16"})...))
	require.Equal(t, []string{"update SecurityGroupIngressRule lb-in [cidrIpv4]"}, e.MustUp().Plan())
	e.SetProgram(stack(with(production(), "lb-in", props{"cidrIpv4": nil, "referencedSecurityGroupId": of{"tasks-group", "id"}})...))
	require.Contains(t, strings.Join(e.MustUp().Plan(), "\n"), "replacement SecurityGroupIngressRule lb-in")
}

// TestOverwrittenAlarm: CloudWatch takes another alarm of the name for a change of the first.
func TestOverwrittenAlarm(t *testing.T) {
	t.Parallel()
	w := ecsWorld()
	enginetest.New(t, w, stack(production()...), nil).MustUp()
	alarms := slices.DeleteFunc(production(), func(s step) bool { return s.name != "below-desired" })
	name := w.List(alarmType, scope)[0].ID
	enginetest.New(t, w, stack(with(alarms, "below-desired", props{"name": name})...), nil).MustUp()
	require.Len(t, w.Warnings, 1)
	require.Contains(t, w.Warnings[0], "is overwritten")
}

// TestScalableTargetIsThere: who registers a scalable target that is there changes it, and may not give it tags.
func TestScalableTargetIsThere(t *testing.T) {
	t.Parallel()
	w := ecsWorld()
	enginetest.New(t, w, stack(production()...), nil).MustUp()
	again := step{typ: targetType, name: "again", props: props{"resourceId": scaledResource,
		"scalableDimension": "ecs:service:DesiredCount",
		"serviceNamespace":  "ecs", "minCapacity": 1, "maxCapacity": 2, "tags": props{"a": "b"}}}
	tagged := enginetest.New(t, w, stack(again), nil).Up()
	require.Error(t, tagged.Err)
	require.Contains(t, tagged.Messages(), "The scalable target that you tried to tag already exists")
	again.props = changed(again.props, props{"tags": nil})
	enginetest.New(t, w, stack(again), nil).MustUp()
	require.Equal(t, 2.0, w.List(targetType, scope)[0].State["maxCapacity"])
}

// TestHalfMadeBalancer: a load balancer whose attributes were refused exists without them, and the state says that it has them. The next up
// calls it done.
func TestHalfMadeBalancer(t *testing.T) {
	t.Parallel()
	w := ecsWorld()
	steps := production()
	steps = steps[:slices.IndexFunc(steps, func(s step) bool { return s.name == "lb" })+1]
	e := enginetest.New(t, w, stack(with(steps, "lb", props{"accessLogs.bucket": "other"})...), nil)
	failed := e.Up()
	require.Error(t, failed.Err)
	require.Contains(t, failed.Messages(), "Access Denied for bucket: other")
	w.SeedBucket(network, "other")
	balancer := w.List(pulumitype.AwsLoadBalancer, scope)[0]
	e.MustUp()
	require.Equal(t, 60.0, balancer.State["idleTimeout"], "nothing was done")
	require.Equal(t, []string{"update LoadBalancer lb [accessLogs dropInvalidHeaderFields idleTimeout]"}, e.MustUp().Plan())
	require.Equal(t, 600.0, balancer.State["idleTimeout"])
}
