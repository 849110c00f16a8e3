package stacks

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	pulumiecs "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/ecs"
	"bifrost/internal/awsec2"
	"bifrost/internal/gateway"
	"bifrost/internal/iampolicy"
)

// ecsPlace is what the look-ups say of where the tasks run.
type ecsPlace struct {
	clusterArn string
	// vpcId is empty where it could not be looked up and nothing needs it.
	vpcId           string
	vpcCidrs        []string
	loadBalancerArn string
}

// lookUpEcs finds the cluster and, before the workload comes, what its network and its load balancer must have.
func (c *Config) lookUpEcs(ctx *pulumi.Context, provider pulumi.ProviderResource) (*ecsPlace, error) {
	found, err := pulumiecs.LookupCluster(ctx, &pulumiecs.LookupClusterArgs{ClusterName: c.Ecs.ClusterName}, pulumi.Provider(provider))
	if err != nil {
		return nil, fmt.Errorf("ecs.clusterName: there is no cluster %s in %s, or it cannot be read: %w; make it with `aws ecs create-cluster --region %s --cluster-name %s`, or set %s:ecs.clusterName",
			c.Ecs.ClusterName, c.Aws.Region, err, c.Aws.Region, c.Ecs.ClusterName, Project)
	}
	if found.Status != "ACTIVE" {
		return nil, fmt.Errorf("ecs.clusterName: cluster %s is %s, as ECS calls a deleted one; make it again with `aws ecs create-cluster --region %s --cluster-name %s`, or set %s:ecs.clusterName",
			c.Ecs.ClusterName, found.Status, c.Aws.Region, c.Ecs.ClusterName, Project)
	}
	place := &ecsPlace{clusterArn: found.Arn}
	if c.Rollout == RolloutIdentity {
		return place, nil
	}
	if c.Ecs.Alarms != nil && !hasInsights(found.Settings) {
		return nil, fmt.Errorf("ecs.alarms: cluster %s has no Container Insights, which counts desired and running tasks; turn it on with `aws ecs update-cluster-settings --region %s --cluster %s --settings name=containerInsights,value=enabled`, or remove %s:ecs.alarms",
			c.Ecs.ClusterName, c.Aws.Region, c.Ecs.ClusterName, Project)
	}
	n := &ecsNetworkCheck{config: c, ctx: ctx, on: pulumi.Provider(provider)}
	wrong := n.run(place)
	for _, warning := range n.warnings {
		if err := ctx.Log.Warn(warning, nil); err != nil {
			return nil, err
		}
	}
	return place, wrong
}

func hasInsights(settings []pulumiecs.GetClusterSetting) bool {
	return slices.ContainsFunc(settings, func(s pulumiecs.GetClusterSetting) bool {
		return s.Name == "containerInsights" && s.Value != "disabled"
	})
}

// ecsNetworkCheck looks a network up. What it cannot look up it says as a warning; what is there and does not do is an error.
type ecsNetworkCheck struct {
	config   *Config
	ctx      *pulumi.Context
	on       pulumi.InvokeOption
	subnets  map[string]awsec2.Subnet
	warnings []string
	// endpoints of the VPC by service and type, where asked for.
	endpoints map[string]endpointAnswer
}

type endpointAnswer struct {
	found   awsec2.VpcEndpoint
	present bool
	// several endpoints match, so that the look-up names none of them.
	several bool
	err     error
}

func (n *ecsNetworkCheck) run(place *ecsPlace) error {
	e := n.config.Ecs
	n.warnOfGiven()
	if err := n.lookUpSubnets(place); err != nil {
		return err
	}
	if place.vpcId == "" {
		return n.checkTargetGroup(place)
	}
	problems := []error{n.checkZones(), n.checkTargetGroup(place)}
	for _, id := range e.Subnets {
		problems = append(problems, n.checkWayOut(id, place.vpcId))
	}
	if e.LoadBalancer != nil && e.LoadBalancer.Scheme == ecs.SchemeInternetFacing {
		for _, id := range n.lbSubnets() {
			problems = append(problems, n.checkPublic(id, place.vpcId))
		}
	}
	return errors.Join(append(problems, n.checkVpc(place))...)
}

