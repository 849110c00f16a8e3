package world

import (
	"cmp"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// KubernetesClusterType is the type under which the sandbox's commands know a KubernetesCluster: no provider of Pulumi's looks one up.
const KubernetesClusterType = "sandbox:cluster"

// Kubeconfig is the Cloud of a KubernetesCluster.
const Kubeconfig = "kubernetes"

// defaultIssuer is that of clusters whose owner has chosen none (kubeadm, and so kind; k3s).
const defaultIssuer = "https://kubernetes.default.svc.cluster.local"

// KubernetesCluster is an existing cluster that no cloud's look-up knows: a kubeconfig leads to it.
type KubernetesCluster struct {
	// Name is that of the kubeconfig's context.
	Name string `json:"name"`
	// Version is the Kubernetes version, as "1.33.2".
	Version string `json:"version"`
	// OIDCIssuer is the issuer of the cluster's ServiceAccount tokens; empty is what clusters have by themselves.
	OIDCIssuer string `json:"oidcIssuer,omitempty"`
	// IssuerHidden says that nobody outside the cluster's network reaches the issuer. One whose name is not public never is.
	IssuerHidden bool `json:"issuerHidden,omitempty"`
	// Jwks is what the cluster's owner says are the keys of its issuer, as JSON. What the sandbox's cluster signs with stands for them.
	Jwks string `json:"jwks,omitempty"`
	// OpenShift says that the cluster is one of OpenShift: it gives user ids by its security context constraints.
	OpenShift bool `json:"openshift,omitempty"`
	// NetworkPolicies is what enforces network policies; empty is Calico.
	NetworkPolicies PolicyEngine `json:"networkPolicies,omitempty"`
	// API is the real API server that is the cluster's; nil for one of the sandbox's own.
	API *APIServer `json:"api,omitempty"`
}

// noHost are the characters that a context's name may have and a host's not.
var noHost = regexp.MustCompile(`[^a-z0-9]+`)

// Endpoint returns the URL of the cluster's API server.
func (c *KubernetesCluster) Endpoint() string {
	if c.API != nil {
		return c.API.Server
	}
	return "https://" + strings.Trim(noHost.ReplaceAllString(strings.ToLower(c.Name), "-"), "-") + ".sandbox.test:6443"
}

// Issuer returns the issuer of the cluster's ServiceAccount tokens.
func (c *KubernetesCluster) Issuer() string {
	if c.API != nil {
		return c.API.Issuer
	}
	return cmp.Or(c.OIDCIssuer, defaultIssuer)
}

// privateSuffixes end names that no public DNS has (RFC 6762, RFC 8375, RFC 9476, and Kubernetes, "DNS for Services and Pods").
var privateSuffixes = []string{".svc", ".local", ".internal", ".localhost", ".home.arpa"}

// Reachable tells whether Google reaches the cluster's issuer, to fetch its keys.
func (c *KubernetesCluster) Reachable() bool {
	issuer, err := url.Parse(c.Issuer())
	if err != nil || issuer.Scheme != "https" || c.IssuerHidden {
		return false
	}
	host := issuer.Hostname()
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return false
	}
	return !slices.ContainsFunc(privateSuffixes, func(suffix string) bool { return strings.HasSuffix(host, suffix) })
}

// IsIssuerHost tells whether a host is that of an issuer that a cluster's owner has chosen, and that everybody reaches.
func (w *World) IsIssuerHost(host string) bool {
	return slices.ContainsFunc(w.Kubernetes, func(c *KubernetesCluster) bool {
		issuer, err := url.Parse(c.Issuer())
		return err == nil && issuer.Hostname() == host && c.Reachable()
	})
}

func (c *KubernetesCluster) cluster() *Cluster {
	return &Cluster{Server: c.Endpoint(), CA: c.API.authority(c.Endpoint()), Name: c.Name, Cloud: Kubeconfig, Issuer: c.Issuer()}
}

// SeedKubernetes adds a cluster where it is missing, and returns the one that is there. One that exists stays as it is, but that a real API
// server takes the place of the one before, and that it takes an issuer of which nobody has spoken before.
func (w *World) SeedKubernetes(seed KubernetesCluster) *KubernetesCluster {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := w.kubernetes(func(c *KubernetesCluster) bool { return c.Name == seed.Name })
	switch {
	case known == nil:
		w.Kubernetes = append(w.Kubernetes, &seed)
		w.addCluster(seed.cluster())
		return &seed
	case seed.API != nil:
		w.moveCluster(known.Endpoint(), seed.cluster())
		known.API, known.Version = seed.API, seed.Version
	case known.OIDCIssuer == "" && known.Jwks == "":
		known.OIDCIssuer, known.Jwks, known.IssuerHidden = seed.OIDCIssuer, seed.Jwks, known.IssuerHidden || seed.IssuerHidden
		w.Clusters[known.Endpoint()].Issuer = known.Issuer()
	}
	return known
}

// OnServer is the cluster at a server that no cloud's look-up knows; nil where it is a cloud's, or none.
func (w *World) OnServer(server string) *KubernetesCluster {
	return w.kubernetes(func(c *KubernetesCluster) bool { return c.Endpoint() == server })
}

// OfIssuer is the cluster of an issuer that no cloud's look-up knows; nil where it is a cloud's, or none.
func (w *World) OfIssuer(issuer string) *KubernetesCluster {
	return w.kubernetes(func(c *KubernetesCluster) bool { return c.Issuer() == issuer })
}

func (w *World) kubernetes(is func(*KubernetesCluster) bool) *KubernetesCluster {
	if i := slices.IndexFunc(w.Kubernetes, is); i >= 0 {
		return w.Kubernetes[i]
	}
	return nil
}

func (c *KubernetesCluster) standing() Standing {
	return Standing{
		Type: KubernetesClusterType, Scope: "kubeconfig", ID: c.Name, Names: []string{c.Name}, Cluster: c,
		State: map[string]any{
			"version": c.Version, "endpoint": c.Endpoint(), "issuer": c.Issuer(), "issuerReachable": c.Reachable(),
			"openshift": c.OpenShift, "networkPolicies": cmp.Or(c.NetworkPolicies, Calico),
		},
		Pods: &Pods{
			Cloud: Kubeconfig, Server: c.Endpoint(), Version: c.Version, API: c.API,
			NetworkPolicies: cmp.Or(c.NetworkPolicies, Calico),
		},
	}
}
