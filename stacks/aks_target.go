package stacks

import (
	"fmt"
	"time"

	"bifrost/components/kubernetes"
)

// aksTarget is an existing cluster of AKS.
type aksTarget struct{ podsTarget }

func (aksTarget) title() string { return "AKS" }

func (aksTarget) used(c *Config) bool { return c.Aks != nil }

func (t aksTarget) facts(c *Config) Cluster {
	a, life := c.Aks, kubernetes.ArTokenLife
	if asked := c.Gcp.tokenLifeSeconds(); asked > 0 {
		life = time.Duration(asked) * time.Second
	}
	return Cluster{
		Target: t.key, Context: a.Context,
		SignIn:       fmt.Sprintf("az aks get-credentials --resource-group %s --name %s", a.ResourceGroup, a.ClusterName),
		RegistryUser: kubernetes.ArUser, TokenLife: life, Token: "a Google access token", TokenAudience: a.TokenAudience,
		IdentityAnnotation: kubernetes.AzureClientAnnotation, Identity: a.GatewayClientId, Refreshes: t.refreshes(c),
	}
}

func (aksTarget) runtime(c *Config, workload *kubernetes.BifrostWorkloadArgs) {
	workload.AzureClientId = c.Aks.GatewayClientId
}

func (aksTarget) refreshes(c *Config) bool { return !c.Registry.Mirror }

func (t aksTarget) pullSecret(c *Config) *kubernetes.PullSecretArgs {
	if !t.refreshes(c) {
		return nil
	}
	return c.arPullSecretArgs(madeUp, tokenHolder{tenantId: madeUp, clientId: madeUp})
}