// warnOfGiven says what is given must do, where a gateway without it seems to run: without its cluster, or without ECS Exec.
func (n *ecsNetworkCheck) warnOfGiven() {
	e := n.config.Ecs
	switch given := strings.Join(e.SecurityGroups, ", "); {
	case given == "":
	case n.config.clusterForm(onEcs) == brokerCluster:
		n.warn("ecs.securityGroups: see that %s let the tasks reach the broker, or no cluster forms: TCP %d", given, gateway.BrokerPort)
	case n.config.makesZone():
		n.warn("ecs.securityGroups: see that %s let the tasks reach each other, or no cluster forms: TCP and UDP %d, TCP %d", given, gateway.GossipPort, gateway.GrpcPort)
	}
	if e.Exec && e.TaskRoleArn != "" {
		n.warn("ecs.taskRoleArn: see that %s allows %s, or ECS Exec opens nothing", e.TaskRoleArn, strings.Join(iampolicy.ExecActions, ", "))
	}
}

func (n *ecsNetworkCheck) warn(format string, args ...any) {
	n.warnings = append(n.warnings, fmt.Sprintf(format, args...))
}

// denied tells whether the signed-in identity may not look something up, from the codes of the EC2 and ELB APIs.
func denied(err error) bool {
	return slices.ContainsFunc([]string{"UnauthorizedOperation", "AccessDenied", "not authorized"}, func(code string) bool {
		return strings.Contains(err.Error(), code)
	})
}

// lbSubnets are the load balancer's subnets: its own, or the tasks'.
func (n *ecsNetworkCheck) lbSubnets() []string {
	if len(n.config.Ecs.LoadBalancer.Subnets) > 0 {
		return n.config.Ecs.LoadBalancer.Subnets
	}
	return n.config.Ecs.Subnets
}

// needsVpc tells whether something is made in the VPC.
func (n *ecsNetworkCheck) needsVpc() bool {
	e := n.config.Ecs
	return len(e.SecurityGroups) == 0 || e.LoadBalancer != nil || n.config.makesZone()
}

func (n *ecsNetworkCheck) lookUpSubnets(place *ecsPlace) error {
	e := n.config.Ecs
	keys := map[string]string{}
	if e.LoadBalancer != nil {
		for _, id := range e.LoadBalancer.Subnets {
			keys[id] = "ecs.loadBalancer.subnets"
		}
	}
	for _, id := range e.Subnets {
		keys[id] = "ecs.subnets"
	}
	n.subnets = map[string]awsec2.Subnet{}
	for _, id := range slices.Sorted(maps.Keys(keys)) {
		found, err := awsec2.LookUpSubnet(n.ctx, id, n.on)
		switch {
		case err != nil && denied(err) && !n.needsVpc():
			place.vpcId = ""
			n.warn("ecs.subnets: %s could not be looked up, so neither its zones nor its way to ECR, CloudWatch Logs and Secrets Manager was checked: %v", id, err)
			return nil
		case err != nil && denied(err) && n.config.makesZone():
			return fmt.Errorf("%s: %s cannot be read (ec2:DescribeSubnets), and its VPC gets the private DNS zone of the tasks' cluster: %w; allow it, or, where the tasks must not know each other, set %s:gateway.clustering.enabled to false",
				keys[id], id, err, Project)
		case err != nil:
			return fmt.Errorf("%s: there is no subnet %s in %s, or it cannot be read (ec2:DescribeSubnets): %w; see `aws ec2 describe-subnets --region %s`, and set %s:%s",
				keys[id], id, n.config.Aws.Region, err, n.config.Aws.Region, Project, keys[id])
		case place.vpcId != "" && found.VpcId != place.vpcId:
			return fmt.Errorf("%s: %s is in %s, and another subnet in %s; a service and its load balancer have one VPC: set %s:%s",
				keys[id], id, found.VpcId, place.vpcId, Project, keys[id])
		}
		place.vpcId, n.subnets[id] = found.VpcId, found
	}
	return nil
}

// zones of the subnets, sorted.
func (n *ecsNetworkCheck) zones(subnets []string) []string {
	zones := map[string]bool{}
	for _, id := range subnets {
		zones[n.subnets[id].AvailabilityZone] = true
	}
	return slices.Sorted(maps.Keys(zones))
}

