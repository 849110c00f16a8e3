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

	"bifrost/e2e/clustertest"
	"bifrost/e2e/controlplane"
	"bifrost/e2e/images"
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
	*clustertest.Cluster
	once     sync.Once
	err      error
	operator *machine.Process
}

func started(t *testing.T) *cluster {
	t.Helper()
	site.once.Do(func() { site.err = site.start(context.Background()) })
	require.NoError(t, site.err)
	return &site
}

func (c *cluster) start(ctx context.Context) error {
	var err error
	if c.Cluster, err = clustertest.New(); err != nil {
		return err
	}
	for _, name := range programs {
		spec := images.Spec{
			Files: map[string]string{"/bin/" + name: filepath.Join(c.Bin, name)}, Entrypoint: []string{"/bin/" + name}, User: "65534:65534",
		}
		c.Images.Add("(^|/)"+name+"$", spec.Build)
	}
	if err := c.Start(ctx, outside.Config{}, 1); err != nil {
		return err
	}
	c.Outside.Handle("api.openai.com", upstream.New(func(context.Context) {}))
	c.Outside.Handle("getbifrost.ai", upstream.New(func(context.Context) {}))
	if err := c.define(ctx); err != nil {
		return err
	}
	return c.startOperator()
}

// define installs the released definitions.
func (c *cluster) define(ctx context.Context) error {
	folder := filepath.Join(c.Bin, "definitions")
	for _, words := range [][]string{{"apply", "--server-side"}, {"wait", "--for=condition=Established", "--timeout=60s"}} {
		words = append(words, "--kubeconfig", c.Plane.KubeconfigOf(controlplane.AdminUser), "--filename", folder)
		if out, err := exec.CommandContext(ctx, filepath.Join(c.Bin, "kubectl"), words...).CombinedOutput(); err != nil {
			return fmt.Errorf("kubectl %v: %w: %s", words, err, out)
		}
	}
	return nil
}

// startOperator runs the operator beside the cluster: it asks the API server alone.
func (c *cluster) startOperator() error {
	cmd := exec.Command(filepath.Join(c.Bin, "operator"), "--web.listen-address=127.0.0.1:9999", "--log-level=debug",
		"--prometheus-config-reloader=registry.test/prometheus-config-reloader:v0.85.0")
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Plane.KubeconfigOf(controlplane.AdminUser))
	var err error
	c.operator, err = machine.Launch(nil, cmd, filepath.Join(machine.Folder(), "operator.log"))
	return err
}

func (c *cluster) stop() {
	if c.operator != nil {
		c.operator.Kill()
	}
	if c.Cluster != nil {
		c.Stop()
	}
}
