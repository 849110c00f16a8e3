package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
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

// desk is where somebody on call sits: a shell with the real pulumi, kubectl and aws, in a copy of the project whose clouds the sandbox
// serves.
type desk struct {
	stack, dir, state string
	// cluster is where the stack's objects are; nil where it has none.
	cluster *site
	// ran are the commands of the runbook that were run.
	ran map[string]bool

	variables []string // those that the clouds are served with
	providers string   // how the CLI finds them
	stop      func()
}

// secretsOf a stack, as flags of the CLI, which encrypts them.
const secretsOf = "--secret 'bifrost:secrets.adminPassword=the first password 0123' --secret bifrost:secrets.license=license-0123456789 " +
	"--secret bifrost:secrets.encryptionKey=0123456789abcdef0123456789abcdef --secret bifrost:secrets.env.PG_PASSWORD=" + databasePassword +
	" --secret bifrost:secrets.env.OPENAI_API_KEY=sk-0123456789"

// newDesk copies the project with one of the repository's stack files, which is the stack's then, changed by commands of pulumi.
func newDesk(t *testing.T, ran map[string]bool, file string, cluster *site, changes ...string) *desk {
	t.Helper()
	stack := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
	d := &desk{stack: stack, dir: t.TempDir(), state: t.TempDir(), cluster: cluster, ran: ran, stop: func() {}}
	t.Cleanup(func() { d.stop() })
	project, err := os.ReadFile(filepath.Join(repository, "Pulumi.yaml"))
	require.NoError(t, err)
	// The real language host would compile the program for minutes, unless it is told of a built one.
	built := strings.Replace(string(project), "\n  name: go\n", "\n  name: go\n  options: {binary: "+filepath.Join(repository, "bin", "bifrost")+"}\n", 1)
	require.NotEqual(t, string(project), built)
	require.NoError(t, os.WriteFile(filepath.Join(d.dir, "Pulumi.yaml"), []byte(built), 0o600))
	text, err := os.ReadFile(filepath.Join(repository, file))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(d.dir, filepath.Base(file)), text, 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(d.state, "backend"), 0o700))
	d.programs(t)
	if cluster != nil {
		cluster.mu.Lock()
		cluster.stack, cluster.folder, cluster.state = stack, "", d.clouds()
		cluster.mu.Unlock()
		cluster.emptyDatabases(t)
	}
	d.shell(t, "", "pulumi stack init "+stack)
	d.shell(t, "", "pulumi config set-all --path "+secretsOf)
	if cluster != nil {
		d.shell(t, "", "pulumi config set --path bifrost:gateway.preStopSeconds 1")
	}
	for _, change := range changes {
		d.shell(t, "", change)
	}
	return d
}

// programs puts kubectl and, where the machine has none, the language host where the shell finds them. Beside them lie stand-ins that it must
// not find.
func (d *desk) programs(t *testing.T) {
	t.Helper()
	built, err := controlplane.Binaries()
	require.NoError(t, err)
	names := []string{"kubectl"}
	if _, err := exec.LookPath("pulumi-language-go"); err != nil {
		names = append(names, "pulumi-language-go")
	}
	require.NoError(t, os.Mkdir(d.bin(), 0o700))
	for _, name := range names {
		require.FileExists(t, filepath.Join(built, name), "run make e2e")
		require.NoError(t, os.Symlink(filepath.Join(built, name), filepath.Join(d.bin(), name)))
	}
}

func (d *desk) bin() string    { return filepath.Join(d.state, "bin") }
func (d *desk) clouds() string { return filepath.Join(d.state, "clouds") }

// page runs a command of the runbook, with the values of its placeholders.
func (d *desk) page(t *testing.T, command string) string {
	t.Helper()
	out, err := d.try(t, command)
	require.NoError(t, err, "%s\n%s", command, out)
	return out
}

// fails is page for a command that does not succeed.
func (d *desk) fails(t *testing.T, command string) string {
	t.Helper()
	out, err := d.try(t, command)
	require.Error(t, err, "%s\n%s", command, out)
	return out
}

var placeholders = strings.NewReplacer("REGION", "us-east-1", "STACK", "aws-dev", "CLUSTER", "dev")

// variable is one that a command begins with. The provider would inherit it from the CLI; here it is the sandbox's.
var variable = regexp.MustCompile(`^[A-Z0-9_]+=\S+ `)