// checkZones: a load balancer needs two zones (Elastic Load Balancing API, CreateLoadBalancer); tasks in one stop with it. A stack
// without protected identities is one to try out.
func (n *ecsNetworkCheck) checkZones() error {
	e := n.config.Ecs
	if e.LoadBalancer != nil {
		if zones := n.zones(n.lbSubnets()); len(zones) < 2 {
			return fmt.Errorf("ecs.loadBalancer.subnets: all in %s, and an Application Load Balancer needs two zones; name a subnet of another zone in %s:ecs.loadBalancer.subnets, or in ecs.subnets where that is not set",
				strings.Join(zones, ", "), Project)
		}
	}
	zones := n.zones(e.Subnets)
	if len(zones) > 1 {
		return nil
	}
	problem := fmt.Sprintf("ecs.subnets: all in zone %s, and the gateway stops when it does", strings.Join(zones, ", "))
	if n.config.ProtectIdentities && e.SingleZone != SingleZoneAllow {
		return fmt.Errorf("%s; add a subnet of another zone, or, where that is meant, `pulumi config set --path '%s:ecs.singleZone' %s`", problem, Project, SingleZoneAllow)
	}
	n.warn("%s; add a subnet of another zone", problem)
	return nil
}

// routes finds the route table that a subnet uses: its own, or the VPC's main one.
func (n *ecsNetworkCheck) routes(subnet, vpcId string) (awsec2.RouteTable, error) {
	table, err := awsec2.LookUpRouteTable(n.ctx, subnet, n.on)
	if err == nil || denied(err) {
		return table, err
	}
	return awsec2.LookUpMainRouteTable(n.ctx, vpcId, n.on)
}

// Ways out of a subnet.
const (
	wayNone     = "none"
	wayNAT      = "nat"
	wayInternet = "internet"
	// wayUnknown leads to a network that only its owner can follow.
	wayUnknown = "unknown"
)

// wayOut reads a route table, and names the target where it cannot be followed.
func wayOut(table awsec2.RouteTable) (way, target string) {
	way = wayNone
	for _, r := range table.Routes {
		beyond := cmp.Or(r.TransitGatewayId, r.VpcPeeringConnectionId, r.CoreNetworkArn, r.NetworkInterfaceId, r.LocalGatewayId, r.CarrierGatewayId, r.EgressOnlyGatewayId)
		virtual := strings.HasPrefix(r.GatewayId, "vgw-")
		byDefault := r.CidrBlock == "0.0.0.0/0"
		switch {
		case byDefault && r.NatGatewayId != "":
			return wayNAT, r.NatGatewayId
		case byDefault && strings.HasPrefix(r.GatewayId, "igw-"):
			return wayInternet, r.GatewayId
		case beyond != "":
			way, target = wayUnknown, beyond
		case virtual:
			way, target = wayUnknown, r.GatewayId
		case byDefault && r.VpcEndpointId != "":
			// A firewall.
			way, target = wayUnknown, r.VpcEndpointId
		}
	}
	return way, target
}

// checkWayOut: a task pulls its image, reads its secrets and logs before it runs; without a way there it stops.
func (n *ecsNetworkCheck) checkWayOut(subnet, vpcId string) error {
	table, err := n.routes(subnet, vpcId)
	if err != nil {
		n.warn("ecs.subnets: the routes of %s could not be looked up (ec2:DescribeRouteTables), so it was not checked that its tasks reach %s: %v", subnet, n.neededServices(), err)
		return nil
	}
	public := n.config.Ecs.AssignPublicIp
	switch way, target := wayOut(table); {
	case way == wayNAT, way == wayInternet && public:
		return nil
	case way == wayInternet:
		return fmt.Errorf("ecs.subnets: %s is public (its way out is %s), and tasks without a public address have none through it; name private subnets, or `pulumi config set --path '%s:ecs.assignPublicIp' true`", subnet, target, Project)
	case way == wayUnknown:
		n.warn("ecs.subnets: the way out of %s leads through %s and cannot be followed from here; see that its tasks reach %s", subnet, target, n.neededServices())
		return nil
	}
	if iampolicy.Partition(n.config.Aws.Region) == "aws-cn" {
		n.warn("ecs.subnets: %s has no way out, and some endpoints have other names in China, which are not known here; see that its tasks reach ECR, S3, CloudWatch Logs and Secrets Manager", subnet)
		return nil
	}
	return n.checkEndpoints(subnet, vpcId, table.RouteTableId)
}

// endpointNeed is a service that a task needs before it runs.
type endpointNeed struct {
	service string
	types   []string
}

