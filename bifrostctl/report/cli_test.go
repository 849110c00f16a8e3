package report_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/report"
	"bifrost/bifrostctl/sandbox"
)

// spy runs the CLI and has each preview print its digest into a file, beside the events that the sandbox listens to, and keeps its plan.
const spy = `#!/usr/bin/env bash
case " $* " in
  *" preview "*) "$SPY_CLI" "$@" --json --show-sames > "$SPY_INTO/digest.json"; status=$?
    for word in "$@"; do [[ $word != --save-plan=* ]] || cp "${word#*=}" "$SPY_INTO/plan.json"; done
    exit $status ;;
esac
exec "$SPY_CLI" "$@"
`

// TestRealCLI: of the same preview, the CLI's own digest and the sandbox's document give the same report, and its saved plan names the same
// changes.
func TestRealCLI(t *testing.T) {
	stacktest.RequireCLI(t)
	cli, err := exec.LookPath("pulumi")
	if err != nil {
		cli = filepath.Join(stacktest.Project(t), "bin", "pulumi")
	}
	bin, into, state := t.TempDir(), t.TempDir(), t.TempDir()
	run := func(operation sandbox.Operation, settings ...string) []byte {
		t.Helper()
		var document bytes.Buffer
		request := sandbox.Request{Operation: operation, Stack: "aws-dev", State: state, Set: settings, JSON: true}
		require.NoError(t, sandbox.Runner{Program: sandbox.Bifrost, Stdout: &document, Stderr: io.Discard}.Run(t.Context(), request), document.String())
		return document.Bytes()
	}
	run(sandbox.Up)

	require.NoError(t, os.WriteFile(filepath.Join(bin, "pulumi"), []byte(spy), 0o755))
	t.Setenv("SPY_CLI", cli)
	t.Setenv("SPY_INTO", into)
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	own := read(t, run(sandbox.Preview, "gateway.replicas=5", "gateway.config.client.enforce_auth_on_inference=false", "secrets.license="+stacktest.Secret+"other",
		"ecs.taskPolicyArns=[arn:aws:iam::aws:policy/AmazonBedrockLimitedAccess]"))
	digest := read(t, file(t, into, "digest.json"))
	require.Equal(t, changes.Sandbox, own.Source)
	require.Equal(t, changes.Digest, digest.Source)
	ours, theirs := report.New(own, ""), report.New(digest, "")
	require.NotEmpty(t, ours.Groups)
	require.Equal(t, theirs.Markdown(0, ""), ours.Markdown(0, ""))
	require.NotContains(t, ours.Markdown(0, ""), stacktest.Secret)
	for _, step := range digest.Steps {
		if step.New == nil {
			continue
		}
		same, there := own.Find(step.URN) // the engine's order is another one each time
		require.True(t, there, step.URN)
		require.ElementsMatch(t, step.New.Dependencies, same.New.Dependencies, "what %s depends on", step.URN)
	}

	plan := read(t, file(t, into, "plan.json"))
	require.Equal(t, changes.Plan, plan.Source)
	require.ElementsMatch(t, changed(digest), changed(plan))
}

func read(t *testing.T, text []byte) *changes.Set {
	t.Helper()
	set, err := changes.Read(bytes.NewReader(text))
	require.NoError(t, err)
	return set
}

func file(t *testing.T, dir, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	require.NoError(t, err)
	return text
}

// changed are the resources that change, with what becomes of them.
func changed(set *changes.Set) []string {
	var all []string
	for _, step := range set.Steps {
		if step.Changes() && step.Custom() {
			all = append(all, string(step.Op)+" "+step.URN)
		}
	}
	return all
}
