package aws

import (
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// singular are look-ups of exactly one thing.
func singular(source string) double.Lookup {
	return double.Lookup{
		Missing: "No matching one, or multiple ones, are told apart in words.",
		Source:  "terraform-provider-aws 5.x, " + source + "; internal/tfresource, SingularDataSourceFindError",
	}
}

// oneNamed are look-ups by a name that is taken once.
func oneNamed(missing, source string) double.Lookup {
	return double.Lookup{Missing: missing, Source: "terraform-provider-aws 5.x, " + source}
}

// lookups are what the provider does in look-ups. The first of all calls fails where the credentials are of an account that the provider's
// configuration does not allow (internal/conns/config.go, VerifyAccountIDAllowed).
var lookups = map[string]double.Lookup{
	pulumitype.AwsGetCallerIdentity: oneNamed("Cannot be missing; everybody may ask.",
		"internal/service/sts/caller_identity_data_source.go"),
	pulumitype.AwsGetPartition:  oneNamed("Cannot be missing; nothing is asked.", "internal/service/meta/partition_data_source.go"),
	pulumitype.AwsGetEksCluster: oneNamed("couldn't find resource", "internal/service/eks/cluster_data_source.go"),
	pulumitype.AwsGetAddon:      oneNamed("couldn't find resource", "internal/service/eks/addon_data_source.go"),
	pulumitype.AwsGetEcsCluster: oneNamed("empty result; one that was deleted is INACTIVE, which is missing, too",
		"internal/service/ecs/cluster_data_source.go"),
	pulumitype.AwsGetLogGroup:   oneNamed("An error.", "internal/service/logs/group_data_source.go"),
	pulumitype.AwsGetEcsService: singular("internal/service/ecs/service_data_source.go"),
	pulumitype.AwsGetPolicy:     oneNamed("couldn't find resource", "internal/service/iam/policy_data_source.go (by ARN)"),
	pulumitype.AwsGetSecret: oneNamed("couldn't find resource, also of a secret that is scheduled for deletion",
		"internal/service/secretsmanager/secret_data_source.go (by name; also reads its policy)"),
	pulumitype.AwsGetDnsNamespace: oneNamed("empty result; several of one name, in several VPCs, are too many results",
		"internal/service/servicediscovery/dns_namespace_data_source.go (lists all, and reads the one's tags)"),
	pulumitype.AwsGetRole: oneNamed("couldn't find resource", "internal/service/iam/role_data_source.go"),
	pulumitype.AwsGetOidcProvider: oneNamed("couldn't find resource; by url it reads the list of all",
		"internal/service/iam/openid_connect_provider_data_source.go"),
	pulumitype.AwsGetSubnet: singular("internal/service/ec2/vpc_subnet_data_source.go"),
	pulumitype.AwsGetVpc:    singular("internal/service/ec2/vpc_data_source.go (also reads three attributes)"),
	pulumitype.AwsGetRouteTable: oneNamed("query returned no results, also for a subnet that uses the main table; routes that a VPN "+
		"gateway propagates are left out", "internal/service/ec2/vpc_route_table_data_source.go"),
	pulumitype.AwsGetVpcEndpoint: singular("internal/service/ec2/vpc_endpoint_data_source.go"),
	pulumitype.AwsGetVpnGateway:  singular("internal/service/ec2/vpnsite_gateway_data_source.go"),
	pulumitype.AwsGetTargetGroup: oneNamed("couldn't find resource", "internal/service/elbv2/target_group_data_source.go (also reads "+
		"attributes and tags)"),
	pulumitype.AwsGetZone: oneNamed("couldn't find resource", "internal/service/route53/zone_data_source.go (by id; by "+
		"name it lists all, and reads those of the name for their VPCs; also reads tags, and the NS record of a private zone)"),
}