// needs are the endpoints that stand for a way out (Amazon ECR user guide, "Amazon ECR interface VPC endpoints"; Amazon ECS developer
// guide, "Amazon ECS interface VPC endpoints"). Image layers come from S3 in the registry's region; a gateway endpoint leads to its
// own region alone.
func (n *ecsNetworkCheck) needs() []endpointNeed {
	own, repository := n.config.Aws.Region, n.config.Aws.Region
	if ecr, ok := n.config.image.Ecr(); ok {
		repository = ecr.Region
	}
	layers := []string{"Interface"}
	if repository == own {
		layers = []string{"Gateway", "Interface"}
	}
	one := []string{"Interface"}
	needs := []endpointNeed{
		{endpointName(repository, "ecr.api"), one}, {endpointName(repository, "ecr.dkr"), one}, {endpointName(repository, "s3"), layers},
		{endpointName(own, "logs"), one}, {endpointName(own, "secretsmanager"), one},
	}
	if n.config.Ecs.Exec {
		needs = append(needs, endpointNeed{endpointName(own, "ssmmessages"), one})
	}
	return needs
}

// endpointName is a service's name to VPC endpoints (Amazon VPC, "AWS services that integrate with AWS PrivateLink").
func endpointName(region, service string) string { return "com.amazonaws." + region + "." + service }

func (n *ecsNetworkCheck) neededServices() string {
	var names []string
	for _, need := range n.needs() {
		names = append(names, need.service)
	}
	return strings.Join(names, ", ")
}

