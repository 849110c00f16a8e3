package aws

import (
	"fmt"
	"maps"
	"slices"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// The look-ups of what exists already fail as those of terraform-provider-aws do where nothing, or more than one thing, fits.

// noneOf says of a type's look-up that nothing fits, with the type's name (terraform-provider-aws 5.x, internal/tfresource,
// SingularDataSourceFindError; the data sources of route tables and of target groups have words of their own).
var noneOf = map[string]string{
	pulumitype.AwsSubnet: "no matching %s found", pulumitype.AwsVpc: "no matching %s found",
	pulumitype.AwsVpcEndpoint: "no matching %s found", pulumitype.AwsVpnGateway: "no matching %s found",
	pulumitype.AwsRouteTable:  "%s: query returned no results. Please change your search criteria and try again",
	pulumitype.AwsTargetGroup: "reading %ss: couldn't find resource",
}

// theOne returns the one resource of a type that the look-up's own arguments fit, and its filters, which are about properties by name.
func theOne(c *double.Call, typ, words string, args double.Object, filters map[string]string,
	fits func(r *world.Resource) bool) (*world.Resource, error) {
	var found []*world.Resource
	for _, r := range c.World.List(typ, regional(c)) {
		passes, err := filtered(args, r, filters)
		if err != nil {
			return nil, err
		}
		if passes && fits(r) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf(noneOf[typ], words)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("multiple %ss matched; use additional constraints to reduce matches to a single %s", words, words)
}

// wants tells whether a property, where it was asked for, is as it was asked.
func wants(args double.Object, property string, is any) bool {
	return args[property] == nil || args[property] == is
}

// onlyThese refuses arguments that a look-up does not model.
func onlyThese(args double.Object, modelled ...string) error {
	for key := range args {
		if !slices.Contains(modelled, key) {
			return fmt.Errorf("the sandbox does not model this look-up by %q, but by %v", key, modelled)
		}
	}
	return nil
}

// filtered tells whether a resource's properties are among the values of the look-up's filters, by the filters' names.
func filtered(args double.Object, r *world.Resource, properties map[string]string) (bool, error) {
	for _, v := range double.List(args, "filters") {
		f, _ := v.(double.Object)
		property, modelled := properties[double.String(f, "name")]
		if !modelled {
			return false, fmt.Errorf("the sandbox does not model this look-up by the filter %v, but by %v", f["name"],
				slices.Sorted(maps.Keys(properties)))
		}
		if !slices.Contains(double.List(f, "values"), any(fmt.Sprint(r.State[property]))) {
			return false, nil
		}
	}
	return true, nil
}

// reply is a resource's state with its id and what is always answered besides.
func reply(r *world.Resource, more double.Object) double.Object {
	answer := state(r.State, more)
	answer["id"] = r.ID
	double.Default(answer, "tags", double.Object{})
	return answer
}

func getSubnet(c *double.Call, args double.Object) (double.Object, error) {
	if err := onlyThese(args, "id", "vpcId", "availabilityZone", "cidrBlock"); err != nil {
		return nil, err
	}
	subnet, err := theOne(c, pulumitype.AwsSubnet, "EC2 Subnet", args, nil, func(r *world.Resource) bool {
		return wants(args, "id", r.ID) && wants(args, "vpcId", r.State["vpcId"]) &&
			wants(args, "availabilityZone", r.State["availabilityZone"]) && wants(args, "cidrBlock", r.State["cidrBlock"])
	})
	if err != nil {
		return nil, err
	}
	return reply(subnet, double.Object{
		"assignIpv6AddressOnCreation": false, "availabilityZoneId": "", "availableIpAddressCount": 250.0, "customerOwnedIpv4Pool": "",
		"defaultForAz": false,
		"enableDns64":  false, "enableLniAtDeviceIndex": 0.0, "enableResourceNameDnsARecordOnLaunch": false,
		"enableResourceNameDnsAaaaRecordOnLaunch": false,
		"ipv6CidrBlock": "", "ipv6CidrBlockAssociationId": "", "ipv6Native": false, "mapCustomerOwnedIpOnLaunch": false, "outpostArn": "",
		"ownerId": sessionOf(c).account, "privateDnsHostnameTypeOnLaunch": "ip-name", "state": "available",
	}), nil
}

func getVpc(c *double.Call, args double.Object) (double.Object, error) {
	if err := onlyThese(args, "id", "cidrBlock"); err != nil {
		return nil, err
	}
	found, err := theOne(c, pulumitype.AwsVpc, "EC2 VPC", args, nil, func(r *world.Resource) bool {
		return wants(args, "id", r.ID) && wants(args, "cidrBlock", r.State["cidrBlock"])
	})
	if err != nil {
		return nil, err
	}
	main := ""
	for _, table := range c.World.List(pulumitype.AwsRouteTable, regional(c)) {
		if table.State["main"] == true && table.State["vpcId"] == found.ID {
			main = table.ID
		}
	}
	answer := reply(found, double.Object{
		"cidrBlockAssociations": []any{double.Object{"associationId": "vpc-cidr-assoc-" + world.Hex(17, found.ID),
			"cidrBlock": found.State["cidrBlock"], "state": "associated"}},
		"default": false, "dhcpOptionsId": "default", "enableNetworkAddressUsageMetrics": false, "instanceTenancy": "default",
		"ipv6AssociationId": "",
		"ipv6CidrBlock":     "", "mainRouteTableId": main, "ownerId": sessionOf(c).account, "state": "available",
	})
	delete(answer, "internetGateway")
	return answer, nil
}

// getRouteTable finds a table by what is associated with it, which leaves out that subnets without one of their own use the main one.
func getRouteTable(c *double.Call, args double.Object) (double.Object, error) {
	if err := onlyThese(args, "routeTableId", "subnetId", "vpcId", "filters"); err != nil {
		return nil, err
	}
	table, err := theOne(c, pulumitype.AwsRouteTable, "Route Table", args, map[string]string{"association.main": "main"},
		func(r *world.Resource) bool {
			associated := args["subnetId"] == nil || slices.Contains(double.List(r.State, "subnetIds"), args["subnetId"])
			return associated && wants(args, "routeTableId", r.ID) && wants(args, "vpcId", r.State["vpcId"])
		})
	if err != nil {
		return nil, err
	}
	// Routes that a VPN gateway propagates are left out (terraform-provider-aws, vpc_route_table_data_source.go, dataSourceRoutesRead).
	associations := []any{}
	for _, subnet := range double.List(table.State, "subnetIds") {
		associations = append(associations, double.Object{
			"gatewayId": "", "main": false, "routeTableAssociationId": "rtbassoc-" + world.Hex(17, table.ID, subnet),
			"routeTableId": table.ID, "subnetId": subnet,
		})
	}
	routes := []any{}
	for _, v := range double.List(table.State, "routes") {
		if double.String(v.(double.Object), "origin") == "EnableVgwRoutePropagation" {
			continue
		}
		route := double.Object{}
		for _, key := range []string{
			"carrierGatewayId", "cidrBlock", "coreNetworkArn", "destinationPrefixListId", "egressOnlyGatewayId", "gatewayId", "instanceId",
			"ipv6CidrBlock",
			"localGatewayId", "natGatewayId", "networkInterfaceId", "transitGatewayId", "vpcEndpointId", "vpcPeeringConnectionId",
		} {
			route[key] = double.String(v.(double.Object), key)
		}
		routes = append(routes, route)
	}
	return double.Object{
		"id": table.ID, "routeTableId": table.ID, "arn": table.State["arn"], "vpcId": table.State["vpcId"], "ownerId": sessionOf(c).account,
		"gatewayId": "",
		"subnetId":  double.String(args, "subnetId"), "associations": associations, "routes": routes, "tags": double.Object{},
	}, nil
}

func getVpcEndpoint(c *double.Call, args double.Object) (double.Object, error) {
	if err := onlyThese(args, "id", "vpcId", "serviceName", "state", "filters"); err != nil {
		return nil, err
	}
	endpoint, err := theOne(c, pulumitype.AwsVpcEndpoint, "EC2 VPC Endpoint", args,
		map[string]string{"vpc-endpoint-type": "vpcEndpointType"}, func(r *world.Resource) bool {
			return wants(args, "id", r.ID) && wants(args, "vpcId", r.State["vpcId"]) &&
				wants(args, "serviceName", r.State["serviceName"]) &&
				wants(args, "state", r.State["state"])
		})
	if err != nil {
		return nil, err
	}
	answer := reply(endpoint, double.Object{
		"arn": sessionOf(c).arn("ec2", "vpc-endpoint/"+endpoint.ID), "cidrBlocks": []any{}, "dnsEntries": []any{}, "dnsOptions": []any{},
		"ipAddressType":       "ipv4",
		"networkInterfaceIds": []any{}, "ownerId": sessionOf(c).account, "policy": "", "requesterManaged": false,
	})
	for path, none := range endpointDefaults {
		double.Default(answer, path, none)
	}
	return answer, nil
}

// getVpnGateway finds the virtual private gateway that a VPC has.
func getVpnGateway(c *double.Call, args double.Object) (double.Object, error) {
	if err := onlyThese(args, "id", "attachedVpcId"); err != nil {
		return nil, err
	}
	gateway, err := theOne(c, pulumitype.AwsVpnGateway, "EC2 VPN Gateway", args, nil, func(r *world.Resource) bool {
		return wants(args, "id", r.ID) && wants(args, "attachedVpcId", r.State["vpcId"])
	})
	if err != nil {
		return nil, err
	}
	return double.Object{
		"id": gateway.ID, "arn": sessionOf(c).arn("ec2", "vpn-gateway/"+gateway.ID), "attachedVpcId": gateway.State["vpcId"],
		"amazonSideAsn": "64512", "availabilityZone": "", "state": "available", "tags": double.Object{},
	}, nil
}

// endpointDefaults are what an endpoint of the other kind has.
var endpointDefaults = double.Object{"prefixListId": "", "privateDnsEnabled": false, "routeTableIds": []any{}, "securityGroupIds": []any{},
	"subnetIds": []any{}}

func getTargetGroup(c *double.Call, args double.Object) (double.Object, error) {
	if err := onlyThese(args, "arn", "name"); err != nil {
		return nil, err
	}
	group, err := theOne(c, pulumitype.AwsTargetGroup, "ELBv2 Target Group", args, nil, func(r *world.Resource) bool {
		return wants(args, "arn", r.ID) && wants(args, "name", r.State["name"])
	})
	if err != nil {
		return nil, err
	}
	answer := double.Object{
		"connectionTermination": false, "lambdaMultiValueHeadersEnabled": false, "loadBalancingAlgorithmType": "round_robin",
		"loadBalancingAnomalyMitigation": "off", "loadBalancingCrossZoneEnabled": "use_load_balancer_configuration", "preserveClientIp": "",
		"proxyProtocolV2": false, "slowStart": 0.0,
		"stickiness":          double.Object{"cookieDuration": 86400.0, "cookieName": "", "enabled": false, "type": "lb_cookie"},
		"deregistrationDelay": fmt.Sprint(group.State["deregistrationDelay"]), "id": group.ID, "loadBalancerArns": balancersOf(c, group.ID),
		"tags": double.Object{},
	}
	for _, key := range []string{"arn", "arnSuffix", "healthCheck", "name", "port", "protocol", "protocolVersion", "targetType", "vpcId"} {
		answer[key] = group.State[key]
	}
	return answer, nil
}
