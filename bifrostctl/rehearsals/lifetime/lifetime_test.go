// Package lifetime_test holds what happens to a stack after its up, with the real Pulumi CLI on the sandbox: drift, a saved plan, a review
// stack.
package lifetime_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/drift"
	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/review"
	"bifrost/bifrostctl/sandbox"
)

// desk is a folder of the sandbox, and one stack.
type desk struct {
	t                 *testing.T
	dir, state, stack string
}

func at(t *testing.T, stack string) desk {
	t.Helper()
	stacktest.RequireCLI(t)
	return desk{t, stacktest.Project(t), t.TempDir(), stack}
}

// run does one operation, and returns what it prints.
func (d desk) run(operation sandbox.Operation, plan string, settings ...string) (string, error) {
	var printed bytes.Buffer
	request := sandbox.Request{Operation: operation, Stack: d.stack, Dir: d.dir, State: d.state, Set: settings, Plan: plan, Self: "bifrostctl"}
	err := sandbox.Runner{Program: sandbox.Bifrost, Stdout: &printed, Stderr: &printed}.Run(d.t.Context(), request)
	return printed.String(), err
}

func (d desk) up(settings ...string) {
	d.t.Helper()
	printed, err := d.run(sandbox.Up, "", settings...)
	require.NoError(d.t, err, printed)
}

func (d desk) runner() (sandbox.Runner, sandbox.Request) {
	return sandbox.Runner{Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer)}, sandbox.Request{Stack: d.stack, Dir: d.dir, State: d.state}
}

// drift is what the command prints.
func (d desk) drift(arguments ...string) (string, error) {
	var printed bytes.Buffer
	cmd := drift.Command(sandbox.Drift)
	cmd.SetArgs(append([]string{d.stack, "--sandbox", "--dir", d.dir, "--state", d.state}, arguments...))
	cmd.SetOut(&printed)
	cmd.SetErr(&printed)
	err := cmd.ExecuteContext(d.t.Context())
	return printed.String(), err
}

// TestDrift: after an up nothing differs, nor once the token was refreshed; what somebody changes or takes away is told, and an up with a
// refresh takes it back.
func TestDrift(t *testing.T) {
	t.Parallel()
	d := at(t, "aws-dev")
	_, err := d.drift()
	require.ErrorContains(t, err, "was never up in the sandbox")
	settings := []string{stacktest.OnlyEKS, "eks.auth=podIdentity"}
	d.up(settings...)
	text, err := d.drift()
	require.NoError(t, err, text)
	require.Contains(t, text, "nothing differs")

	r, request := d.runner()
	require.NoError(t, r.Change(request, "sandbox:clock", "all", []string{"later=7h"}))
	text, err = d.drift()
	require.NoError(t, err, "the refresher has written the pull Secret since: %s", text)

	require.NoError(t, r.Change(request, edits.RoleType, "BifrostECRPullRole", []string{"description=ours now"}))
	require.NoError(t, r.Remove(request, edits.AssociationType, associationOf(t, d)))
	text, err = d.drift()
	require.ErrorContains(t, err, "1 changed and 1 gone")
	require.Contains(t, text, "BifrostECRPullRole")
	require.Contains(t, text, `description: "`)
	require.Contains(t, text, `→ "ours now"`)
	require.NotContains(t, text, stacktest.Secret)
	again, err := d.drift()
	require.Error(t, err)
	require.Equal(t, text, again, "a look changes nothing")

	request.Operation, request.Refresh, request.Set = sandbox.Up, true, settings
	r.Program = sandbox.Bifrost
	require.NoError(t, r.Run(t.Context(), request))
	text, err = d.drift()
	require.NoError(t, err, text)
}

// associationOf is the id of the stack's one Pod Identity association.
func associationOf(t *testing.T, d desk) string {
	t.Helper()
	var printed bytes.Buffer
	require.NoError(t, sandbox.Runner{Stdout: &printed}.State(sandbox.Request{Stack: d.stack, Dir: d.dir, State: d.state}))
	for line := range strings.Lines(printed.String()) {
		if words := strings.Fields(line); len(words) > 2 && words[0] == edits.AssociationType {
			return words[2]
		}
	}
	require.Fail(t, "no association", printed.String())
	return ""
}

// TestSavedPlan: an up keeps to the plan of a preview; it does not do what came into the stack file afterwards. The plan holds no secret in
// clear.
func TestSavedPlan(t *testing.T) {
	t.Parallel()
	d := at(t, "aws-dev")
	d.up(stacktest.OnlyEKS)
	plan := filepath.Join(t.TempDir(), "plan.json")
	printed, err := d.run(sandbox.Preview, plan, stacktest.OnlyEKS, "gateway.replicas=5")
	require.NoError(t, err, printed)
	text, err := os.ReadFile(plan)
	require.NoError(t, err)
	require.Contains(t, string(text), "resourcePlans")
	require.NotContains(t, string(text), stacktest.Secret)

	printed, err = d.run(sandbox.Up, plan, stacktest.OnlyEKS, "gateway.replicas=7")
	require.Error(t, err, "another change than the reviewed one: %s", printed)
	require.Contains(t, err.Error()+printed, "violates plan")
	printed, err = d.run(sandbox.Up, plan, stacktest.OnlyEKS, "gateway.replicas=5")
	require.NoError(t, err, printed)
	text2, err := d.drift()
	require.NoError(t, err, text2)
	_, err = d.run(sandbox.Up, filepath.Join(t.TempDir(), "none.json"), stacktest.OnlyEKS)
	require.ErrorContains(t, err, "--plan ")
	_, err = d.run(sandbox.Preview, filepath.Join(t.TempDir(), "none", "plan.json"), stacktest.OnlyEKS)
	require.ErrorContains(t, err, "--save-plan ")
}

// TestReviewStack: a review stack stands beside the stack that it is a copy of, in the same clouds' rules, and goes without a trace.
func TestReviewStack(t *testing.T) {
	t.Parallel()
	d := at(t, "review-pr12")
	project := t.TempDir()
	for _, file := range []string{"Pulumi.yaml", "Pulumi.aws-dev.yaml"} {
		text, err := os.ReadFile(filepath.Join(d.dir, file))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(project, file), text, 0o600))
	}
	require.NoError(t, os.Symlink(filepath.Join(d.dir, "bin"), filepath.Join(project, "bin")))
	require.NoError(t, os.Symlink(filepath.Join(d.dir, "examples"), filepath.Join(project, "examples")))
	d.dir = project
	_, err := review.Write(project, d.stack, "aws-dev", []string{stacktest.OnlyEKS})
	require.NoError(t, err)
	d.up()
	var printed bytes.Buffer
	require.NoError(t, sandbox.Runner{Stdout: &printed}.State(sandbox.Request{Stack: d.stack, Dir: d.dir, State: d.state}))
	require.Contains(t, printed.String(), "pr12")
	out, err := d.run(sandbox.Destroy, "")
	require.NoError(t, err, out)
}