func (n *ecsNetworkCheck) checkEndpoints(subnet, vpcId, routeTable string) error {
	var missing, unseen []string
	var reason error
	for _, need := range n.needs() {
		problem, err := n.checkEndpoint(need, vpcId, routeTable)
		switch {
		case err != nil:
			unseen, reason = append(unseen, need.service), err
		case problem != "":
			missing = append(missing, problem)
		}
	}
	if len(unseen) > 0 {
		n.warn("ecs.subnets: %s has no way out, and the VPC endpoints %s could not be looked up (ec2:DescribeVpcEndpoints), so it was not checked that its tasks reach them: %v", subnet, strings.Join(unseen, ", "), reason)
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("ecs.subnets: the tasks in %s could not start: it has no route to a NAT gateway, and of the VPC endpoints that do instead %s %s; make them (`aws ec2 create-vpc-endpoint --region %s --vpc-id %s --service-name NAME ...`, for S3 with --route-table-ids %s), add a route to a NAT gateway, or name other subnets",
		subnet, vpcId, strings.Join(missing, ", "), n.config.Aws.Region, vpcId, routeTable)
}

// checkEndpoint says what is wrong with an endpoint, if anything; the error is of the look-up.
func (n *ecsNetworkCheck) checkEndpoint(need endpointNeed, vpcId, routeTable string) (problem string, err error) {
	problem = "lacks " + need.service
	for _, kind := range need.types {
		answer := n.endpoint(vpcId, need.service, kind)
		switch {
		case answer.err != nil:
			return "", answer.err
		case answer.several:
			return "", nil
		case !answer.present:
		case kind == "Gateway" && slices.Contains(answer.found.RouteTableIds, routeTable):
			return "", nil
		case kind == "Gateway":
			problem = "has " + need.service + " without the route table " + routeTable
		case answer.found.PrivateDnsEnabled:
			return "", nil
		default:
			problem = "has " + need.service + " without private DNS"
		}
	}
	return problem, nil
}

// endpoint looks an endpoint up once. The provider says that there is none, or that there are several, in words.
func (n *ecsNetworkCheck) endpoint(vpcId, service, kind string) endpointAnswer {
	if answer, ok := n.endpoints[service+kind]; ok {
		return answer
	}
	var answer endpointAnswer
	found, err := awsec2.LookUpVpcEndpoint(n.ctx, vpcId, service, kind, n.on)
	switch {
	case err == nil:
		answer = endpointAnswer{found: found, present: true}
	case strings.Contains(err.Error(), "multiple"):
		answer = endpointAnswer{several: true}
	case !strings.Contains(err.Error(), "no matching"):
		answer = endpointAnswer{err: err}
	}
	if n.endpoints == nil {
		n.endpoints = map[string]endpointAnswer{}
	}
	n.endpoints[service+kind] = answer
	return answer
}

// checkPublic: AWS makes an internet-facing load balancer in any subnet; in a private one nobody reaches it.
func (n *ecsNetworkCheck) checkPublic(subnet, vpcId string) error {
	table, err := n.routes(subnet, vpcId)
	if err != nil {
		n.warn("ecs.loadBalancer.subnets: the routes of %s could not be looked up (ec2:DescribeRouteTables), so it was not checked that it is public: %v", subnet, err)
		return nil
	}
	if way, _ := wayOut(table); way != wayInternet {
		return fmt.Errorf("ecs.loadBalancer.subnets: %s is not public (no default route to an internet gateway), and nobody would reach an internet-facing load balancer there; name public subnets in %s:ecs.loadBalancer.subnets, or set ecs.loadBalancer.scheme to %s",
			subnet, Project, ecs.SchemeInternal)
	}
	return nil
}

// checkVpc reads the VPC's addresses, who may reach an internal load balancer unless the stack says so, and whether a private DNS
// zone works there (AWS Cloud Map API, CreatePrivateDnsNamespace).
func (n *ecsNetworkCheck) checkVpc(place *ecsPlace) error {
	e := n.config.Ecs
	needsCidrs := e.LoadBalancer != nil && len(e.LoadBalancer.SecurityGroups) == 0 && len(e.LoadBalancer.AllowedCidrs) == 0
	if !needsCidrs && !n.config.makesZone() {
		return nil
	}
	found, err := awsec2.LookUpVpc(n.ctx, place.vpcId, n.on)
	switch {
	case err != nil && needsCidrs:
		return fmt.Errorf("ecs.loadBalancer.allowedCidrs: the addresses of %s, who may reach the load balancer by default, cannot be read (ec2:DescribeVpcs): %w; set %s:ecs.loadBalancer.allowedCidrs", place.vpcId, err, Project)
	case err != nil:
		n.warn("ecs.clustering: %s could not be looked up (ec2:DescribeVpcs), so it was not checked that DNS names resolve in it: %v", place.vpcId, err)
		return nil
	case n.config.makesZone() && !(found.EnableDnsSupport && found.EnableDnsHostnames):
		return fmt.Errorf("ecs.clustering: private DNS zones do not resolve in %s; run `aws ec2 modify-vpc-attribute --region %s --vpc-id %s --enable-dns-support`, and the same with --enable-dns-hostnames", place.vpcId, n.config.Aws.Region, place.vpcId)
	}
	for _, block := range found.CidrBlockAssociations {
		place.vpcCidrs = append(place.vpcCidrs, block.CidrBlock)
	}
	return nil
}

// checkTargetGroup: ECS registers Fargate's tasks by address, and only in a target group that a load balancer uses.
func (n *ecsNetworkCheck) checkTargetGroup(place *ecsPlace) error {
	arn := n.config.Ecs.TargetGroupArn
	if arn == "" {
		return nil
	}
	found, err := lb.LookupTargetGroup(n.ctx, &lb.LookupTargetGroupArgs{Arn: &arn}, n.on)
	if err != nil {
		return fmt.Errorf("ecs.targetGroupArn: there is no target group %s, or it cannot be read (elasticloadbalancing:DescribeTargetGroups): %w; see `aws elbv2 describe-target-groups --region %s`", arn, err, n.config.Aws.Region)
	}
	var wrong []string
	if found.TargetType != "ip" {
		wrong = append(wrong, fmt.Sprintf("its targets are of type %s, and Fargate's tasks are of type ip", found.TargetType))
	}
	if found.Protocol != "HTTP" {
		wrong = append(wrong, fmt.Sprintf("its protocol is %s, and the gateway speaks HTTP on port %d", found.Protocol, gateway.Port))
	}
	if place.vpcId != "" && found.VpcId != place.vpcId {
		wrong = append(wrong, fmt.Sprintf("it is in %s, and the tasks in %s", found.VpcId, place.vpcId))
	}
	if len(found.LoadBalancerArns) == 0 {
		wrong = append(wrong, "no listener of a load balancer uses it yet, and ECS refuses it then")
	}
	if len(wrong) > 0 {
		return fmt.Errorf("ecs.targetGroupArn: %s does not do: %s; see `aws elbv2 describe-target-groups --region %s --target-group-arns %s`, or let this stack make one with %s:ecs.loadBalancer",
			arn, strings.Join(wrong, "; "), n.config.Aws.Region, arn, Project)
	}
	place.loadBalancerArn = found.LoadBalancerArns[0]
	if path := found.HealthCheck.Path; path != "/health" {
		n.warn("ecs.targetGroupArn: %s checks %s; the gateway says at /health whether it can serve", arn, path)
		return nil
	}
	return nil
}
