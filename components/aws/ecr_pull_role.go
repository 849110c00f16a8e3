package aws

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
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
	ecrPullRoleDescription   = "Pulls Bifrost images from Amazon ECR. Allowlisted by ARN: making it again under the same name breaks the grant."
	ecrPullPolicyDescription = "Pull from exactly the listed ECR repositories."
)

// EcrPullRoleArgs are the arguments of NewEcrPullRole. Exactly one of Irsa, PodIdentity and EcsTasks says who
// may assume the role.
type EcrPullRoleArgs struct {
	// RepositoryArns are the ECR repositories that may be pulled from, one or more, of any account.
	RepositoryArns []string `pulumi:"repositoryArns"`
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

// IrsaTrustArgs name the ServiceAccount that may assume the role (IAM roles for service accounts).
type IrsaTrustArgs struct {
	// OidcProviderArn is the ARN of the IAM OIDC provider of the cluster; its partition is the role's.
	OidcProviderArn pulumi.StringInput `pulumi:"oidcProviderArn"`
	// Issuer is the cluster's issuer URL.
	Issuer string `pulumi:"issuer"`
	// Namespace and ServiceAccount are the subject.
	Namespace      string `pulumi:"namespace"`
	ServiceAccount string `pulumi:"serviceAccount"`
}

// PodIdentityTrustArgs name the ServiceAccount that may assume the role, and with which the role is associated (EKS Pod Identity).
// The nodes of the cluster must run the EKS Pod Identity Agent.
type PodIdentityTrustArgs struct {
	// ClusterName and ClusterArn are the cluster.
	ClusterName string `pulumi:"clusterName"`
	ClusterArn  string `pulumi:"clusterArn"`
	// Namespace and ServiceAccount are what the association names; they need not exist yet.
	Namespace      string `pulumi:"namespace"`
	ServiceAccount string `pulumi:"serviceAccount"`
}

// EcsTasksTrustArgs name the account whose ECS tasks may assume the role.
type EcsTasksTrustArgs struct {
	// AccountId has 12 digits.
	AccountId string `pulumi:"accountId"`
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

// Validate reports every problem of the arguments.
func (a *EcrPullRoleArgs) Validate() field.ErrorList {
	errs := validateRepositoryArns(a.RepositoryArns)
	trusted := 0
	if a.Irsa != nil {
		trusted++
		errs = append(errs, a.Irsa.validate(field.NewPath("irsa"))...)
	}
	if a.PodIdentity != nil {
		trusted++
		errs = append(errs, a.PodIdentity.validate(field.NewPath("podIdentity"))...)
	}
	if a.EcsTasks != nil {
		trusted++
		errs = append(errs, check.Required(field.NewPath("ecsTasks", "accountId"), a.EcsTasks.AccountId, check.AccountId)...)
	}
	if trusted != 1 {
		errs = append(errs, field.Required(field.NewPath("irsa"), "give exactly one of irsa, podIdentity and ecsTasks"))
	}
	errs = append(errs, check.RoleName(field.NewPath("roleName"), a.RoleName)...)
	errs = append(errs, check.PolicyName(field.NewPath("policyName"), a.PolicyName)...)
	errs = append(errs, check.Optional(field.NewPath("path"), a.Path, check.IamPath)...)
	return append(errs, check.Arn(field.NewPath("permissionsBoundary"), a.PermissionsBoundary, check.PolicyArn)...)
}

func validateRepositoryArns(arns []string) field.ErrorList {
	p := field.NewPath("repositoryArns")
	if len(arns) == 0 {
		return field.ErrorList{field.Required(p, "give at least one repository ARN")}
	}
	var errs field.ErrorList
	for i, repository := range arns {
		errs = append(errs, check.Arn(p.Index(i), repository, check.RepositoryArn)...)
	}
	return errs
}

func (a *IrsaTrustArgs) validate(path *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.OidcProviderArn == nil {
		errs = append(errs, field.Required(path.Child("oidcProviderArn"), "the ARN of the cluster's IAM OIDC provider"))
	}
	errs = append(errs, check.Required(path.Child("issuer"), a.Issuer, check.Issuer)...)
	errs = append(errs, check.Label(path.Child("namespace"), a.Namespace)...)
	return append(errs, check.Subdomain(path.Child("serviceAccount"), a.ServiceAccount)...)
}

func (a *PodIdentityTrustArgs) validate(path *field.Path) field.ErrorList {
	errs := check.Required(path.Child("clusterName"), a.ClusterName, check.EksCluster)
	if a.ClusterArn == "" {
		errs = append(errs, field.Required(path.Child("clusterArn"), "the ARN of the cluster"))
	}
	errs = append(errs, check.Arn(path.Child("clusterArn"), a.ClusterArn, check.EksClusterArn)...)
	errs = append(errs, check.Label(path.Child("namespace"), a.Namespace)...)
	return append(errs, check.Subdomain(path.Child("serviceAccount"), a.ServiceAccount)...)
}

// NewEcrPullRole makes the policy, the role and their attachment, and with PodIdentity the association.
func NewEcrPullRole(ctx *pulumi.Context, name string, args *EcrPullRoleArgs, opts ...pulumi.ResourceOption) (*EcrPullRole, error) {
	if err := component.Refuse(EcrPullRoleType, name, args.Validate()); err != nil {
		return nil, err
	}
	policyDocument, err := iampolicy.ECRPull(args.RepositoryArns).JSON()
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
	if err := ctx.RegisterComponentResource(EcrPullRoleType, name, c, opts...); err != nil {
		return nil, fmt.Errorf("registering %s %s: %w", EcrPullRoleType, name, err)
	}

	policy, err := iam.NewPolicy(ctx, name+"-policy", &iam.PolicyArgs{
		Name:        pulumi.String(policyName),
		Path:        component.OptionalString(args.Path),
		Description: pulumi.String(ecrPullPolicyDescription),
		Policy:      pulumi.String(policyDocument),
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: policy: %w", name, err)
	}

	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		Name:                pulumi.String(roleName),
		Path:                component.OptionalString(args.Path),
		Description:         pulumi.String(ecrPullRoleDescription),
		AssumeRolePolicy:    trustDocument,
		PermissionsBoundary: component.OptionalString(args.PermissionsBoundary),
	}, pulumi.Parent(c), pulumi.Protect(args.Protect),
		// After the policy: where both are made anew (a changed path), each must wait until the attachment is gone, and the
		// engine orders that for the first of them only.
		pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return nil, fmt.Errorf("%s: role: %w", name, err)
	}

	attachment, err := iam.NewRolePolicyAttachment(ctx, name+"-attachment", &iam.RolePolicyAttachmentArgs{
		Role:      role.Name,
		PolicyArn: policy.Arn,
	}, pulumi.Parent(c))
	if err != nil {
		return nil, fmt.Errorf("%s: policy attachment: %w", name, err)
	}

	c.Resources = []pulumi.Resource{attachment}
	if args.PodIdentity != nil {
		// After the attachment: credentials that a pod is given can pull.
		association, err := args.PodIdentity.associate(ctx, name, c, role, attachment)
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
		document, err := iampolicy.EcsTasksTrust(a.EcsTasks.AccountId).JSON()
		return pulumi.String(document), err
	case a.PodIdentity != nil:
		return a.PodIdentity.trust()
	}
	return a.Irsa.trust(), nil
}

// trust renders the trust document; the OIDC provider may be made in the same graph, so its ARN is an Input.
func (a *IrsaTrustArgs) trust() pulumi.StringInput {
	return a.OidcProviderArn.ToStringOutput().ApplyT(func(provider string) (string, error) {
		return iampolicy.IRSATrust(provider, a.Issuer, a.Namespace, a.ServiceAccount).JSON()
	}).(pulumi.StringOutput)
}

func (a *PodIdentityTrustArgs) trust() (pulumi.StringInput, error) {
	document, err := iampolicy.PodIdentityTrust(a.ClusterArn, a.Namespace, a.ServiceAccount).JSON()
	return pulumi.String(document), err
}

// associate gives the ServiceAccount's pods the role, once it has its policies.
func (a *PodIdentityTrustArgs) associate(ctx *pulumi.Context, name string, parent pulumi.Resource, role *iam.Role, attachments ...pulumi.Resource) (pulumi.Resource, error) {
	association, err := eks.NewPodIdentityAssociation(ctx, name+"-association", &eks.PodIdentityAssociationArgs{
		ClusterName:    pulumi.String(a.ClusterName),
		Namespace:      pulumi.String(a.Namespace),
		ServiceAccount: pulumi.String(a.ServiceAccount),
		RoleArn:        role.Arn,
	}, pulumi.Parent(parent), pulumi.DependsOn(attachments))
	if err != nil {
		return nil, fmt.Errorf("%s: pod identity association: %w", name, err)
	}
	return association, nil
}
