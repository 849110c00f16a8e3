package azure

import (
	"cmp"
	"strings"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/azurerbac"
	"bifrost/internal/check"
	"bifrost/internal/component"
)

// AksGatewayIdentityType is the type token of AksGatewayIdentity.
const AksGatewayIdentityType = "bifrost:index:AksGatewayIdentity"

// Defaults of an AksGatewayIdentity.
const (
	DefaultGatewayIdentityName   = "bifrost-gateway-identity"
	DefaultGatewayCredentialName = "bifrost-gateway-credential"
)

// AksGatewayIdentityArgs are the arguments of NewAksGatewayIdentity.
type AksGatewayIdentityArgs struct {
	// ResourceGroup and Location are where the identity is made. Another of them, or another IdentityName, deletes the identity and makes
	// one with other ids and the same rights.
	ResourceGroup string `pulumi:"resourceGroup"`
	Location      string `pulumi:"location"`
	// SubscriptionId is that of the provider. An identity that was made in another one is refused. Roles by name or UUID are its own.
	SubscriptionId string `pulumi:"subscriptionId"`
	// Issuer is the cluster's OIDC issuer URL exactly as Azure gives it.
	Issuer string `pulumi:"issuer"`
	// Namespace and ServiceAccount are the subject: who may use the identity.
	Namespace      string `pulumi:"namespace"`
	ServiceAccount string `pulumi:"serviceAccount"`
	// IdentityName is 3 to 128 letters, digits, - and _. Default bifrost-gateway-identity.
	IdentityName string `pulumi:"identityName,optional"`
	// FederatedCredentialName is 3 to 120 letters, digits, - and _. Default bifrost-gateway-credential.
	FederatedCredentialName string `pulumi:"federatedCredentialName,optional"`
	// RoleAssignments are what the gateway may do, such as call models of Azure OpenAI. Default: nothing.
	RoleAssignments []RoleAssignmentArgs `pulumi:"roleAssignments,optional"`
	// Tags of the identity; azure-native has no default tags.
	Tags map[string]string `pulumi:"tags,optional"`
}

// RoleAssignmentArgs are a role, and on what the identity has it.
type RoleAssignmentArgs struct {
	// Role is the name of a built-in role, such as Cognitive Services OpenAI User, the UUID of any other, or the id of its definition.
	// Required.
	Role string `pulumi:"role"`
	// Scope is the resource id of what the role is for: a resource, a resource group or a subscription. Required.
	Scope string `pulumi:"scope"`
}

// AksGatewayIdentity is the gateway's own runtime identity on AKS: a managed identity that its ServiceAccount may use, and no other. It
// has nothing to do with the identity that pulls the image, and no right beside the given role assignments.
type AksGatewayIdentity struct {
	pulumi.ResourceState
	component.Rights

	// ClientId is what a ServiceAccount names. The identity has its rights once Ready is there, for which pods wait.
	ClientId pulumi.StringOutput `pulumi:"clientId"`
	// PrincipalId is what further roles may be assigned to.
	PrincipalId pulumi.StringOutput `pulumi:"principalId"`
}

// identity are the arguments of the identity and its credential.
func (a *AksGatewayIdentityArgs) identity() *AksWorkloadIdentityArgs {
	return &AksWorkloadIdentityArgs{
		ResourceGroup: a.ResourceGroup, Location: a.Location, SubscriptionId: a.SubscriptionId, Issuer: a.Issuer,
		Namespace: a.Namespace, ServiceAccount: a.ServiceAccount,
		IdentityName:            cmp.Or(a.IdentityName, DefaultGatewayIdentityName),
		FederatedCredentialName: cmp.Or(a.FederatedCredentialName, DefaultGatewayCredentialName),
		Tags:                    a.Tags,
	}
}

