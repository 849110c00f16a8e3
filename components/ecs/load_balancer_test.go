package ecs_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
)

func TestEcsLoadBalancer(t *testing.T) {
	t.Parallel()
	g := recordEcs(t, withLoadBalancer)
	balancer := g.One(t, "aws:lb/loadBalancer:LoadBalancer")
	for path, want := range map[string]any{
		"loadBalancerType": "application", "internal": true, "idleTimeout": 300.0,
		"dropInvalidHeaderFields": true, "enableDeletionProtection": false,
		"subnets": []any{"subnet-0a1b2c3d4e5f60718"}, "securityGroups": []any{"x-lb-id"},
	} {
		require.Equal(t, want, balancer.Input(t, path), path)
	}
	target := g.One(t, "aws:lb/targetGroup:TargetGroup")
	for path, want := range map[string]any{
		"targetType": "ip", "protocol": "HTTP", "port": 8080.0, "vpcId": "vpc-0123456789abcdef0",
		"deregistrationDelay": 300.0, "healthCheck.path": "/health",
	} {
		require.Equal(t, want, target.Input(t, path), path)
	}
	secure := g.One(t, "aws:lb/listener:Listener")
	require.Equal(t, lbCertificate, secure.Input(t, "certificateArn"))
	require.Equal(t, 443.0, secure.Input(t, "port"), "nothing listens in clear")
	require.Equal(t, "forward", secure.Input(t, "defaultActions[0].type"))

	service := g.One(t, "aws:ecs/service:Service")
	require.Equal(t, []any{map[string]any{
		"containerName": "bifrost", "containerPort": 8080.0, "targetGroupArn": "arn:aws:test:us-east-1:111122223333:x-targets",
	}}, service.Input(t, "loadBalancers"))
	require.Equal(t, 450.0, service.Input(t, "healthCheckGracePeriodSeconds"))
	require.Equal(t, []any{"x-tasks-id"}, service.Input(t, "networkConfiguration.securityGroups"))
	for _, r := range slices.Concat(
		g.Of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"), g.Of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
		g.Of("aws:lb/listener:Listener"),
	) {
		require.True(t, g.DependsOn(service, r), r.URN)
	}
	require.Equal(t, []string{
		"x-lb <- tcp 443 10.0.0.0/16", "x-tasks <- tcp 8080 x-lb",
		"x-lb -> tcp 8080 x-tasks", "x-tasks -> -1 0.0.0.0/0",
	}, rules(t, g))

	g = recordEcs(t, func(a *ecs.EcsServiceArgs) {
		delay := 0
		withLoadBalancer(a)
		*a.LoadBalancer = ecs.EcsLoadBalancerArgs{
			AllowHttp: true, Scheme: ecs.SchemeInternetFacing,
			Subnets: []string{"subnet-00000001", "subnet-00000002"}, AllowedCidrs: []string{"0.0.0.0/0"},
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
	require.Equal(t, []string{
		"x-lb <- tcp 80 0.0.0.0/0", "x-tasks <- tcp 8080 x-lb", "x-lb -> tcp 8080 x-tasks", "x-tasks -> -1 0.0.0.0/0",
	}, rules(t, g))
}

func TestEcsTargetGroup(t *testing.T) {
	t.Parallel()
	const targets = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shared/0123456789abcdef"
	g := recordEcs(t, func(a *ecs.EcsServiceArgs) {
		a.TargetGroupArn = targets
		a.LoadBalancerArn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/app/front/fedcba9876543210"
		a.Autoscaling = &ecs.EcsAutoscalingArgs{MaxTasks: 6, RequestsPerTarget: 500}
		a.Alarms = &ecs.EcsAlarmsArgs{TopicArn: topic}
	})
	require.Equal(t, targets, g.One(t, "aws:ecs/service:Service").Input(t, "loadBalancers[0].targetGroupArn"))
	require.Empty(t, g.Of("aws:lb/loadBalancer:LoadBalancer"))
	const specification = "targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification"
	policy := g.One(t, "aws:appautoscaling/policy:Policy")
	require.Equal(t, "ALBRequestCountPerTarget", policy.Input(t, specification+".predefinedMetricType"))
	require.Equal(t, "app/front/fedcba9876543210/targetgroup/shared/0123456789abcdef", policy.Input(t, specification+".resourceLabel"))
	alarm := g.Named(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "x-alarm-unhealthy-targets")
	require.Equal(t, map[string]any{
		"LoadBalancer": "app/front/fedcba9876543210", "TargetGroup": "targetgroup/shared/0123456789abcdef",
	}, alarm.Input(t, "dimensions"))
	require.Len(t, g.Of("aws:cloudwatch/metricAlarm:MetricAlarm"), 3, "a shared load balancer's own errors are others' as well")
}
