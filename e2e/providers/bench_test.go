package providers

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/desktest"
)

const (
	namespace = "bifrost"
	issuer    = "https://oidc.eks.us-east-1.amazonaws.com/id/E2E0123456789ABCDEF0123456789AB0"
)

// The providers under comparison, as the table names them.
const (
	double = "double"
	live   = "live"
	real   = "provider"
)

// bench is a stack of the project whose Kubernetes objects one of the providers keeps. Its other clouds are the sandbox's.
type bench struct {
	*desktest.Desk
	provider string
	plane    *controlplane.Cluster // nil for the double, whose cluster is the sandbox's
	client   kubernetes.Interface
	node     *node

	adopted map[string]string // uids of what somebody made by hand, in a real cluster
	faults  []string          // of the double
	logs    int
}

// newBench copies the project with one of the repository's stack files, for a provider of its own: of the providers only the real one lies
// where the CLI finds it, and only where it is meant.
func newBench(t *testing.T, provider, file string) *bench {
	t.Helper()
	programs := []string{"kubectl", "pulumi-language-go"}
	if provider == real {
		programs = append(programs, plugin)
	}
	b := &bench{Desk: desktest.New(t, repository, file, programs...), provider: provider}
	if provider != double {
		b.cluster(t)
	}
	b.shell(t, "pulumi stack init "+b.Stack)
	b.shell(t, "pulumi config set-all --path "+desktest.Secrets("pg-password-0123456789"))
	return b
}

// cluster starts a control plane and what marks its pods, with the StorageClass and the custom resources that the steps need.
func (b *bench) cluster(t *testing.T) {
	t.Helper()
	folder := filepath.Join(b.State, "plane")
	require.NoError(t, os.Mkdir(folder, 0o700))
	var err error
	b.plane, err = controlplane.Start(t.Context(), folder, issuer)
	require.NoError(t, err)
	t.Cleanup(b.plane.Stop)
	b.client, err = kubernetes.NewForConfig(b.plane.As(controlplane.AdminUser))
	require.NoError(t, err)
	b.node = startNode(t, b.client)
	t.Cleanup(func() {
		b.node.stop()
		b.node.group.Wait()
	})
	b.shell(t, "kubectl apply --server-side -f "+filepath.Join(repository, "bifrostctl/sandbox/cloud/kubernetes/crds"))
	b.shell(t, `printf 'apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: gp2}\nprovisioner: nobody.example.com\n' | kubectl apply -f -`)
	// The provider signs in as the stack says, with the command that the vendor has for it.
	token := b.plane.As(controlplane.AdminUser).BearerToken
	script := fmt.Sprintf("#!/bin/sh\ncat <<'E'\n"+
		`{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","status":{"token":"%s"}}`+"\nE\n", token)
	require.NoError(t, os.WriteFile(filepath.Join(b.Bin(), "aws"), []byte(script), 0o700))
}

// command is one of the shell, which ends with all that it has started.
func (b *bench) command(ctx context.Context, line string) *exec.Cmd {
	variables := []string{"PULUMI_DEBUG_COMMANDS=true"}
	if b.plane != nil {
		variables = append(variables, "KUBECONFIG="+b.plane.KubeconfigOf(controlplane.AdminUser))
	}
	cmd := b.Command(ctx, line, variables...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// shell runs a command that succeeds.
func (b *bench) shell(t *testing.T, line string) string {
	t.Helper()
	out, err := b.command(t.Context(), line).CombinedOutput()
	require.NoError(t, err, "%s: %s\n%s", b.provider, line, out)
	return string(out)
}

// serve lets the sandbox serve the stack's clouds, without Kubernetes where the real provider is to be asked.
func (b *bench) serve(t *testing.T) {
	t.Helper()
	var flags []string
	if b.plane != nil {
		flags = append(flags, "--kubeconfig", b.plane.KubeconfigOf(controlplane.AdminUser))
	}
	if b.provider == real {
		flags = append(flags, "--providers", "aws,azure-native,gcp")
	}
	for _, fault := range b.faults {
		flags = append(flags, "--fault", fault)
	}
	b.Serve(t, flags)
}

// faulty serves the double's clouds with what goes wrong there from now on.
func (b *bench) faulty(t *testing.T, faults ...string) {
	t.Helper()
	b.Stop()
	b.faults = faults
	b.serve(t)
}

// log is the file of the last operation's events.
func (b *bench) log() string { return filepath.Join(b.State, fmt.Sprintf("events-%d", b.logs)) }

// sandbox runs a command on the stack's clouds between two servings of them.
func (b *bench) sandbox(t *testing.T, words ...string) {
	t.Helper()
	b.Stop()
	out, err := b.Sandbox(t.Context(), words[0], words[1:]...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	b.serve(t)
}

// operation runs one of the CLI's, with the engine's events; meanwhile, if there is one, runs beside it and may interrupt it.
func (b *bench) operation(t *testing.T, name string, meanwhile func(t *testing.T, interrupt func())) record {
	t.Helper()
	b.logs++
	flags := map[string]string{
		"up": "up --yes --skip-preview --suppress-outputs", "preview": "preview --suppress-outputs", "refresh": "refresh --yes --skip-preview",
		"destroy": "destroy --yes --skip-preview", "up --refresh": "up --yes --skip-preview --refresh --suppress-outputs",
	}[name]
	began := time.Now()
	var out bytes.Buffer
	cmd := b.command(t.Context(), "exec pulumi --non-interactive --color never "+flags+" --event-log "+b.log())
	cmd.Stdout, cmd.Stderr = &out, &out
	require.NoError(t, cmd.Start())
	if meanwhile != nil {
		meanwhile(t, func() { _ = syscall.Kill(cmd.Process.Pid, syscall.SIGINT) })
	}
	err := cmd.Wait()
	r := readRecord(t, b.log())
	r.failed = err != nil
	t.Logf("%s: %s: %s, failed: %t\n%s", b.provider, name, time.Since(began).Round(100*time.Millisecond), r.failed, strings.Join(r.lines(), "\n"))
	if r.empty() && r.failed {
		t.Logf("%s", &out)
	}
	return r
}

// uid of the gateway's Deployment or StatefulSet; empty where there is none.
func (b *bench) workload(t *testing.T) string {
	t.Helper()
	if b.plane == nil {
		return ""
	}
	if d, err := b.client.AppsV1().Deployments(namespace).Get(t.Context(), "bifrost", metav1.GetOptions{}); err == nil {
		return string(d.UID)
	}
	if s, err := b.client.AppsV1().StatefulSets(namespace).Get(t.Context(), "bifrost", metav1.GetOptions{}); err == nil {
		return string(s.UID)
	}
	return ""
}
