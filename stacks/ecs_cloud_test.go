package stacks_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

// The network of the dev stacks: two private subnets of two zones, and what the tests name beside them.
const (
	subnetA     = "subnet-0a1b2c3d4e5f60718"
	subnetB     = "subnet-0b1c2d3e4f5a60718"
	vpcId       = "vpc-0123456789abcdef0"
	lbGroup     = "sg-00000000000000001"
	certificate = "arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000001"
	topic       = "arn:aws:sns:us-east-1:111122223333:bifrost-alarms"
	targetGroup = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/bifrost/0123456789abcdef"

	getSubnet      = "aws:ec2/getSubnet:getSubnet"
	getRouteTable  = "aws:ec2/getRouteTable:getRouteTable"
	getVpcEndpoint = "aws:ec2/getVpcEndpoint:getVpcEndpoint"
	getVpnGateway  = "aws:ec2/getVpnGateway:getVpnGateway"
	getVpc         = "aws:ec2/getVpc:getVpc"
	getTargetGroup = "aws:lb/getTargetGroup:getTargetGroup"
	getEcsCluster  = "aws:ecs/getCluster:getCluster"

	unauthorized = "UnauthorizedOperation: You are not authorized to perform this operation"
	noEndpoint   = "no matching EC2 VPC Endpoint found"
)

var ecsSubnets = []any{subnetA, subnetB}

func ecsLookup(status, insights string) map[string]any {
	return map[string]any{
		"arn": "arn:aws:ecs:us-east-1:111122223333:cluster/dev", "status": status, "runningTasksCount": 2,
		"settings": []any{map[string]any{"name": "containerInsights", "value": insights}},
	}
}

// subnets answers for subnets by id: VPC and zone.
func subnets(known map[string][2]string) answer {
	return func(args resource.PropertyMap) (resource.PropertyMap, error) {
		found, ok := known[args["id"].StringValue()]
		if !ok {
			return nil, errors.New("InvalidSubnetID.NotFound")
		}
		return resource.NewPropertyMapFromMap(map[string]any{"vpcId": found[0], "availabilityZone": found[1]}), nil
	}
}

// routeTable has routes beside the VPC's own.
func routeTable(routes ...map[string]any) map[string]any {
	all := []any{map[string]any{"cidrBlock": "10.0.0.0/16", "gatewayId": "local"}}
	for _, r := range routes {
		all = append(all, r)
	}
	return map[string]any{"routeTableId": "rtb-1", "routes": all}
}

func route(key, target string) map[string]any {
	return map[string]any{"cidrBlock": "0.0.0.0/0", key: target}
}

func targetGroupLookup() map[string]any {
	return map[string]any{
		"arn": targetGroup, "targetType": "ip", "protocol": "HTTP", "port": 8080, "vpcId": vpcId,
		"healthCheck":      map[string]any{"path": "/health"},
		"loadBalancerArns": []any{"arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/shared/0123456789abcdef"},
	}
}

func vpcLookup(dns bool) map[string]any {
	return map[string]any{
		"cidrBlockAssociations": []any{map[string]any{"cidrBlock": "10.0.0.0/16"}, map[string]any{"cidrBlock": "100.64.0.0/16"}},
		"enableDnsSupport":      true, "enableDnsHostnames": dns,
	}
}

// ecsCloud is a network in which the tasks can start.
func ecsCloud() map[string]answer {
	return map[string]answer{
		getSubnet: subnets(map[string][2]string{
			subnetA: {vpcId, "us-east-1a"}, subnetB: {vpcId, "us-east-1b"},
			"subnet-0c1d2e3f4a5b60718": {vpcId, "us-east-1c"}, "subnet-0d1e2f3a4b5c60718": {vpcId, "us-east-1d"},
			"subnet-00000003": {vpcId, "us-east-1a"}, "subnet-00000004": {"vpc-4", "us-east-1b"},
		}),
		getRouteTable:  always(routeTable(route("natGatewayId", "nat-1"))),
		getVpcEndpoint: never(noEndpoint),
		getVpnGateway:  never("no matching EC2 VPN Gateway found"),
		getVpc:         always(vpcLookup(true)),
		getTargetGroup: always(targetGroupLookup()),
	}
}

// endpoints answers for the endpoints of a VPC, by service and type.
func endpoints(known map[string]map[string]any) answer {
	return func(args resource.PropertyMap) (resource.PropertyMap, error) {
		kind := args["filters"].ArrayValue()[0].ObjectValue()["values"].ArrayValue()[0].StringValue()
		found, ok := known[args["serviceName"].StringValue()+" "+kind]
		if !ok {
			return nil, errors.New(noEndpoint)
		}
		return resource.NewPropertyMapFromMap(found), nil
	}
}

// allEndpoints are those that do without a way out.
func allEndpoints() map[string]map[string]any {
	all := map[string]map[string]any{"com.amazonaws.us-east-1.s3 Gateway": {"routeTableIds": []any{"rtb-0", "rtb-1"}}}
	for _, service := range []string{"ecr.api", "ecr.dkr", "logs", "secretsmanager"} {
		all["com.amazonaws.us-east-1."+service+" Interface"] = map[string]any{"privateDnsEnabled": true}
	}
	return all
}

func withoutEndpoint(service string) map[string]map[string]any {
	all := allEndpoints()
	maps.DeleteFunc(all, func(name string, _ map[string]any) bool {
		return strings.HasPrefix(name, "com.amazonaws.us-east-1."+service+" ")
	})
	return all
}

func withEndpoint(service string, v map[string]any) map[string]map[string]any {
	all := allEndpoints()
	all["com.amazonaws.us-east-1."+service] = v
	return all
}

// networkWarnings runs the look-ups alone: the recorder does not see what a program logs.
func networkWarnings(t *testing.T, s settings, answers map[string]answer) []string {
	t.Helper()
	g := s.graph(t, "aws-dev")
	maps.Copy(g.Answers, answers)
	var warnings []string
	require.NoError(t, g.Run(func(ctx *pulumi.Context) error {
		config, err := stacks.Parse("aws-dev", stacks.Read(ctx, stacks.Options{}))
		if err != nil {
			return err
		}
		provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{})
		if err != nil {
			return err
		}
		warnings, err = stacks.EcsNetworkWarnings(ctx, config, provider)
		return err
	}))
	return warnings
}

// requireTold: a stack that was stopped has registered nothing, and one that was not has told its warnings.
func requireTold(t *testing.T, s settings, g *graphtest.Graph, err error, warnings []string) {
	t.Helper()
	if err != nil {
		for _, r := range g.Resources {
			require.Contains(t, r.Type, "pulumi:providers:", "%s was registered", r.URN)
		}
		return
	}
	got := networkWarnings(t, s, g.Answers)
	require.Len(t, got, len(warnings), "%v", got)
	for i, want := range warnings {
		require.Contains(t, got[i], want)
	}
}
