package stacks

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	pulumiecs "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/ecs"
	"bifrost/internal/awsec2"
	"bifrost/internal/gateway"
)

// lookUpEcs finds the cluster and, before the workload comes, what its network and its load balancer must have.
func (c *Config) lookUpEcs(ctx *pulumi.Context, provider pulumi.ProviderResource) (*ecsPlace, error) {
	found, err := pulumiecs.LookupCluster(ctx, &pulumiecs.LookupClusterArgs{ClusterName: c.Ecs.ClusterName}, pulumi.Provider(provider))
	switch {
	case err != nil:
		return nil, noEcsCluster(c, err)
	case found.Status != "ACTIVE":
		return nil, deletedEcsCluster(c, found.Status)
	case c.Rollout == RolloutIdentity:
		return &ecsPlace{clusterArn: found.Arn}, nil
	case c.Ecs.Alarms != nil && !hasInsights(found.Settings):
		return nil, noInsights(c)
	}
	n := newEcsNetworkCheck(c, ctx, provider)
	place, wrong := n.run(found.Arn)
	if wrong == nil {
		place.hasLogGroup = c.hasLogGroup(ctx, provider)
	}
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

// ecsNetworkCheck looks a network up. What it finds to be wrong is an error; what it cannot look up is a warning.
type ecsNetworkCheck struct {
	*Config
	ctx *pulumi.Context
	on  pulumi.InvokeOption
	// warnings are collected, and told after the check.
	warnings []string
	// endpoints of the VPC by service and type, as far as they were looked up.
	endpoints map[string]endpointAnswer
	// vpnGateway of the VPC, once it was looked up.
	vpnGateway *vpnGatewayAnswer
}

func newEcsNetworkCheck(c *Config, ctx *pulumi.Context, provider pulumi.ProviderResource) *ecsNetworkCheck {
	return &ecsNetworkCheck{Config: c, ctx: ctx, on: pulumi.Provider(provider), endpoints: map[string]endpointAnswer{}}
}

// run looks everything up, and reports all that is wrong at once.
func (n *ecsNetworkCheck) run(clusterArn string) (*ecsPlace, error) {
	n.warnOfGiven()
	subnets, err := n.lookUpSubnets()
	if err != nil {
		return nil, err
	}
	place := &ecsPlace{clusterArn: clusterArn, vpcId: subnets.vpcId}
	n.Ecs.vpcId = subnets.vpcId
	if place.vpcId == "" {
		return place, n.checkTargetGroup(place)
	}
	wrongZones := n.checkZones(subnets)
	problems := []error{wrongZones, n.checkTargetGroup(place)}
	for _, id := range n.Ecs.Subnets {
		problems = append(problems, n.checkWayOut(id, place.vpcId))
	}
	if n.Ecs.LoadBalancer != nil && n.Ecs.LoadBalancer.Scheme == ecs.SchemeInternetFacing {
		for _, id := range n.balancerSubnets() {
			problems = append(problems, n.checkPublic(id, place.vpcId))
		}
	}
	problems = append(problems, n.checkNames()...)
	cidrs, wrongVpc := n.checkVpc(place.vpcId)
	place.vpcCidrs = cidrs
	return place, errors.Join(append(problems, wrongVpc)...)
}

func (n *ecsNetworkCheck) warn(warning string) { n.warnings = append(n.warnings, warning) }

// warnOfGiven tells what given security groups and a given role must allow. Without it a gateway runs, but no cluster forms, or ECS Exec
// opens nothing.
func (n *ecsNetworkCheck) warnOfGiven() {
	switch given := strings.Join(n.Ecs.SecurityGroups, ", "); {
	case given == "":
	case n.clusterForm(onEcs) == brokerCluster:
		n.warn(groupsBeforeBroker(given))
	case n.makesZone():
		n.warn(groupsBetweenTasks(given))
	}
	if n.Ecs.Exec && n.Ecs.TaskRoleArn != "" {
		n.warn(roleForExec(n.Ecs.TaskRoleArn))
	}
}

// denied tells whether the signed-in identity may not look something up, from the codes of AWS and of
// Azure Resource Manager.
func denied(err error) bool {
	codes := []string{"UnauthorizedOperation", "AccessDenied", "not authorized", "AuthorizationFailed", "PERMISSION_DENIED", "Error 403"}
	return slices.ContainsFunc(codes, func(code string) bool {
		return strings.Contains(err.Error(), code)
	})
}

// balancerSubnets are the load balancer's subnets: its own, or the tasks'.
func (n *ecsNetworkCheck) balancerSubnets() []string {
	if len(n.Ecs.LoadBalancer.Subnets) > 0 {
		return n.Ecs.LoadBalancer.Subnets
	}
	return n.Ecs.Subnets
}

// needsVpc tells whether something is made in the VPC.
func (n *ecsNetworkCheck) needsVpc() bool {
	return len(n.Ecs.SecurityGroups) == 0 || n.Ecs.LoadBalancer != nil || n.makesZone()
}

// foundSubnets is what the look-ups say of the subnets. It is empty where they are not allowed, and nothing needs the VPC.
type foundSubnets struct {
	vpcId string
	// zones are by subnet.
	zones map[string]string
}

func (n *ecsNetworkCheck) lookUpSubnets() (foundSubnets, error) {
	keys := map[string]string{}
	if n.Ecs.LoadBalancer != nil {
		for _, id := range n.Ecs.LoadBalancer.Subnets {
			keys[id] = "ecs.loadBalancer.subnets"
		}
	}
	for _, id := range n.Ecs.Subnets {
		keys[id] = "ecs.subnets"
	}
	subnets := foundSubnets{zones: map[string]string{}}
	for _, id := range slices.Sorted(maps.Keys(keys)) {
		found, err := awsec2.LookUpSubnet(n.ctx, id, n.on)
		switch {
		case err != nil && denied(err) && !n.needsVpc():
			n.warn(subnetUnseen(id, err))
			return foundSubnets{}, nil
		case err != nil && denied(err) && n.makesZone():
			return foundSubnets{}, noVpcForZone(keys[id], id, err)
		case err != nil:
			return foundSubnets{}, noSubnet(keys[id], id, n.Aws.Region, err)
		case subnets.vpcId != "" && found.VpcId != subnets.vpcId:
			return foundSubnets{}, twoVpcs(keys[id], id, found.VpcId, subnets.vpcId)
		}
		subnets.vpcId, subnets.zones[id] = found.VpcId, found.AvailabilityZone
	}
	return subnets, nil
}

// zonesOf are the zones of some of the subnets, sorted.
func (s foundSubnets) zonesOf(ids []string) []string {
	zones := map[string]bool{}
	for _, id := range ids {
		zones[s.zones[id]] = true
	}
	return slices.Sorted(maps.Keys(zones))
}

// checkZones: a load balancer needs two zones (Elastic Load Balancing API, CreateLoadBalancer). Tasks that are all in one zone stop with
// it: only a stack to try out, whose identities are not protected, is warned and goes on.
func (n *ecsNetworkCheck) checkZones(subnets foundSubnets) error {
	if n.Ecs.LoadBalancer != nil {
		if zones := subnets.zonesOf(n.balancerSubnets()); len(zones) < 2 {
			return balancerInOneZone(zones)
		}
	}
	zones := subnets.zonesOf(n.Ecs.Subnets)
	switch {
	case len(zones) > 1:
		return nil
	case n.ProtectIdentities && n.Ecs.SingleZone != SingleZoneAllow:
		return tasksInOneZone(zones)
	}
	n.warn(tasksInOneZoneAllowed(zones))
	return nil
}

// checkVpc reads the VPC's addresses, which may reach an internal load balancer unless the stack says who may, and whether a private DNS
// zone works there (AWS Cloud Map API, CreatePrivateDnsNamespace).
func (n *ecsNetworkCheck) checkVpc(vpcId string) (cidrs []string, err error) {
	e := n.Ecs
	needsCidrs := e.LoadBalancer != nil && len(e.LoadBalancer.SecurityGroups) == 0 && len(e.LoadBalancer.AllowedCidrs) == 0
	if !needsCidrs && !n.makesZone() {
		return nil, nil
	}
	found, err := awsec2.LookUpVpc(n.ctx, vpcId, n.on)
	switch {
	case err != nil && needsCidrs:
		return nil, vpcUnseen(vpcId, err)
	case err != nil:
		n.warn(dnsUnseen(vpcId, err))
		return nil, nil
	case n.makesZone() && !(found.EnableDnsSupport && found.EnableDnsHostnames):
		return nil, noDnsNames(vpcId, n.Aws.Region)
	}
	for _, block := range found.CidrBlockAssociations {
		// A block that was taken from the VPC is told of for a while.
		if block.State != "disassociating" && block.State != "disassociated" {
			cidrs = append(cidrs, block.CidrBlock)
		}
	}
	return cidrs, nil
}

// checkTargetGroup finds the load balancer of an existing target group, and how long that lets tasks finish. ECS registers Fargate's tasks
// by address, and only in a target group that a load balancer uses.
func (n *ecsNetworkCheck) checkTargetGroup(place *ecsPlace) error {
	arn := n.Ecs.TargetGroupArn
	if arn == "" {
		return nil
	}
	found, err := lb.LookupTargetGroup(n.ctx, &lb.LookupTargetGroupArgs{Arn: &arn}, n.on)
	if err != nil {
		return noTargetGroup(arn, n.Aws.Region, err)
	}
	var wrong []string
	if found.TargetType != "ip" {
		wrong = append(wrong, targetsByType(found.TargetType))
	}
	if found.Protocol != "HTTP" {
		wrong = append(wrong, targetsByProtocol(found.Protocol))
	}
	if place.vpcId != "" && found.VpcId != place.vpcId {
		wrong = append(wrong, targetsElsewhere(found.VpcId, place.vpcId))
	}
	if len(found.LoadBalancerArns) == 0 {
		wrong = append(wrong, targetsUnused)
	}
	if len(wrong) > 0 {
		return unfitTargetGroup(arn, n.Aws.Region, wrong)
	}
	if path := found.HealthCheck.Path; path != gateway.HealthPath {
		n.warn(targetsCheckElsewhere(arn, path))
	}
	place.loadBalancerArn = found.LoadBalancerArns[0]
	if delay, err := strconv.Atoi(found.DeregistrationDelay); err == nil {
		place.targetGroupDelay = &delay
		if short := drains("the deregistration delay of target group "+arn, delay); short != "" {
			n.warn(short)
		}
	}
	return nil
}
