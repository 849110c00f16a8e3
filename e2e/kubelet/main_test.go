package kubelet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/images"
	"bifrost/e2e/machine"
	"bifrost/e2e/outside"
)

func TestMain(m *testing.M) {
	if _, err := controlplane.Binaries(); err != nil {
		os.Exit(machine.Skip(err))
	}
	os.Exit(machine.Run(func() int {
		defer func() { site.stop() }()
		return m.Run()
	}))
}

const issuer = "https://issuer.e2e.example/cluster"

// site is one cluster with two nodes, for all tests.
var site cluster

type cluster struct {
	once    sync.Once
	err     error
	network *machine.Network
	plane   *controlplane.Cluster
	client  kubernetes.Interface
	outside *outside.Server
	nodes   []*Node
}

func started(t *testing.T) *cluster {
	t.Helper()
	site.once.Do(func() { site.err = site.start() })
	require.NoError(t, site.err)
	return &site
}

func (c *cluster) start() error {
	ctx := context.Background()
	authority, err := outside.NewAuthority()
	if err != nil {
		return err
	}
	bin, err := controlplane.Binaries()
	if err != nil {
		return err
	}
	ca, begin := filepath.Join(machine.Folder(), "outside.crt"), time.Now()
	if err := os.WriteFile(ca, authority.PEM(), 0o644); err != nil {
		return err
	}
	if c.network, err = machine.NewNetwork(1); err != nil {
		return err
	}
	c.outside, err = outside.Start(outside.Config{
		Address: c.network.Outside.String() + ":443", Authority: authority, Images: images.New(images.Config{Programs: bin, CA: authority.PEM()}),
	})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "plane")
	if err != nil {
		return err
	}
	if c.plane, err = controlplane.StartOn(ctx, c.network, dir, issuer); err != nil {
		return err
	}
	if c.client, err = kubernetes.NewForConfig(c.plane.As(controlplane.AdminUser)); err != nil {
		return err
	}
	fmt.Printf("control plane after %.1f s\n", time.Since(begin).Seconds())
	for number := range 2 {
		begin := time.Now()
		n, err := Start(ctx, Config{Cluster: c.plane, Network: c.network, Number: number + 1, OutsideCA: ca})
		if err != nil {
			return err
		}
		fmt.Printf("%s ready after %.1f s\n", n.Name, time.Since(begin).Seconds())
		c.nodes = append(c.nodes, n)
	}
	return nil
}

func (c *cluster) stop() {
	for _, n := range c.nodes {
		n.Stop()
	}
	if c.plane != nil {
		c.plane.Stop()
	}
	if c.outside != nil {
		c.outside.Stop()
	}
}

// kubectl runs the real one as the administrator.
func (c *cluster) kubectl(ctx context.Context, input string, args ...string) (string, error) {
	bin, err := controlplane.Binaries()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "kubectl"), append([]string{"--kubeconfig", c.plane.KubeconfigOf(controlplane.AdminUser)}, args...)...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = bytes.NewBufferString(input), &stderr
	out, err := cmd.Output()
	if err != nil {
		err = errors.Join(err, errors.New(stderr.String()))
	}
	return string(out), err
}

func (c *cluster) must(t *testing.T, input string, args ...string) string {
	t.Helper()
	out, err := c.kubectl(t.Context(), input, args...)
	require.NoError(t, err, "kubectl %v", args)
	return out
}
