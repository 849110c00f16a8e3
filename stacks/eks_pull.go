package stacks

import (
	"fmt"
	"path"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/aws"
	"bifrost/components/kubernetes"
)

// pulled is who pulls the image on a cluster, and what the workload gets of it.
type pulled struct {
	// ready is the right to pull; none, where a mirror needs no right that is made here.
	ready []pulumi.Resource
	// secret is the pull Secret to make, where there is one.
	secret *kubernetes.PullSecretArgs
	// role is the one that kubelets take from the gateway's ServiceAccount, where they do.
	role pulumi.StringInput
	// handoff is what the vendor must be told of.
	handoff pulumi.Array
	// outputs are those of the cluster that nodes are configured by.
	outputs pulumi.Map
}

// eksPull is a way in which the image is pulled on EKS. All that tells one way from another stands in its methods; a further way is a
// type with these, and a row in eksPulls.
type eksPull interface {
	// oldest is the oldest Kubernetes that will do, behind the key that asks for it.
	oldest(*Config) (reason, version string)
	// webIdentity tells whether the role that pulls trusts the cluster's OIDC issuer.
	webIdentity(*Config) bool
	// refreshes tells whether a pull Secret is made and kept fresh.
	refreshes() bool
	// makesRole tells whether a role that pulls is made; where none is, those of nodes pull, or nobody whom the vendor knows.
	makesRole() bool
	// workloadRole stands for the role that the gateway's ServiceAccount names to kubelets, before it is made; empty where it names none.
	workloadRole() string
	// validate refuses the keys that this way does not read, and checks those that it does.
	validate(*Config, *checker)
	// make makes the identities.
	make(*pulumi.Context, *Config, *eksCluster) (*pulled, error)
}

var eksPulls = map[PullMode]eksPull{PullRefresh: refreshPull{}, PullNode: nodePull{}, PullKubelet: kubeletPull{}}

// eksPull is the stack's way. One that does not exist is refused, and looked at as the default meanwhile.
func (c *Config) eksPull() eksPull {
	if c.Registry.Mirror {
		return mirrorPull{}
	}
	if pull, known := eksPulls[c.Eks.Pull]; known {
		return pull
	}
	return refreshPull{}
}

// minPodIdentity is the oldest Kubernetes with EKS Pod Identity (Amazon EKS user guide, "EKS Pod Identity cluster versions").
const minPodIdentity = "1.24"

// oldestEks is what the rollout asks for, whoever pulls.
func oldestEks(c *Config) (reason, version string) {
	switch {
	case c.Rollout == RolloutFull:
		return "", minWorkload
	case c.Eks.Auth == SignInPodIdentity:
		return "eks.auth podIdentity: ", minPodIdentity
	}
	return "", minEks
}

// mirrorPull: nobody pulls whom the vendor would know.
type mirrorPull struct{}

func (mirrorPull) oldest(c *Config) (reason, version string) { return oldestEks(c) }

func (mirrorPull) webIdentity(*Config) bool { return false }

func (mirrorPull) refreshes() bool { return false }

func (mirrorPull) makesRole() bool { return false }

func (mirrorPull) workloadRole() string { return "" }

// validate: what the gateway's own role needs of other objects is told here, too, though nothing pulls with it.
func (mirrorPull) validate(c *Config, k *checker) {
	c.validateEksPullRole(k, c.Refresher.ServiceAccount)
}

func (mirrorPull) make(*pulumi.Context, *Config, *eksCluster) (*pulled, error) { return &pulled{}, nil }

// refreshPull: kubelets pull with a pull Secret, and a CronJob with a role keeps that fresh.
type refreshPull struct{}

func (refreshPull) oldest(c *Config) (reason, version string) { return oldestEks(c) }

func (refreshPull) webIdentity(c *Config) bool { return c.Eks.Auth != SignInPodIdentity }

func (refreshPull) refreshes() bool { return true }

func (refreshPull) makesRole() bool { return true }

func (refreshPull) workloadRole() string { return "" }

func (refreshPull) validate(c *Config, k *checker) {
	c.refuseNodeRoles(k)
	c.validateEksPullRole(k, c.Refresher.ServiceAccount)
}

func (refreshPull) make(ctx *pulumi.Context, c *Config, cluster *eksCluster) (*pulled, error) {
	role, err := aws.NewEcrPullRole(ctx, "eks-ecr", c.eksPullRoleArgs(cluster, c.Refresher.ServiceAccount),
		pulumi.Providers(cluster.provider), samePolicy(ctx, "eks-nodes", aws.EcrNodePullType))
	if err != nil {
		return nil, err
	}
	return &pulled{
		ready:   role.Ready(),
		secret:  c.ecrPullSecretArgs(role.RoleArn, role.Ready()),
		handoff: pulumi.Array{c.eksHandoff("refreshes the pull Secret on EKS", role)},
	}, nil
}

