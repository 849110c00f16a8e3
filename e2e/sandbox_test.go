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
	"k8s.io/apimachinery/pkg/util/wait"

	"bifrost/e2e/controlplane"
)

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
	s.emptyDatabases(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folder, s.state, s.mode, s.injected, s.schedule = "", t.TempDir(), "", nil, noRunNow()
}

// outcome is what the tests look at of what a command of the sandbox printed with --json.
type outcome struct {
	Error     string
	Changes   struct{ Create, Update, Replace, Delete, Same int }
	Resources []struct{ URN string }
	Outputs   map[string]any
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
	require.FileExists(t, s.clouds())
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
	require.NoError(t, poll(ctx, check), "%s", what)
}

// pollLimit is how long what has to come may take on a busy machine.
const pollLimit = 5 * time.Minute

// poll asks until there is no error, or until pollLimit; then it returns the last one.
func poll(ctx context.Context, check func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, pollLimit, true, func(ctx context.Context) (bool, error) {
		err := check(ctx)
		if ctx.Err() == nil || last == nil { // otherwise it was cut off, and says nothing
			last = err
		}
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", err, last)
	}
	return nil
}
