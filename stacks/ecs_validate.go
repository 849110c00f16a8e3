package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/aws"
	"bifrost/internal/check"
)

// Where the arguments of the components for ECS come from.
var (
	ecsRoleKeys = keys{
		"repositoryArns": "registry.additionalRepositoryArns", "path": "aws.iamPath", "permissionsBoundary": "aws.permissionsBoundary",
		"roleName": "ecs.roleName", "policyName": "ecs.policyName",
	}
	// ecsKeys are those of arguments that have another name in the configuration, or another place. An argument without a key is looked up
	// or made, or it is checked under the keys that it is put together from: desiredCount, for instance, may be gateway.replicas.
	ecsKeys = keys{
		"ecs":                     "ecs",
		"ecs.clusterArn":          "ecs.clusterName",
		"ecs.taskRole.roleName":   "ecs.taskRoleName",
		"ecs.taskRole.policyArns": "ecs.taskPolicyArns",
		"ecs.image":               "registry.image",

		"ecs.region": "", "ecs.vpcId": "", "ecs.vpcCidrs": "", "ecs.loadBalancerArn": "", "ecs.targetGroupDelaySeconds": "",
		"ecs.executionRoleArn":  "",
		"ecs.executionRoleName": "", "ecs.taskRole": "", "ecs.desiredCount": "", "ecs.config": "", "ecs.env": "", "ecs.secretEnv": "",
		"ecs.adoptLogGroup": "", "ecs.databaseCa": "", "ecs.networkCa": "network.caFile",
		"ecs.startupSeconds": "", "ecs.migrationJob": "", "ecs.ipFamily": "",
		"ecs.changeEncryptionKey": "",
	}
	// ecsGatewayKeys are those of the gateway: they are needed once it runs.
	ecsGatewayKeys = keys{
		"ecs.startupSeconds": "gateway.startupSeconds", "ecs.migrationJob": "gateway.migrationJob", "ecs.ipFamily": "gateway.ipFamily",
		"ecs.changeEncryptionKey": "gateway.changeEncryptionKey",
	}
)

// validateEcs checks the keys below ecs: what the components refuse, and the rules that are the configuration's own.
func (c *Config) validateEcs(k *checker) {
	p, e := field.NewPath("ecs"), c.Ecs
	k.add(check.Required(p.Child("clusterName"), e.ClusterName, check.EcsName)...)
	k.add(oneOf(p.Child("singleZone"), e.SingleZone)...)
	k.arguments(repositories(c.ecsExecutionRoleArgs().Validate(nil)), ecsRoleKeys)
	k.arguments(c.ecsProblems(), ecsKeys)
	c.validateCount(k, p.Child("desiredCount"), c.written.Ecs.DesiredCount)
	if e.Autoscaling != nil && e.Autoscaling.MaxTasks > 0 {
		c.validateCount(k, p.Child("autoscaling", "maxTasks"), &e.Autoscaling.MaxTasks)
	}
	if e.TaskRoleArn == "" {
		return
	}
	if e.TaskRoleName != "" {
		k.add(field.Forbidden(p.Child("taskRoleName"),
			"names the role made here, and ecs.taskRoleArn gives an existing one; remove one of them"))
	}
	if len(e.TaskPolicyArns) > 0 {
		k.add(field.Forbidden(p.Child("taskPolicyArns"),
			"attached to the role made here, and ecs.taskRoleArn gives an existing one, which has its own; remove one of them"))
	}
}

// ecsProblems are what the component refuses, with placeholders for what is looked up later. Without AWS, ecs itself is refused.
func (c *Config) ecsProblems() field.ErrorList {
	p := field.NewPath("ecs")
	if c.Aws == nil {
		return nil
	}
	place := &ecsPlace{
		clusterArn: "arn:aws:ecs:us-east-1:000000000000:cluster/unknown", vpcId: "vpc-00000000", vpcCidrs: []string{"10.0.0.0/8"},
	}
	if c.Ecs.TargetGroupArn != "" {
		place.loadBalancerArn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/app/unknown/0"
	}
	args, err := c.ecsServiceArgs(place, &aws.EcrPullRole{})
	if err != nil {
		return field.ErrorList{field.InternalError(p, err)}
	}
	args.Config = pulumi.String("{}")
	// What is written is checked, even where another key keeps it from being used.
	args.TaskRole = c.ecsTaskRoleArgs()
	if args.Clustering == nil && c.Ecs.Clustering != nil {
		args.Clustering = c.ecsClusteringArgs()
	}
	return args.Validate(p)
}
