package ecs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
)

// The tests of this file change what stands in front of a service that lives.

var (
	behindOurs   = []string{withLoadBalancer, ownGroups}
	behindTheirs = []string{withTargetGroup, ownGroups, "ecs.clientSecurityGroups=[" + stacktest.SecurityGroup + "]"}
	alone        = []string{ownGroups}
	busy         = []string{withScaling, withAlarms}
	public       = []string{
		withLoadBalancer, ownGroups, "ecs.loadBalancer.scheme=internet-facing", "ecs.loadBalancer.allowedCidrs=[0.0.0.0/0]",
		"ecs.loadBalancer.subnets=[" + strings.Join(stacktest.PublicSubnets, ",") + "]",
	}
)

func onECS(settings ...[]string) []string {
	return append([]string{stacktest.OnlyECS}, slices.Concat(settings...)...)
}

// TestECSFrontComesAndGoes: ECS gives a living service no load balancer and a grace period in one call, and takes neither away. The
// service is another one then, and the preview says what that costs.
func TestECSFrontComesAndGoes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after []string
		replaced      bool
	}{
		"a load balancer comes":                     {onECS(alone, busy), onECS(behindOurs, busy), true},
		"a load balancer goes":                      {onECS(behindOurs, busy), onECS(alone, busy), true},
		"a target group comes":                      {onECS(alone), onECS(behindTheirs), true},
		"a target group goes":                       {onECS(behindTheirs), onECS(alone), true},
		"a load balancer instead of a target group": {onECS(behindTheirs), onECS(behindOurs), false},
		"a target group instead of a load balancer": {onECS(behindOurs), onECS(behindTheirs), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev").Set(c.before...)
			s.Engine.MustUp()
			s.Set(c.after...)
			preview := s.Engine.Preview()
			require.NoError(t, preview.Err, preview.Messages())
			up := s.Engine.MustUp()
			require.ElementsMatch(t, preview.Plan(), up.Plan())
			service := "update Service ecs-service"
			if c.replaced {
				service = "replace Service ecs-service"
			}
			require.Contains(t, strings.Join(up.Plan(), "\n"), service)
			warned := strings.Contains(preview.Messages(), "no task serves until")
			require.Equal(t, c.replaced, warned, preview.Messages())
			require.Len(t, edits.The(t, s.World, edits.ServiceType, ""), 1)
			stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
			require.Empty(t, s.Strays(s.Engine.MustUp()))
		})
	}
}

// TestECSSchemeChanges: the new load balancer stands beside the old one, and the service moves to its target group task by task.
func TestECSSchemeChanges(t *testing.T) {
	t.Parallel()
	requests := []string{"ecs.autoscaling.requestsPerTarget=500"}
	s := stacktest.New(t, "aws-dev").Set(onECS(behindOurs, busy, requests)...)
	s.Engine.MustUp()
	for _, settings := range [][]string{public, behindOurs} {
		service := edits.The(t, s.World, edits.ServiceType, "")[0]
		balancer := edits.The(t, s.World, pulumitype.AwsLoadBalancer, "ecs-lb")[0]
		s.Set(onECS(settings, busy, requests)...)
		preview := s.Engine.Preview()
		require.NoError(t, preview.Err, preview.Messages())
		up := s.Engine.MustUp()
		require.ElementsMatch(t, preview.Plan(), up.Plan())
		require.Same(t, service, edits.The(t, s.World, edits.ServiceType, "")[0])
		require.False(t, service.Deleted)
		require.NotSame(t, balancer, edits.The(t, s.World, pulumitype.AwsLoadBalancer, "ecs-lb")[0])
		require.Empty(t, s.Strays(up), "nothing of the old one is left")
		stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
	}
}

// TestECSTls: a load balancer listens on one port, 443 or, where that is said, 80, and its group lets nothing else in. What takes the other's
// place is there before that goes: the target group is in use throughout, and the service stays.
func TestECSTls(t *testing.T) {
	t.Parallel()
	inClear := []string{"ecs.loadBalancer.allowHttp=true", ownGroups}
	s := stacktest.New(t, "aws-dev").Set(onECS(inClear)...)
	s.Engine.MustUp()
	requireOnePort(t, s, 80)
	service := edits.The(t, s.World, edits.ServiceType, "")[0]
	for _, c := range []struct {
		settings []string
		port     float64
		plan     []string
	}{
		{behindOurs, 443, []string{"create Listener ecs-https", "delete Listener ecs-http"}},
		{inClear, 80, []string{"create Listener ecs-http", "delete Listener ecs-https"}},
	} {
		s.Set(onECS(c.settings)...)
		var listeners []string
		for _, step := range s.Engine.MustUp().Steps {
			if step.Type == pulumitype.AwsListener {
				listeners = append(listeners, step.Op+" Listener "+step.Name)
			}
		}
		require.Equal(t, c.plan, listeners, "in this order")
		requireOnePort(t, s, c.port)
		require.Same(t, service, edits.The(t, s.World, edits.ServiceType, "")[0])
	}
}

