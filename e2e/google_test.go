package e2e

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/outside"
	"bifrost/e2e/reach"
)

// onGoogle is a cluster whose nodes have GKE's metadata server.
var onGoogle = &site{
	index: 8, stack: "google-dev", issuer: "https://container.googleapis.com/v1/projects/acme-dev/locations/europe-west1/clusters/dev",
	workloadPool: "acme-dev.svc.id.goog",
}

// nodePool is what the sandbox calls that of its GKE clusters.
const nodePool = "default-pool"

// namedDatabase is a name that the tests' database has, in the place of an address.
const namedDatabase = "gateway.env.PG_HOST=postgres.internal.example.com"

var gkeWays = []way{
	{name: "service account", settings: []string{namedDatabase}, login: arLogin, thorough: true, more: signedInAtGoogle},
	{name: "principal", settings: []string{namedDatabase, "gke.auth=principal"}, login: arLogin, rest: true},
	{
		name: "the vendor's service account", login: arLogin, rest: true,
		settings: []string{namedDatabase, "gke.vendorServiceAccount=hub-pull-sa@bifrost-dist.iam.gserviceaccount.com"},
	},
	{name: "node", settings: []string{namedDatabase, "gke.pull=node"}, prepare: googleNodesAskAsThemselves, more: nodesPull, rest: true},
}

// TestGKE looks at each way to pull there, and at what a ServiceAccount that signs in through the metadata server may do and reach.
func TestGKE(t *testing.T) {
	t.Parallel()
	t.Cleanup(onGoogle.stop)
	s := onGoogle.started(t)
	for _, w := range gkeWays {
		t.Run(w.name, func(t *testing.T) { life(t, s, w) })
	}
	t.Run("refresher", func(t *testing.T) {
		onlyAll(t)
		testRefresher(t, s, gkeWays[0])
	})
	// Any cluster will do for these, and this one stands.
	t.Run("any cluster, another key", func(t *testing.T) {
		onlyAll(t)
		testStaticKey(t, s)
	})
	for _, e := range anyExamples {
		t.Run("example "+e.name, func(t *testing.T) { testExample(t, s, e) })
	}
	t.Run("adopted after "+chart.name, func(t *testing.T) { testAdopt(t, s, chart) })
}

// signedInAtGoogle: rights, ways and checks of the stack whose refresher the metadata server signs in.
func signedInAtGoogle(t *testing.T, s *site) {
	t.Run("rights", func(t *testing.T) { testRights(t, s, arLogin) })
	t.Run("network", func(t *testing.T) {
		parts := s.everyone(t)
		parts["pods' metadata server"] = []reach.Place{reach.Here("pods' metadata server", netip.MustParseAddr(address(t, outside.PodMetadataAddress)))}
		tryWays(t, parts, "google-dev", []crossing{
			{"refresher", "metadata service", tcp, 80, true},
			{"refresher", "pods' metadata server", tcp, 988, true},
			{"refresher", "internet", tcp, 443, true},
			{"refresher", "API server's Service", tcp, 443, true},
			{"refresher", "kubelet", tcp, 10250, false},
			{"refresher", "agent", tcp, 80, false},
			{"gateway", "metadata service", tcp, 80, false},
			{"gateway", "pods' metadata server", tcp, 988, false},
			{"gateway", "database", tcp, 5432, true},
			{"stranger", "metadata service", tcp, 80, true},
			{"stranger", "pods' metadata server", tcp, 988, true},
			{"stranger", "gateway", tcp, 8080, false},
		})
	})
}

func address(t *testing.T, of string) string {
	t.Helper()
	parsed, err := netip.ParseAddrPort(of)
	require.NoError(t, err)
	return parsed.Addr().String()
}

// pool is the cluster's workload pool.
func (s *site) pool() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.workloadPool
}

// inProject has the cluster be one of another project until the test ends.
func (s *site) inProject(t *testing.T, project string) {
	t.Helper()
	turn := func(pool string) (had string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		had, s.workloadPool = s.workloadPool, pool
		return had
	}
	had := turn(project + ".svc.id.goog")
	t.Cleanup(func() { turn(had) })
}

// serveMetadata has Google's metadata service answer the cluster's pods as gke-metadata-server does, and its nodes as themselves.
func (s *site) serveMetadata(w *world) {
	if s.pool() == "" {
		return
	}
	w.metadata.Handle(s.internet.PodMetadata(s.client, s.pool), s.network.Pods)
	for number := range nodes {
		host := s.network.Host(number + 11)
		w.metadata.Handle(s.internet.NodeMetadata(nodePool), netip.PrefixFrom(host, host.BitLen()))
	}
}

// redirectMetadata makes the first node one without GKE's dataplane V2: what its pods ask of the metadata service goes to the server of the
// pods, and this is the address that NetworkPolicies see.
func (s *site) redirectMetadata() error {
	if s.pool() == "" {
		return nil
	}
	from, _, _ := strings.Cut(outside.MetadataAddress, ":")
	return s.nodes[0].Host.Do(func() error {
		out, err := exec.CommandContext(context.Background(), "iptables", "-t", "nat", "-A", "PREROUTING", "-s", s.network.Pods.String(), "-d", from,
			"-p", "tcp", "--dport", "80", "-j", "DNAT", "--to-destination", outside.PodMetadataAddress).CombinedOutput()
		if err != nil {
			return fmt.Errorf("redirect the metadata service: %w: %s", err, out)
		}
		return nil
	})
}

// gkeProvider stands in for auth-provider-gcp, by which the kubelets of GKE's nodes pull: with a token of the node's service account.
const gkeProvider = "auth-provider-gcp"

const gkeProviderScript = `#!/bin/sh
cat > /dev/null
answer=$(curl --silent --fail --noproxy '*' --max-time 30 --header 'Metadata-Flavor: Google' \
  http://169.254.169.254/computeMetadata/v1/instance/service-accounts/default/token) || exit 1
token=$(printf '%s' "$answer" | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
printf '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"Registry",'
printf '"cacheDuration":"1m","auth":{"*.pkg.dev":{"username":"oauth2accesstoken","password":"%s"}}}' "$token"
`

// googleNodesAskAsThemselves is what GKE's nodes do.
func googleNodesAskAsThemselves(t *testing.T, s *site, _ way) {
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "providers", gkeProvider), []byte(gkeProviderScript), 0o700))
	s.ask(t, map[string]any{
		"name": gkeProvider, "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "matchImages": []string{"*.pkg.dev"}, "defaultCacheDuration": "1m",
	})
}
