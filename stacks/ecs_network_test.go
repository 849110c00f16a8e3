package stacks_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
)

// TestECSNetwork: what the look-ups show to be wrong stops the stack before anything is made; what they cannot show is said.
func TestECSNetwork(t *testing.T) {
	t.Parallel()
	isolated := always(routeTable())
	isolatedWith := func(endpoint answer) map[string]answer {
		return map[string]answer{getRouteTable: isolated, getVpcEndpoint: endpoint}
	}
	public := always(routeTable(route("gatewayId", "igw-1")))
	own := map[string]any{"certificateArn": certificate}
	for name, c := range map[string]struct {
		settings map[string]any
		answers  map[string]answer
		wrong    []string
		warnings []string
	}{
		"a NAT gateway": {},

		// Subnets and zones.
		"no such subnet": {
			settings: map[string]any{"ecs.subnets": []any{"subnet-00000009"}},
			wrong:    []string{"ecs.subnets: there is no subnet subnet-00000009", "aws ec2 describe-subnets"},
		},
		"no load balancer's": {
			settings: map[string]any{"ecs.loadBalancer": lbWith("subnets", []any{"subnet-00000009"})},
			wrong:    []string{"ecs.loadBalancer.subnets: there is no subnet"},
		},
		"two VPCs": {map[string]any{"ecs.subnets": []any{subnetA, "subnet-00000004"}}, nil, []string{"vpc-4", "one VPC"}, nil},
		"one zone, dev": {
			settings: map[string]any{"ecs.subnets": []any{subnetA, "subnet-00000003"}},
			warnings: []string{"all in zone us-east-1a"},
		},
		"one zone, production": {
			settings: map[string]any{"ecs.subnets": []any{subnetA}, "protectIdentities": nil},
			wrong:    []string{"all in zone us-east-1a", "'bifrost:ecs.singleZone' allow"},
		},
		"one zone, meant": {
			settings: map[string]any{"ecs.subnets": []any{subnetA}, "protectIdentities": nil, "ecs.singleZone": "allow"},
			warnings: []string{"all in zone us-east-1a"},
		},
		"load balancer in one zone": {
			settings: map[string]any{"ecs.loadBalancer": lbWith("subnets", []any{subnetA, "subnet-00000003"})},
			wrong:    []string{"ecs.loadBalancer.subnets: all in us-east-1a", "needs two zones"},
		},
		"subnets unseen": {
			answers:  map[string]answer{getSubnet: never(unauthorized)},
			warnings: []string{"could not be looked up, so neither its zones nor its way"},
		},
		"subnets unseen, and needed": {
			settings: map[string]any{"ecs.securityGroups": nil},
			answers:  map[string]answer{getSubnet: never(unauthorized)},
			wrong:    []string{"ec2:DescribeSubnets"},
		},
		"subnets unseen, target group": {
			settings: map[string]any{"ecs.targetGroupArn": targetGroup},
			answers:  map[string]answer{getSubnet: never(unauthorized)},
			warnings: []string{"could not be looked up"},
		},

		// The way out.
		"the VPC's main route table": {nil, map[string]answer{getRouteTable: func(args resource.PropertyMap) (resource.PropertyMap, error) {
			if _, own := args["subnetId"]; own && args["subnetId"].HasValue() {
				return nil, errors.New("query returned no results")
			}
			return resource.NewPropertyMapFromMap(routeTable(route("natGatewayId", "nat-1"))), nil
		}}, nil, nil},
		"public, without addresses": {
			answers: map[string]answer{getRouteTable: public},
			wrong:   []string{subnetA + " is public", subnetB + " is public", "'bifrost:ecs.assignPublicIp' true"},
		},
		"public": {map[string]any{"ecs.assignPublicIp": true}, map[string]answer{getRouteTable: public}, nil, nil},
		"a transit gateway": {
			answers:  map[string]answer{getRouteTable: always(routeTable(route("transitGatewayId", "tgw-1")))},
			warnings: []string{subnetA + " leads through tgw-1", subnetB + " leads through tgw-1"},
		},
		"a firewall": {
			answers:  map[string]answer{getRouteTable: always(routeTable(route("vpcEndpointId", "vpce-1")))},
			warnings: []string{"vpce-1", "vpce-1"},
		},
		"a VPN": {
			answers:  map[string]answer{getRouteTable: always(routeTable(route("gatewayId", "vgw-1")))},
			warnings: []string{"vgw-1", "vgw-1"},
		},
		"a VPN whose routes are propagated": {
			answers:  map[string]answer{getRouteTable: isolated, getVpnGateway: always(map[string]any{"id": "vgw-1"})},
			warnings: []string{subnetA + " has no way out, unless vgw-1 propagates one", subnetB + " has no way out, unless vgw-1"},
		},
		"a VPN that cannot be seen": {
			answers:  map[string]answer{getRouteTable: isolated, getVpnGateway: never(unauthorized)},
			warnings: []string{"the tasks in " + subnetA + " could not start", "ec2:DescribeVpnGateways"},
		},
		"IPv6 alone": {
			answers: map[string]answer{getRouteTable: always(routeTable(map[string]any{
				"ipv6CidrBlock": "::/0", "egressOnlyGatewayId": "eigw-1",
			}))},
			warnings: []string{"eigw-1", "eigw-1"},
		},
		"shared endpoints behind a transit gateway": {
			answers: map[string]answer{getRouteTable: always(routeTable(map[string]any{
				"cidrBlock": "10.0.0.0/8", "transitGatewayId": "tgw-1",
			}))},
			warnings: []string{"tgw-1", "tgw-1"},
		},
		"routes unseen": {
			answers:  map[string]answer{getRouteTable: never(unauthorized)},
			warnings: []string{"routes of " + subnetA, "routes of " + subnetB},
		},

		// Endpoints instead.
		"all endpoints": {nil, isolatedWith(endpoints(allEndpoints())), nil, nil},
		"no endpoints": {
			answers: map[string]answer{getRouteTable: isolated},
			wrong: []string{
				"lacks com.amazonaws.us-east-1.ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager",
				"aws ec2 create-vpc-endpoint --region us-east-1 --vpc-id " + vpcId,
			},
		},
		"no endpoint for logs": {
			answers: isolatedWith(endpoints(withoutEndpoint("logs"))),
			wrong:   []string{"instead " + vpcId + " lacks com.amazonaws.us-east-1.logs; "},
		},
		"no endpoint for layers": {
			answers: isolatedWith(endpoints(withoutEndpoint("s3"))),
			wrong:   []string{"lacks com.amazonaws.us-east-1.s3; "},
		},
		"S3 through an interface": {nil, isolatedWith(endpoints(func() map[string]map[string]any {
			all := withoutEndpoint("s3")
			all["com.amazonaws.us-east-1.s3 Interface"] = map[string]any{"privateDnsEnabled": true}
			return all
		}())), nil, nil},
		"endpoint without private DNS": {
			answers: isolatedWith(endpoints(withEndpoint("ecr.dkr Interface", map[string]any{"privateDnsEnabled": false}))),
			wrong:   []string{"has com.amazonaws.us-east-1.ecr.dkr without private DNS"},
		},
		"S3 for another route table": {
			answers: isolatedWith(endpoints(withEndpoint("s3 Gateway", map[string]any{"routeTableIds": []any{"rtb-0"}}))),
			wrong:   []string{"has com.amazonaws.us-east-1.s3 without the route table rtb-1"},
		},
		"several endpoints for one service": {
			answers: isolatedWith(never("multiple EC2 VPC Endpoints matched; use additional constraints")),
		},
		"endpoints unseen": {
			answers:  isolatedWith(never(unauthorized)),
			warnings: []string{subnetA + " has no way out", subnetB + " has no way out"},
		},
		"a registry elsewhere": {
			settings: map[string]any{"registry.image": "444455556666.dkr.ecr.eu-west-1.amazonaws.com/acme-hub:2.1.0"},
			answers:  isolatedWith(endpoints(allEndpoints())),
			wrong: []string{
				"lacks com.amazonaws.eu-west-1.ecr.api, lacks com.amazonaws.eu-west-1.ecr.dkr, lacks com.amazonaws.eu-west-1.s3; ",
			},
		},
		"some endpoints unseen, one missing": {nil, isolatedWith(func(args resource.PropertyMap) (resource.PropertyMap, error) {
			if strings.HasSuffix(args["serviceName"].StringValue(), ".logs") {
				return nil, errors.New(unauthorized)
			}
			return endpoints(withoutEndpoint("ecr.api"))(args)
		}), []string{"lacks com.amazonaws.us-east-1.ecr.api; "}, nil},
		"China": {
			settings: map[string]any{
				"eks": nil, "aws.region": "cn-north-1",
				"registry.image": "444455556666.dkr.ecr.cn-north-1.amazonaws.com.cn/acme-hub:2.1.0",
			},
			answers:  map[string]answer{getRouteTable: isolated},
			warnings: []string{subnetA + " has no way out, and some endpoints have other names", subnetB},
		},
		"Exec needs its own": {
			settings: map[string]any{"ecs.exec": true, "ecs.readOnlyRoot": false},
			answers:  isolatedWith(endpoints(allEndpoints())),
			wrong:    []string{"lacks com.amazonaws.us-east-1.ssmmessages; "},
		},

		// The load balancer.
		"internet-facing in private subnets": {
			settings: map[string]any{"ecs.loadBalancer": lbWith("scheme", "internet-facing")},
			wrong:    []string{subnetA + " is not public", "ecs.loadBalancer.scheme to internal"},
		},
		"internet-facing": {
			settings: map[string]any{"ecs.loadBalancer": lbWith("scheme", "internet-facing"), "ecs.assignPublicIp": true},
			answers:  map[string]answer{getRouteTable: public},
		},
		"the VPC's addresses unseen": {
			settings: map[string]any{"ecs.securityGroups": nil, "ecs.loadBalancer": own},
			answers:  map[string]answer{getVpc: never(unauthorized)},
			wrong:    []string{"ecs.loadBalancer.allowedCidrs", "ec2:DescribeVpcs"},
		},
		"target group": {map[string]any{"ecs.targetGroupArn": targetGroup}, nil, nil, nil},
		"no such target group": {
			settings: map[string]any{"ecs.targetGroupArn": targetGroup},
			answers:  map[string]answer{getTargetGroup: never("TargetGroupNotFound")},
			wrong:    []string{"ecs.targetGroupArn: there is no target group", "aws elbv2 describe-target-groups"},
		},
		"unfit target group": {
			settings: map[string]any{"ecs.targetGroupArn": targetGroup},
			answers: map[string]answer{getTargetGroup: always(map[string]any{
				"targetType": "instance", "protocol": "HTTPS", "vpcId": "vpc-4",
			})},
			wrong: []string{"of type instance", "its protocol is HTTPS", "it is in vpc-4", "no listener"},
		},
		"target group that checks elsewhere": {
			settings: map[string]any{"ecs.targetGroupArn": targetGroup},
			answers: map[string]answer{getTargetGroup: always(func() map[string]any {
				found := targetGroupLookup()
				found["healthCheck"] = map[string]any{"path": "/"}
				return found
			}())},
			warnings: []string{"checks /;"},
		},

		// Clustering and alarms.
		"a VPC without DNS names": {
			settings: map[string]any{"ecs.clustering.namespace": "bifrost.internal"},
			answers:  map[string]answer{getVpc: always(vpcLookup(false))},
			wrong:    []string{"ecs.clustering", "--enable-dns-hostnames"},
		},
		"a VPC unseen": {
			settings: map[string]any{"ecs.clustering.namespace": "bifrost.internal"},
			answers:  map[string]answer{getVpc: never(unauthorized)},
			warnings: []string{
				"ecs.securityGroups: see that", "ecs.clustering: vpc-0123456789abcdef0 could not be looked up (ec2:DescribeVpcs and ec2:DescribeVpcAttribute)",
			},
		},
		"a cluster in given groups": {
			settings: map[string]any{"ecs.clustering.namespace": "bifrost.internal"},
			warnings: []string{"sg-0123456789abcdef0 let the tasks reach each other, or no cluster forms: TCP and UDP 10101, TCP 10102"},
		},
		"a cluster in its own": {
			settings: map[string]any{"ecs.clustering.namespace": "bifrost.internal", "ecs.securityGroups": nil},
		},
		"Exec with a given role": {
			settings: map[string]any{
				"ecs.exec": true, "ecs.readOnlyRoot": false, "ecs.taskRoleArn": "arn:aws:iam::111122223333:role/bedrock",
			},
			warnings: []string{"role/bedrock allows ssmmessages:CreateControlChannel, "},
		},
		"alarms with nothing to count": {
			settings: map[string]any{"ecs.alarms.topicArn": topic},
			answers:  map[string]answer{getEcsCluster: always(ecsLookup("ACTIVE", "disabled"))},
			wrong:    []string{"ecs.alarms", "aws ecs update-cluster-settings --region us-east-1 --cluster dev"},
		},
		"alarms, with enhanced insight": {
			settings: map[string]any{"ecs.alarms.topicArn": topic},
			answers:  map[string]answer{getEcsCluster: always(ecsLookup("ACTIVE", "enhanced"))},
		},
	} {
		t.Run(name, func(t *testing.T) {
			// A cluster has rows of its own.
			s := stackFile(t, "aws-dev").set("gateway.clustering.enabled", false)
			for key, v := range c.settings {
				s.set(key, v)
				if strings.HasPrefix(key, "ecs.clustering") {
					s.set("gateway.clustering", nil)
				}
			}
			g := s.graph(t, "aws-dev")
			maps.Copy(g.Answers, c.answers)
			err := g.Run(program(g))
			if len(c.wrong) == 0 {
				require.NoError(t, err)
			}
			for _, want := range c.wrong {
				require.ErrorContains(t, err, want)
			}
			requireTold(t, s, g, err, c.warnings)
		})
	}
}
