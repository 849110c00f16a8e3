// Package desktest is where tests work on a stack as somebody would: in a copy of the project, in a shell with the real pulumi and
// kubectl, on clouds that the sandbox serves.
package desktest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/controlplane"
)

// Desk is the one of a stack.
type Desk struct {
	Stack string
	// Dir is the copy of the project, State the folder of all else.
	Dir, State string

	root      string
	providers string // how the CLI finds those that are served; empty: nobody serves
	stop      func()
}

// New copies the project at root with one of its stack files, which is the stack's then, changed by commands of pulumi. The shell finds the
// named ones of controlplane.Binaries. What serves the clouds ends with the test.
func New(t *testing.T, root, file string, programs ...string) *Desk {
	t.Helper()
	d := &Desk{
		Stack: strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml"),
		Dir:   t.TempDir(), State: t.TempDir(), root: root, stop: func() {},
	}
	t.Cleanup(func() { d.Stop() })
	project, err := os.ReadFile(filepath.Join(root, "Pulumi.yaml"))
	require.NoError(t, err)
	// The real language host would compile the program for minutes, unless it is told of a built one.
	options := "  options: {binary: " + filepath.Join(root, "bin", "bifrost") + "}\n"
	built := strings.Replace(string(project), "\n  name: go\n", "\n  name: go\n"+options, 1)
	require.NotEqual(t, string(project), built)
	require.NoError(t, os.WriteFile(filepath.Join(d.Dir, "Pulumi.yaml"), []byte(built), 0o600))
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(d.Dir, filepath.Base(file)), text, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(d.State, "backend"), 0o700))
	require.NoError(t, os.Mkdir(d.Bin(), 0o700))
	folder, err := controlplane.Binaries()
	require.NoError(t, err)
	for _, name := range programs {
		require.FileExists(t, filepath.Join(folder, name), "run make e2e")
		require.NoError(t, os.Symlink(filepath.Join(folder, name), filepath.Join(d.Bin(), name)))
	}
	return d
}

// Bin is the folder of programs that the shell finds first.
func (d *Desk) Bin() string { return filepath.Join(d.State, "bin") }

// Clouds is the folder of the sandbox with the stack's clouds.
func (d *Desk) Clouds() string { return filepath.Join(d.State, "clouds") }

// Secrets of a stack, as flags of the CLI, which encrypts them.
func Secrets(databasePassword string) string {
	return "--secret 'bifrost:secrets.adminPassword=the first password 0123' " +
		"--secret bifrost:secrets.license=license-0123456789 " +
		"--secret bifrost:secrets.encryptionKey=0123456789abcdef0123456789abcdef " +
		"--secret bifrost:secrets.env.PG_PASSWORD=" + databasePassword + " --secret bifrost:secrets.env.OPENAI_API_KEY=sk-0123456789"
}

// personal are variables of whoever runs the tests, of which the desk has its own.
var personal = regexp.MustCompile(`^(?i:AWS_|PULUMI_|KUBECONFIG=|[A-Z]+_PROXY=)`)

// Command is one of the shell, with more variables than the desk's.
func (d *Desk) Command(ctx context.Context, line string, variables ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = d.Dir
	cmd.Env = append(slices.DeleteFunc(os.Environ(), personal.MatchString),
		"PATH="+strings.Join([]string{d.Bin(), filepath.Join(d.root, "bin"), os.Getenv("PATH")}, ":"), "HOME="+d.State, d.providers,
		"PULUMI_HOME="+filepath.Join(d.State, "home"), "PULUMI_BACKEND_URL=file://"+filepath.Join(d.State, "backend"),
		"PULUMI_CONFIG_PASSPHRASE=x", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true", "PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_SKIP_CONFIRMATIONS=true") // somebody would say yes
	cmd.Env = append(cmd.Env, variables...)
	return cmd
}

// Sandbox is a command of the sandbox about the stack.
func (d *Desk) Sandbox(ctx context.Context, operation string, words ...string) *exec.Cmd {
	args := append([]string{"sandbox", operation, d.Stack, "--dir", d.Dir, "--state", d.Clouds()}, words...)
	return exec.CommandContext(ctx, filepath.Join(d.root, "bin", "bifrostctl"), args...)
}

// Serves tells whether the stack's clouds are served.
func (d *Desk) Serves() bool { return d.providers != "" }

// Serve lets the sandbox serve the stack's clouds, with these flags and variables, until Stop.
func (d *Desk) Serve(t *testing.T, flags []string, variables ...string) {
	t.Helper()
	cmd := d.Sandbox(context.Background(), "serve", flags...)
	cmd.Env = append(os.Environ(), variables...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	d.stop = func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		_, _ = io.Copy(io.Discard, stdout)
		_ = cmd.Wait()
		d.providers, d.stop = "", func() {}
	}
	line, _ := bufio.NewReader(stdout).ReadString('\n')
	value, ok := strings.CutPrefix(strings.TrimSpace(line), "export ")
	require.True(t, ok, "%s", &stderr)
	d.providers = value
}

// Stop ends what serves the clouds, if anything does.
func (d *Desk) Stop() { d.stop() }
