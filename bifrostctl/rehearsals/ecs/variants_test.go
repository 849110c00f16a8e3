package ecs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
)

const (
	ecsCertificate   = "arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000001"
	ecsTargetGroup   = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/bifrost/0123456789abcdef"
	ecsKey           = "arn:aws:kms:us-east-1:111122223333:key/0a1b2c3d-0000-4000-8000-00000000000a"
	ecsTopic         = "arn:aws:sns:us-east-1:111122223333:bifrost-alarms"
	privateSubnets   = "aws:ec2/routeTable:RouteTable"
	withLoadBalancer = "ecs.loadBalancer.certificateArn=" + ecsCertificate
	withTargetGroup  = "ecs.targetGroupArn=" + ecsTargetGroup
	withScaling      = "ecs.autoscaling={minTasks: 2, maxTasks: 6, cpuPercent: 60, memoryPercent: 75}"
	withCluster      = "ecs.clustering={namespace: bifrost.internal}"
	withAlarms       = "ecs.alarms={topicArn: " + ecsTopic + "}"
	ownGroups        = "ecs.securityGroups=null"
)

// ecsVariants are the ways in which a service is set up, as overlays of aws-dev, and the types that each adds.
var ecsVariants = []struct {
	name     string
	settings []string
	makes    []string
}{
	{"minimal", nil, nil},
	{"own security groups", []string{ownGroups}, []string{pulumitype.AwsSecurityGroup}},
	{"load balancer", []string{withLoadBalancer, ownGroups}, []string{pulumitype.AwsLoadBalancer, pulumitype.AwsTargetGroup, pulumitype.AwsListener, pulumitype.AwsSecurityGroup}},
	{"load balancer before given security groups", []string{withLoadBalancer, "ecs.loadBalancer.securityGroups=[" + stacktest.SecurityGroup + "]"}, []string{pulumitype.AwsLoadBalancer}},
	{"load balancer of given security groups", []string{withLoadBalancer, ownGroups, "ecs.loadBalancer.securityGroups=[" + stacktest.SecurityGroup + "]"}, []string{pulumitype.AwsLoadBalancer}},
	{"internet-facing load balancer", []string{withLoadBalancer, ownGroups, "ecs.loadBalancer.scheme=internet-facing", "ecs.loadBalancer.allowedCidrs=[0.0.0.0/0]", "ecs.loadBalancer.subnets=[" + strings.Join(stacktest.PublicSubnets, ",") + "]"}, []string{pulumitype.AwsLoadBalancer}},
	{"load balancer over HTTP", []string{"ecs.loadBalancer.allowHttp=true", ownGroups}, []string{pulumitype.AwsListener}},
	{"existing target group", []string{withTargetGroup}, nil},
	{"existing target group, own security groups", []string{withTargetGroup, ownGroups, "ecs.clientSecurityGroups=[" + stacktest.SecurityGroup + "]"}, []string{pulumitype.AwsSecurityGroup}},
	{"clustered", []string{withCluster, ownGroups}, []string{"aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace", "aws:servicediscovery/service:Service"}},
	{"clustered in given security groups", []string{withCluster}, []string{"aws:servicediscovery/service:Service"}},
	{"with a broker", []string{stacktest.WithBroker, ownGroups}, []string{"aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace", "aws:servicediscovery/service:Service"}},
	{"with a broker in given security groups", []string{stacktest.WithBroker, "ecs.clustering.service=llm-broker"}, []string{"aws:servicediscovery/service:Service"}},
	{"unclustered", []string{"gateway.clustering.enabled=false"}, nil},
	{"autoscaled", []string{withScaling}, []string{"aws:appautoscaling/target:Target", "aws:appautoscaling/policy:Policy"}},
	{"autoscaled by requests", []string{withLoadBalancer, ownGroups, withScaling, "ecs.autoscaling.requestsPerTarget=500"}, []string{"aws:appautoscaling/policy:Policy"}},
	{"autoscaled by requests of an existing target group", []string{withTargetGroup, withScaling, "ecs.autoscaling.requestsPerTarget=500"}, []string{"aws:appautoscaling/policy:Policy"}},
	{"alarms", []string{withAlarms}, []string{"aws:cloudwatch/metricAlarm:MetricAlarm"}},
	{"customer's keys", []string{"ecs.secretKmsKeyArn=" + ecsKey, "ecs.logKmsKeyArn=" + ecsKey}, nil},
	{"ARM64", []string{"ecs.cpuArchitecture=ARM64"}, nil},
	{"ECS Exec", []string{"ecs.exec=true", "ecs.readOnlyRoot=false"}, nil},
	{"public addresses", []string{"ecs.assignPublicIp=true", "ecs.subnets=[" + strings.Join(stacktest.PublicSubnets, ",") + "]"}, nil},
	{"everything", []string{
		withLoadBalancer, ownGroups, withCluster, withScaling, "ecs.autoscaling.requestsPerTarget=500", withAlarms, "ecs.secretKmsKeyArn=" + ecsKey, "ecs.logKmsKeyArn=" + ecsKey,
	}, []string{pulumitype.AwsLoadBalancer, pulumitype.AwsSecurityGroup}},
}

// TestECSVariants: each goes up, stays as it is, also after a refresh, and leaves nothing behind.
func TestECSVariants(t *testing.T) {
	t.Parallel()
	for _, v := range ecsVariants {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev")
			s.Lives(append([]string{stacktest.OnlyECS}, v.settings...), v.makes)
		})
	}
}

// TestECSExampleKeeps: what the example for production protects cannot be destroyed until the stack file says so.
func TestECSExampleKeeps(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "examples/ecs-production")
	made := s.Engine.MustUp()
	types := stacktest.Types(made)
	for _, typ := range []string{pulumitype.AwsLoadBalancer, pulumitype.AwsSecurityGroup, "aws:appautoscaling/policy:Policy", "aws:servicediscovery/service:Service", "aws:cloudwatch/metricAlarm:MetricAlarm"} {
		require.Contains(t, types, typ)
	}
	s.Set("protectIdentities=false").Engine.MustUp()
	refused := s.Engine.Destroy()
	require.Error(t, refused.Err)
	require.Contains(t, refused.Messages(), "deletion protection is enabled")
}

// TestECSSizes: a pair that Fargate does not have is refused before anything is registered, and the error names the nearest.
func TestECSSizes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cpu, memory, want string }{
		{"256", "4096", "2048"}, {"256", "256", "512"}, {"512", "512", "1024"}, {"512", "8192", "4096"}, {"1024", "1024", "2048"}, {"1024", "9216", "8192"},
		{"2048", "2048", "4096"}, {"2048", "20480", "16384"}, {"4096", "4096", "8192"}, {"4096", "32768", "30720"}, {"8192", "18000", "16384"},
		{"8192", "65536", "61440"}, {"16384", "16384", "32768"}, {"16384", "131072", "122880"}, {"300", "1024", "256"},
	} {
		t.Run(c.cpu+"/"+c.memory, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, "ecs.cpu="+c.cpu, "ecs.memory="+c.memory)
			before := len(s.World.Resources)
			refused := s.Engine.Up()
			require.Error(t, refused.Err)
			require.Contains(t, refused.Messages(), c.want)
			require.Len(t, s.World.Resources, before)
		})
	}
}
