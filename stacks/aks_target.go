package stacks

import (
	"fmt"
	"strings"

	"bifrost/components/kubernetes"
)

// aksTarget is an existing cluster of AKS.
type aksTarget struct{ podsTarget }

func (aksTarget) title() string { return "AKS" }

func (aksTarget) used(c *Config) bool { return c.Aks != nil }

func (t aksTarget) facts(c *Config) Cluster {
	a := c.Aks
	return Cluster{
		Target: t.key, Context: a.Context,
		SignIn:       fmt.Sprintf("az aks get-credentials --resource-group %s --name %s", a.ResourceGroup, a.ClusterName),
		RegistryUser: kubernetes.ArUser, TokenLife: c.arTokenLife(), Token: "a Google access token", TokenAudience: a.TokenAudience,
		IdentityAnnotation: kubernetes.AzureClientAnnotation, Identity: a.GatewayClientId, Refreshes: t.refreshes(c),
	}
}

// runtime stands for the identity that is made here with a client id that is made up.
func (aksTarget) runtime(c *Config, workload *kubernetes.BifrostWorkloadArgs) {
	workload.AzureClientId = optionalInput(c.Aks.GatewayClientId)
	if c.Aks.GatewayIdentity != nil {
		workload.AzureClientId = madeUpClientId
	}
}

func (aksTarget) identified(c *Config) bool {
	return c.Aks.GatewayClientId != "" || c.Aks.GatewayIdentity != nil
}

func (aksTarget) identify() string {
	return "aks.gatewayIdentity makes one, which the database must know as a user"
}

func (aksTarget) runtimeIdentity(c *Config) string {
	if g := c.Aks.GatewayIdentity; g != nil {
		return strings.Join([]string{c.Azure.Location, c.Azure.ResourceGroup, g.Name}, "/")
	}
	return c.Aks.GatewayClientId
}

func (aksTarget) refreshes(c *Config) bool { return !c.Registry.Mirror }

func (t aksTarget) pullSecret(c *Config) *kubernetes.PullSecretArgs {
	if !t.refreshes(c) {
		return nil
	}
	return c.arPullSecretArgs(madeUp, tokenHolder{tenantId: madeUp, clientId: madeUp})
}

func (t aksTarget) googleToken(c *Config) googleToken {
	a := c.Aks
	shown := googleToken{
		place: t.key, cluster: "AKS cluster " + a.ClusterName, audience: a.TokenAudience, file: a.TokenFile, secretName: a.SecretName,
	}
	if a.Trust == TrustEntra {
		shown.entra = a.Entra
	}
	return shown
}
