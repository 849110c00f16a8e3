package stacks

import (
	"path"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/aws"
	"bifrost/internal/check"
)

// nodePull: kubelets pull as the roles of their nodes, which get the right to.
type nodePull struct{}

func (nodePull) oldest(c *Config) (reason, version string) { return oldestEks(c) }

func (nodePull) webIdentity(*Config) bool { return false }

func (nodePull) refreshes() bool { return false }

func (nodePull) makesRole() bool { return false }

func (nodePull) workloadRole() string { return "" }

func (nodePull) validate(c *Config, k *checker) {
	c.refuseSecret(k)
	p := field.NewPath("eks")
	if c.written.Eks.RoleName != "" {
		k.add(field.Forbidden(p.Child("roleName"), "eks.pull node makes no role; remove it"))
	}
	if len(c.Eks.NodeRoleArns) == 0 {
		k.add(field.Required(p.Child("nodeRoleArns"), "the roles of the nodes, or of Fargate pod execution, that pull; "+
			"see `aws eks describe-nodegroup` and `aws eks describe-fargate-profile`"))
	}
	names := map[string]bool{}
	for i, role := range c.Eks.NodeRoleArns {
		at := p.Child("nodeRoleArns").Index(i)
		switch problems := check.Arn(at, role, check.RoleArn); {
		case role == "":
			k.add(field.Invalid(at, role, "not an ARN of the form arn:aws:iam::ACCOUNT:role/NAME"))
		case len(problems) > 0:
			k.add(problems...)
		case names[path.Base(role)]:
			k.add(field.Duplicate(at, role))
		}
		names[path.Base(role)] = true
	}
	k.arguments(repositories(c.eksNodePullArgs().Validate(nil)), eksPullKeys)
}

// eksNodePullArgs are those of the right to pull, but for the roles, which look-ups name.
func (c *Config) eksNodePullArgs() *aws.EcrNodePullArgs {
	return &aws.EcrNodePullArgs{
		RepositoryArns: c.repositoryArns(), PullThroughCache: c.Registry.PullThroughCache,
		PolicyName: c.Eks.PolicyName, Path: c.Aws.IamPath,
	}
}

func (nodePull) make(ctx *pulumi.Context, c *Config, cluster *eksCluster) (*pulled, error) {
	pull := &pulled{}
	args := c.eksNodePullArgs()
	for _, role := range cluster.nodeRoles {
		args.RoleNames = append(args.RoleNames, role.Name)
		handoff := c.awsHandoff("eks", "pulls on the nodes of EKS", pulumi.String(role.Arn), pulumi.String(role.UniqueId))
		handoff["pull"] = pulumi.String(PullNode)
		pull.handoff = append(pull.handoff, handoff)
	}
	nodes, err := aws.NewEcrNodePull(ctx, "eks-nodes", args, pulumi.Providers(cluster.provider),
		samePolicy(ctx, "eks-ecr", aws.EcrPullRoleType))
	if err != nil {
		return nil, err
	}
	pull.ready = nodes.Ready()
	return pull, nil
}
