package monitoring

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/images"
	"bifrost/e2e/kubelet"
	"bifrost/e2e/machine"
	"bifrost/e2e/outside"
	"bifrost/e2e/upstream"
)

// programs that make monitoring builds, beside those of every cluster.
var programs = []string{"promtool", "prometheus", "kube-state-metrics", "operator", "prometheus-config-reloader"}

func TestMain(m *testing.M) {
	if err := built(); err != nil {
		os.Exit(machine.Skip(err))
	}
	os.Exit(machine.Run(func() int {
		defer func() { site.stop() }()
		return m.Run()
	}))
}

func built() error {
	bin, err := controlplane.Binaries()
	if err != nil {
		return err
	}
	for _, name := range programs {
		if _, err := os.Stat(filepath.Join(bin, name)); err != nil {
			return fmt.Errorf("%s is not built here, run make monitoring: %w", name, err)
		}
	}
	return nil
}

// program is one of the built ones.
func program(t *testing.T, name string) string {
	t.Helper()
	bin, err := controlplane.Binaries()
	require.NoError(t, err)
	return filepath.Join(bin, name)
}

// site is the cluster of the tests, with one node and the operator beside it.
var site cluster

type cluster struct {
	once     sync.Once
	err      error
	bin      string
	plane    *controlplane.Cluster
	client   kubernetes.Interface
	outside  *outside.Server
	node     *kubelet.Node
	operator *machine.Process
}

func started(t *testing.T) *cluster {
	t.Helper()
	site.once.Do(func() { site.err = site.start(context.Background()) })
	require.NoError(t, site.err)
	return &site
}

func (c *cluster) start(ctx context.Context) error {
	authority, err := outside.NewAuthority()
	if err != nil {
		return err
	}
	if c.bin, err = controlplane.Binaries(); err != nil {
		return err
	}
	ca := filepath.Join(machine.Folder(), "outside.crt")
	if err := os.WriteFile(ca, authority.PEM(), 0o644); err != nil {
		return err
	}
	network, err := machine.NewNetwork(1)
	if err != nil {
		return err
	}
	catalog := images.New(images.Config{Programs: c.bin, CA: authority.PEM()})
	for _, name := range programs {
		spec := images.Spec{
			Files: map[string]string{"/bin/" + name: filepath.Join(c.bin, name)}, Entrypoint: []string{"/bin/" + name}, User: "65534:65534",
		}
		catalog.Add("(^|/)"+name+"$", spec.Build)
	}
	c.outside, err = outside.Start(outside.Config{Address: network.Outside.String() + ":443", Authority: authority, Images: catalog})
	if err != nil {
		return err
	}
	c.outside.Handle("api.openai.com", upstream.New(func(context.Context) {}))
	c.outside.Handle("getbifrost.ai", upstream.New(func(context.Context) {}))
	dir, err := os.MkdirTemp("", "plane")
	if err != nil {
		return err
	}
	if c.plane, err = controlplane.StartOn(ctx, network, dir, "https://issuer.e2e.example/cluster"); err != nil {
		return err
	}
	if c.client, err = kubernetes.NewForConfig(c.plane.As(controlplane.AdminUser)); err != nil {
		return err
	}
	if c.node, err = kubelet.Start(ctx, kubelet.Config{Cluster: c.plane, Network: network, Number: 1, OutsideCA: ca}); err != nil {
		return err
	}
	if err := c.define(ctx); err != nil {
		return err
	}
	return c.startOperator()
}

// define installs the released definitions.
func (c *cluster) define(ctx context.Context) error {
	folder := filepath.Join(c.bin, "definitions")
	for _, words := range [][]string{{"apply", "--server-side"}, {"wait", "--for=condition=Established", "--timeout=60s"}} {
		words = append(words, "--kubeconfig", c.plane.KubeconfigOf(controlplane.AdminUser), "--filename", folder)
		if out, err := exec.CommandContext(ctx, filepath.Join(c.bin, "kubectl"), words...).CombinedOutput(); err != nil {
			return fmt.Errorf("kubectl %v: %w: %s", words, err, out)
		}
	}
	return nil
}

// startOperator runs the operator beside the cluster: it asks the API server alone.
func (c *cluster) startOperator() error {
	cmd := exec.Command(filepath.Join(c.bin, "operator"), "--web.listen-address=127.0.0.1:9999", "--log-level=debug",
		"--prometheus-config-reloader=registry.test/prometheus-config-reloader:v0.85.0")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.plane.KubeconfigOf(controlplane.AdminUser))
	var err error
	c.operator, err = machine.Launch(nil, cmd, filepath.Join(machine.Folder(), "operator.log"))
	return err
}

func (c *cluster) stop() {
	if c.operator != nil {
		c.operator.Kill()
	}
	if c.node != nil {
		c.node.Stop()
	}
	if c.plane != nil {
		c.plane.Stop()
	}
	if c.outside != nil {
		c.outside.Stop()
	}
}
