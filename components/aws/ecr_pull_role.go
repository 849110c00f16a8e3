package aws

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/iampolicy"
)

// EcrPullRoleType is the type token of EcrPullRole.
const EcrPullRoleType = "bifrost:index:EcrPullRole"

// Default names of an EcrPullRole, by who assumes it.
const (
	DefaultEcrPullRoleName   = "BifrostECRPullRole"
	DefaultEcrPullPolicyName = "BifrostECRPullPolicy"
	DefaultEcsExecutionName  = "BifrostECSExecutionRole"
	DefaultEcsPullPolicyName = "BifrostECSPullPolicy"
	ecrPullRoleDescription   = "Pulls Bifrost images from Amazon ECR. Allowlisted by ARN: " +
		"making it again under the same name breaks the grant."
	ecrPullPolicyDescription = "Pull from exactly the listed ECR repositories."
)

// EcrPullRoleArgs are the arguments of NewEcrPullRole. Exactly one of Irsa, PodIdentity and EcsTasks says who
// may assume the role.
type EcrPullRoleArgs struct {
	// RepositoryArns are the ECR repositories that may be pulled from, one or more, of any account.
	RepositoryArns []string `pulumi:"repositoryArns"`
	// PullThroughCache says that the repositories lie behind pull-through caches: the first pull may import what it asks for.
	PullThroughCache bool `pulumi:"pullThroughCache,optional"`
	// Irsa lets one ServiceAccount of an EKS cluster assume the role.
	Irsa *IrsaTrustArgs `pulumi:"irsa,optional"`
	// PodIdentity lets one ServiceAccount of an EKS cluster assume the role, without an OIDC provider in IAM.
	PodIdentity *PodIdentityTrustArgs `pulumi:"podIdentity,optional"`
	// EcsTasks lets the ECS tasks of one account assume the role: it is their execution role.
	EcsTasks *EcsTasksTrustArgs `pulumi:"ecsTasks,optional"`
	// RoleName is the fixed name of the role, at most 64 characters. Default BifrostECRPullRole; with EcsTasks BifrostECSExecutionRole.
	RoleName string `pulumi:"roleName,optional"`
	// PolicyName is the fixed name of the policy, at most 128 characters. Default BifrostECRPullPolicy; with EcsTasks BifrostECSPullPolicy.
	PolicyName string `pulumi:"policyName,optional"`
	// Path is the IAM path of role and policy, beginning and ending with a slash. Default "/".
	Path string `pulumi:"path,optional"`
	// PermissionsBoundary is the ARN of a policy that bounds the role.
	PermissionsBoundary string `pulumi:"permissionsBoundary,optional"`
	// Protect keeps Pulumi from deleting the role, which the vendor allowlists by ARN.
	Protect bool `pulumi:"protect,optional"`
}

// EcrPullRole is an IAM role that may pull from given ECR repositories, with its policy attached. The role sets neither
// inlinePolicies nor managedPolicyArns, so that others may attach policies to it.
type EcrPullRole struct {
	pulumi.ResourceState
	component.Rights

	// RoleArn is what the vendor allowlists.
	RoleArn pulumi.StringOutput `pulumi:"roleArn"`
	// RoleName is the role's name, for further policies.
	RoleName pulumi.StringOutput `pulumi:"roleName"`
	// RoleId is the role's unique id (AROA...): it changes when a role is made again under the same name.
	RoleId pulumi.StringOutput `pulumi:"roleId"`
	// PolicyArn is the pull policy.
	PolicyArn pulumi.StringOutput `pulumi:"policyArn"`
}

// Validate reports every problem of the arguments, below the path.
func (a *EcrPullRoleArgs) Validate(p *field.Path) field.ErrorList {
	errs := validateRepositoryArns(p.Child("repositoryArns"), a.RepositoryArns)
	errs = append(errs, validatePolicySize(p.Child("repositoryArns"), a.RepositoryArns, a.PullThroughCache)...)
	if a.Irsa != nil {
		errs = append(errs, a.Irsa.Validate(p.Child("irsa"))...)
	}
	if a.PodIdentity != nil {
		errs = append(errs, a.PodIdentity.Validate(p.Child("podIdentity"))...)
	}
	if a.EcsTasks != nil {
		errs = append(errs, a.EcsTasks.Validate(p.Child("ecsTasks"))...)
	}
	if !check.ExactlyOne(a.Irsa != nil, a.PodIdentity != nil, a.EcsTasks != nil) {
		errs = append(errs, field.Required(p.Child("irsa"), "give exactly one of irsa, podIdentity and ecsTasks"))
	}
	errs = append(errs, check.RoleName(p.Child("roleName"), a.RoleName)...)
	errs = append(errs, check.PolicyName(p.Child("policyName"), a.PolicyName)...)
	errs = append(errs, check.Optional(p.Child("path"), a.Path, check.IamPath)...)
	return append(errs, check.Arn(p.Child("permissionsBoundary"), a.PermissionsBoundary, check.PolicyArn)...)
}

