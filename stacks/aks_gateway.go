package stacks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/azure"
	"bifrost/components/kubernetes"
	"bifrost/internal/azurerbac"
)

// GatewayIdentity is a managed identity of the gateway's own, made here for its ServiceAccount alone. It never pulls.
type GatewayIdentity struct {
	// Name of the managed identity. With another name the identity of the running pods goes before the new one comes. Default
	// bifrost-gateway-identity.
	Name string
	// FederatedCredentialName is the name of its federated credential. Default bifrost-gateway-credential.
	FederatedCredentialName string
	// RoleAssignments are what it may do. Who deploys needs the right to write role assignments there.
	RoleAssignments []azure.RoleAssignmentArgs
}

// madeUpClientId stands for the client id of an identity that is made here.
const madeUpClientId = pulumi.String("00000000-0000-0000-0000-000000000000")

// aksGatewayIdentityKeys are where the arguments of the gateway's identity come from. What it shares with the one that pulls is checked
// there.
var aksGatewayIdentityKeys = keys{
	"resourceGroup": "", "location": "", "subscriptionId": "", "issuer": "", "namespace": "", "serviceAccount": "gateway.serviceAccount",
	"identityName": "aks.gatewayIdentity.name", "federatedCredentialName": "aks.gatewayIdentity.federatedCredentialName",
	"roleAssignments": "aks.gatewayIdentity.roleAssignments",
}

// aksGatewayIdentityArgs are those of the identity that is made for the gateway.
func (c *Config) aksGatewayIdentityArgs(cluster *aksCluster) *azure.AksGatewayIdentityArgs {
	g := c.Aks.GatewayIdentity
	return &azure.AksGatewayIdentityArgs{
		ResourceGroup: c.Azure.ResourceGroup, Location: c.Azure.Location, SubscriptionId: c.Azure.SubscriptionId,
		Issuer: cluster.issuer, Namespace: c.Gateway.Namespace, ServiceAccount: c.Gateway.ServiceAccount,
		IdentityName: g.Name, FederatedCredentialName: g.FederatedCredentialName, RoleAssignments: g.RoleAssignments, Tags: c.tags(),
	}
}

// validateAksGateway checks the gateway's runtime identity: one that is given, or one that is made.
func (c *Config) validateAksGateway(k *checker) {
	a := c.Aks
	if a.GatewayIdentity == nil {
		return
	}
	p := field.NewPath("aks", "gatewayIdentity")
	k.arguments(c.aksGatewayIdentityArgs(&aksCluster{issuer: "https://ISSUER"}).Validate(nil), aksGatewayIdentityKeys)
	if a.GatewayClientId != "" {
		k.add(field.Forbidden(field.NewPath("aks", "gatewayClientId"), "aks.gatewayIdentity makes an identity; remove one of them"))
	}
	if strings.EqualFold(a.GatewayIdentity.Name, a.IdentityName) && !c.Registry.Mirror {
		k.add(field.Invalid(p.Child("name"), a.GatewayIdentity.Name, "aks.identityName is the identity that pulls; they must be two, or "+
			"the gateway could pull and the refresher use the gateway's rights"))
	}
	if c.Gateway.ExistingServiceAccount {
		k.add(field.Forbidden(p, "the existing ServiceAccount is not changed, and another identity's client id cannot be written into it "+
			"here: make the identity yourself, annotate the ServiceAccount with "+kubernetes.AzureClientAnnotation+
			", and write aks.gatewayClientId"))
	}
}

// mightyGateway tells of rights with which whoever takes the gateway over has the subscription, or a part of it.
func mightyGateway(c *Config) string {
	if c.Aks == nil || c.Aks.GatewayIdentity == nil {
		return ""
	}
	var mighty []string
	for _, r := range c.Aks.GatewayIdentity.RoleAssignments {
		if name := azurerbac.Name(r.Role); slices.Contains(azurerbac.Administrators, name) {
			mighty = append(mighty, fmt.Sprintf("%s at %s", name, r.Scope))
		}
	}
	if len(mighty) == 0 {
		return ""
	}
	return "aks.gatewayIdentity.roleAssignments: whoever takes the gateway over may change everything there, or give rights to others (" +
		strings.Join(mighty, ", ") + "); a gateway needs what it calls alone, such as Cognitive Services OpenAI User at one account"
}

// newAksGatewayIdentity makes the identity; one that is given is only named.
func (d *aksDeployment) newAksGatewayIdentity(ctx *pulumi.Context) (*azure.AksGatewayIdentity, error) {
	if d.Aks.GatewayIdentity == nil {
		return nil, nil
	}
	args := d.aksGatewayIdentityArgs(d.cluster)
	return azure.NewAksGatewayIdentity(ctx, "aks-gateway-identity", args, pulumi.Providers(d.cluster.provider))
}
