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
	"bifrost/internal/names"
)

// EksGatewayRoleType is the type token of EksGatewayRole.
const EksGatewayRoleType = "bifrost:index:EksGatewayRole"

// DefaultGatewayRoleName is the name of an EksGatewayRole.
const DefaultGatewayRoleName = "BifrostGatewayRole"

// EksGatewayRoleArgs are the arguments of NewEksGatewayRole. Exactly one of Irsa and PodIdentity says who may assume the role.
type EksGatewayRoleArgs struct {
	// PolicyArns are what the gateway may do, such as call models of Amazon Bedrock: one or more existing policies.
	PolicyArns []string `pulumi:"policyArns"`
	// Irsa lets the gateway's ServiceAccount assume the role, and no other.
	Irsa *IrsaTrustArgs `pulumi:"irsa,optional"`
	// PodIdentity does so without an OIDC provider in IAM.
	PodIdentity *PodIdentityTrustArgs `pulumi:"podIdentity,optional"`
	// RoleName is the fixed name of the role, at most 64 characters. Default BifrostGatewayRole.
	RoleName string `pulumi:"roleName,optional"`
	// Path is the IAM path of the role, beginning and ending with a slash. Default "/".
	Path string `pulumi:"path,optional"`
	// PermissionsBoundary is the ARN of a policy that bounds the role.
	PermissionsBoundary string `pulumi:"permissionsBoundary,optional"`
}

// EksGatewayRole is the gateway's own runtime identity on EKS. It has nothing to do with the role that pulls the image, and no right
// beside the given policies.
type EksGatewayRole struct {
	pulumi.ResourceState
	component.Rights

	// RoleArn is what a ServiceAccount names. The role has its policies once Ready is there, for which pods wait.
	RoleArn pulumi.StringOutput `pulumi:"roleArn"`
	// RoleName is the role's name.
	RoleName pulumi.StringOutput `pulumi:"roleName"`
}

// Validate reports every problem of the arguments, below the path.
func (a *EksGatewayRoleArgs) Validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	policies := p.Child("policyArns")
	if len(a.PolicyArns) == 0 {
		errs = append(errs, field.Required(policies, "at least one policy: a role without any is of no use"))
	}
	for i, arn := range a.PolicyArns {
		if arn == "" {
			errs = append(errs, field.Required(policies.Index(i), "the ARN of a policy"))
		}
		if slices.Contains(a.PolicyArns[:i], arn) {
			errs = append(errs, field.Duplicate(policies.Index(i), arn))
		}
		errs = append(errs, check.Arn(policies.Index(i), arn, check.PolicyArn)...)
	}
	if (a.Irsa == nil) == (a.PodIdentity == nil) {
		errs = append(errs, field.Required(p.Child("irsa"), "give exactly one of irsa and podIdentity"))
	}
	if a.Irsa != nil {
		errs = append(errs, a.Irsa.Validate(p.Child("irsa"))...)
	}
	if a.PodIdentity != nil {
		errs = append(errs, a.PodIdentity.Validate(p.Child("podIdentity"))...)
	}
	errs = append(errs, check.RoleName(p.Child("roleName"), a.RoleName)...)
	errs = append(errs, check.Optional(p.Child("path"), a.Path, check.IamPath)...)
	return append(errs, check.Arn(p.Child("permissionsBoundary"), a.PermissionsBoundary, check.PolicyArn)...)
}

// NewEksGatewayRole makes the role, attaches the policies, and with PodIdentity makes the association.
func NewEksGatewayRole(ctx *pulumi.Context, name string, args *EksGatewayRoleArgs, opts ...pulumi.ResourceOption) (*EksGatewayRole, error) {
	if err := component.Refuse(EksGatewayRoleType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	trust, err := args.trust()
	if err != nil {
		return nil, err
	}
	c := &EksGatewayRole{}
	s, err := component.Register(ctx, EksGatewayRoleType, name, c, opts...)
	if err != nil {
		return nil, err
	}

	role, err := iam.NewRole(ctx, s.Child("role"), &iam.RoleArgs{
		Name:                pulumi.String(cmp.Or(args.RoleName, DefaultGatewayRoleName)),
		Description:         pulumi.String("Runtime identity of the Bifrost gateway. It pulls no image."),
		Path:                component.OptionalString(args.Path),
		AssumeRolePolicy:    trust,
		PermissionsBoundary: component.OptionalString(args.PermissionsBoundary),
	}, s.Options()...)
	if err != nil {
		return nil, s.Failed("role", err)
	}

	var attachments []pulumi.Resource
	for _, arn := range args.PolicyArns {
		// By its ARN, so that another order changes nothing.
		child := names.Hashed(s.Child("attachment"), names.MaxLabel, arn)
		attachment, err := iam.NewRolePolicyAttachment(ctx, child, &iam.RolePolicyAttachmentArgs{
			Role:      role.Name,
			PolicyArn: pulumi.String(arn),
		}, s.Options()...)
		if err != nil {
			return nil, fmt.Errorf("%s: attachment of %s: %w", name, arn, err)
		}
		attachments = append(attachments, attachment)
	}

	c.Resources = attachments
	if args.PodIdentity != nil {
		association, err := args.PodIdentity.associate(s, role, attachments...)
		if err != nil {
			return nil, err
		}
		c.Resources = append(c.Resources, association)
	}

	c.RoleArn, c.RoleName = role.Arn, role.Name
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"roleArn": c.RoleArn, "roleName": c.RoleName})
}

func (a *EksGatewayRoleArgs) trust() (pulumi.StringInput, error) {
	if a.PodIdentity != nil {
		return a.PodIdentity.trust()
	}
	return a.Irsa.trust(), nil
}
