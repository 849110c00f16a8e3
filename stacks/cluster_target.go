package stacks

import (
	"time"

	"bifrost/components/kubernetes"
	"bifrost/internal/gateway"
	"bifrost/internal/gateway/configjson"
)

// cluster is a target of pods: an existing cluster of Kubernetes, of one cloud.
type cluster interface {
	target
	// facts are what the verifier and others need to know of it.
	facts(*Config) Cluster
	// runtime gives the gateway's pods the identity that is configured for them. What is not known before the look-ups is made up.
	runtime(*Config, *kubernetes.BifrostWorkloadArgs)
	// identified tells whether the gateway's pods have an identity of their own there, and identify how they get one that may sign in to
	// databases.
	identified(*Config) bool
	identify() string
	// runtimeIdentity is what the gateway signs in as, and how. It is plain text, known before the identity is made: what comes of it would
	// tie the pods to it, and where it is replaced, the provider would delete them. Empty where it signs in as nobody.
	runtimeIdentity(*Config) string
	// refreshes tells whether the stack makes a pull Secret there, and what keeps it fresh.
	refreshes(*Config) bool
	// pullSecret are the arguments of that pull Secret, with what is not known before the look-ups made up; nil where none is made.
	pullSecret(*Config) *kubernetes.PullSecretArgs
}

// Cluster is what is known of the stack's cluster of Kubernetes, whichever cloud it is of.
type Cluster struct {
	// Target is its key in the configuration and in the outputs: eks, aks or kubernetes.
	Target string
	// Context names a context of secrets.kubeconfig; empty is the current one.
	Context string
	// SignIn is the command that lets kubectl in.
	SignIn string
	// RegistryUser is the user of the login that the refresher writes.
	RegistryUser string
	// TokenLife is how long that login lives.
	TokenLife time.Duration
	// Token is what the login is called in messages: an ECR token, for instance.
	Token string
	// TokenAudience is whom the refresher's ServiceAccount token is for; empty where the cloud signs it in by itself.
	TokenAudience string
	// IdentityAnnotation is with what the gateway's ServiceAccount names its own cloud identity; empty where it needs no name.
	IdentityAnnotation string
	// Identity is the gateway's own cloud identity as far as it is configured: a role's ARN, or a client id.
	Identity string
	// Refreshes tells whether a pull Secret is made and kept fresh.
	Refreshes bool
	// StaticKey tells whether the pull Secret holds a key of the vendor's, which nothing keeps fresh.
	StaticKey bool
}

// Cluster returns the stack's cluster of Kubernetes; false where it has none.
func (c *Config) Cluster() (Cluster, bool) {
	on := c.onKubernetes()
	if on == nil {
		return Cluster{}, false
	}
	return on.facts(c), true
}

// podsTarget is what all places with pods have in common.
type podsTarget struct{ key string }

func (p podsTarget) name() string { return p.key }

func (podsTarget) pods() bool { return true }

func (podsTarget) carrier() (string, int) { return "a Secret of Kubernetes", configjson.MaxSecret }

func (podsTarget) overlay(*Config) (plain, secret map[string]string) { return nil, nil }

func (podsTarget) refers(c *Config, variable string) bool {
	_, referred := c.Gateway.SecretRefs[variable]
	return referred
}

func (podsTarget) processes(c *Config) (most, added int) {
	switch {
	case c.Stateful():
		return 1, 0
	case c.Gateway.Autoscaling != nil:
		return c.Gateway.Autoscaling.MaxReplicas, kubernetes.MaxSurge
	}
	return c.Gateway.replicas(), kubernetes.MaxSurge
}

func (podsTarget) wantsCluster(*Config) bool { return false }

func (podsTarget) discovery() string { return configjson.DiscoveryKubernetes }

func (podsTarget) members(c *Config, cluster *configjson.Cluster) {
	cluster.Namespace, cluster.LabelSelector = c.Gateway.Namespace, "app="+c.Gateway.appLabel()
}

func (podsTarget) brokerHost(c *Config) string {
	return gateway.DefaultBrokerName + "." + c.Gateway.Namespace + ".svc"
}
