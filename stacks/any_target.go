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
	facts := c.clusterPull().login(c)
	facts.Target, facts.Context, facts.Refreshes = t.key, c.Kubernetes.Context, t.refreshes(c)
	facts.SignIn = fmt.Sprintf("kubectl config use-context %s", cmp.Or(c.Kubernetes.Context, "CONTEXT"))
	return facts
}

// runtime: no identity of a cloud is given to the gateway there.
func (anyTarget) runtime(*Config, *kubernetes.BifrostWorkloadArgs) {}

func (anyTarget) identified(*Config) bool { return false }

func (anyTarget) identify() string {
	return "platform kubernetes gives the gateway no identity of a cloud; write a password or a certificate of a client"
}

func (anyTarget) runtimeIdentity(*Config) string { return "" }

func (anyTarget) refreshes(c *Config) bool { return c.clusterPull().refreshes() }

func (anyTarget) pullSecret(c *Config) *kubernetes.PullSecretArgs {
	return c.clusterPull().pullSecret(c)
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
