package aws

import (
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// providerSchema is what the schema of the Pulumi AWS provider says of the modelled types. No module holds it, so it was taken from its
// sources at this version. Required are lists and unions that the constructors of the Go SDK demand. Replace are the ForceNew marks of
// terraform-provider-aws v5, of which the provider is made. Computed are the outputs of the Go SDK that are no arguments, and those
// arguments that the service fills in. Secrets are what the constructors of the Go SDK make secret outputs.
var providerSchema = double.Schema{
	Version: "6.83.2",
	Types: map[string]double.TypeSchema{
		pulumitype.AwsPolicy: {
			Required: []string{"policy"},
			Replace:  []string{"name", "namePrefix", "path", "description"},
			Computed: []string{"arn", "attachmentCount", "policyId", "tagsAll"},
		},
		pulumitype.AwsRole: {
			Required: []string{"assumeRolePolicy"},
			Replace:  []string{"name", "namePrefix", "path"},
			Computed: []string{"arn", "createDate", "uniqueId", "managedPolicyArns", "inlinePolicies", "tagsAll"},
		},
		pulumitype.AwsRolePolicyAttachment: {
			Required: []string{"role"},
			Replace:  []string{"role", "policyArn"},
		},
		pulumitype.AwsRolePolicy: {
			Required: []string{"policy", "role"},
			Replace:  []string{"name", "namePrefix", "role"},
		},
		// The client ids can be changed in place since terraform-provider-aws #37612.
		pulumitype.AwsOidcProvider: {
			Required: []string{"clientIdLists"},
			Replace:  []string{"url"},
			Computed: []string{"arn", "thumbprintLists", "tagsAll"},
		},
		pulumitype.AwsLogGroup: {
			Replace:  []string{"name", "namePrefix", "logGroupClass"},
			Computed: []string{"arn", "tagsAll"},
		},
		pulumitype.AwsSecret: {
			Replace:  []string{"name", "namePrefix"},
			Computed: []string{"arn", "policy", "replicas", "tagsAll"},
		},
		pulumitype.AwsSecretVersion: {
			Replace:  []string{"secretId", "secretString", "secretBinary"},
			Computed: []string{"arn", "versionId", "versionStages"},
			Secrets:  []string{"secretString", "secretBinary"},
		},
		// Replace is all but tags, skipDestroy and trackLatest: ECS never changes a revision.
		pulumitype.AwsTaskDefinition: {
			Replace: []string{
				"containerDefinitions", "cpu", "enableFaultInjection", "ephemeralStorage", "executionRoleArn", "family",
				"inferenceAccelerators", "ipcMode", "memory", "networkMode", "pidMode", "placementConstraints", "proxyConfiguration",
				"requiresCompatibilities", "runtimePlatform", "taskRoleArn", "volumes",
			},
			Computed: []string{"arn", "arnWithoutRevision", "revision", "networkMode", "enableFaultInjection", "tagsAll"},
		},
		pulumitype.AwsEcsService: {
			Replace:  []string{"cluster", "deploymentController.type", "iamRole", "launchType", "name", "schedulingStrategy"},
			Computed: []string{"cluster", "iamRole", "launchType", "platformVersion", "triggers", "tagsAll"},
		},
		pulumitype.AwsPodIdentityAssociation: {
			Replace:  []string{"clusterName", "namespace", "serviceAccount"},
			Computed: []string{"associationArn", "associationId", "tagsAll"},
		},
		pulumitype.AwsSecurityGroup: {
			Replace:  []string{"description", "name", "namePrefix", "vpcId"},
			Computed: []string{"arn", "ownerId", "vpcId", "ingress", "egress", "tagsAll"},
		},
		pulumitype.AwsIngressRule: {
			Replace:  []string{"securityGroupId"},
			Computed: []string{"arn", "securityGroupRuleId", "tagsAll"},
		},
		pulumitype.AwsEgressRule: {
			Replace:  []string{"securityGroupId"},
			Computed: []string{"arn", "securityGroupRuleId", "tagsAll"},
		},
		pulumitype.AwsLoadBalancer: {
			Replace: []string{"customerOwnedIpv4Pool", "internal", "loadBalancerType", "name", "namePrefix"},
			Computed: []string{
				"arn", "arnSuffix", "dnsName", "ipAddressType", "securityGroups", "subnets", "vpcId", "zoneId", "tagsAll",
			},
		},
		pulumitype.AwsTargetGroup: {
			Replace: []string{
				"ipAddressType", "name", "namePrefix", "port", "protocol", "protocolVersion", "targetType", "vpcId",
			},
			Computed: []string{
				"arn", "arnSuffix", "healthCheck", "ipAddressType", "loadBalancerArns", "protocolVersion", "tagsAll",
			},
		},
		pulumitype.AwsListener: {
			Required: []string{"defaultActions"},
			Replace:  []string{"loadBalancerArn"},
			Computed: []string{"arn", "sslPolicy", "tagsAll"},
		},
		pulumitype.AwsScalableTarget: {
			Replace:  []string{"resourceId", "scalableDimension", "serviceNamespace"},
			Computed: []string{"arn", "roleArn", "tagsAll"},
		},
		pulumitype.AwsScalingPolicy: {
			Replace:  []string{"name", "resourceId", "scalableDimension", "serviceNamespace"},
			Computed: []string{"alarmArns", "arn"},
		},
		pulumitype.AwsPrivateDnsNamespace: {
			Replace:  []string{"name", "vpc"},
			Computed: []string{"arn", "hostedZone", "tagsAll"},
		},
		pulumitype.AwsDiscoveryService: {
			Replace: []string{
				"dnsConfig.dnsRecords[0].type", "dnsConfig.dnsRecords[1].type", "dnsConfig.namespaceId", "dnsConfig.routingPolicy",
				"healthCheckConfig.type", "healthCheckCustomConfig", "name", "namespaceId", "type",
			},
			Computed: []string{"arn", "namespaceId", "type", "tagsAll"},
		},
		pulumitype.AwsMetricAlarm: {
			Replace:  []string{"name"},
			Computed: []string{"arn", "tagsAll"},
		},
	},
}
