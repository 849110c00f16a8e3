package stacks

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/internal/graphtest"
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
	getVpc         = "aws:ec2/getVpc:getVpc"
	getTargetGroup = "aws:lb/getTargetGroup:getTargetGroup"
	getEcsCluster  = "aws:ecs/getCluster:getCluster"

	unauthorized = "UnauthorizedOperation: You are not authorized to perform this operation"
	noEndpoint   = "no matching EC2 VPC Endpoint found"
)

var ecsSubnets = []any{subnetA, subnetB}

// ecsWith is the ecs object of the dev stack, with keys and values beside.
func ecsWith(pairs ...any) map[string]any {
	e := map[string]any{"clusterName": "dev", "subnets": ecsSubnets, "securityGroups": []any{"sg-0123456789abcdef0"}}
	for i := 0; i < len(pairs); i += 2 {
		e[pairs[i].(string)] = pairs[i+1]
	}
	return e
}

// lbWith is a load balancer for the dev stack, with one value changed.
func lbWith(key string, value any) map[string]any {
	return map[string]any{"certificateArn": certificate, "securityGroups": []any{lbGroup}, key: value}
}

func ecsLookup(status, insights string) map[string]any {
	return map[string]any{
		"arn": "arn:aws:ecs:us-east-1:111122223333:cluster/dev", "status": status,
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
		"arn": targetGroup, "targetType": "ip", "protocol": "HTTP", "port": 8080, "vpcId": vpcId, "healthCheck": map[string]any{"path": "/health"},
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
		getSubnet:      subnets(map[string][2]string{subnetA: {vpcId, "us-east-1a"}, subnetB: {vpcId, "us-east-1b"}, "subnet-0c1d2e3f4a5b60718": {vpcId, "us-east-1c"}, "subnet-0d1e2f3a4b5c60718": {vpcId, "us-east-1d"}, "subnet-00000003": {vpcId, "us-east-1a"}, "subnet-00000004": {"vpc-4", "us-east-1b"}}),
		getRouteTable:  always(routeTable(route("natGatewayId", "nat-1"))),
		getVpcEndpoint: never(noEndpoint),
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

// TestECSNetwork: what the look-ups show to be wrong stops the stack before anything is made; what they cannot show is said.
func TestECSNetwork(t *testing.T) {
	isolated := always(routeTable())
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
		"no such subnet":       {map[string]any{"ecs.subnets": []any{"subnet-00000009"}}, nil, []string{"ecs.subnets: there is no subnet subnet-00000009", "aws ec2 describe-subnets"}, nil},
		"no load balancer's":   {map[string]any{"ecs.loadBalancer": lbWith("subnets", []any{"subnet-00000009"})}, nil, []string{"ecs.loadBalancer.subnets: there is no subnet"}, nil},
		"two VPCs":             {map[string]any{"ecs.subnets": []any{subnetA, "subnet-00000004"}}, nil, []string{"vpc-4", "one VPC"}, nil},
		"one zone, dev":        {map[string]any{"ecs.subnets": []any{subnetA, "subnet-00000003"}}, nil, nil, []string{"all in zone us-east-1a"}},
		"one zone, production": {map[string]any{"ecs.subnets": []any{subnetA}, "protectIdentities": nil}, nil, []string{"all in zone us-east-1a", "'bifrost:ecs.singleZone' allow"}, nil},
		"one zone, meant":      {map[string]any{"ecs.subnets": []any{subnetA}, "protectIdentities": nil, "ecs.singleZone": "allow"}, nil, nil, []string{"all in zone us-east-1a"}},
		"load balancer in one zone": {map[string]any{"ecs.loadBalancer": lbWith("subnets", []any{subnetA, "subnet-00000003"})}, nil, []string{
			"ecs.loadBalancer.subnets: all in us-east-1a", "needs two zones"}, nil},
		"subnets unseen":               {nil, map[string]answer{getSubnet: never(unauthorized)}, nil, []string{"could not be looked up, so neither its zones nor its way"}},
		"subnets unseen, and needed":   {map[string]any{"ecs.securityGroups": nil}, map[string]answer{getSubnet: never(unauthorized)}, []string{"ec2:DescribeSubnets"}, nil},
		"subnets unseen, target group": {map[string]any{"ecs.targetGroupArn": targetGroup}, map[string]answer{getSubnet: never(unauthorized)}, nil, []string{"could not be looked up"}},

		// The way out.
		"the VPC's main route table": {nil, map[string]answer{getRouteTable: func(args resource.PropertyMap) (resource.PropertyMap, error) {
			if _, own := args["subnetId"]; own && args["subnetId"].HasValue() {
				return nil, errors.New("query returned no results")
			}
			return resource.NewPropertyMapFromMap(routeTable(route("natGatewayId", "nat-1"))), nil
		}}, nil, nil},
		"public, without addresses": {nil, map[string]answer{getRouteTable: public}, []string{subnetA + " is public", subnetB + " is public", "'bifrost:ecs.assignPublicIp' true"}, nil},
		"public":                    {map[string]any{"ecs.assignPublicIp": true}, map[string]answer{getRouteTable: public}, nil, nil},
		"a transit gateway":         {nil, map[string]answer{getRouteTable: always(routeTable(route("transitGatewayId", "tgw-1")))}, nil, []string{subnetA + " leads through tgw-1", subnetB + " leads through tgw-1"}},
		"a firewall":                {nil, map[string]answer{getRouteTable: always(routeTable(route("vpcEndpointId", "vpce-1")))}, nil, []string{"vpce-1", "vpce-1"}},
		"a VPN":                     {nil, map[string]answer{getRouteTable: always(routeTable(route("gatewayId", "vgw-1")))}, nil, []string{"vgw-1", "vgw-1"}},
		"IPv6 alone":                {nil, map[string]answer{getRouteTable: always(routeTable(map[string]any{"ipv6CidrBlock": "::/0", "egressOnlyGatewayId": "eigw-1"}))}, nil, []string{"eigw-1", "eigw-1"}},
		"shared endpoints behind a transit gateway": {nil, map[string]answer{getRouteTable: always(routeTable(map[string]any{"cidrBlock": "10.0.0.0/8", "transitGatewayId": "tgw-1"}))}, nil, []string{"tgw-1", "tgw-1"}},
		"routes unseen": {nil, map[string]answer{getRouteTable: never(unauthorized)}, nil, []string{"routes of " + subnetA, "routes of " + subnetB}},

		// Endpoints instead.
		"all endpoints":          {nil, map[string]answer{getRouteTable: isolated, getVpcEndpoint: endpoints(allEndpoints())}, nil, nil},
		"no endpoints":           {nil, map[string]answer{getRouteTable: isolated}, []string{"lacks com.amazonaws.us-east-1.ecr.api", "ecr.dkr", "s3", "logs", "secretsmanager", "aws ec2 create-vpc-endpoint --region us-east-1 --vpc-id " + vpcId}, nil},
		"no endpoint for logs":   {nil, map[string]answer{getRouteTable: isolated, getVpcEndpoint: endpoints(withoutEndpoint("logs"))}, []string{"instead " + vpcId + " lacks com.amazonaws.us-east-1.logs; "}, nil},
		"no endpoint for layers": {nil, map[string]answer{getRouteTable: isolated, getVpcEndpoint: endpoints(withoutEndpoint("s3"))}, []string{"lacks com.amazonaws.us-east-1.s3; "}, nil},
		"S3 through an interface": {nil, map[string]answer{getRouteTable: isolated, getVpcEndpoint: endpoints(func() map[string]map[string]any {
			all := withoutEndpoint("s3")
			all["com.amazonaws.us-east-1.s3 Interface"] = map[string]any{"privateDnsEnabled": true}
			return all
		}())}, nil, nil},
		"endpoint without private DNS": {nil, map[string]answer{getRouteTable: isolated, getVpcEndpoint: endpoints(withEndpoint("ecr.dkr Interface", map[string]any{"privateDnsEnabled": false}))},
			[]string{"has com.amazonaws.us-east-1.ecr.dkr without private DNS"}, nil},
		"S3 for another route table": {nil, map[string]answer{getRouteTable: isolated, getVpcEndpoint: endpoints(withEndpoint("s3 Gateway", map[string]any{"routeTableIds": []any{"rtb-0"}}))},
			[]string{"has com.amazonaws.us-east-1.s3 without the route table rtb-1"}, nil},
		"several endpoints for one service": {nil, map[string]answer{getRouteTable: isolated, getVpcEndpoint: never("multiple EC2 VPC Endpoints matched; use additional constraints")}, nil, nil},
		"endpoints unseen":                  {nil, map[string]answer{getRouteTable: isolated, getVpcEndpoint: never(unauthorized)}, nil, []string{subnetA + " has no way out", subnetB + " has no way out"}},
		"a registry elsewhere": {map[string]any{"registry.image": "444455556666.dkr.ecr.eu-west-1.amazonaws.com/acme-hub:2.1.0"},
			map[string]answer{getRouteTable: isolated, getVpcEndpoint: endpoints(allEndpoints())}, []string{"lacks com.amazonaws.eu-west-1.ecr.api, lacks com.amazonaws.eu-west-1.ecr.dkr, lacks com.amazonaws.eu-west-1.s3; "}, nil},
		"some endpoints unseen, one missing": {nil, map[string]answer{getRouteTable: isolated, getVpcEndpoint: func(args resource.PropertyMap) (resource.PropertyMap, error) {
			if strings.HasSuffix(args["serviceName"].StringValue(), ".logs") {
				return nil, errors.New(unauthorized)
			}
			return endpoints(withoutEndpoint("ecr.api"))(args)
		}}, []string{"lacks com.amazonaws.us-east-1.ecr.api; "}, nil},
		"China": {map[string]any{"eks": nil, "aws.region": "cn-north-1"}, map[string]answer{getRouteTable: isolated}, nil, []string{subnetA + " has no way out, and some endpoints have other names", subnetB}},
		"Exec needs its own": {map[string]any{"ecs.exec": true, "ecs.readOnlyRoot": false}, map[string]answer{getRouteTable: isolated, getVpcEndpoint: endpoints(allEndpoints())},
			[]string{"lacks com.amazonaws.us-east-1.ssmmessages; "}, nil},

		// The load balancer.
		"internet-facing in private subnets": {map[string]any{"ecs.loadBalancer": lbWith("scheme", "internet-facing")}, nil, []string{subnetA + " is not public", "ecs.loadBalancer.scheme to internal"}, nil},
		"internet-facing":                    {map[string]any{"ecs.loadBalancer": lbWith("scheme", "internet-facing"), "ecs.assignPublicIp": true}, map[string]answer{getRouteTable: public}, nil, nil},
		"the VPC's addresses unseen":         {map[string]any{"ecs.securityGroups": nil, "ecs.loadBalancer": own}, map[string]answer{getVpc: never(unauthorized)}, []string{"ecs.loadBalancer.allowedCidrs", "ec2:DescribeVpcs"}, nil},
		"target group":                       {map[string]any{"ecs.targetGroupArn": targetGroup}, nil, nil, nil},
		"no such target group":               {map[string]any{"ecs.targetGroupArn": targetGroup}, map[string]answer{getTargetGroup: never("TargetGroupNotFound")}, []string{"ecs.targetGroupArn: there is no target group", "aws elbv2 describe-target-groups"}, nil},
		"unfit target group": {map[string]any{"ecs.targetGroupArn": targetGroup}, map[string]answer{getTargetGroup: always(map[string]any{"targetType": "instance", "protocol": "HTTPS", "vpcId": "vpc-4"})},
			[]string{"of type instance", "its protocol is HTTPS", "it is in vpc-4", "no listener"}, nil},
		"target group that checks elsewhere": {map[string]any{"ecs.targetGroupArn": targetGroup}, map[string]answer{getTargetGroup: always(func() map[string]any {
			found := targetGroupLookup()
			found["healthCheck"] = map[string]any{"path": "/"}
			return found
		}())}, nil, []string{"checks /;"}},

		// Clustering and alarms.
		"a VPC without DNS names":       {map[string]any{"ecs.clustering.namespace": "bifrost.internal"}, map[string]answer{getVpc: always(vpcLookup(false))}, []string{"ecs.clustering", "--enable-dns-hostnames"}, nil},
		"a VPC unseen":                  {map[string]any{"ecs.clustering.namespace": "bifrost.internal"}, map[string]answer{getVpc: never(unauthorized)}, nil, []string{"ecs.securityGroups: see that", "ecs.clustering: vpc-0123456789abcdef0 could not be looked up (ec2:DescribeVpcs)"}},
		"a cluster in given groups":     {map[string]any{"ecs.clustering.namespace": "bifrost.internal"}, nil, nil, []string{"sg-0123456789abcdef0 let the tasks reach each other, or no cluster forms: TCP and UDP 10101, TCP 10102"}},
		"a cluster in its own":          {map[string]any{"ecs.clustering.namespace": "bifrost.internal", "ecs.securityGroups": nil}, nil, nil, nil},
		"Exec with a given role":        {map[string]any{"ecs.exec": true, "ecs.readOnlyRoot": false, "ecs.taskRoleArn": "arn:aws:iam::111122223333:role/bedrock"}, nil, nil, []string{"role/bedrock allows ssmmessages:CreateControlChannel, "}},
		"alarms with nothing to count":  {map[string]any{"ecs.alarms.topicArn": topic}, map[string]answer{getEcsCluster: always(ecsLookup("ACTIVE", "disabled"))}, []string{"ecs.alarms", "aws ecs update-cluster-settings --region us-east-1 --cluster dev"}, nil},
		"alarms, with enhanced insight": {map[string]any{"ecs.alarms.topicArn": topic}, map[string]answer{getEcsCluster: always(ecsLookup("ACTIVE", "enhanced"))}, nil, nil},
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
			if err != nil {
				for _, r := range g.Resources {
					require.Contains(t, r.Type, "pulumi:providers:", "%s was registered", r.URN)
				}
				return
			}
			got := networkWarnings(t, s, g.Answers)
			require.Len(t, got, len(c.warnings), "%v", got)
			for i, want := range c.warnings {
				require.Contains(t, got[i], want)
			}
		})
	}
}

