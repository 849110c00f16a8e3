package ecs_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/world"
)

const (
	ecsBucket        = "access-logs"
	otherCertificate = "arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000002"
	otherCluster     = "ecs.clustering={namespace: other.internal}"
)

var ecsNetwork = world.Network{Account: "111122223333", Region: "us-east-1"}

var otherNetwork = world.Network{Account: "111122223333", Region: "us-east-1", VPC: "vpc-0fedcba9876543210", Private: []string{
	"subnet-0fedcba9876543211", "subnet-0fedcba9876543212",
}}

const otherSubnets = "ecs.subnets=[subnet-0fedcba9876543211, subnet-0fedcba9876543212]"

const anyGroup = "[" + stacktest.SecurityGroup + "]"

func also(settings []string, more ...string) []string { return append(slices.Clip(settings), more...) }

// ecsChanges are changes of a stack that runs, by what is there before and after, and the types of what is replaced.
var ecsChanges = []struct {
	name          string
	before, after []string
	replaced      []string
}{
	{"another idle time", behindOurs, also(behindOurs, "ecs.loadBalancer.idleTimeoutSeconds=900"), nil},
	{"another delay", behindOurs, also(behindOurs, "ecs.loadBalancer.deregistrationDelaySeconds=0"), nil},
	{"another policy of TLS", behindOurs, also(behindOurs, "ecs.loadBalancer.sslPolicy=ELBSecurityPolicy-TLS13-1-2-2021-06"), nil},
	{"access logs", behindOurs, also(behindOurs, "ecs.loadBalancer.accessLogsBucket="+ecsBucket), nil},
	{"another certificate", behindOurs, []string{"ecs.loadBalancer.certificateArn=" + otherCertificate, ownGroups}, nil},
	{"plain HTTP", behindOurs, []string{"ecs.loadBalancer.allowHttp=true", ownGroups}, nil},
	{"names and a certificate made for them", behindOurs, named, nil},
	{"names over plain HTTP", named, also(named, "ecs.loadBalancer.allowHttp=true"), nil},
	{"given groups of the load balancer", behindOurs, also(behindOurs, "ecs.loadBalancer.securityGroups="+anyGroup), nil},
	{"given groups of the tasks", alone, nil, nil},
	{"clients", behindOurs, also(behindOurs, "ecs.clientSecurityGroups="+anyGroup), nil},
	{"other subnets", behindOurs, also(behindOurs, "ecs.loadBalancer.subnets=["+strings.Join(stacktest.PublicSubnets, ",")+"]"), nil},
	{"alarms", behindOurs, also(behindOurs, withAlarms), nil},
	{"more errors", also(behindOurs, withAlarms), also(behindOurs, withAlarms, "ecs.alarms.serverErrors=50"), nil},
	{"autoscaling", alone, also(alone, withScaling), nil},
	{"a cluster", also(alone, "gateway.clustering.enabled=false"), alone, nil},
	{"another zone", also(alone, withCluster), also(alone, otherCluster), []string{pulumitype.AwsPrivateDnsNamespace,
		pulumitype.AwsDiscoveryService}},
	{"another name in the zone", alone, also(alone, "ecs.clustering.service=llm"), []string{pulumitype.AwsDiscoveryService}},
	{"a broker", alone, also(alone, stacktest.WithBroker), []string{pulumitype.AwsDiscoveryService}},
	{"another VPC", also(behindOurs, busy...), also(behindOurs, append([]string{otherSubnets}, busy...)...), []string{
		pulumitype.AwsLoadBalancer, pulumitype.AwsTargetGroup, pulumitype.AwsListener, pulumitype.AwsSecurityGroup,
		pulumitype.AwsIngressRule, pulumitype.AwsEgressRule, pulumitype.AwsPrivateDnsNamespace, pulumitype.AwsDiscoveryService,
	}},
	{"another name of the service", also(behindOurs, busy...), also(behindOurs, append([]string{"ecs.name=gateway"}, busy...)...), []string{
		edits.ServiceType, pulumitype.AwsScalableTarget, pulumitype.AwsScalingPolicy, pulumitype.AwsMetricAlarm, edits.RolePolicyType,
		edits.RoleType,
	}},
}

// TestECSChanges: each change of what stands around the service, and the change back, is what the preview says, and then holds; nothing is
// left, and nothing else is replaced than what is expected.
func TestECSChanges(t *testing.T) {
	t.Parallel()
	for _, c := range ecsChanges {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev").Set(onECS(c.before)...)
			s.World.SeedBucket(ecsNetwork, ecsBucket)
			s.World.SeedNetwork(otherNetwork)
			s.World.SeedCertificate(ecsNetwork, otherCertificate)
			s.Engine.MustUp()
			service := edits.The(t, s.World, edits.ServiceType, "service/dev/bifrost")[0]
			for _, settings := range [][]string{c.after, c.before} {
				s.Set(onECS(settings)...)
				preview := s.Engine.Preview()
				require.NoError(t, preview.Err, preview.Messages())
				up := s.Engine.MustUp()
				require.ElementsMatch(t, preview.Plan(), up.Plan())
				require.Empty(t, s.Strays(up))
				for _, step := range up.Steps {
					if step.Op == "replace" {
						require.Contains(t, append([]string{pulumitype.AwsTaskDefinition, pulumitype.AwsSecretVersion}, c.replaced...),
							step.Type)
					}
				}
				if !slices.Contains(c.replaced, edits.ServiceType) {
					require.Same(t, service, edits.The(t, s.World, edits.ServiceType, service.ID)[0])
				}
				stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
				require.NoError(t, s.Engine.Refresh().Err)
				stacktest.OnlySame(t, s.Engine.MustUp(), "what is read is what was asked for")
			}
		})
	}
}
