package pulls

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"bifrost/e2e/addons"
	"bifrost/e2e/controlplane"
	"bifrost/e2e/images"
	"bifrost/e2e/kubelet"
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
	once    sync.Once
	err     error
	network *machine.Network
	plane   *controlplane.Cluster
	client  kubernetes.Interface
	clouds  *outsidetest.Clouds
	images  *images.Catalog
	outside *outside.Server
	node    *kubelet.Node
	names   time.Duration // until the cluster's DNS answered

	mu    sync.Mutex
	pulls []outside.Pull
}

func started(t *testing.T) *cluster {
	t.Helper()
	site.once.Do(func() { site.err = site.start() })
	require.NoError(t, site.err)
	return &site
}

func (c *cluster) start() error {
	ctx := context.Background()
	bin, err := controlplane.Binaries()
	if err != nil {
		return err
	}
	if c.network, err = machine.NewNetwork(1); err != nil {
		return err
	}
	ca, err := c.startOutside(bin)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "plane")
	if err != nil {
		return err
	}
	if c.plane, err = controlplane.StartOn(ctx, c.network, dir, "https://issuer.e2e.example/cluster"); err != nil {
		return err
	}
	if c.client, err = kubernetes.NewForConfig(c.plane.As(controlplane.AdminUser)); err != nil {
		return err
	}
	if c.node, err = kubelet.Start(ctx, kubelet.Config{Cluster: c.plane, Network: c.network, Number: 1, OutsideCA: ca}); err != nil {
		return err
	}
	return c.startDNS(ctx)
}

func (c *cluster) startOutside(bin string) (ca string, err error) {
	authority, err := outside.NewAuthority()
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp("", "clouds")
	if err != nil {
		return "", err
	}
	if c.clouds, err = outsidetest.Start(folder); err != nil {
		return "", err
	}
	c.images = images.New(images.Config{Programs: bin, CA: authority.PEM()})
	c.outside, err = outside.Start(outside.Config{
		Address: c.network.Outside.String() + ":443", Authority: authority, Network: c.clouds.File, Pulled: c.pulled,
		PodIdentity: func(_, account string) bool { return account == associated },
		Images:      c.images,
	})
	if err != nil {
		return "", err
	}
	ca = filepath.Join(machine.Folder(), "outside.crt")
	return ca, os.WriteFile(ca, authority.PEM(), 0o644)
}

func (c *cluster) startDNS(ctx context.Context) error {
	began := time.Now()
	dns := addons.DNS{Address: netip.MustParseAddr(machine.DNSService), Outside: c.network.Outside}
	if err := dns.Apply(ctx, c.plane.As(controlplane.AdminUser)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := dns.Await(ctx, func(_ context.Context, network, address string) (conn net.Conn, err error) {
		err = c.node.Host.Do(func() error {
			conn, err = net.DialTimeout(network, address, time.Second)
			return err
		})
		return conn, err
	})
	c.names = time.Since(began)
	return err
}

func (c *cluster) stop() {
	if c.node != nil {
		c.node.Stop()
	}
	if c.plane != nil {
		c.plane.Stop()
	}
	if c.outside != nil {
		c.outside.Stop()
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
