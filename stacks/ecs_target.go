package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/components/aws"
	"bifrost/internal/gateway/configjson"
)

// ecsTarget is an existing cluster of ECS, in which Fargate runs the tasks.
type ecsTarget struct{}

func (ecsTarget) name() string { return "ecs" }

func (ecsTarget) title() string { return "ECS" }

func (ecsTarget) used(c *Config) bool { return c.Ecs != nil }

func (ecsTarget) pods() bool { return false }

func (ecsTarget) carrier() (string, int) {
	return "a secret of AWS Secrets Manager", configjson.MaxSecretsManager
}

func (ecsTarget) overlay(c *Config) (plain, secret map[string]string) {
	return c.Ecs.Env, c.Secrets.EcsEnv
}

func (ecsTarget) refers(c *Config, variable string) bool { return c.Ecs.SecretRefs[variable] != "" }

// processes: ECS rounds down (Amazon ECS developer guide, "Service definition parameters", maximumPercent).
func (ecsTarget) processes(c *Config) (most, added int) {
	_, tasks := c.Tasks()
	return tasks, tasks*c.Ecs.MaxHealthyPercent/100 - tasks
}

func (ecsTarget) wantsCluster(c *Config) bool { return c.Ecs.Clustering != nil }

func (ecsTarget) discovery() string { return configjson.DiscoveryDns }

func (ecsTarget) members(c *Config, cluster *configjson.Cluster) {
	cluster.DnsName = c.ecsClusteringArgs().DnsName()
}

func (ecsTarget) brokerHost(c *Config) string { return c.ecsClusteringArgs().DnsName() }

// ecsDeployment is the stack's part on ECS.
type ecsDeployment struct {
	*Config
	provider      pulumi.ProviderResource
	place         *ecsPlace
	executionRole *aws.EcrPullRole
}

func (ecsTarget) lookUp(ctx *pulumi.Context, c *Config, provider pulumi.ProviderResource) (deployment, error) {
	place, err := c.lookUpEcs(ctx, provider)
	if err != nil {
		return nil, err
	}
	return &ecsDeployment{Config: c, provider: provider, place: place}, nil
}

// identities are the execution role, as which Fargate pulls.
func (d *ecsDeployment) identities(ctx *pulumi.Context) (handoff pulumi.Array, outputs pulumi.Map, err error) {
	role, err := aws.NewEcrPullRole(ctx, "ecs-execution", d.ecsExecutionRoleArgs(), pulumi.Providers(d.provider))
	if err != nil {
		return nil, nil, err
	}
	d.executionRole = role
	return pulumi.Array{d.awsHandoff("ecs", "execution role of the ECS tasks", role.RoleArn, role.RoleId)}, nil, nil
}

func (d *ecsDeployment) workload(ctx *pulumi.Context) (pulumi.Map, error) {
	return d.deployEcs(ctx, d.provider, d.place, d.executionRole)
}
