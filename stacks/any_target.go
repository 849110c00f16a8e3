package stacks

import (
	"cmp"
	"fmt"

	"bifrost/components/kubernetes"
)

// anyTarget is an existing cluster of Kubernetes that a kubeconfig reaches, wherever it runs.
type anyTarget struct{ podsTarget }

func (anyTarget) title() string { return "Kubernetes" }

func (anyTarget) used(c *Config) bool { return c.Kubernetes != nil }

func (t anyTarget) facts(c *Config) Cluster {
	a := c.Kubernetes
	facts := Cluster{
		Target: t.key, Context: a.Context,
		SignIn:    fmt.Sprintf("kubectl config use-context %s", cmp.Or(a.Context, "CONTEXT")),
		Refreshes: t.refreshes(c),
	}
	if c.holdsKey() {
		facts.StaticKey, facts.RegistryUser, facts.Token = true, kubernetes.RegistryKeyUser, "the vendor's key"
		return facts
	}
	facts.RegistryUser, facts.TokenLife, facts.Token = kubernetes.ArUser, c.arTokenLife(), "a Google access token"
	facts.TokenAudience = a.TokenAudience
	return facts
}

// holdsKey tells whether the stack's pull Secret holds the vendor's key.
func (c *Config) holdsKey() bool {
	return c.Kubernetes != nil && !c.Registry.Mirror && c.Kubernetes.Pull == ClusterPullKey
}

// runtime: no identity of a cloud is given to the gateway there.
func (anyTarget) runtime(*Config, *kubernetes.BifrostWorkloadArgs) {}

func (anyTarget) identified(*Config) bool { return false }

func (anyTarget) identify() string {
	return "platform kubernetes gives the gateway no identity of a cloud; write a password or a certificate of a client"
}

func (anyTarget) runtimeIdentity(*Config) string { return "" }

func (anyTarget) refreshes(c *Config) bool {
	return !c.Registry.Mirror && c.Kubernetes.Pull == ClusterPullFederation
}

func (t anyTarget) pullSecret(c *Config) *kubernetes.PullSecretArgs {
	switch {
	case c.Registry.Mirror:
		return nil
	case c.holdsKey():
		return c.keyPullSecretArgs()
	}
	return c.arPullSecretArgs(madeUp, tokenHolder{})
}

// googleToken is the cluster's ServiceAccount token, of its own issuer.
func (t anyTarget) googleToken(c *Config) googleToken {
	a := c.Kubernetes
	return googleToken{
		place: t.key, cluster: "cluster " + a.known(), audience: a.TokenAudience, file: a.TokenFile, secretName: a.SecretName,
	}
}

// known is what people call the cluster by.
func (a *Kubernetes) known() string { return cmp.Or(a.ClusterName, a.Context, a.Issuer) }
