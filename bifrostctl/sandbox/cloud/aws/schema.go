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
	Lookups: lookups,
	Types: map[string]double.TypeSchema{
		pulumitype.AwsPolicy: {
			Required: []string{"policy"},
			Replace:  []string{"name", "namePrefix", "path", "description"},
			Computed: []string{"arn", "attachmentCount", "policyId", "tagsAll"},
			Defaults: map[string]any{"path": "/"}, Behaviour: policyBehaviour,
		},
		pulumitype.AwsRole: {
			Required: []string{"assumeRolePolicy"},
			Replace:  []string{"name", "namePrefix", "path"},
			Computed: []string{"arn", "createDate", "uniqueId", "managedPolicyArns", "inlinePolicies", "tagsAll"},
			Sets:     []string{"inlinePolicies", "managedPolicyArns"},
			Defaults: map[string]any{"path": "/", "maxSessionDuration": 3600.0}, Behaviour: roleBehaviour,
		},
		pulumitype.AwsRolePolicyAttachment: {
			Required:  []string{"role"},
			Replace:   []string{"role", "policyArn"},
			Behaviour: attachmentBehaviour,
		},
		pulumitype.AwsRolePolicy: {
			Required:  []string{"policy", "role"},
			Replace:   []string{"name", "namePrefix", "role"},
			Behaviour: rolePolicyBehaviour,
		},
		// The client ids can be changed in place since terraform-provider-aws #37612.
		pulumitype.AwsOidcProvider: {
			Required: []string{"clientIdLists"},
			Replace:  []string{"url"},
			Computed: []string{"arn", "thumbprintLists", "tagsAll"},
			Sets:     []string{"clientIdLists"}, Behaviour: oidcBehaviour,
		},
		pulumitype.AwsLogGroup: {
			Replace:  []string{"name", "namePrefix", "logGroupClass"},
			Computed: []string{"arn", "logGroupClass", "tagsAll"},
		},
		pulumitype.AwsSecret: {
			Replace:  []string{"name", "namePrefix"},
			Computed: []string{"arn", "policy", "replicas", "tagsAll"},
			Defaults: map[string]any{"recoveryWindowInDays": 30.0},
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
			Sets:     []string{"loadBalancers", "networkConfiguration.subnets", "networkConfiguration.securityGroups"},
			Defaults: map[string]any{
				"schedulingStrategy": "REPLICA", "deploymentMaximumPercent": 200.0, "deploymentMinimumHealthyPercent": 100.0,
			},
		},
		pulumitype.AwsPodIdentityAssociation: {
			Replace:   []string{"clusterName", "namespace", "serviceAccount"},
			Computed:  []string{"associationArn", "associationId", "tagsAll"},
			Behaviour: podIdentityBehaviour,
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
				"arn", "arnSuffix", "dnsName", "internal", "ipAddressType", "securityGroups", "subnets", "vpcId", "zoneId", "tagsAll",
			},
			Sets:     []string{"subnets", "securityGroups"},
			Defaults: map[string]any{"loadBalancerType": "application", "idleTimeout": 60.0, "enableHttp2": true},
		},
		pulumitype.AwsTargetGroup: {
			Replace: []string{
				"ipAddressType", "name", "namePrefix", "port", "protocol", "protocolVersion", "targetType", "vpcId",
			},
			Computed: []string{
				"arn", "arnSuffix", "healthCheck", "healthCheck.matcher", "healthCheck.path", "healthCheck.timeout", "ipAddressType",
				"loadBalancerArns", "protocolVersion", "tagsAll",
			},
			Defaults: map[string]any{
				"targetType": "instance", "deregistrationDelay": 300.0, "healthCheck.enabled": true, "healthCheck.interval": 30.0,
				"healthCheck.healthyThreshold": 3.0, "healthCheck.unhealthyThreshold": 3.0, "healthCheck.port": "traffic-port",
				"healthCheck.protocol": "HTTP",
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
				"dnsConfig.dnsRecords.type", "dnsConfig.namespaceId", "dnsConfig.routingPolicy",
				"healthCheckConfig.type", "healthCheckCustomConfig", "name", "namespaceId", "type",
			},
			Computed: []string{"arn", "namespaceId", "type", "tagsAll"},
		},
		pulumitype.AwsMetricAlarm: {
			Replace:  []string{"name"},
			Computed: []string{"arn", "tagsAll"},
			Defaults: map[string]any{"actionsEnabled": true, "treatMissingData": "missing"},
		},
	},
}
