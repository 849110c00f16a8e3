package ecs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
)

// TestEcsAutoscaling: what the autoscaling decides, up never takes back.
func TestEcsAutoscaling(t *testing.T) {
	t.Parallel()
	g := recordEcs(t, func(a *ecs.EcsServiceArgs) {
		withLoadBalancer(a)
		a.Autoscaling = &ecs.EcsAutoscalingArgs{
			MinTasks: 2, MaxTasks: 9, CpuPercent: 60, MemoryPercent: 70, RequestsPerTarget: 400, ScaleInSeconds: 900,
		}
	})
	service := g.One(t, "aws:ecs/service:Service")
	require.Equal(t, []string{"desiredCount"}, service.Request.GetIgnoreChanges())
	require.Equal(t, 2.0, service.Input(t, "desiredCount"))
	bounds := g.One(t, "aws:appautoscaling/target:Target")
	for path, want := range map[string]any{
		"minCapacity": 2.0, "maxCapacity": 9.0, "resourceId": "service/dev/bifrost",
		"scalableDimension": "ecs:service:DesiredCount", "serviceNamespace": "ecs",
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
