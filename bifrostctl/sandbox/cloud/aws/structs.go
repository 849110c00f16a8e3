package aws

import "reflect"

// structOf is the argument struct of a type whose SDK package is not imported: aws/ec2 alone takes longer to compile than all others
// that the sandbox needs.
type structOf[T any] struct{}

// ElementType is the plain struct.
func (structOf[T]) ElementType() reflect.Type { return reflect.TypeFor[T]() }

// The fields of aws/ec2 of the SDK v6.83.2.
type (
	securityGroupArgs struct {
		Description         *string             `pulumi:"description"`
		Egress              []securityGroupRule `pulumi:"egress"`
		Ingress             []securityGroupRule `pulumi:"ingress"`
		Name                *string             `pulumi:"name"`
		NamePrefix          *string             `pulumi:"namePrefix"`
		RevokeRulesOnDelete *bool               `pulumi:"revokeRulesOnDelete"`
		Tags                map[string]string   `pulumi:"tags"`
		VpcID               *string             `pulumi:"vpcId"`
	}
	securityGroupRule struct {
		CidrBlocks     []string `pulumi:"cidrBlocks"`
		Description    *string  `pulumi:"description"`
		FromPort       int      `pulumi:"fromPort"`
		Ipv6CidrBlocks []string `pulumi:"ipv6CidrBlocks"`
		PrefixListIds  []string `pulumi:"prefixListIds"`
		Protocol       string   `pulumi:"protocol"`
		SecurityGroups []string `pulumi:"securityGroups"`
		Self           *bool    `pulumi:"self"`
		ToPort         int      `pulumi:"toPort"`
	}
	filter struct {
		Name   string   `pulumi:"name"`
		Values []string `pulumi:"values"`
	}
	getSubnetArgs struct {
		AvailabilityZone   *string           `pulumi:"availabilityZone"`
		AvailabilityZoneID *string           `pulumi:"availabilityZoneId"`
		CidrBlock          *string           `pulumi:"cidrBlock"`
		DefaultForAz       *bool             `pulumi:"defaultForAz"`
		Filters            []filter          `pulumi:"filters"`
		ID                 *string           `pulumi:"id"`
		Ipv6CidrBlock      *string           `pulumi:"ipv6CidrBlock"`
		State              *string           `pulumi:"state"`
		Tags               map[string]string `pulumi:"tags"`
		VpcID              *string           `pulumi:"vpcId"`
	}
	getVpcArgs struct {
		CidrBlock     *string           `pulumi:"cidrBlock"`
		Default       *bool             `pulumi:"default"`
		DhcpOptionsID *string           `pulumi:"dhcpOptionsId"`
		Filters       []filter          `pulumi:"filters"`
		ID            *string           `pulumi:"id"`
		State         *string           `pulumi:"state"`
		Tags          map[string]string `pulumi:"tags"`
	}
	getRouteTableArgs struct {
		Filters      []filter          `pulumi:"filters"`
		GatewayID    *string           `pulumi:"gatewayId"`
		RouteTableID *string           `pulumi:"routeTableId"`
		SubnetID     *string           `pulumi:"subnetId"`
		Tags         map[string]string `pulumi:"tags"`
		VpcID        *string           `pulumi:"vpcId"`
	}
	getVpnGatewayArgs struct {
		AmazonSideAsn    *string           `pulumi:"amazonSideAsn"`
		AttachedVpcID    *string           `pulumi:"attachedVpcId"`
		AvailabilityZone *string           `pulumi:"availabilityZone"`
		Filters          []filter          `pulumi:"filters"`
		ID               *string           `pulumi:"id"`
		State            *string           `pulumi:"state"`
		Tags             map[string]string `pulumi:"tags"`
	}
	getVpcEndpointArgs struct {
		Filters     []filter          `pulumi:"filters"`
		ID          *string           `pulumi:"id"`
		ServiceName *string           `pulumi:"serviceName"`
		State       *string           `pulumi:"state"`
		Tags        map[string]string `pulumi:"tags"`
		VpcID       *string           `pulumi:"vpcId"`
	}
)

// The fields of aws/route53 of the SDK v6.83.2.
type getZoneArgs struct {
	Name        *string           `pulumi:"name"`
	PrivateZone *bool             `pulumi:"privateZone"`
	Tags        map[string]string `pulumi:"tags"`
	VpcID       *string           `pulumi:"vpcId"`
	ZoneID      *string           `pulumi:"zoneId"`
}
