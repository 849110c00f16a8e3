package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/desktest"
)

// desk is that of somebody on call.
type desk struct {
	*desktest.Desk
	// cluster is where the stack's objects are; nil where it has none.
	cluster *site
	// ran are the commands of the runbook that were run.
	ran map[string]bool

	variables []string // those that the clouds are served with
}

// newDesk is for one of the repository's stack files.
func newDesk(t *testing.T, ran map[string]bool, file string, cluster *site, changes ...string) *desk {
	t.Helper()
	programs := []string{"kubectl"}
	if _, err := exec.LookPath("pulumi-language-go"); err != nil {
		programs = append(programs, "pulumi-language-go")
	}
	d := &desk{Desk: desktest.New(t, repository, file, programs...), cluster: cluster, ran: ran}
	if cluster != nil {
		cluster.mu.Lock()
		cluster.stack, cluster.folder, cluster.state = d.Stack, "", d.Clouds()
		cluster.mu.Unlock()
		cluster.emptyDatabases(t)
	}
	d.shell(t, "", "pulumi stack init "+d.Stack)
	d.shell(t, "", "pulumi config set-all --path "+desktest.Secrets(databasePassword))
	if cluster != nil {
		d.shell(t, "", "pulumi config set --path bifrost:gateway.preStopSeconds 1")
	}
	for _, change := range changes {
		d.shell(t, "", change)
	}
	return d
}

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

// shell runs what the runbook does not have.
func (d *desk) shell(t *testing.T, input, command string) string {
	t.Helper()
	out, err := d.run(t, input, command)
	require.NoError(t, err, "%s\n%s", command, out)
	return out
}

func (d *desk) run(t *testing.T, input, command string) (string, error) {
	t.Helper()
	variables := []string{"AWS_ACCESS_KEY_ID=AKIASOMEBODY", "AWS_SECRET_ACCESS_KEY=x", "AWS_PAGER="}
	if d.cluster != nil {
		variables = append(variables, "KUBECONFIG="+d.cluster.plane.KubeconfigOf(controlplane.AdminUser), "NO_PROXY="+d.cluster.network.Gateway.String())
	}
	if text, err := os.ReadFile(filepath.Join(d.Clouds(), d.Stack, "network.json")); err == nil {
		var network struct{ Proxy, CA string }
		require.NoError(t, json.Unmarshal(text, &network))
		variables = append(variables, "HTTPS_PROXY="+network.Proxy, "AWS_CA_BUNDLE="+network.CA)
	}
	cmd := d.Command(t.Context(), command, variables...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// serve lets the sandbox serve the stack's clouds, unless it does, with these variables.
func (d *desk) serve(t *testing.T, variables ...string) {
	t.Helper()
	if d.Serves() && slices.Equal(d.variables, variables) {
		return
	}
	d.Stop()
	var flags []string
	if d.cluster != nil {
		flags = append(flags, "--kubeconfig", d.cluster.plane.KubeconfigOf(controlplane.AdminUser))
	}
	d.variables = variables
	d.Serve(t, flags, variables...)
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
	out, err := d.Sandbox(t.Context(), "state", "--json").Output()
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