// networkWarnings runs the look-ups alone: the recorder does not see what a program logs.
func networkWarnings(t *testing.T, s settings, answers map[string]answer) []string {
	t.Helper()
	g := s.graph(t, "aws-dev")
	maps.Copy(g.Answers, answers)
	var warnings []string
	require.NoError(t, g.Run(func(ctx *pulumi.Context) error {
		config, err := Parse("aws-dev", read(ctx, Options{}))
		if err != nil {
			return err
		}
		provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{})
		if err != nil {
			return err
		}
		n := &ecsNetworkCheck{config: config, ctx: ctx, on: pulumi.Provider(provider)}
		err = n.run(&ecsPlace{})
		warnings = n.warnings
		return err
	}))
	return warnings
}

// TestECSIdentityLooksAtNoNetwork: before the vendor's answer the network need not be there.
func TestECSIdentityLooksAtNoNetwork(t *testing.T) {
	g := record(t, "aws-dev", stackFile(t, "aws-dev").set("rollout", RolloutIdentity).set("secrets", nil))
	for _, call := range g.Calls {
		require.NotContains(t, call.Token, "aws:ec2/", "looked up")
	}
}

// ecsConfigFile is the config.json that the tasks get.
func ecsConfigFile(t *testing.T, g *graphtest.Graph) map[string]any {
	t.Helper()
	var config map[string]any
	text := g.Named(t, "aws:secretsmanager/secretVersion:SecretVersion", "ecs-config-version").Input(t, "secretString").(string)
	require.NoError(t, json.Unmarshal([]byte(text), &config))
	return config
}

