package awsec2

import (
	"testing"

	"bifrost/internal/sdksource"
)

// TestAsTheSDK: names of types, properties and look-ups are the provider's.
func TestAsTheSDK(t *testing.T) {
	t.Parallel()
	sdk := sdksource.Find(t, "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2")
	sdk.Require(t, "securityGroup.go", securityGroupType, "securityGroupArgs", securityGroupArgs{})
	sdk.Require(t, "getSubnet.go", getSubnet, "LookupSubnetArgs", byId{})
	sdk.Require(t, "getSubnet.go", getSubnet, "LookupSubnetResult", Subnet{})
	sdk.Require(t, "getVpc.go", getVpc, "LookupVpcArgs", byId{})
	sdk.Require(t, "getVpc.go", getVpc, "LookupVpcResult", Vpc{})
	sdk.Require(t, "pulumiTypes*.go", "", "GetVpcCidrBlockAssociation", CidrBlockAssociation{})
	sdk.Require(t, "getRouteTable.go", getRouteTable, "LookupRouteTableArgs", routeTableArgs{})
	sdk.Require(t, "getRouteTable.go", getRouteTable, "LookupRouteTableResult", RouteTable{})
	sdk.Require(t, "pulumiTypes*.go", "", "GetRouteTableRoute", Route{})
	sdk.Require(t, "pulumiTypes*.go", "", "GetRouteTableFilter", Filter{})
	sdk.Require(t, "getVpcEndpoint.go", getVpcEndpoint, "LookupVpcEndpointArgs", vpcEndpointArgs{})
	sdk.Require(t, "getVpcEndpoint.go", getVpcEndpoint, "LookupVpcEndpointResult", VpcEndpoint{})
	sdk.Require(t, "pulumiTypes*.go", "", "GetVpcEndpointFilter", Filter{})
}