func (d *desk) try(t *testing.T, command string) (string, error) {
	t.Helper()
	d.ran[command] = true
	d.serve(t, strings.Fields(variable.FindString(command))...)
	return d.run(t, "a new password 0123", placeholders.Replace(command))
}

// personal are variables of whoever runs the tests, of which the desk has its own.
var personal = regexp.MustCompile(`^(?i:AWS_|PULUMI_|KUBECONFIG=|[A-Z]+_PROXY=)`)

// shell runs what the runbook does not have.
func (d *desk) shell(t *testing.T, input, command string) string {
	t.Helper()
	out, err := d.run(t, input, command)
	require.NoError(t, err, "%s\n%s", command, out)
	return out
}

func (d *desk) run(t *testing.T, input, command string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", command)
	cmd.Dir = d.dir
	cmd.Stdin = strings.NewReader(input)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), personal.MatchString),
		"PATH="+strings.Join([]string{d.bin(), filepath.Join(repository, "bin"), os.Getenv("PATH")}, ":"), "HOME="+d.state, d.providers,
		"PULUMI_HOME="+filepath.Join(d.state, "home"), "PULUMI_BACKEND_URL=file://"+filepath.Join(d.state, "backend"),
		"PULUMI_CONFIG_PASSPHRASE=x", "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION=true", "PULUMI_SKIP_UPDATE_CHECK=true",
		"PULUMI_SKIP_CONFIRMATIONS=true", // somebody would say yes
		"AWS_ACCESS_KEY_ID=AKIASOMEBODY", "AWS_SECRET_ACCESS_KEY=x", "AWS_PAGER=")
	if d.cluster != nil {
		cmd.Env = append(cmd.Env, "KUBECONFIG="+d.cluster.plane.KubeconfigOf(controlplane.AdminUser), "NO_PROXY="+d.cluster.network.Gateway.String())
	}
	if text, err := os.ReadFile(filepath.Join(d.clouds(), d.stack, "network.json")); err == nil {
		var network struct{ Proxy, CA string }
		require.NoError(t, json.Unmarshal(text, &network))
		cmd.Env = append(cmd.Env, "HTTPS_PROXY="+network.Proxy, "AWS_CA_BUNDLE="+network.CA)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// serve lets the sandbox serve the stack's clouds, unless it does, with these variables.
func (d *desk) serve(t *testing.T, variables ...string) {
	t.Helper()
	if d.providers != "" && slices.Equal(d.variables, variables) {
		return
	}
	d.stop()
	args := []string{"sandbox", "serve", d.stack, "--dir", d.dir, "--state", d.clouds()}
	if d.cluster != nil {
		args = append(args, "--kubeconfig", d.cluster.plane.KubeconfigOf(controlplane.AdminUser))
	}
	cmd := exec.CommandContext(context.Background(), bifrostctl, args...)
	cmd.Env = append(os.Environ(), variables...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	d.variables, d.stop = variables, func() {
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

// resources are those of the stack's state, by URN.
func (d *desk) resources(t *testing.T) []string {
	t.Helper()
	var exported struct {
		Deployment struct{ Resources []struct{ URN string } }
	}
	require.NoError(t, json.Unmarshal([]byte(d.shell(t, "", "pulumi stack export 2>/dev/null")), &exported))
	var urns []string
	for _, r := range exported.Deployment.Resources {
		urns = append(urns, r.URN)
	}
	return urns
}

// exists tells how many things of a type there are in the clouds that were not there before the stack.
func (d *desk) exists(t *testing.T, typ string) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), bifrostctl, "sandbox", "state", d.stack, "--dir", d.dir, "--state", d.clouds(), "--json").Output()
	require.NoError(t, err)
	var inventory struct {
		Resources []struct {
			Type   string
			Seeded bool
		}
	}
	require.NoError(t, json.Unmarshal(out, &inventory))
	n := 0
	for _, r := range inventory.Resources {
		if r.Type == typ && !r.Seeded {
			n++
		}
	}
	return n
}

// same tells that a deployment changed nothing, in the CLI's words.
func same(t *testing.T, out string) {
	t.Helper()
	require.Regexp(t, `(?m)^\s+\d+ unchanged$`, out)
	require.NotRegexp(t, `(?m)^\s+[+~-]+ ?\d+ `, out, "something changed")
}