// TestECSDesiredCount: what is configured, what the autoscaling keeps at least, or what the gateway has elsewhere.
func TestECSDesiredCount(t *testing.T) {
	scaling := map[string]any{"minTasks": 3, "maxTasks": 9, "cpuPercent": 60}
	for name, c := range map[string]struct {
		s    settings
		want float64
	}{
		"at least":      {stackFile(t, "aws-dev").set("ecs.autoscaling", scaling), 3},
		"to begin with": {stackFile(t, "aws-dev").set("ecs.autoscaling", scaling).set("ecs.desiredCount", 5), 5},
		"replicas":      {stackFile(t, "aws-dev").set("ecs.autoscaling", map[string]any{"maxTasks": 9, "cpuPercent": 60}), 2},
	} {
		require.Equal(t, c.want, record(t, "aws-dev", c.s).One(t, "aws:ecs/service:Service").Input(t, "desiredCount"), name)
	}
	g := stackFile(t, "aws-dev").set("gateway.replicas", 1).set("gateway.config.config_store.type", "sqlite").
		set("gateway.config.config_store.config", map[string]any{"path": "/app/data/config.db"}).
		set("ecs.autoscaling", map[string]any{"maxTasks": 2, "cpuPercent": 60}).graph(t, "aws-dev")
	require.ErrorContains(t, g.Run(program(g)), "bifrost:ecs.autoscaling.maxTasks: Invalid value: 2: SQLite")
}

