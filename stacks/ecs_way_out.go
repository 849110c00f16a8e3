package stacks

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"bifrost/internal/awsec2"
	"bifrost/internal/iampolicy"
)

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
	wayNat      = "nat"
	wayInternet = "internet"
	// wayUnknown leads to a network that only its owner can follow.
	wayUnknown = "unknown"
)

// wayOut reads a route table, and names the target where it cannot be followed.
func wayOut(table awsec2.RouteTable) (way, target string) {
	way = wayNone
	for _, r := range table.Routes {
		beyond := cmp.Or(r.TransitGatewayId, r.VpcPeeringConnectionId, r.CoreNetworkArn, r.NetworkInterfaceId,
			r.LocalGatewayId, r.CarrierGatewayId, r.EgressOnlyGatewayId)
		virtual := strings.HasPrefix(r.GatewayId, "vgw-")
		byDefault := r.CidrBlock == "0.0.0.0/0"
		switch {
		case byDefault && r.NatGatewayId != "":
			return wayNat, r.NatGatewayId
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
		n.warn(routesUnseen(subnet, n.neededServices(), err))
		return nil
	}
	switch way, target := wayOut(table); {
	case way == wayNat, way == wayInternet && n.Ecs.AssignPublicIp:
		return nil
	case way == wayInternet:
		return publicSubnet(subnet, target)
	case way == wayUnknown:
		n.warn(wayNotFollowed(subnet, target, n.neededServices()))
		return nil
	case iampolicy.Partition(n.Aws.Region) == "aws-cn":
		n.warn(endpointsInChina(subnet))
		return nil
	}
	return n.unlessPropagated(subnet, vpcId, n.checkEndpoints(subnet, vpcId, table.RouteTableId))
}

// unlessPropagated lets a subnet without a way out pass where the VPC has a VPN gateway: a look-up shows no route that one propagates.
func (n *ecsNetworkCheck) unlessPropagated(subnet, vpcId string, noWay error) error {
	if noWay == nil {
		return nil
	}
	if n.vpnGateway == nil {
		found, err := awsec2.LookUpVpnGateway(n.ctx, vpcId, n.on)
		n.vpnGateway = &vpnGatewayAnswer{found.Id, err}
	}
	switch answer := n.vpnGateway; {
	case answer.err == nil:
		n.warn(wayUnseen(subnet, answer.id, n.neededServices()))
		return nil
	case strings.Contains(answer.err.Error(), "no matching"):
		return noWay
	default:
		n.warn(gatewayUnseen(vpcId, noWay, answer.err))
		return nil
	}
}

// vpnGatewayAnswer is what a look-up says of the VPC's VPN gateway.
type vpnGatewayAnswer struct {
	id  string
	err error
}

// checkPublic: AWS makes an internet-facing load balancer in any subnet; in a private one nobody reaches it.
func (n *ecsNetworkCheck) checkPublic(subnet, vpcId string) error {
	table, err := n.routes(subnet, vpcId)
	if err != nil {
		n.warn(publicUnseen(subnet, err))
		return nil
	}
	if way, _ := wayOut(table); way != wayInternet {
		return balancerInPrivateSubnet(subnet)
	}
	return nil
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
	own, repository := n.Aws.Region, n.Aws.Region
	if ecr, ok := n.image.Ecr(); ok {
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
	for _, variable := range slices.Sorted(maps.Keys(n.Ecs.SecretRefs)) {
		// secretsmanager or ssm, in the region of what is read.
		a, err := arn.Parse(n.Ecs.SecretRefs[variable])
		service := endpointName(a.Region, a.Service)
		if err == nil && !slices.ContainsFunc(needs, func(known endpointNeed) bool { return known.service == service }) {
			needs = append(needs, endpointNeed{service, one})
		}
	}
	if n.Ecs.Exec {
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
	if ecr, ok := n.image.Ecr(); ok && ecr.DualStack {
		return noEndpointForImage(subnet, n.image)
	}
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
		n.warn(endpointsUnseen(subnet, unseen, reason))
	}
	if len(missing) == 0 {
		return nil
	}
	return noWayOut(subnet, vpcId, routeTable, n.Aws.Region, missing)
}

// checkEndpoint says what is wrong with an endpoint, if anything; the error is of the look-up.
func (n *ecsNetworkCheck) checkEndpoint(need endpointNeed, vpcId, routeTable string) (problem string, err error) {
	problem = endpointMissing(need.service)
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
			problem = endpointOffRoute(need.service, routeTable)
		case answer.found.PrivateDnsEnabled:
			return "", nil
		default:
			problem = endpointWithoutDns(need.service)
		}
	}
	return problem, nil
}

// endpointAnswer is what a look-up says of an endpoint.
type endpointAnswer struct {
	found   awsec2.VpcEndpoint
	present bool
	// several endpoints match, so that the look-up names none of them.
	several bool
	err     error
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
	n.endpoints[service+kind] = answer
	return answer
}