// Validate reports every problem of the arguments, below the path.
func (a *AksGatewayIdentityArgs) Validate(p *field.Path) field.ErrorList {
	errs := check.Required(p.Child("subscriptionId"), a.SubscriptionId, check.UUID)
	errs = append(errs, a.identity().Validate(p)...)
	seen := map[string]bool{}
	for i, assignment := range a.RoleAssignments {
		at := p.Child("roleAssignments").Index(i)
		errs = append(errs, assignment.Validate(at)...)
		if name := assignment.name(a); seen[name] {
			errs = append(errs, field.Duplicate(at, assignment.Role+" at "+assignment.Scope))
		} else {
			seen[name] = true
		}
	}
	return errs
}

// Validate reports every problem of the arguments, below the path.
func (r RoleAssignmentArgs) Validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case r.Role == "":
		errs = append(errs, field.Required(p.Child("role"), "a role, such as Cognitive Services OpenAI User"))
	case strings.HasPrefix(r.Role, "/"):
		errs = append(errs, check.Optional(p.Child("role"), r.Role, check.RoleDefinition)...)
	case azurerbac.Name(r.Role) == "" && !check.UUID.Pattern.MatchString(r.Role):
		errs = append(errs, field.Invalid(p.Child("role"), r.Role, "its id is not known here; write the UUID that "+
			"`az role definition list --name '"+r.Role+"' --query '[0].name'` prints"))
	}
	return append(errs, check.Required(p.Child("scope"), r.Scope, check.AzureScope)...)
}

// name is the assignment's: the same for the same role at the same scope. Azure answers RoleAssignmentExists to a second one.
func (r RoleAssignmentArgs) name(a *AksGatewayIdentityArgs) string {
	of := strings.Join([]string{
		a.SubscriptionId, a.ResourceGroup, a.identity().IdentityName, azurerbac.Definition(a.SubscriptionId, r.Role), r.Scope,
	}, "\n")
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.ToLower(of))).String()
}

// NewAksGatewayIdentity makes the identity, its federated credential and its role assignments.
func NewAksGatewayIdentity(
	ctx *pulumi.Context, name string, args *AksGatewayIdentityArgs, opts ...pulumi.ResourceOption,
) (*AksGatewayIdentity, error) {
	if err := component.Refuse(AksGatewayIdentityType, name, args.Validate(nil)); err != nil {
		return nil, err
	}
	c, of := &AksGatewayIdentity{}, args.identity()
	s, err := of.register(ctx, AksGatewayIdentityType, name, c, []func(*pulumi.ResourceHookArgs) string{args.moved}, opts...)
	if err != nil {
		return nil, err
	}
	identity, credential, err := of.create(s)
	if err != nil {
		return nil, err
	}
	c.Resources = []pulumi.Resource{credential}
	for _, r := range args.RoleAssignments {
		id := r.name(args)
		assignment, err := azurerbac.NewRoleAssignment(ctx, s.Child("role-"+id[:8]), azurerbac.RoleAssignmentArgs{
			RoleAssignmentName: pulumi.String(id),
			PrincipalId:        identity.PrincipalId,
			PrincipalType:      pulumi.String("ServicePrincipal"),
			RoleDefinitionId:   pulumi.String(azurerbac.Definition(args.SubscriptionId, r.Role)),
			Scope:              pulumi.String(r.Scope),
		}, s.Options()...)
		if err != nil {
			return nil, s.Failed("role "+r.Role, err)
		}
		c.Resources = append(c.Resources, assignment)
	}
	c.ClientId, c.PrincipalId = of.inSubscription(identity), identity.PrincipalId
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"clientId": c.ClientId, "principalId": c.PrincipalId})
}

// moved says what another place means for the pods that run.
func (a *AksGatewayIdentityArgs) moved(update *pulumi.ResourceHookArgs) string {
	changes := changed(update, gatewayPlace)
	if changes == "" {
		return ""
	}
	return changes + ": Azure cannot move a managed identity. The gateway's present one is deleted first, with its credential and its " +
		"role assignments, and the pods that run cannot sign in to Azure until they are replaced, which this up does. Roles that others " +
		"have assigned to it, and databases that know it, must be told of the new one"
}

// gatewayPlace is what the gateway's identity cannot change.
var gatewayPlace = []said{
	{"location", "azure.location"}, {"resourceGroup", "azure.resourceGroup"}, {"identityName", "aks.gatewayIdentity.name"},
}