// ecsExamples are the stack files below examples/ that run on ECS alone.
var ecsExamples = []string{"ecs-minimal", "ecs-production"}

// TestECSExamples pins what the examples render: the task definition, every policy document and the URNs.
func TestECSExamples(t *testing.T) {
	for _, name := range ecsExamples {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("..", "examples", name, "Pulumi."+name+".yaml"))
			require.NoError(t, err)
			g := record(t, name, parseStackFile(t, text))
			g.RequireProviders(t)
			requireGolden(t, name+".task.json", taskDefinition(t, g))
			requireGolden(t, name+".policies.json", policies(t, g))
			requireGolden(t, name+".full.urns", strings.Join(g.URNs(), "\n")+"\n")
		})
	}
}

func requireGolden(t *testing.T, file, got string) {
	t.Helper()
	golden := filepath.Join("testdata", file)
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run go test ./stacks -update, and review the difference before you commit it")
}

// taskDefinition is what ECS would register, with the containers as they are rendered.
func taskDefinition(t *testing.T, g *graphtest.Graph) string {
	t.Helper()
	task := graphtest.Plain(g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Inputs).Mappable()
	task["containerDefinitions"] = json.RawMessage(task["containerDefinitions"].(string))
	return indented(t, task)
}

// policies are all IAM documents by the logical names of their resources: what roles may do, and who may assume them.
func policies(t *testing.T, g *graphtest.Graph) string {
	t.Helper()
	documents := map[string]any{}
	for _, d := range []struct{ typ, input string }{
		{"aws:iam/role:Role", "assumeRolePolicy"}, {"aws:iam/policy:Policy", "policy"}, {"aws:iam/rolePolicy:RolePolicy", "policy"},
	} {
		for _, r := range g.Of(d.typ) {
			documents[r.Name] = json.RawMessage(r.Input(t, d.input).(string))
		}
	}
	return indented(t, documents)
}

