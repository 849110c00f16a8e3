package aws

import (
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// gateways are the properties of a route that may lead out of a VPC.
var gateways = []string{"gatewayId", "natGatewayId", "transitGatewayId", "networkInterfaceId", "vpcEndpointId", "instanceId"}

// wayOut is the id of what a subnet's default route leads to; "" where it has none.
func wayOut(c *double.Call, subnet *world.Resource) string {
	for _, v := range double.List(routeTableOf(c, subnet).State, "routes") {
		route, _ := v.(double.Object)
		if route["cidrBlock"] != anywhere {
			continue
		}
		for _, key := range gateways {
			if id := double.String(route, key); id != "" {
				return id
			}
		}
	}
	return ""
}

// routeTableOf is the table with which a subnet is associated, or else the main one of its VPC. A VPC without any has no routes.
func routeTableOf(c *double.Call, subnet *world.Resource) *world.Resource {
	main := &world.Resource{}
	for _, table := range c.World.List(pulumitype.AwsRouteTable, regional(c)) {
		if slices.Contains(double.List(table.State, "subnetIds"), any(subnet.ID)) {
			return table
		}
		if table.State["vpcId"] == subnet.State["vpcId"] && table.State["main"] == true {
			main = table
		}
	}
	return main
}

// stateOf is the state of what exists; none of what somebody has removed by hand.
func stateOf(c *double.Call, typ, id string) double.Object {
	if r := c.World.Get(typ, regional(c), id); r != nil {
		return r.State
	}
	return nil
}

// tasksIn is where the tasks of a service run: subnet by subnet.
type tasksIn struct {
	subnets []*world.Resource
	vpc     string
	groups  []any
	public  bool
}

// placeOf is where a service's tasks run.
func placeOf(c *double.Call, service double.Object) (tasksIn, error) {
	subnets, vpcID, err := subnetsOf(c, double.List(service, "networkConfiguration.subnets"))
	return tasksIn{
		subnets: subnets, vpc: vpcID, groups: double.List(service, "networkConfiguration.securityGroups"),
		public: double.Get(service, "networkConfiguration.assignPublicIp") == true,
	}, err
}

// checkPlace refuses subnets and groups that are not there or not of one VPC.
func checkPlace(c *double.Call, service double.Object) error {
	place, err := placeOf(c, service)
	if err != nil {
		return fmt.Errorf("InvalidParameterException: Error retrieving subnet information for %v: %w",
			double.List(service, "networkConfiguration.subnets"), err)
	}
	if len(place.subnets) == 0 {
		return fmt.Errorf("InvalidParameterException: subnets can not be empty")
	}
	if err := groupsIn(c, place.groups, place.vpc); err != nil {
		return fmt.Errorf("InvalidParameterException: Error retrieving security group information for %v: %w", place.groups, err)
	}
	return nil
}

// reach is one connection that Fargate makes for a task through the task's own network interface (ECS developer guide, "Amazon ECS task
// networking options for Fargate"): the AWS service whose VPC endpoint may serve it, if any, and the host that is dialled.
type reach struct{ service, region, host string }

// endpointName is the name of the service's endpoint; some of China's begin with cn. besides.
func (r reach) endpointName() string { return "com.amazonaws." + r.region + "." + r.service }

// unreachable says why a task in some subnet cannot connect; "" where it can from each.
func (t tasksIn) unreachable(c *double.Call, r reach) string {
	for _, subnet := range t.subnets {
		if why := t.unreachableFrom(c, subnet, r); why != "" {
			return fmt.Sprintf("dial tcp: %s:443: i/o timeout (%s)", r.host, why)
		}
	}
	return ""
}

func (t tasksIn) unreachableFrom(c *double.Call, subnet *world.Resource, r reach) string {
	endpoint := t.endpoint(c, subnet, r)
	out := wayOut(c, subnet)
	switch {
	case endpoint != nil && endpoint.State["vpcEndpointType"] == "Gateway":
		// Its addresses are public ones, which a rule may also name by their prefix list.
		return t.closed(c, peerOf{[]any{endpoint.State["prefixListId"]}, anywhere}, endpoint.ID)
	case endpoint != nil:
		return t.closedEndpoint(c, subnet, endpoint)
	case out == "" && r.service == "":
		return fmt.Sprintf("subnet %s has no default route", subnet.ID)
	case out == "":
		return fmt.Sprintf("subnet %s has no default route, and its VPC %s no endpoint %s that serves it", subnet.ID, t.vpc,
			r.endpointName())
	case strings.HasPrefix(out, "igw-") && !t.public:
		return fmt.Sprintf("subnet %s leads to the internet gateway %s, and the tasks have no public address", subnet.ID, out)
	}
	return t.closed(c, peerOf{block: anywhere}, out)
}

// closed says that the tasks' groups do not let them out on port 443. Tasks without groups are in the VPC's default one, which does.
func (t tasksIn) closed(c *double.Call, peer peerOf, to string) string {
	if len(t.groups) == 0 || lets(c, t.groups, "egress", "tcp", 443, peer) {
		return ""
	}
	return fmt.Sprintf("no rule of the tasks' security groups %v lets them out on port 443 to %s", t.groups, to)
}

func (t tasksIn) closedEndpoint(c *double.Call, subnet, endpoint *world.Resource) string {
	groups := double.List(endpoint.State, "securityGroupIds")
	vpcBlock := double.String(stateOf(c, pulumitype.AwsVpc, t.vpc), "cidrBlock")
	if why := t.closed(c, peerOf{groups, vpcBlock}, endpoint.ID); why != "" {
		return why
	}
	if lets(c, groups, "ingress", "tcp", 443, peerOf{t.groups, double.String(subnet.State, "cidrBlock")}) {
		return ""
	}
	return fmt.Sprintf("no rule of the security groups %v of the endpoint %s lets the tasks in on port 443", groups, endpoint.ID)
}

// endpoint is the VPC endpoint that serves the connection from a subnet, or nil. One with interfaces serves the whole VPC through its
// private DNS; a gateway serves the route tables that it is associated with.
func (t tasksIn) endpoint(c *double.Call, subnet *world.Resource, r reach) *world.Resource {
	for _, e := range c.World.List(pulumitype.AwsVpcEndpoint, regional(c)) {
		name := strings.TrimPrefix(double.String(e.State, "serviceName"), "cn.")
		if e.State["vpcId"] != t.vpc || name != r.endpointName() || e.State["state"] != "available" {
			continue
		}
		serves := e.State["privateDnsEnabled"] == true
		if e.State["vpcEndpointType"] == "Gateway" {
			serves = slices.Contains(double.List(e.State, "routeTableIds"), any(routeTableOf(c, subnet).ID))
		}
		if serves {
			return e
		}
	}
	return nil
}
