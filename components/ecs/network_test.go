package ecs_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
	"bifrost/internal/graphtest"
)

// rules are what the security groups let through, in words.
func rules(t *testing.T, g *graphtest.Graph) []string {
	t.Helper()
	var all []string
	for _, direction := range []struct{ arrow, typ string }{
		{"<-", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"},
		{"->", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"},
	} {
		var some []string
		for _, r := range g.Of(direction.typ) {
			group := strings.TrimSuffix(r.Input(t, "securityGroupId").(string), "-id")
			words := []string{group, direction.arrow, r.Input(t, "ipProtocol").(string)}
			if r.Has("fromPort") {
				require.Equal(t, r.Input(t, "fromPort"), r.Input(t, "toPort"))
				words = append(words, fmt.Sprint(r.Input(t, "fromPort")))
			}
			require.NotEqual(t, r.Has("cidrIpv4"), r.Has("referencedSecurityGroupId"), "exactly one of them")
			if r.Has("cidrIpv4") {
				words = append(words, r.Input(t, "cidrIpv4").(string))
			} else {
				words = append(words, strings.TrimSuffix(r.Input(t, "referencedSecurityGroupId").(string), "-id"))
			}
			some = append(some, strings.Join(words, " "))
		}
		slices.Sort(some)
		all = append(all, some...)
	}
	return all
}

func TestEcsSecurityGroups(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*ecs.EcsServiceArgs)
		want   []string
	}{
		"given": {func(*ecs.EcsServiceArgs) {}, nil},
		"clients": {func(a *ecs.EcsServiceArgs) {
			a.SecurityGroups, a.VpcId, a.ClientSecurityGroups = nil, "vpc-0123456789abcdef0", []string{lbGroup}
		}, []string{"x-tasks <- tcp 8080 " + lbGroup, "x-tasks -> -1 0.0.0.0/0"}},
		"load balancer's given": {func(a *ecs.EcsServiceArgs) {
			withLoadBalancer(a)
			a.LoadBalancer.SecurityGroups = []string{lbGroup}
		}, []string{"x-tasks <- tcp 8080 " + lbGroup, "x-tasks -> -1 0.0.0.0/0"}},
		"a client that is the load balancer's": {func(a *ecs.EcsServiceArgs) {
			withLoadBalancer(a)
			a.LoadBalancer.SecurityGroups, a.ClientSecurityGroups = []string{lbGroup}, []string{lbGroup, "sg-00000000000000002"}
		}, []string{"x-tasks <- tcp 8080 " + lbGroup, "x-tasks <- tcp 8080 sg-00000000000000002", "x-tasks -> -1 0.0.0.0/0"}},
		"both given": {func(a *ecs.EcsServiceArgs) {
			withLoadBalancer(a)
			a.SecurityGroups, a.LoadBalancer.SecurityGroups = []string{"sg-0123456789abcdef0"}, []string{lbGroup}
		}, nil},
		"clustering": {func(a *ecs.EcsServiceArgs) {
			a.SecurityGroups, a.VpcId, a.Clustering = nil, "vpc-0123456789abcdef0", &ecs.EcsClusteringArgs{Namespace: "bifrost.internal"}
		}, []string{
			"x-tasks <- tcp 10101 x-tasks", "x-tasks <- tcp 10102 x-tasks", "x-tasks <- udp 10101 x-tasks", "x-tasks -> -1 0.0.0.0/0",
		}},
		"broker": {withBroker, []string{"x-tasks <- tcp 50051 x-tasks", "x-tasks -> -1 0.0.0.0/0"}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, rules(t, recordEcs(t, c.change))) })
	}
}

// TestEcsNetworkRefuses: what is needed in the VPC, and only then.
func TestEcsNetworkRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*ecs.EcsServiceArgs)
		want   string
	}{
		"a load balancer for nobody": {func(a *ecs.EcsServiceArgs) {
			withLoadBalancer(a)
			a.VpcCidrs = nil
		}, "vpcCidrs: Required"},
		"no VPC":         {func(a *ecs.EcsServiceArgs) { a.SecurityGroups = nil }, "vpcId: Required"},
		"a group twice":  {func(a *ecs.EcsServiceArgs) { a.SecurityGroups = []string{lbGroup, lbGroup} }, "securityGroups[1]: Duplicate"},
		"a subnet twice": {func(a *ecs.EcsServiceArgs) { a.Subnets = append(a.Subnets, a.Subnets...) }, "subnets[1]: Duplicate"},
		"a certificate of another region": {func(a *ecs.EcsServiceArgs) {
			withLoadBalancer(a)
			a.Region = "eu-central-1"
		}, "loadBalancer.certificateArn: Invalid"},
		"a target group alone": {func(a *ecs.EcsServiceArgs) {
			a.TargetGroupArn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shared/0123456789abcdef"
		}, "loadBalancerArn: Required"},
	} {
		args := ecsArgs()
		c.change(args)
		require.ErrorContains(t, args.Validate(nil).ToAggregate(), c.want, name)
	}
}
