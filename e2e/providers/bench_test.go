package providers

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"bifrost/e2e/controlplane"
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
	provider, stack string
	dir, state      string
	plane           *controlplane.Cluster // nil for the double, whose cluster is the sandbox's
	client          kubernetes.Interface
	node            *node

	providers string // how the CLI finds those that are served
	stop      func()
	faults    []string // of the double
	logs      int
}

// secrets of a stack, as flags of the CLI, which encrypts them.
const secrets = "--secret bifrost:secrets.license=license-0123456789 --secret bifrost:secrets.encryptionKey=0123456789abcdef0123456789abcdef " +
	"--secret 'bifrost:secrets.adminPassword=the first password 0123' --secret bifrost:secrets.env.PG_PASSWORD=pg-password-0123456789 " +
	"--secret bifrost:secrets.env.OPENAI_API_KEY=sk-0123456789"

// newBench copies the project with one of the repository's stack files, for a provider of its own.
func newBench(t *testing.T, provider, file string) *bench {
	t.Helper()
	stack := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
	b := &bench{provider: provider, stack: stack, dir: t.TempDir(), state: t.TempDir(), stop: func() {}}
	t.Cleanup(func() { b.stop() })
	project, err := os.ReadFile(filepath.Join(repository, "Pulumi.yaml"))
	require.NoError(t, err)
	built := strings.Replace(string(project), "\n  name: go\n", "\n  name: go\n  options: {binary: "+filepath.Join(repository, "bin", "bifrost")+"}\n", 1)
	require.NotEqual(t, string(project), built)
	require.NoError(t, os.WriteFile(filepath.Join(b.dir, "Pulumi.yaml"), []byte(built), 0o600))
	text, err := os.ReadFile(filepath.Join(repository, file))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(b.dir, filepath.Base(file)), text, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(b.state, "backend"), 0o700))
	b.programs(t)
	if provider != double {
		b.cluster(t)
	}
	b.shell(t, "pulumi stack init "+stack)
	b.shell(t, "pulumi config set-all --path "+secrets)
	return b
}

// cluster starts a control plane and what marks its pods, with the StorageClass and the custom resources that the steps need.
func (b *bench) cluster(t *testing.T) {
	t.Helper()
	var err error
	b.plane, err = controlplane.Start(t.Context(), filepath.Join(b.state, "plane"), issuer)
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
	require.NoError(t, os.WriteFile(filepath.Join(b.bin(), "aws"), []byte(script), 0o700))
}

// programs puts what the CLI calls where it finds it. Of the providers only the real one lies there, and only where it is meant.
func (b *bench) programs(t *testing.T) {
	t.Helper()
	built, err := controlplane.Binaries()
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(b.bin(), 0o700))
	require.NoError(t, os.Mkdir(filepath.Join(b.state, "plane"), 0o700))
	names := []string{"kubectl", "pulumi-language-go"}
	if b.provider == real {
		names = append(names, plugin)
	}
	for _, name := range names {
		require.NoError(t, os.Symlink(filepath.Join(built, name), filepath.Join(b.bin(), name)))
	}
}

func (b *bench) bin() string { return filepath.Join(b.state, "bin") }

// personal are variables of whoever runs the tests.
var personal = regexp.MustCompile(`^(?i:AWS_|PULUMI_|KUBECONFIG=|[A-Z]+_PROXY=)`)

func (b *bench) command(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = b.dir
	cmd.Env = append(slices.DeleteFunc(os.Environ(), personal.MatchString),
		"PATH="+strings.Join([]string{b.bin(), filepath.Join(repository, "bin"), os.Getenv("PATH")}, ":"), "HOME="+b.state, b.providers,
		"PULUMI_HOME="+filepath.Join(b.state, "home"), "PULUMI_BACKEND_URL=file://"+filepath.Join(b.state, "backend"),
		"PULUMI_CONFIG_PASSPHRASE=x", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true", "PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_SKIP_CONFIRMATIONS=true", "PULUMI_DEBUG_COMMANDS=true")
	if b.plane != nil {
		cmd.Env = append(cmd.Env, "KUBECONFIG="+b.plane.KubeconfigOf(controlplane.AdminUser))
	}
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
	args := []string{"sandbox", "serve", b.stack, "--dir", b.dir, "--state", b.clouds()}
	if b.plane != nil {
		args = append(args, "--kubeconfig", b.plane.KubeconfigOf(controlplane.AdminUser))
	}
	if b.provider == real {
		args = append(args, "--providers", "aws,azure-native,gcp")
	}
	for _, fault := range b.faults {
		args = append(args, "--fault", fault)
	}
	cmd := exec.CommandContext(context.Background(), bifrostctl, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	b.stop = func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_, _ = io.Copy(io.Discard, stdout)
		_ = cmd.Wait()
		b.providers, b.stop = "", func() {}
	}
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	value, ok := strings.CutPrefix(strings.TrimSpace(line), "export ")
	require.True(t, ok, "%s", &stderr)
	b.providers = value
}

// faulty serves the double's clouds with what goes wrong there from now on.
func (b *bench) faulty(t *testing.T, faults ...string) {
	t.Helper()
	b.stop()
	b.faults = faults
	b.serve(t)
}

// log is the file of the last operation's events.
func (b *bench) log() string { return filepath.Join(b.state, fmt.Sprintf("events-%d", b.logs)) }

func (b *bench) clouds() string { return filepath.Join(b.state, "clouds") }

// sandbox runs a command on the stack's clouds between two servings of them.
func (b *bench) sandbox(t *testing.T, words ...string) {
	t.Helper()
	b.stop()
	args := append([]string{"sandbox", words[0], b.stack, "--dir", b.dir, "--state", b.clouds()}, words[1:]...)
	out, err := exec.CommandContext(t.Context(), bifrostctl, args...).CombinedOutput()
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
