package e2e

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/kubelet"
	"bifrost/e2e/machine"
	"bifrost/e2e/outside"
	"bifrost/e2e/postgres"
)

// site is a cluster with nodes in two zones, the internet as it sees it, and the stack of the project that is deployed to it.
type site struct {
	index         int // of its network, 1 to 9
	stack, issuer string
	tenant        string // of Azure; empty elsewhere
	workloadPool  string // of GKE; empty elsewhere

	once     sync.Once
	err      error
	dir      string
	network  *machine.Network
	plane    *controlplane.Cluster
	client   kubernetes.Interface // the administrator's
	internet *outside.Server
	database *postgres.Server
	nodes    []*kubelet.Node
	// pace is how long the provider takes for a chunk of a stream, in nanoseconds.
	pace atomic.Int64

	mu sync.Mutex
	// folder is that of the example that is deployed, from the repository on; empty for the project's own stack.
	folder string
	// state is the folder of the sandbox with the stack's clouds.
	state string
	// injected are the ServiceAccounts, as namespace/name, with a Pod Identity association.
	injected map[string]bool
	// schedule is the refresher's, where a test does not wait for its runs.
	schedule string
	// mode is how the stack's image is pulled, in the words of the report.
	mode string
}

var (
	eks = &site{index: 1, stack: "aws-dev", issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/E2E0123456789ABCDEF0123456789AB0"}
	// exemplary has the examples for EKS, and the pulls without a Secret, which change the nodes.
	exemplary = &site{index: 6, stack: "aws-dev", issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/E2E0123456789ABCDEF0123456789AB5"}
	aks       = &site{index: 2, stack: "azure-dev", issuer: "https://westeurope.oic.prod-aks.azure.com/00000000-0000-4000-8000-000000000002/0e2e0e2e-0000-4000-8000-000000000003/", tenant: "00000000-0000-4000-8000-000000000002"}
)

// started returns the site with its cluster up; the first call starts it, TestMain stops it.
func (s *site) started(t *testing.T) *site {
	t.Helper()
	s.once.Do(func() { s.err = s.start() })
	require.NoError(t, s.err)
	return s
}

// clouds is the file that tells how the clouds of the stack are reached, while a command of the sandbox serves them.
func (s *site) clouds() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return filepath.Join(s.state, filepath.Base(s.argument()), "network.json")
}

func (s *site) isInjected(namespace, account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.injected[namespace+"/"+account]
}
