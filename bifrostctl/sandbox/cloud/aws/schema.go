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
			Computed: []string{"arn", "logGroupClass", "name", "namePrefix", "tagsAll"},
			Behaviour: double.Behaviour{
				Source:    "terraform-provider-aws v5.100, internal/service/logs/group.go",
				TakenAway: "A retention, a key and tags are taken off; without a retention logs are kept for ever.",
				Half:      "A group whose retention was refused exists without one. The next up reads that, the one after it sets it.",
				Waits: "Nothing. A create with a role that is seconds old asks for the retention again; a delete asks for 1 minute while " +
					"another operation on the group is under way.",
				Unique: "The name, in account and region. One that exists is an error, also when it was kept.",
			},
		},
		pulumitype.AwsSecret: {
			Replace:  []string{"name", "namePrefix"},
			Computed: []string{"arn", "name", "namePrefix", "policy", "replicas", "tagsAll"},
			Sets:     []string{"replicas"},
			Defaults: map[string]any{"recoveryWindowInDays": 30.0},
			Behaviour: double.Behaviour{
				Source: "terraform-provider-aws v5.100, internal/service/secretsmanager/secret.go; its issue 21623",
				TakenAway: "A description is emptied. A key stays, and is a difference at each preview; another key, also AWS's own by " +
					"its alias, takes its place.",
				Half: "A secret without a value; the next up goes on.",
				Waits: "A create asks again for 2 minutes while the name is scheduled for deletion, then fails. Create and delete wait " +
					"up to 2 minutes until the secret is seen, or is seen no more.",
				Unique: "The name, in account and region, also of a deleted secret until its recovery window ends.",
			},
		},
		pulumitype.AwsSecretVersion: {
			Replace:  []string{"secretId", "secretString", "secretBinary"},
			Computed: []string{"arn", "versionId", "versionStages"},
			Secrets:  []string{"secretString", "secretBinary"},
			Sets:     []string{"versionStages"},
			Behaviour: double.Behaviour{
				Source:    "terraform-provider-aws v5.100, internal/service/secretsmanager/secret_version.go",
				TakenAway: "The version stays and can be read by its id. The stage AWSCURRENT cannot be taken off.",
				Half:      "A version that nobody knows; the next up puts another.",
				Waits:     "A create waits up to 2 minutes until the version is seen.",
				Unique:    "Nothing: each put is a version of its own, under the key that its secret has then.",
			},
		},
		// Replace is all but tags, skipDestroy and trackLatest: ECS never changes a revision.
		pulumitype.AwsTaskDefinition: {
			Replace: []string{
				"containerDefinitions", "cpu", "enableFaultInjection", "ephemeralStorage", "executionRoleArn", "family",
				"inferenceAccelerators", "ipcMode", "memory", "networkMode", "pidMode", "placementConstraints", "proxyConfiguration",
				"requiresCompatibilities", "runtimePlatform", "taskRoleArn", "volumes",
			},
			Computed: []string{
				"arn", "arnWithoutRevision", "revision", "networkMode", "enableFaultInjection", "volumes.configureAtLaunch", "tagsAll",
			},
			Sets: []string{"inferenceAccelerators", "placementConstraints", "requiresCompatibilities", "volumes"},
			Behaviour: double.Behaviour{
				Source: "terraform-provider-aws 5.100 and 6.0, internal/service/ecs: task_definition.go (schema, " +
					"resourceTaskDefinitionRead, " +
					"resourceTaskDefinitionDelete), container_definitions.go (containerDefinitionsAreEquivalent)",
				TakenAway: "Every change but of tags registers a new revision. Container definitions are compared with ECS's defaults, " +
					"in any order of containers, variables and secrets and without empty lists of a container; an empty list further in " +
					"is not the same as none.",
				Half:   "Registering is one request: there is no half.",
				Waits:  "For nothing. A revision that a service uses is deregistered all the same; the service goes on with it.",
				Unique: "A family counts its revisions on, in an account and region; the old revision goes after its successor came.",
			},
		},
		// Capacity providers replace without forceNewDeployment alone. What is computed here besides is taken from ECS where nothing is
		// given (SuppressMissingOptionalConfigurationBlock).
		pulumitype.AwsEcsService: {
			Replace: []string{
				"capacityProviderStrategies", "cluster", "deploymentController.type", "iamRole", "launchType", "name", "schedulingStrategy",
			},
			Computed: []string{
				"alarms", "cluster", "deploymentCircuitBreaker", "deploymentController", "iamRole", "launchType", "platformVersion",
				"triggers",
				"tagsAll",
			},
			Sets: []string{
				"alarms.alarmNames", "capacityProviderStrategies", "loadBalancers", "networkConfiguration.subnets",
				"networkConfiguration.securityGroups", "placementConstraints", "vpcLatticeConfigurations",
			},
			Defaults: map[string]any{
				"availabilityZoneRebalancing": "DISABLED", "deploymentMaximumPercent": 200.0, "deploymentMinimumHealthyPercent": 100.0,
				"propagateTags": "NONE", "schedulingStrategy": "REPLICA",
			},
			Behaviour: double.Behaviour{
				Source: "terraform-provider-aws 5.100 and 6.0, internal/service/ecs/service.go (schema, resourceServiceCreate, -Read, " +
					"-Update, -Delete, retryServiceCreate, waitServiceStable); ECS API reference, UpdateService",
				TakenAway: "A circuit breaker stays, unseen. `propagateTags` stays and is a change at each up. A registry goes; counts " +
					"and switches return to their defaults.",
				Half: "A service that does not become steady exists: the engine updates it the next time, the provider finds no change, " +
					"asks ECS for nothing and calls that a success. After a rollback the state has the old revision, and the next up " +
					"deploys again.",
				Waits: "With `waitForSteadyState` until one deployment is left with all its tasks, 20 minutes or the time-out, at a " +
					"change of anything but tags; the error has no reason. A deletion waits as long for the tasks to drain. For up to 4 " +
					"minutes the provider repeats a create or update whose target group has no load balancer yet, or whose role cannot " +
					"be assumed yet; here that fails at once.",
				Unique: "The name in a cluster: the old service drains and goes before its successor comes.",
			},
		},
		pulumitype.AwsPodIdentityAssociation: {
			Replace:   []string{"clusterName", "namespace", "serviceAccount"},
			Computed:  []string{"associationArn", "associationId", "tagsAll"},
			Behaviour: podIdentityBehaviour,
		},
		pulumitype.AwsCertificate:           certificateTable,
		pulumitype.AwsCertificateValidation: validationTable,
		pulumitype.AwsSecurityGroup:         securityGroupTable,
		pulumitype.AwsIngressRule:           groupRuleTable,
		pulumitype.AwsEgressRule:            groupRuleTable,
		pulumitype.AwsLoadBalancer:          loadBalancerTable,
		pulumitype.AwsTargetGroup:           targetGroupTable,
		pulumitype.AwsListener:              listenerTable,
		pulumitype.AwsRecord:                recordTable,
		pulumitype.AwsScalableTarget:        scalableTargetTable,
		pulumitype.AwsScalingPolicy:         scalingPolicyTable,
		pulumitype.AwsPrivateDnsNamespace:   namespaceTable,
		pulumitype.AwsDiscoveryService:      registryTable,
		pulumitype.AwsMetricAlarm:           alarmTable,
	},
}
