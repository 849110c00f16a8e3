package stacks

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/gcp"
	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/iampolicy"
)

func validateAzure(c *Config, k *checker) {
	p := field.NewPath("azure")
	if c.written.Azure == nil {
		k.add(field.Required(p, "give subscriptionId, tenantId, location and resourceGroup"))
	} else {
		k.add(check.Required(p.Child("subscriptionId"), c.Azure.SubscriptionId, check.UUID)...)
		k.add(check.Required(p.Child("tenantId"), c.Azure.TenantId, check.UUID)...)
		k.add(check.AzureRegion(p.Child("location"), c.Azure.Location)...)
		k.add(check.Required(p.Child("resourceGroup"), c.Azure.ResourceGroup, check.ResourceGroup)...)
	}
	k.add(check.AzureTags(field.NewPath("tags"), c.Tags, managedByTag, stackTag)...)
	// The federation needs it too: its service account reads the repository.
	c.checkImage(k, c.Rollout != RolloutIdentity || c.federated(), image.Reference.ArtifactRegistry,
		googleImage)
	k.forbid("registry", "platform azure does not read it; remove it", map[string]bool{
		"additionalRepositoryArns": len(c.Registry.AdditionalRepositoryArns) > 0, "pullThroughCache": c.Registry.PullThroughCache,
	})
	if c.Aks == nil {
		k.add(field.Required(field.NewPath("aks"), "give clusterName: where the gateway runs"))
		return
	}
	c.validateAks(k)
	switch {
	case c.federated():
		c.validateFederation(k)
	case c.Rollout != RolloutIdentity && !c.Registry.Mirror:
		c.validateCredentialConfig(k)
	}
}

// aksIdentityKeys are where the arguments of the managed identity come from.
var aksIdentityKeys = keys{
	"resourceGroup": "azure.resourceGroup", "location": "azure.location", "serviceAccount": "refresher.serviceAccount",
	"identityName": "aks.identityName", "federatedCredentialName": "aks.federatedCredentialName",
}

func (c *Config) validateAks(k *checker) {
	p, a := field.NewPath("aks"), c.Aks
	k.add(check.Required(p.Child("clusterName"), a.ClusterName, check.AksCluster)...)
	k.add(check.Optional(p.Child("resourceGroup"), a.ResourceGroup, check.ResourceGroup)...)
	k.add(oneOf(p.Child("login"), a.Login)...)
	if !c.Registry.Mirror {
		k.arguments(c.aksIdentityArgs(&aksCluster{issuer: "https://ISSUER"}).Validate(nil), aksIdentityKeys)
	}
	k.add(check.Optional(p.Child("gatewayClientId"), a.GatewayClientId, check.UUID)...)
	c.validateAksGateway(k)
	k.add(oneOf(p.Child("trust"), a.Trust)...)
	if a.Trust == TrustEntra {
		c.validateEntra(k)
	} else {
		c.validateSubject(k)
		if a.Entra != nil {
			k.add(field.Forbidden(p.Child("entra"), "only aks.trust entra exchanges a token there; remove it, or set aks.trust to entra"))
		}
	}
	c.validateContext(k, p.Child("context"), a.Context)
}

// validateEntra checks the app registration. Tokens of version 1.0 carry its Application ID URI as audience, those of 2.0 its client id
// (Microsoft identity platform, "Access token claims reference").
func (c *Config) validateEntra(k *checker) {
	p := field.NewPath("aks")
	if c.written.Aks.TokenAudience != "" {
		k.add(field.Forbidden(p.Child("tokenAudience"), "with aks.trust entra the audience is the app registration; remove it"))
	}
	e := c.Aks.Entra
	if e == nil {
		k.add(field.Required(p.Child("entra"), "appIdUri and tokenVersion of the app registration that the managed identity's tokens are "+
			"for"))
		return
	}
	p = p.Child("entra")
	k.add(check.Optional(p.Child("appId"), c.written.Aks.Entra.AppId, check.UUID)...)
	const where = "see `az ad app show --id APP --query api.requestedAccessTokenVersion`, where null is 1"
	switch e.TokenVersion {
	case 0:
		k.add(field.Required(p.Child("tokenVersion"), "1 or 2; "+where))
	case 1:
	case 2:
		if e.AppId == "" {
			k.add(field.Required(p.Child("appId"), "tokens of version 2 carry the app registration's client id as audience, and "+
				"aks.entra.appIdUri "+
				"does not hold it; see `az ad app show --id APP --query appId`"))
		}
	default:
		k.add(field.Invalid(p.Child("tokenVersion"), e.TokenVersion, "1 or 2; "+where))
	}
}

// validateSubject refuses a name that has no room in google.subject, which Google's side maps the token's subject to. The vendor's maps
// the subject alone.
func (c *Config) validateSubject(k *checker) {
	subject, most := iampolicy.ServiceAccountSubject(c.Gateway.Namespace, c.Refresher.ServiceAccount), gcp.MaxGoogleSubject
	if c.federated() {
		most = gcp.MaxFederatedSubject
	}
	if len(subject) > most {
		k.add(field.Invalid(field.NewPath("refresher", "serviceAccount"), c.Refresher.ServiceAccount, fmt.Sprintf(
			"the token's subject %s has %d bytes, and Google takes %d; shorten this or gateway.namespace", subject, len(subject),
			most)))
	}
}
