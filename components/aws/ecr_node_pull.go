package aws

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/iampolicy"
)

// EcrNodePullType is the type token of EcrNodePull.
const EcrNodePullType = "bifrost:index:EcrNodePull"

// EcrNodePullArgs are the arguments of NewEcrNodePull.
type EcrNodePullArgs struct {
	// RepositoryArns are the ECR repositories that may be pulled from, one or more, of any account.
	RepositoryArns []string `pulumi:"repositoryArns"`
	// PullThroughCache says that the repositories lie behind pull-through caches: the first pull may import what it asks for.
	PullThroughCache bool `pulumi:"pullThroughCache,optional"`
	// RoleNames are the existing roles that pull, one or more: of nodes or of Fargate pod execution.
	RoleNames []string `pulumi:"roleNames"`
	// PolicyName is the fixed name of the policy, at most 128 characters. Default BifrostECRPullPolicy.
	PolicyName string `pulumi:"policyName,optional"`
	// Path is the IAM path of the policy, beginning and ending with a slash. Default "/".
	Path string `pulumi:"path,optional"`
}

// EcrNodePull lets the nodes of a cluster pull from given ECR repositories: a policy, attached to roles that others own. Every
// pod on these nodes can then pull from the repositories.
type EcrNodePull struct {
	pulumi.ResourceState
	component.Rights

	// PolicyArn is the pull policy.
	PolicyArn pulumi.StringOutput `pulumi:"policyArn"`
}

// Validate reports every problem of the arguments, below the path.
func (a *EcrNodePullArgs) Validate(p *field.Path) field.ErrorList {
	errs := validateRepositoryArns(p.Child("repositoryArns"), a.RepositoryArns)
	errs = append(errs, validatePolicySize(p.Child("repositoryArns"), a.RepositoryArns, a.PullThroughCache)...)
	roles := p.Child("roleNames")
	if len(a.RoleNames) == 0 {
		errs = append(errs, field.Required(roles, "give at least one role of nodes or of Fargate pod execution"))
	}
	for i, role := range a.RoleNames {
		if role == "" {
			errs = append(errs, field.Required(roles.Index(i), "the name of a role"))
		}
		errs = append(errs, check.RoleName(roles.Index(i), role)...)
		if slices.Contains(a.RoleNames[:i], role) {
			errs = append(errs, field.Duplicate(roles.Index(i), role))
		}
	}
	errs = append(errs, check.PolicyName(p.Child("policyName"), a.PolicyName)...)
	return append(errs, check.Optional(p.Child("path"), a.Path, check.IamPath)...)
}

// NewEcrNodePull makes the policy and attaches it to each role.
func NewEcrNodePull(ctx *pulumi.Context, name string, args *EcrNodePullArgs, opts ...pulumi.ResourceOption) (*EcrNodePull, error) {
	if err := component.Refuse(EcrNodePullType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	document, err := iampolicy.ECRPull(args.RepositoryArns, args.PullThroughCache).JSON()
	if err != nil {
		return nil, err
	}
	c := &EcrNodePull{}
	s, err := component.Register(ctx, EcrNodePullType, name, c, opts...)
	if err != nil {
		return nil, err
	}

	policy, err := iam.NewPolicy(ctx, s.Child("policy"), &iam.PolicyArgs{
		Name:        pulumi.String(cmp.Or(args.PolicyName, DefaultEcrPullPolicyName)),
		Path:        component.OptionalString(args.Path),
		Description: pulumi.String(ecrPullPolicyDescription),
		Policy:      pulumi.String(document),
	}, s.Options()...)
	if err != nil {
		return nil, s.Failed("policy", err)
	}

	for _, role := range args.RoleNames {
		// Named by role, not by place in the list: a role that leaves the list leaves the others alone.
		attachment, err := iam.NewRolePolicyAttachment(ctx, s.Child("attachment-"+role), &iam.RolePolicyAttachmentArgs{
			Role:      pulumi.String(role),
			PolicyArn: policy.Arn,
		}, s.Options()...)
		if err != nil {
			return nil, fmt.Errorf("%s: policy attachment to role %s: %w", name, role, err)
		}
		c.Resources = append(c.Resources, attachment)
	}

	c.PolicyArn = policy.Arn
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"policyArn": c.PolicyArn})
}
