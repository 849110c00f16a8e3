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
			Defaults: map[string]any{"path": "/"},
		},
		pulumitype.AwsRole: {
			Required: []string{"assumeRolePolicy"},
			Replace:  []string{"name", "namePrefix", "path"},
			Computed: []string{"arn", "createDate", "uniqueId", "managedPolicyArns", "inlinePolicies", "tagsAll"},
			Defaults: map[string]any{"path": "/", "maxSessionDuration": 3600.0},
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
			Replace:  []string{"clusterName", "namespace", "serviceAccount"},
			Computed: []string{"associationArn", "associationId", "tagsAll"},
		},
		pulumitype.AwsSecurityGroup:       securityGroupTable,
		pulumitype.AwsIngressRule:         groupRuleTable,
		pulumitype.AwsEgressRule:          groupRuleTable,
		pulumitype.AwsLoadBalancer:        loadBalancerTable,
		pulumitype.AwsTargetGroup:         targetGroupTable,
		pulumitype.AwsListener:            listenerTable,
		pulumitype.AwsScalableTarget:      scalableTargetTable,
		pulumitype.AwsScalingPolicy:       scalingPolicyTable,
		pulumitype.AwsPrivateDnsNamespace: namespaceTable,
		pulumitype.AwsDiscoveryService:    registryTable,
		pulumitype.AwsMetricAlarm:         alarmTable,
	},
}