func validateRepositoryArns(p *field.Path, arns []string) field.ErrorList {
	if len(arns) == 0 {
		return field.ErrorList{field.Required(p, "give at least one repository ARN")}
	}
	var errs field.ErrorList
	for i, repository := range arns {
		errs = append(errs, check.Arn(p.Index(i), repository, check.RepositoryArn)...)
	}
	return errs
}

// maxPolicy, in characters without white space, is the most of a policy (IAM user guide, "IAM and STS quotas").
const maxPolicy = 6144

// validatePolicySize refuses more repositories than one policy can name.
func validatePolicySize(p *field.Path, arns []string, cached bool) field.ErrorList {
	document, err := iampolicy.ECRPull(arns, cached).JSON()
	if err != nil || len(document) <= maxPolicy {
		return nil
	}
	return field.ErrorList{field.Invalid(p, fmt.Sprintf("%d repositories", len(arns)), fmt.Sprintf("the right to pull from them "+
		"is a policy of %d characters, and IAM takes %d; keep those that this gateway is pulled from", len(document), maxPolicy))}
}

// NewEcrPullRole makes the policy, the role and their attachment, and with PodIdentity the association.
func NewEcrPullRole(ctx *pulumi.Context, name string, args *EcrPullRoleArgs, opts ...pulumi.ResourceOption) (*EcrPullRole, error) {
	if err := component.Refuse(EcrPullRoleType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	policyDocument, err := iampolicy.ECRPull(args.RepositoryArns, args.PullThroughCache).JSON()
	if err != nil {
		return nil, err
	}
	trustDocument, err := args.trust()
	if err != nil {
		return nil, err
	}
	roleName, policyName := cmp.Or(args.RoleName, DefaultEcrPullRoleName), cmp.Or(args.PolicyName, DefaultEcrPullPolicyName)
	if args.EcsTasks != nil {
		roleName, policyName = cmp.Or(args.RoleName, DefaultEcsExecutionName), cmp.Or(args.PolicyName, DefaultEcsPullPolicyName)
	}

	c := &EcrPullRole{}
	s, err := component.Register(ctx, EcrPullRoleType, name, c, opts...)
	if err != nil {
		return nil, err
	}

	policy, err := iam.NewPolicy(ctx, s.Child("policy"), &iam.PolicyArgs{
		Name:        pulumi.String(policyName),
		Path:        component.OptionalString(args.Path),
		Description: pulumi.String(ecrPullPolicyDescription),
		Policy:      pulumi.String(policyDocument),
		// IAM never changes a description, so that another one would make another policy: one that was made by hand keeps its own.
	}, s.Options(pulumi.IgnoreChanges([]string{"description"}))...)
	if err != nil {
		return nil, s.Failed("policy", err)
	}

	role, err := iam.NewRole(ctx, s.Child("role"), &iam.RoleArgs{
		Name:                pulumi.String(roleName),
		Path:                component.OptionalString(args.Path),
		Description:         pulumi.String(ecrPullRoleDescription),
		AssumeRolePolicy:    trustDocument,
		PermissionsBoundary: component.OptionalString(args.PermissionsBoundary),
	}, s.Options(
		pulumi.Protect(args.Protect),
		// After the policy: where both are made anew (a changed path), each must wait until the attachment is gone, and the
		// engine orders that for the first of them only.
		pulumi.DependsOn([]pulumi.Resource{policy}),
	)...)
	if err != nil {
		return nil, s.Failed("role", err)
	}

	attachment, err := iam.NewRolePolicyAttachment(ctx, s.Child("attachment"), &iam.RolePolicyAttachmentArgs{
		Role:      role.Name,
		PolicyArn: policy.Arn,
	}, s.Options()...)
	if err != nil {
		return nil, s.Failed("policy attachment", err)
	}

	c.Resources = []pulumi.Resource{attachment}
	if args.PodIdentity != nil {
		// After the attachment: credentials that a pod is given can pull.
		association, err := args.PodIdentity.associate(s, role, attachment)
		if err != nil {
			return nil, err
		}
		c.Resources = append(c.Resources, association)
	}

	c.RoleArn, c.RoleName, c.RoleId, c.PolicyArn = role.Arn, role.Name, role.UniqueId, policy.Arn
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"roleArn": c.RoleArn, "roleName": c.RoleName, "roleId": c.RoleId, "policyArn": c.PolicyArn,
	})
}

// trust renders the trust document.
func (a *EcrPullRoleArgs) trust() (pulumi.StringInput, error) {
	switch {
	case a.EcsTasks != nil:
		document, err := iampolicy.EcsTasksTrust(a.EcsTasks.AccountId, a.EcsTasks.Region).JSON()
		return pulumi.String(document), err
	case a.PodIdentity != nil:
		return a.PodIdentity.trust()
	}
	return a.Irsa.trust(), nil
}
