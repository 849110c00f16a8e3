package pulls

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"

	"bifrost/e2e/addons"
	"bifrost/e2e/clustertest"
	"bifrost/e2e/controlplane"
	"bifrost/e2e/machine"
	"bifrost/e2e/outside"
	"bifrost/e2e/outside/outsidetest"
)

func TestMain(m *testing.M) {
	if _, err := controlplane.Binaries(); err != nil {
		os.Exit(machine.Skip(err))
	}
	os.Exit(machine.Run(func() int {
		defer site.stop()
		return m.Run()
	}))
}

// site is one cluster with one node, for all tests.
var site cluster

type cluster struct {
	*clustertest.Cluster
	once   sync.Once
	err    error
	clouds *outsidetest.Clouds
	names  time.Duration // until the cluster's DNS answered

	mu    sync.Mutex
	pulls []outside.Pull
}

func started(t *testing.T) *cluster {
	t.Helper()
	site.once.Do(func() { site.err = site.start(context.Background()) })
	require.NoError(t, site.err)
	return &site
}

func (c *cluster) start(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "clouds")
	if err != nil {
		return err
	}
	if c.clouds, err = outsidetest.Start(folder); err != nil {
		return err
	}
	if c.Cluster, err = clustertest.New(); err != nil {
		return err
	}
	if err := c.Start(ctx, outside.Config{
		Network: c.clouds.File, Pulled: c.pulled, PodIdentity: func(_, account string) bool { return account == associated },
	}, 1); err != nil {
		return err
	}
	return c.startDNS(ctx)
}

func (c *cluster) startDNS(ctx context.Context) error {
	began := time.Now()
	dns := addons.DNS{Address: netip.MustParseAddr(machine.DNSService), Outside: c.Network.Outside}
	if err := dns.Apply(ctx, c.Plane.As(controlplane.AdminUser)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := dns.Await(ctx, func(_ context.Context, network, address string) (conn net.Conn, err error) {
		err = c.Nodes[0].Host.Do(func() error {
			conn, err = net.DialTimeout(network, address, time.Second)
			return err
		})
		return conn, err
	})
	c.names = time.Since(began)
	return err
}

func (c *cluster) stop() {
	if c.Cluster != nil {
		c.Stop()
	}
	if c.clouds != nil {
		c.clouds.Close()
	}
}

func (c *cluster) pulled(p outside.Pull) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulls = append(c.pulls, p)
}

// took are the answers of registries since it was called last.
func (c *cluster) took() []outside.Pull {
	c.mu.Lock()
	defer c.mu.Unlock()
	pulls := c.pulls
	c.pulls = nil
	return pulls
}

// associated is the ServiceAccount with a Pod Identity association.
const associated = "associated"

// limit is how long anything here may take on a busy machine.
const limit = 3 * time.Minute

// eventually polls until what has to come has come.
func eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, limit, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	require.NoError(t, err, "%s: %v", what, last)
}

var errNotYet = errors.New("not yet")

func notYet(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{errNotYet}, args...)...)
}
