package kubelet_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/clustertest"
	"bifrost/e2e/controlplane"
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

// limit is for a machine that is busy.
const limit = 3 * time.Minute

// site is one cluster with two nodes, for all tests.
var site cluster

type cluster struct {
	*clustertest.Cluster
	once sync.Once
	err  error
}

func started(t *testing.T) *cluster {
	t.Helper()
	site.once.Do(func() {
		if site.Cluster, site.err = clustertest.New(); site.err == nil {
			site.err = site.Start(context.Background(), outside.Config{}, 2)
		}
	})
	require.NoError(t, site.err)
	return &site
}

func (c *cluster) stop() {
	if c.Cluster != nil {
		c.Stop()
	}
}

// kubectl runs the real one as the administrator.
func (c *cluster) kubectl(ctx context.Context, input string, args ...string) (string, error) {
	bin, err := controlplane.Binaries()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "kubectl"), append([]string{"--kubeconfig", c.Plane.KubeconfigOf(controlplane.AdminUser)}, args...)...)
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
