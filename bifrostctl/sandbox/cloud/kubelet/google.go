package kubelet

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/services/gcp"
	"bifrost/bifrostctl/world"
)

const (
	// googleAccountAnnotation names the service account of Google as which a ServiceAccount's pods are to act.
	googleAccountAnnotation = "iam.gke.io/gcp-service-account"
	// metadataLabel is what nodes have on which GKE's metadata server runs.
	metadataLabel = "iam.gke.io/gke-metadata-server-enabled"
)

// metadataHosts are what pods call the metadata server; on other clouds' nodes the address is another's, and the name nobody's.
var metadataHosts = []string{gcp.MetadataHost, "metadata", "169.254.169.254"}

// AsksMetadata tells whether a pod asks the metadata server for tokens: its ServiceAccount is to act as a service account of Google, or it
// runs gcloud without a credential configuration.
func AsksMetadata(api API, namespace string, spec corev1.PodSpec) bool {
	p := Pod{Namespace: namespace, Spec: spec}
	if _, annotations := api.ServiceAccount(namespace, p.serviceAccount()); annotations[googleAccountAnnotation] != "" {
		return true
	}
	return slices.ContainsFunc(containersOf(p), func(c corev1.Container) bool {
		known, found := imageOf(c.Image)
		return found && slices.Contains(known.commands, "gcloud") &&
			!slices.ContainsFunc(c.Env, func(e corev1.EnvVar) bool { return e.Name == credentialFile })
	})
}

// client is what a pod's containers reach others with.
func (n *Node) client(p Pod) *http.Client {
	return &http.Client{Transport: podTransport{n, p}}
}

// podTransport passes requests for the metadata server of a GKE node on with who asks.
type podTransport struct {
	node *Node
	pod  Pod
}

// RoundTrip implements http.RoundTripper.
func (t podTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	beyond := t.node.World.Network.Client().Transport
	host := r.URL.Hostname()
	switch {
	case t.node.Cluster.Cloud != "gke" && host == gcp.MetadataHost:
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	case t.node.Cluster.Cloud != "gke" || !slices.Contains(metadataHosts, host):
		return beyond.RoundTrip(r)
	}
	asked := r.Clone(r.Context())
	asked.URL.Host, asked.Host = gcp.MetadataHost, gcp.MetadataHost
	project, cluster := t.node.gke()
	pool, known := landsOn(cluster, t.pod)
	if known && (!cluster.WorkloadIdentity || pool.Exposed) {
		asked.Header.Set(gcp.NodePoolHeader, pool.Name)
		return beyond.RoundTrip(asked)
	}
	raw, err := t.node.token(t.pod, project.WorkloadPool(), tokenLifetime)
	if err != nil {
		return nil, err
	}
	_, annotations := t.node.API.ServiceAccount(t.pod.Namespace, t.pod.serviceAccount())
	asked.Header.Set(gcp.PodTokenHeader, string(raw))
	asked.Header.Set(gcp.PodAccountHeader, annotations[googleAccountAnnotation])
	return beyond.RoundTrip(asked)
}

// gke is the node's cluster with its project.
func (n *Node) gke() (*world.GCPProject, *world.GKECluster) {
	project := n.World.GCP[n.Cluster.Account]
	return project, project.GKECluster(n.Cluster.Region, n.Cluster.Name)
}

// landsOn is a node pool that a pod may land on: one without GKE's metadata server, where there is such a one and the pod does not ask for
// that by its node selector. It is false where the cluster's user has no node pools.
func landsOn(cluster *world.GKECluster, p Pod) (world.GKENodePool, bool) {
	exposed := slices.IndexFunc(cluster.NodePools, func(pool world.GKENodePool) bool { return pool.Exposed })
	if exposed >= 0 && p.Spec.NodeSelector[metadataLabel] != "true" {
		return cluster.NodePools[exposed], true
	}
	for _, pool := range cluster.NodePools {
		if !pool.Exposed {
			return pool, true
		}
	}
	return world.GKENodePool{}, false
}

// pullScopes are the beginnings of the access scopes with which GKE's kubelets ask for credentials at all (kubernetes/cloud-provider-gcp,
// pkg/gcpcredential, ContainerRegistryProvider).
var pullScopes = []string{
	"https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/devstorage.read_",
	"https://www.googleapis.com/auth/devstorage.full_control",
}

// pullAsGoogleNode pulls as a kubelet of GKE does for a pod without a pull Secret: with the service account of its node. The one that the
// ServiceAccount's annotation names plays no part in it.
func (n *Node) pullAsGoogleNode(ctx context.Context, p Pod, image string) error {
	project, cluster := n.gke()
	pools := cluster.NodePools
	if len(pools) == 0 { // Autopilot: Google has the nodes
		pools = []world.GKENodePool{{Name: "of Autopilot", Scopes: []string{"cloud-platform"}}}
	}
	for _, pool := range pools { // the pod may land on a node of any
		if !slices.ContainsFunc(pool.ScopeURLs(), mayPull) {
			return hop.Refuse(hop.Kubelet, hop.NoCredentials, "the nodes of pool %s have neither the scope cloud-platform nor "+
				"devstorage.read_only", pool.Name)
		}
		if err := gcp.PullAsNode(ctx, n.World, image, project, pool); err != nil {
			_, annotations := n.API.ServiceAccount(p.Namespace, p.serviceAccount())
			if account := annotations[googleAccountAnnotation]; account != "" {
				n.World.Network.Refusals.Add(hop.Refuse(hop.Kubelet, hop.NoCredentials,
					"%s of the ServiceAccount never authenticates a pull; the service account of node pool %s does", account, pool.Name))
			}
			return err
		}
	}
	return nil
}

func mayPull(scope string) bool {
	return slices.ContainsFunc(pullScopes, func(begin string) bool { return strings.HasPrefix(scope, begin) })
}
