package aws

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/eks"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/iampolicy"
)

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

// EcsTasksTrustArgs name the account and the region whose ECS tasks may assume the role.
type EcsTasksTrustArgs struct {
	// AccountId has 12 digits.
	AccountId string `pulumi:"accountId"`
	// Region is that of the tasks, such as us-east-1.
	Region string `pulumi:"region"`
}

// Validate reports every problem of the arguments, below the path.
func (a *IrsaTrustArgs) Validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.OidcProviderArn == nil {
		errs = append(errs, field.Required(p.Child("oidcProviderArn"), "the ARN of the cluster's IAM OIDC provider"))
	}
	errs = append(errs, check.Required(p.Child("issuer"), a.Issuer, check.Issuer)...)
	errs = append(errs, check.Label(p.Child("namespace"), a.Namespace)...)
	return append(errs, check.Subdomain(p.Child("serviceAccount"), a.ServiceAccount)...)
}

// Validate reports every problem of the arguments, below the path.
func (a *EcsTasksTrustArgs) Validate(p *field.Path) field.ErrorList {
	errs := check.Required(p.Child("accountId"), a.AccountId, check.AccountId)
	return append(errs, check.Required(p.Child("region"), a.Region, check.Region)...)
}

// Validate reports every problem of the arguments, below the path.
func (a *PodIdentityTrustArgs) Validate(p *field.Path) field.ErrorList {
	errs := check.Required(p.Child("clusterName"), a.ClusterName, check.EksCluster)
	if a.ClusterArn == "" {
		errs = append(errs, field.Required(p.Child("clusterArn"), "the ARN of the cluster"))
	}
	errs = append(errs, check.Arn(p.Child("clusterArn"), a.ClusterArn, check.EksClusterArn)...)
	errs = append(errs, check.Label(p.Child("namespace"), a.Namespace)...)
	return append(errs, check.Subdomain(p.Child("serviceAccount"), a.ServiceAccount)...)
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
func (a *PodIdentityTrustArgs) associate(s component.Scope, role *iam.Role, attachments ...pulumi.Resource) (pulumi.Resource, error) {
	association, err := eks.NewPodIdentityAssociation(s.Ctx, s.Child("association"), &eks.PodIdentityAssociationArgs{
		ClusterName:    pulumi.String(a.ClusterName),
		Namespace:      pulumi.String(a.Namespace),
		ServiceAccount: pulumi.String(a.ServiceAccount),
		RoleArn:        role.Arn,
	}, s.Options(
		pulumi.DependsOn(attachments),
		// A ServiceAccount has one association. One that was made for another role without a component is changed, where a second one
		// would be refused (EKS API reference, CreatePodIdentityAssociation, ResourceInUseException).
		pulumi.Aliases([]pulumi.Alias{{NoParent: pulumi.Bool(true)}}),
	)...)
	if err != nil {
		return nil, s.Failed("pod identity association", err)
	}
	return association, nil
}