func requireOnePort(t *testing.T, s *stacktest.Stack, port float64) {
	t.Helper()
	var ports []any
	for _, listener := range edits.The(t, s.World, pulumitype.AwsListener, "") {
		if !listener.Seeded {
			ports = append(ports, listener.State["port"])
		}
	}
	require.Equal(t, []any{port}, ports)
	for _, rule := range edits.The(t, s.World, pulumitype.AwsIngressRule, "") {
		if rule.State["cidrIpv4"] != nil {
			require.Equal(t, port, rule.State["fromPort"])
			require.Equal(t, port, rule.State["toPort"])
		}
	}
}

// TestECSScalingPolicies: Application Auto Scaling takes one write at a time about a service.
func TestECSScalingPolicies(t *testing.T) {
	t.Parallel()
	all := []string{"ecs.autoscaling={minTasks: 2, maxTasks: 6, cpuPercent: 60, memoryPercent: 75, requestsPerTarget: 500}"}
	s := stacktest.New(t, "aws-dev").Set(onECS(behindOurs, all)...)
	s.Engine.MustUp()
	stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
	s.Set(onECS(behindOurs,
		[]string{"ecs.autoscaling={minTasks: 3, maxTasks: 7, cpuPercent: 50, memoryPercent: 70, requestsPerTarget: 400}"})...)
	s.Engine.MustUp()
	s.Set(onECS(behindOurs, []string{"ecs.autoscaling={minTasks: 3, maxTasks: 7, requestsPerTarget: 400}"})...)
	s.Engine.MustUp()
	require.NoError(t, s.Engine.Destroy().Err)
}

// TestECSProtectedBalancer: what would delete a protected load balancer is refused before anything is done.
func TestECSProtectedBalancer(t *testing.T) {
	t.Parallel()
	protected := []string{"ecs.loadBalancer.deletionProtection=true"}
	s := stacktest.New(t, "aws-dev").Set(onECS(behindOurs, protected)...)
	s.Engine.MustUp()
	for name, settings := range map[string][]string{
		"another scheme":                   onECS(public, protected),
		"another scheme, unprotected":      onECS(public),
		"no load balancer":                 onECS(alone),
		"a target group that exists there": onECS(behindTheirs),
	} {
		s.Set(settings...)
		before := len(s.World.Resources)
		refused := s.Engine.Preview()
		require.Error(t, refused.Err, name)
		require.Contains(t, refused.Messages(), "set loadBalancer.deletionProtection (of a stack ecs.loadBalancer.deletionProtection) to "+
			"false", name)
		require.Len(t, s.World.Resources, before)
	}
	s.Set(onECS(behindOurs)...).Engine.MustUp()
	s.Set(onECS(public, protected)...).Engine.MustUp()
	stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
}

// TestECSHalfMadeBalancer: a load balancer that exists without its attributes is not taken for done.
func TestECSHalfMadeBalancer(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(onECS(behindOurs, []string{"ecs.loadBalancer.accessLogsBucket=" + ecsBucket})...)
	const wayOut = "mend what AWS refused and run `pulumi up --refresh`"
	failed := s.Engine.Up()
	require.Error(t, failed.Err)
	require.Contains(t, failed.Messages(), "Access Denied for bucket: "+ecsBucket)
	require.Contains(t, failed.Messages(), wayOut)

	s.World.SeedBucket(ecsNetwork, ecsBucket)
	require.Contains(t, s.Engine.Preview().Messages(), wayOut)
	again := s.Engine.Up()
	require.Error(t, again.Err)
	require.Contains(t, again.Messages(), wayOut)

	require.NoError(t, s.Engine.Refresh().Err)
	s.Engine.MustUp()
	balancer := edits.The(t, s.World, pulumitype.AwsLoadBalancer, "ecs-lb")[0]
	require.Equal(t, 300.0, balancer.State["idleTimeout"])
	require.Equal(t, true, balancer.State["accessLogs"].(map[string]any)["enabled"])
	stacktest.OnlySame(t, s.Engine.MustUp(), "it is mended")
}
