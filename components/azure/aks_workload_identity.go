package azure

import (
	"cmp"

	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/iampolicy"
)

// AksWorkloadIdentityType is the type token of AksWorkloadIdentity.
const AksWorkloadIdentityType = "bifrost:index:AksWorkloadIdentity"

// Defaults of an AksWorkloadIdentity.
const (
	DefaultIdentityName            = "bifrost-pull-identity"
	DefaultFederatedCredentialName = "bifrost-federated-credential"
)

// AksWorkloadIdentityArgs are the arguments of NewAksWorkloadIdentity.
type AksWorkloadIdentityArgs struct {
	// ResourceGroup and Location are where the identity is made. Another of them, or another IdentityName, deletes the identity and makes
	// one with other ids; a warning says so beforehand.
	ResourceGroup string `pulumi:"resourceGroup"`
	Location      string `pulumi:"location"`
	// SubscriptionId is that of the provider. Where it is given, an identity that was made in another one is refused.
	SubscriptionId string `pulumi:"subscriptionId,optional"`
	// Issuer is the cluster's OIDC issuer URL exactly as Azure gives it: Entra compares it verbatim, trailing slash included.
	Issuer string `pulumi:"issuer"`
	// Namespace and ServiceAccount are the subject: who may use the identity.
	Namespace      string `pulumi:"namespace"`
	ServiceAccount string `pulumi:"serviceAccount"`
	// IdentityName is 3 to 128 letters, digits, - and _. Default bifrost-pull-identity.
	IdentityName string `pulumi:"identityName,optional"`
	// FederatedCredentialName is 3 to 120 letters, digits, - and _. Default bifrost-federated-credential.
	FederatedCredentialName string `pulumi:"federatedCredentialName,optional"`
	// Tags of the identity; azure-native has no default tags.
	Tags map[string]string `pulumi:"tags,optional"`
	// Protect keeps Pulumi from deleting the identity, which the vendor allowlists by its ids.
	Protect bool `pulumi:"protect,optional"`
}

// AksWorkloadIdentity is a user-assigned managed identity that one Kubernetes ServiceAccount may use.
type AksWorkloadIdentity struct {
	pulumi.ResourceState
	component.Rights

	// ClientId, PrincipalId and TenantId are what the vendor allowlists.
	ClientId    pulumi.StringOutput `pulumi:"clientId"`
	PrincipalId pulumi.StringOutput `pulumi:"principalId"`
	TenantId    pulumi.StringOutput `pulumi:"tenantId"`
	// Subject is the subject of the ServiceAccount's token.
	Subject pulumi.StringOutput `pulumi:"subject"`
}

// Validate reports every problem of the arguments, below the path.
func (a *AksWorkloadIdentityArgs) Validate(p *field.Path) field.ErrorList {
	errs := check.Required(p.Child("resourceGroup"), a.ResourceGroup, check.ResourceGroup)
	errs = append(errs, check.Required(p.Child("location"), a.Location, check.AzureLocation)...)
	errs = append(errs, check.Required(p.Child("issuer"), a.Issuer, check.Issuer)...)
	errs = append(errs, check.Label(p.Child("namespace"), a.Namespace)...)
	errs = append(errs, check.Subdomain(p.Child("serviceAccount"), a.ServiceAccount)...)
	errs = append(errs, check.Optional(p.Child("identityName"), a.IdentityName, check.ManagedIdentity)...)
	return append(errs, check.Optional(p.Child("federatedCredentialName"), a.FederatedCredentialName, check.FederatedCredential)...)
}

// NewAksWorkloadIdentity makes the identity and its federated credential.
func NewAksWorkloadIdentity(
	ctx *pulumi.Context, name string, args *AksWorkloadIdentityArgs, opts ...pulumi.ResourceOption,
) (*AksWorkloadIdentity, error) {
	if err := component.Refuse(AksWorkloadIdentityType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	subject := args.subject()

	c := &AksWorkloadIdentity{}
	says := []func(*pulumi.ResourceHookArgs) string{args.moved, trusted}
	s, err := args.register(ctx, AksWorkloadIdentityType, name, c, says, opts...)
	if err != nil {
		return nil, err
	}

	made, err := args.introduce(s)
	if err != nil {
		return nil, s.Failed("hook", err)
	}
	identity, credential, err := args.create(s, pulumi.Protect(args.Protect), made)
	if err != nil {
		return nil, err
	}

	c.Resources = []pulumi.Resource{credential}
	c.ClientId, c.PrincipalId, c.TenantId = args.inSubscription(identity), identity.PrincipalId, identity.TenantId
	c.Subject = pulumi.String(subject).ToStringOutput()
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"clientId": c.ClientId, "principalId": c.PrincipalId, "tenantId": c.TenantId, "subject": c.Subject,
	})
}

// create makes the identity, with the given options of its own, and its federated credential.
func (a *AksWorkloadIdentityArgs) create(
	s component.Scope, own ...pulumi.ResourceOption,
) (*managedidentity.UserAssignedIdentity, *managedidentity.FederatedIdentityCredential, error) {
	ctx, subject := s.Ctx, a.subject()
	identity, err := managedidentity.NewUserAssignedIdentity(ctx, s.Child("identity"), &managedidentity.UserAssignedIdentityArgs{
		ResourceName:      pulumi.String(a.identityName()),
		ResourceGroupName: pulumi.String(a.ResourceGroup),
		Location:          pulumi.String(a.Location),
		Tags:              component.Merge(a.Tags),
	}, s.Options(own...)...)
	if err != nil {
		return nil, nil, s.Failed("managed identity", err)
	}

	trust := &managedidentity.FederatedIdentityCredentialArgs{
		FederatedIdentityCredentialResourceName: pulumi.String(cmp.Or(a.FederatedCredentialName, DefaultFederatedCredentialName)),
		ResourceName:                            identity.Name,
		ResourceGroupName:                       pulumi.String(a.ResourceGroup),
		Issuer:                                  pulumi.String(a.Issuer),
		Subject:                                 pulumi.String(subject),
		Audiences:                               pulumi.StringArray{pulumi.String(iampolicy.AzureTokenExchangeAudience)},
	}
	// An identity has one credential for an issuer and subject. Under a new name the old one goes first, as the provider has it with every
	// name that is given.
	credential, err := managedidentity.NewFederatedIdentityCredential(ctx, s.Child("federated-credential"), trust, s.Options()...)
	if err != nil {
		return nil, nil, s.Failed("federated credential", err)
	}
	return identity, credential, nil
}