func indented(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	return string(b) + "\n"
}

// TestNoExpensivePackage: everybody who runs the program compiles what it imports (docs/decisions/0010-compile-cost.md).
func TestNoExpensivePackage(t *testing.T) {
	deps, err := exec.Command("go", "list", "-deps", "bifrost").Output()
	require.NoError(t, err)
	require.Contains(t, string(deps), "/go/aws/vpc\n", "the list proves nothing")
	require.NotContains(t, string(deps), "/go/aws/ec2\n")
}

// TestTasks: what the configuration says of the number of tasks is what the component makes of it.
func TestTasks(t *testing.T) {
	one, five := 1, 5
	for name, test := range map[string]struct {
		ecs         Ecs
		least, most int
	}{
		"as the gateway's replicas":   {Ecs{}, 1, 1},
		"fixed":                       {Ecs{DesiredCount: &five}, 5, 5},
		"scaled":                      {Ecs{Autoscaling: &EcsAutoscaling{MinTasks: 2, MaxTasks: 9}}, 2, 9},
		"scaled from the fixed count": {Ecs{DesiredCount: &five, Autoscaling: &EcsAutoscaling{MaxTasks: 9}}, 5, 9},
	} {
		t.Run(name, func(t *testing.T) {
			c := &Config{Ecs: &test.ecs, Gateway: Gateway{Replicas: &one}}
			c.resolve()
			least, most := c.Tasks()
			require.Equal(t, []int{test.least, test.most}, []int{least, most})
			most, added := onEcs.processes(c)
			require.Equal(t, []int{test.most, test.most}, []int{most, added}, "twice as many in a rollout, 200 %")
		})
	}
}
