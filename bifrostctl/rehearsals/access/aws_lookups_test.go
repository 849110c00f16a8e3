package access_test

import "bifrost/bifrostctl/internal/pulumitype"

const zoneArn = "arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ"

// awsLookUps are the calls of the provider's data sources, with the ARNs of what the dev stack looks up.
var awsLookUps = map[string][]asked{
	// Nobody needs a right for these two.
	pulumitype.AwsGetCallerIdentity: nil, pulumitype.AwsGetPartition: nil,
	pulumitype.AwsGetEksCluster: {{"eks:DescribeCluster", in("eks", "cluster/dev"), nil}},
	pulumitype.AwsGetAddon: {
		{"eks:DescribeAddon", in("eks", "addon/dev/eks-pod-identity-agent/0ec5example"), nil},
		{"eks:DescribeAddon", in("eks", "addon/dev/vpc-cni/0ec5example"), nil},
	},
	pulumitype.AwsGetRole: {
		{"iam:GetRole", account + "role/dev-node", nil}, {"iam:GetRole", account + "role/dev-fargate", nil},
		// Whether somebody else has the stack's names.
		{"iam:GetRole", account + "role/BifrostECRPullRole", nil}, {"iam:GetRole", account + "role/BifrostGatewayRole", nil},
		{"iam:GetRole", account + "role/BifrostECSExecutionRole", nil}, {"iam:GetRole", account + "role/BifrostECSTaskRole", nil},
	},
	pulumitype.AwsGetPolicy: {
		{"iam:GetPolicy", account + "policy/BifrostECRPullPolicy", nil}, {"iam:GetPolicy", account + "policy/BifrostECSPullPolicy", nil},
		{"iam:GetPolicyVersion", account + "policy/BifrostECRPullPolicy", nil},
		{"iam:GetPolicyVersion", account + "policy/BifrostECSPullPolicy", nil},
	},
	// A secret that nobody has yet has no six characters behind its name.
	pulumitype.AwsGetSecret: {
		{"secretsmanager:DescribeSecret", in("secretsmanager", "secret:bifrost/config.json"), nil},
		{"secretsmanager:DescribeSecret", in("secretsmanager", "secret:bifrost/config.json-0ec5ex"), nil},
		{"secretsmanager:GetResourcePolicy", in("secretsmanager", "secret:bifrost/config.json-0ec5ex"), nil},
	},
	pulumitype.AwsGetDnsNamespace: {
		{"servicediscovery:ListNamespaces", "*", nil}, {"servicediscovery:GetNamespace", in("servicediscovery", "namespace/ns-0ec5example"), nil},
		{"servicediscovery:ListTagsForResource", in("servicediscovery", "namespace/ns-0ec5example"), nil},
	},
	pulumitype.AwsGetOidcProvider: {
		{"iam:ListOpenIDConnectProviders", "*", nil}, {"iam:GetOpenIDConnectProvider", exampleProvider, nil},
	},
	pulumitype.AwsGetEcsCluster: {{"ecs:DescribeClusters", in("ecs", "cluster/dev"), nil}},
	pulumitype.AwsGetEcsService: {
		{"ecs:DescribeServices", in("ecs", "service/dev/bifrost"), nil},
		{"ecs:DescribeServices", in("ecs", "service/dev/bifrost-broker"), nil},
	},
	pulumitype.AwsGetLogGroup: {
		{"logs:DescribeLogGroups", "*", nil}, {"logs:ListTagsForResource", in("logs", "log-group:/ecs/bifrost"), nil},
	},
	pulumitype.AwsGetVpnGateway: {{"ec2:DescribeVpnGateways", "*", nil}},
	pulumitype.AwsGetSubnet:     {{"ec2:DescribeSubnets", "*", nil}},
	pulumitype.AwsGetVpc: {{"ec2:DescribeVpcs", "*", nil}, {"ec2:DescribeVpcAttribute", "*", nil},
		{"ec2:DescribeRouteTables", "*", nil}},
	pulumitype.AwsGetRouteTable:  {{"ec2:DescribeRouteTables", "*", nil}},
	pulumitype.AwsGetVpcEndpoint: {{"ec2:DescribeVpcEndpoints", "*", nil}, {"ec2:DescribePrefixLists", "*", nil}},
	pulumitype.AwsGetTargetGroup: {
		{"elasticloadbalancing:DescribeTargetGroups", "*", nil}, {"elasticloadbalancing:DescribeTargetGroupAttributes", "*", nil},
		{"elasticloadbalancing:DescribeTags", "*", nil},
	},
	pulumitype.AwsGetZone: {
		{"route53:GetHostedZone", zoneArn, nil}, {"route53:ListTagsForResource", zoneArn, nil},
		{"route53:ListResourceRecordSets", zoneArn, nil}, // of a private zone, for its name servers
	},
}
