// Package awsec2 is the little of Amazon EC2 that the program needs: one resource and five look-ups of the AWS provider, typed by
// hand. The SDK's own package compiles for 41 CPU-seconds, more than any other (docs/decisions/0010-compile-cost.md).
package awsec2

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const securityGroupType = "aws:ec2/securityGroup:SecurityGroup"

// SecurityGroup is the resource aws:ec2/securityGroup:SecurityGroup. Its id is the group's.
type SecurityGroup struct {
	pulumi.CustomResourceState
}

// SecurityGroupArgs are the inputs of a SecurityGroup. Rules are resources of their own (package aws/vpc). EC2 cannot change any
// of them: another value makes another group.
type SecurityGroupArgs struct {
	Description pulumi.StringInput
	VpcId       pulumi.StringInput
	Tags        pulumi.StringMapInput
}

type securityGroupArgs struct {
	Description string            `pulumi:"description"`
	VpcId       string            `pulumi:"vpcId"`
	Tags        map[string]string `pulumi:"tags"`
}

// ElementType implements pulumi.Input.
func (SecurityGroupArgs) ElementType() reflect.Type { return reflect.TypeFor[securityGroupArgs]() }

// NewSecurityGroup registers a security group. The explicit provider that its parent hands down decides the provider's version.
func NewSecurityGroup(ctx *pulumi.Context, name string, args SecurityGroupArgs, opts ...pulumi.ResourceOption) (*SecurityGroup, error) {
	group := &SecurityGroup{}
	return group, ctx.RegisterResource(securityGroupType, name, args, group, opts...)
}

// Tokens of the look-ups.
const (
	getSubnet      = "aws:ec2/getSubnet:getSubnet"
	getVpc         = "aws:ec2/getVpc:getVpc"
	getRouteTable  = "aws:ec2/getRouteTable:getRouteTable"
	getVpcEndpoint = "aws:ec2/getVpcEndpoint:getVpcEndpoint"
	getVpnGateway  = "aws:ec2/getVpnGateway:getVpnGateway"
)

type byId struct {
	Id string `pulumi:"id"`
}

// Filter narrows a look-up, as the EC2 API's Describe actions have it.
type Filter struct {
	Name   string   `pulumi:"name"`
	Values []string `pulumi:"values"`
}

// Subnet is what a look-up says of a subnet.
type Subnet struct {
	VpcId            string `pulumi:"vpcId"`
	AvailabilityZone string `pulumi:"availabilityZone"`
}

// LookUpSubnet finds a subnet by id.
func LookUpSubnet(ctx *pulumi.Context, id string, opts ...pulumi.InvokeOption) (Subnet, error) {
	var found Subnet
	err := ctx.Invoke(getSubnet, byId{id}, &found, opts...)
	return found, err
}

// Vpc is what a look-up says of a VPC.
type Vpc struct {
	EnableDnsHostnames    bool                   `pulumi:"enableDnsHostnames"`
	EnableDnsSupport      bool                   `pulumi:"enableDnsSupport"`
	CidrBlockAssociations []CidrBlockAssociation `pulumi:"cidrBlockAssociations"`
}

// CidrBlockAssociation is one address block of a VPC.
type CidrBlockAssociation struct {
	CidrBlock string `pulumi:"cidrBlock"`
	// State is associated, unless the block comes or goes.
	State string `pulumi:"state"`
}

// LookUpVpc finds a VPC by id.
func LookUpVpc(ctx *pulumi.Context, id string, opts ...pulumi.InvokeOption) (Vpc, error) {
	var found Vpc
	err := ctx.Invoke(getVpc, byId{id}, &found, opts...)
	return found, err
}

// RouteTable is what a look-up says of a route table. Routes that a VPN gateway propagates are not among them.
type RouteTable struct {
	RouteTableId string  `pulumi:"routeTableId"`
	Routes       []Route `pulumi:"routes"`
}