// ecrPullSecretArgs are those of the pull Secret that tokens of Amazon ECR keep fresh, once the role may have them.
func (c *Config) ecrPullSecretArgs(roleArn pulumi.StringInput, ready []pulumi.Resource) *kubernetes.PullSecretArgs {
	repository, _ := c.image.Ecr()
	token := &kubernetes.EcrTokenArgs{Region: repository.Region, Image: c.Refresher.Images.Aws}
	if c.Eks.Auth == SignInPodIdentity {
		token.PodIdentity = true
	} else {
		token.RoleArn = roleArn
	}
	return &kubernetes.PullSecretArgs{SecretName: c.Eks.SecretName, Ecr: token, DependsOn: ready}
}

// eksHandoff is what the vendor needs to know of a role that is made to pull.
func (c *Config) eksHandoff(purpose string, role *aws.EcrPullRole) pulumi.Map {
	handoff := c.awsHandoff("eks", purpose, role.RoleArn, role.RoleId)
	handoff["pull"], handoff["auth"] = pulumi.String(c.Eks.Pull), pulumi.String(c.Eks.Auth)
	return handoff
}

// samePolicy makes the policy of a component that of another way to pull: both have one name, which IAM gives once, and under which the
// next policy would come before the former one goes. An alias of the whole component would take the former role along, of which the engine
// then no longer finds what it depends on.
func samePolicy(ctx *pulumi.Context, component, typ string) pulumi.ResourceOption {
	const policy = "aws:iam/policy:Policy"
	former := urn.New(tokens.QName(ctx.Stack()), tokens.PackageName(ctx.Project()), tokens.Type(typ), policy, component+"-policy")
	alias := pulumi.Aliases([]pulumi.Alias{{URN: pulumi.URN(former)}})
	return pulumi.Transformations([]pulumi.ResourceTransformation{
		func(made *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			if made.Type != policy {
				return nil
			}
			return &pulumi.ResourceTransformationResult{Props: made.Props, Opts: append(made.Opts, alias)}
		},
	})
}

// refuseSecret refuses what only a pull Secret needs.
func (c *Config) refuseSecret(k *checker) {
	p, e := field.NewPath("eks"), c.written.Eks
	if e.Auth == SignInPodIdentity {
		k.add(field.Invalid(p.Child("auth"),
			e.Auth, "EKS Pod Identity serves containers, never the pull of their image; remove it, or set "+
				"eks.pull to refresh"))
	}
	if e.SecretName != "" {
		k.add(field.Forbidden(p.Child("secretName"), fmt.Sprintf("eks.pull %s makes no pull Secret; remove it", e.Pull)))
	}
}

// refuseNodeRoles refuses roles that nobody gives a right to.
func (c *Config) refuseNodeRoles(k *checker) {
	if len(c.Eks.NodeRoleArns) > 0 {
		k.add(field.Forbidden(field.NewPath("eks", "nodeRoleArns"), "only eks.pull node attaches a policy to them; remove it, or set "+
			"eks.pull "+
			"to node"))
	}
}

// eksPullRoleArgs are those of the role that pulls, and that the given ServiceAccount may take.
func (c *Config) eksPullRoleArgs(cluster *eksCluster, serviceAccount string) *aws.EcrPullRoleArgs {
	args := &aws.EcrPullRoleArgs{
		RepositoryArns: c.repositoryArns(), PullThroughCache: c.Registry.PullThroughCache,
		RoleName: c.Eks.RoleName, PolicyName: c.Eks.PolicyName,
		Path: c.Aws.IamPath, PermissionsBoundary: c.Aws.PermissionsBoundary, Protect: c.ProtectIdentities,
	}
	if c.Eks.Auth == SignInPodIdentity {
		args.PodIdentity = &aws.PodIdentityTrustArgs{
			ClusterName: c.Eks.ClusterName, ClusterArn: cluster.arn, Namespace: c.Gateway.Namespace, ServiceAccount: serviceAccount,
		}
		return args
	}
	args.Irsa = &aws.IrsaTrustArgs{
		OidcProviderArn: cluster.oidcProviderArn, Issuer: cluster.issuer, Namespace: c.Gateway.Namespace, ServiceAccount: serviceAccount,
	}
	return args
}

// validateEksPullRole asks the component for what it would refuse of the role that pulls.
func (c *Config) validateEksPullRole(k *checker, serviceAccount string) {
	k.arguments(repositories(c.eksPullRoleArgs(notLookedUp, serviceAccount).Validate(nil)), eksPullKeys)
}

// lookUpNodeRole finds a role that is to pull. Its unique id is a part of the hand-off.
func (c *Config) lookUpNodeRole(ctx *pulumi.Context, provider pulumi.ProviderResource, i int, arn string) (*iam.LookupRoleResult, error) {
	name := path.Base(arn)
	role, err := iam.LookupRole(ctx, &iam.LookupRoleArgs{Name: name}, pulumi.Provider(provider))
	if err != nil {
		return nil, fmt.Errorf("eks.nodeRoleArns[%d]: account %s has no role %s, or it cannot be read: %w; "+
			"see `aws eks describe-nodegroup` or `aws eks describe-fargate-profile` of cluster %s and mend the key",
			i, c.Aws.AccountId, arn, err, c.Eks.ClusterName)
	}
	if role.Arn != arn {
		return nil, fmt.Errorf("eks.nodeRoleArns[%d]: the role named %s is %s, not %s; write that ARN", i, name, role.Arn, arn)
	}
	return role, nil
}
