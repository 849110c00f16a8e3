package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/node"
)

// site is a cluster with one node, and the stack of the project that is deployed to it.
type site struct {
	stack, issuer string

	once   sync.Once
	err    error
	dir    string
	plane  *controlplane.Cluster
	client kubernetes.Interface // the administrator's
	agent  *node.Agent

	mu sync.Mutex
	// folder is that of the example that is deployed, from the repository on; empty for the project's own stack.
	folder string
	// state is the folder of the sandbox with the stack's clouds.
	state string
	// nodePulls says that the node's own credentials may pull whatever a pod names.
	nodePulls bool
	// starting is told of each container right before it starts.
	starting func(pod *corev1.Pod, container string)
	// injected are the ServiceAccounts, as namespace/name, with a Pod Identity association.
	injected map[string]bool
}

var (
	eks = &site{stack: "aws-dev", issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/E2E0123456789ABCDEF0123456789AB0"}
	aks = &site{stack: "azure-dev", issuer: "https://westeurope.oic.prod-aks.azure.com/00000000-0000-4000-8000-000000000002/0e2e0e2e-0000-4000-8000-000000000003/"}
)

// started returns the site with its control plane and its node up; the first call starts them, TestMain stops them.
func (s *site) started(t *testing.T) *site {
	t.Helper()
	s.once.Do(func() { s.err = s.start() })
	require.NoError(t, s.err)
	return s
}

func (s *site) start() error {
	var err error
	if s.dir, err = os.MkdirTemp("", "bifrost-e2e-"); err != nil {
		return err
	}
	// Longer than any test: TestMain stops what runs.
	ctx := context.Background()
	if s.plane, err = controlplane.Start(ctx, s.dir, s.issuer); err != nil {
		return err
	}
	if s.client, err = kubernetes.NewForConfig(s.plane.As(controlplane.AdminUser)); err != nil {
		return err
	}
	commands, err := controlplane.Binaries()
	if err != nil {
		return err
	}
	s.agent, err = node.Start(ctx, node.Config{
		REST: s.plane.As(controlplane.NodeUser), Admin: s.plane.As(controlplane.AdminUser), Name: controlplane.NodeName, Commands: commands,
		Network: s.network, PodIdentity: s.isInjected, NodePull: s.nodePull, Starting: s.containerStarts,
	})
	return err
}

func (s *site) stop() {
	if s.agent != nil {
		s.agent.Stop()
	}
	if s.plane != nil {
		s.plane.Stop()
	}
	_ = os.RemoveAll(s.dir)
}

// network is how processes on the node reach the clouds, while a command of the sandbox serves them.
func (s *site) network() (node.Network, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := os.ReadFile(filepath.Join(s.state, filepath.Base(s.argument()), "network.json"))
	if err != nil {
		return node.Network{}, fmt.Errorf("the clouds are not served: %w", err)
	}
	var network struct{ Proxy, CA string }
	err = json.Unmarshal(text, &network)
	return node.Network{Proxy: network.Proxy, CAFile: network.CA}, err
}

func (s *site) isInjected(namespace, account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.injected[namespace+"/"+account]
}

func (s *site) nodePull(image string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.nodePulls {
		return nil
	}
	return fmt.Errorf("%s: no basic auth credentials", image)
}

// watch lets a test know of each container that starts on the node.
func (s *site) watch(starting func(pod *corev1.Pod, container string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starting = starting
}

func (s *site) containerStarts(pod *corev1.Pod, container string) {
	s.mu.Lock()
	starting := s.starting
	s.mu.Unlock()
	if starting != nil {
		starting(pod, container)
	}
}

// argument is how the sandbox's commands name the stack. An example's stack is called as its folder.
func (s *site) argument() string {
	if s.folder != "" {
		return filepath.Join(repository, s.folder)
	}
	return s.stack
}

// fresh gives the stack clouds in which nothing exists yet.
func (s *site) fresh(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folder, s.state, s.nodePulls, s.injected = "", t.TempDir(), false, nil
}

// outcome is what the tests look at of what a command of the sandbox printed with --json.
type outcome struct {
	Error     string
	Changes   struct{ Create, Update, Replace, Delete, Same int }
	Resources []struct{ URN string }
	Warnings  []string
	stderr    string
	err       error
}

func (s *site) command(ctx context.Context, operation string, args ...string) *exec.Cmd {
	words := append([]string{"sandbox", operation, s.argument(), "--dir", repository, "--state", s.state, "--kubeconfig", s.plane.KubeconfigOf(controlplane.AdminUser)}, args...)
	cmd := exec.CommandContext(ctx, bifrostctl, words...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	return cmd
}

// begin starts a command; what it returns waits for the outcome.
func (s *site) begin(t *testing.T, operation string, args ...string) (wait func() outcome) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := s.command(t.Context(), operation, append(args, "--json")...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Start())
	return func() outcome {
		err := cmd.Wait()
		var o outcome
		require.NoError(t, json.Unmarshal(stdout.Bytes(), &o), "%v\n%s\n%s", err, &stdout, &stderr)
		o.err, o.stderr = err, stderr.String()
		return o
	}
}

// must runs a command that succeeds without a warning of the API server.
func (s *site) must(t *testing.T, operation string, args ...string) outcome {
	t.Helper()
	o := s.begin(t, operation, args...)()
	require.NoError(t, o.err, "%s\n%s", o.Error, o.stderr)
	require.Empty(t, o.Warnings)
	return o
}

// unchanged: the command changed nothing of what it looked at. What is only read counts nowhere.
func unchanged(t *testing.T, o outcome) {
	t.Helper()
	require.Zero(t, o.Changes.Create+o.Changes.Update+o.Changes.Replace+o.Changes.Delete, "%+v", o.Changes)
	require.Positive(t, o.Changes.Same)
}

// serve keeps the stack's clouds reachable until what it returns is called, or the test ends.
func (s *site) serve(t *testing.T) (stop func()) {
	t.Helper()
	cmd := s.command(context.Background(), "serve")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var once sync.Once
	stop = func() {
		once.Do(func() {
			_ = cmd.Process.Signal(syscall.SIGINT)
			_ = cmd.Wait()
		})
	}
	t.Cleanup(stop)
	line := make([]byte, 4096)
	n, err := stdout.Read(line)
	require.NoError(t, err, "%s", &stderr)
	require.True(t, strings.HasPrefix(string(line[:n]), "export PULUMI_DEBUG_PROVIDERS="), "%s", line[:n])
	_, err = s.network()
	require.NoError(t, err)
	return stop
}

// eventually polls until what has to come has come. The limit is for a machine that is busy.
func eventually(t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	eventuallyIn(t.Context(), t, what, check)
}

// eventuallyIn is for a test's cleanup, whose own context has ended.
func eventuallyIn(ctx context.Context, t *testing.T, what string, check func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 2*time.Minute, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	require.NoError(t, err, "%s: %v", what, last)
}