// Route is where packets to CidrBlock, or to Ipv6CidrBlock, go: the one of the other fields that is not empty.
type Route struct {
	CidrBlock              string `pulumi:"cidrBlock"`
	Ipv6CidrBlock          string `pulumi:"ipv6CidrBlock"`
	NatGatewayId           string `pulumi:"natGatewayId"`
	GatewayId              string `pulumi:"gatewayId"`
	TransitGatewayId       string `pulumi:"transitGatewayId"`
	NetworkInterfaceId     string `pulumi:"networkInterfaceId"`
	VpcEndpointId          string `pulumi:"vpcEndpointId"`
	VpcPeeringConnectionId string `pulumi:"vpcPeeringConnectionId"`
	CoreNetworkArn         string `pulumi:"coreNetworkArn"`
	LocalGatewayId         string `pulumi:"localGatewayId"`
	CarrierGatewayId       string `pulumi:"carrierGatewayId"`
	EgressOnlyGatewayId    string `pulumi:"egressOnlyGatewayId"`
}

type routeTableArgs struct {
	SubnetId *string  `pulumi:"subnetId"`
	VpcId    *string  `pulumi:"vpcId"`
	Filters  []Filter `pulumi:"filters"`
}

// LookUpRouteTable finds the route table that a subnet is associated with. A subnet without an association of its own has none
// for this look-up; it uses the VPC's main one.
func LookUpRouteTable(ctx *pulumi.Context, subnetId string, opts ...pulumi.InvokeOption) (RouteTable, error) {
	var found RouteTable
	err := ctx.Invoke(getRouteTable, routeTableArgs{SubnetId: &subnetId}, &found, opts...)
	return found, err
}

// LookUpMainRouteTable finds the main route table of a VPC.
func LookUpMainRouteTable(ctx *pulumi.Context, vpcId string, opts ...pulumi.InvokeOption) (RouteTable, error) {
	var found RouteTable
	err := ctx.Invoke(getRouteTable, routeTableArgs{
		VpcId: &vpcId, Filters: []Filter{{Name: "association.main", Values: []string{"true"}}},
	}, &found, opts...)
	return found, err
}

// VpcEndpoint is what a look-up says of a VPC endpoint.
type VpcEndpoint struct {
	VpcEndpointType   string   `pulumi:"vpcEndpointType"`
	PrivateDnsEnabled bool     `pulumi:"privateDnsEnabled"`
	RouteTableIds     []string `pulumi:"routeTableIds"`
}

type vpcEndpointArgs struct {
	VpcId       string   `pulumi:"vpcId"`
	ServiceName string   `pulumi:"serviceName"`
	State       string   `pulumi:"state"`
	Filters     []Filter `pulumi:"filters"`
}

// LookUpVpcEndpoint finds the available endpoint of a VPC for a service and of a type, Interface or Gateway; none, and more than
// one, are errors.
func LookUpVpcEndpoint(ctx *pulumi.Context, vpcId, service, endpointType string, opts ...pulumi.InvokeOption) (VpcEndpoint, error) {
	var found VpcEndpoint
	err := ctx.Invoke(getVpcEndpoint, vpcEndpointArgs{
		VpcId: vpcId, ServiceName: service, State: "available",
		Filters: []Filter{{Name: "vpc-endpoint-type", Values: []string{endpointType}}},
	}, &found, opts...)
	return found, err
}

// VpnGateway is what a look-up says of a virtual private gateway.
type VpnGateway struct {
	Id string `pulumi:"id"`
}

type vpnGatewayArgs struct {
	AttachedVpcId string `pulumi:"attachedVpcId"`
}

// LookUpVpnGateway finds the virtual private gateway that is attached to a VPC, which has one at most; none is an error.
func LookUpVpnGateway(ctx *pulumi.Context, vpcId string, opts ...pulumi.InvokeOption) (VpnGateway, error) {
	var found VpnGateway
	err := ctx.Invoke(getVpnGateway, vpnGatewayArgs{vpcId}, &found, opts...)
	return found, err
}
