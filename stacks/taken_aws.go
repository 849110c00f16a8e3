package stacks

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	pulumiecs "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicediscovery"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/ecs"
	"bifrost/internal/awsdns"
	"bifrost/internal/iampolicy"
)

func (c *Config) identitiesOnEks() []namedThing {
	var all []namedThing
	if !c.Registry.Mirror {
		all = append(all, namedThing{key: "eks.policyName", kind: "policy", name: c.Eks.PolicyName, tags: tagsOfPolicy,
			resource: "eks-ecr-policy"})
	}
	if c.eksPull().makesRole() {
		all = append(all, namedThing{key: "eks.roleName", kind: "role", name: c.Eks.RoleName, tags: tagsOfRole, resource: "eks-ecr-role"})
	}
	if len(c.Eks.GatewayPolicyArns) > 0 {
		all = append(all, namedThing{key: "eks.gatewayRoleName", kind: "role", name: c.Eks.GatewayRoleName, tags: tagsOfRole, full: true,
			resource: eksGatewayRoleName + "-role"})
	}
	return all
}

func (c *Config) identitiesOnEcs() []namedThing {
	e := c.Ecs
	all := []namedThing{
		{key: "ecs.roleName", kind: "role", name: e.RoleName, tags: tagsOfRole, resource: "ecs-execution-role"},
		{key: "ecs.policyName", kind: "policy", name: e.PolicyName, tags: tagsOfPolicy, resource: "ecs-execution-policy"},
	}
	if e.TaskRoleArn == "" {
		all = append(all, namedThing{key: "ecs.taskRoleName", kind: "role", name: c.taskRoleName(), tags: tagsOfRole, full: true,
			resource: "ecs-task-role"})
	}
	return all
}

// namedOnEcs are what rollout full makes besides: alarms have the names of cluster and service before them, so that those of two stacks
// meet only where the services do.
func (c *Config) namedOnEcs() []namedThing {
	e, cluster := c.Ecs, c.Ecs.ClusterName+"/"
	all := []namedThing{
		{key: "ecs.logGroup", kind: "log group", name: e.LogGroup, tags: tagsOfLogGroup, resource: "ecs-logs"},
		{key: "ecs.name", kind: "service", within: cluster, name: e.Name, tags: tagsOfService, resource: "ecs-service"},
	}
	if c.clusterForm(onEcs) == brokerCluster {
		all = append(all, namedThing{key: "ecs.name", kind: "service", within: cluster, name: ecs.BrokerName(e.Name), tags: tagsOfService})
	}
	if c.makesZone() {
		zone := c.ecsClusteringArgs().Namespace
		all = append(all, namedThing{key: "ecs.clustering.namespace", kind: "private DNS zone", name: zone, tags: tagsOfZone})
	}
	for _, name := range c.ecsSecretNames() {
		all = append(all, namedThing{key: "ecs.secretPrefix", kind: "secret", name: name, tags: tagsOfSecret})
	}
	return all
}

// ecsSecretNames are those of the secrets that the component makes.
func (c *Config) ecsSecretNames() []string { return c.ecsSecrets().SecretNames() }

// ecsSecrets are those of the component's arguments that say which secrets the tasks read.
func (c *Config) ecsSecrets() *ecs.EcsServiceArgs {
	return &ecs.EcsServiceArgs{
		Region: c.Aws.Region, LogGroup: c.Ecs.LogGroup, SecretRefs: c.Ecs.SecretRefs, SecretRefKmsKeyArns: c.Ecs.SecretRefKmsKeyArns,
		SecretPrefix: c.Ecs.SecretPrefix, SecretEnv: c.secretInputs(onEcs), DatabaseCa: c.Gateway.databaseCa, NetworkCa: c.Network.ca,
	}
}

// crowdedRole is no error: such a stack goes up, and one more secret does not. The tasks of before read with the policy of before, so that
// the role has both until they are gone.
func crowdedRole(c *Config) string {
	if c.Ecs == nil {
		return ""
	}
	named, size := c.ecsSecrets().Rights()
	if 2*size <= ecs.MaxInlinePolicies {
		return ""
	}
	return fmt.Sprintf("the execution role's policy has %d characters for %d secrets: while a secret is added, removed or renamed, the "+
		"role has the policy of before beside the new one, and IAM takes %d characters in a role; shorten ecs.secretPrefix and the "+
		"variables' names, or keep several values as keys of one secret in JSON, which ecs.secretRefs name",
		size, named, ecs.MaxInlinePolicies)
}

func tagsOfRole(ctx *pulumi.Context, _ *Config, name string, on pulumi.InvokeOption) (map[string]string, error) {
	found, err := iam.LookupRole(ctx, &iam.LookupRoleArgs{Name: name}, on)
	if err != nil {
		return nil, err
	}
	return found.Tags, nil
}

// tagsOfPolicy looks below the stack's own aws.iamPath: a policy is found by its ARN, and by its name only in the list of all.
func tagsOfPolicy(ctx *pulumi.Context, c *Config, name string, on pulumi.InvokeOption) (map[string]string, error) {
	arn := c.iamArn("policy", name)
	found, err := iam.LookupPolicy(ctx, &iam.LookupPolicyArgs{Arn: &arn}, on)
	if err != nil {
		return nil, err
	}
	return found.Tags, nil
}

func tagsOfLogGroup(ctx *pulumi.Context, _ *Config, name string, on pulumi.InvokeOption) (map[string]string, error) {
	found, err := cloudwatch.LookupLogGroup(ctx, &cloudwatch.LookupLogGroupArgs{Name: name}, on)
	if err != nil {
		return nil, err
	}
	return found.Tags, nil
}

// tagsOfService takes CLUSTER/SERVICE.
func tagsOfService(ctx *pulumi.Context, c *Config, name string, on pulumi.InvokeOption) (map[string]string, error) {
	cluster, service, _ := strings.Cut(name, "/")
	arn := fmt.Sprintf("arn:%s:ecs:%s:%s:cluster/%s", iampolicy.Partition(c.Aws.Region), c.Aws.Region, c.Aws.AccountId, cluster)
	found, err := pulumiecs.LookupService(ctx, &pulumiecs.LookupServiceArgs{ClusterArn: arn, ServiceName: service}, on)
	if err != nil {
		return nil, err
	}
	return found.Tags, nil
}

// tagsOfSecret does not find a secret that is scheduled for deletion: making it fails, and says how to get it back.
func tagsOfSecret(ctx *pulumi.Context, _ *Config, name string, on pulumi.InvokeOption) (map[string]string, error) {
	found, err := secretsmanager.LookupSecret(ctx, &secretsmanager.LookupSecretArgs{Name: &name}, on)
	if err != nil {
		return nil, err
	}
	return found.Tags, nil
}

// tagsOfZone: zones of several VPCs may have one name, so that one which is not this stack's is in the way only in its VPC.
func tagsOfZone(ctx *pulumi.Context, c *Config, name string, on pulumi.InvokeOption) (map[string]string, error) {
	found, err := servicediscovery.GetDnsNamespace(ctx, &servicediscovery.GetDnsNamespaceArgs{Name: name, Type: "DNS_PRIVATE"}, on)
	if err != nil {
		return nil, err
	}
	if c.owns(found.Tags) {
		return found.Tags, nil
	}
	if _, err := awsdns.LookUpPrivateZone(ctx, name, c.Ecs.vpcId, on); err != nil {
		return nil, err
	}
	return found.Tags, nil
}
