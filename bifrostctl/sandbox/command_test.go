package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/projectdir"
)

// writeProject makes a project with stack files by stack name and returns its folder.
func writeProject(t *testing.T, stacks map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte("name: bifrost\nruntime: go\n"), 0o600))
	for stack, text := range stacks {
		require.NoError(t, os.WriteFile(filepath.Join(dir, stackFile(stack)), []byte(text), 0o600))
	}
	return dir
}

func TestExitCode(t *testing.T) {
	require.Equal(t, 0, cli.ExitCode(nil))
	require.Equal(t, 1, cli.ExitCode(fmt.Errorf("around: %w", &FailedError{Err: errors.New("x")})))
	require.Equal(t, 2, cli.ExitCode(errors.New("x")))
}

func TestBadUsage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	dir := writeProject(t, map[string]string{
		"aws-dev": "config: {bifrost:platform: aws}", "azure-dev": "config: {}", "text": "just text", "list": "config: [a]",
	})
	tests := map[string]struct {
		args []string
		want string
	}{
		"no stack":                {[]string{"up"}, "takes one stack, not 0"},
		"two stacks":              {[]string{"up", "a", "b"}, "takes one stack, not 2"},
		"unknown flag":            {[]string{"up", "aws-dev", "--sett", "a=b"}, "unknown flag: --sett"},
		"unknown operation":       {[]string{"refresh", "aws-dev"}, `unknown command "refresh"`},
		"unknown stack":           {[]string{"up", "aws-prod", "--dir", dir}, `no stack "aws-prod": ` + dir + "/Pulumi.aws-prod.yaml does not exist; the stacks of this project are aws-dev, azure-dev, list, text"},
		"stack elsewhere":         {[]string{"up", "../aws-dev", "--dir", dir}, "stack ../aws-dev: there is no folder "},
		"no project":              {[]string{"up", "aws-dev", "--dir", t.TempDir()}, `no Pulumi.yaml of the project "bifrost"`},
		"setting without a value": {[]string{"up", "aws-dev", "--dir", dir, "--set", "rollout"}, "--set rollout: has no value"},
		"stack file of text":      {[]string{"up", "text", "--dir", dir}, "Pulumi.text.yaml is no YAML object"},
		"configuration of a list": {[]string{"up", "list", "--dir", dir}, "config is a list; it must hold keys such as bifrost:platform"},
		"malformed fault":         {[]string{"up", "aws-dev", "--dir", dir, "--fault", "type=*,op=list,error=x"}, "op=list is none of check, create"},
		"fault of no type":        {[]string{"serve", "aws-dev", "--dir", dir, "--fault", "type=x,op=read,error=x"}, `the sandbox has no type "x"`},
		"unknown provider":        {[]string{"serve", "aws-dev", "--dir", dir, "--providers", "aws,gpc"}, `the sandbox has no provider "gpc", but aws, azure-native, kubernetes`},
		"serve without a stack":   {[]string{"serve"}, "serve takes one stack, not 0 words; see "},
		"state of unknown stack":  {[]string{"state", "aws-prod", "--dir", dir}, `no stack "aws-prod"`},
		"removal of a stack":      {[]string{"remove", "aws-dev"}, "takes a stack's name, a type and an id, not 1 words"},
		"no CLI":                  {[]string{"up", "aws-dev", "--dir", dir}, "run make build in " + dir},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			cmd := Command()
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(test.args)
			cmd.SetOut(&stdout)
			cmd.SetErr(&stderr)
			err := cmd.Execute()
			require.ErrorContains(t, err, test.want)
			require.Equal(t, 2, cli.ExitCode(err))
			require.Empty(t, stdout.String())
			require.NoDirExists(t, filepath.Join(dir, ".sandbox"))
		})
	}
}

func TestBadUsageInJSON(t *testing.T) {
	var stdout bytes.Buffer
	cmd := Command()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetArgs([]string{"up", "nope", "--json", "--dir", writeProject(t, nil)})
	cmd.SetOut(&stdout)
	require.Equal(t, 2, cli.ExitCode(cmd.Execute()))
	require.Regexp(t, `^\{\s+"command": "sandbox up",\s+"result": "failed",\s+"exitCode": 2,\s+"error": "there is no stack .* are none",\s+"stack": "nope",\s+"changes": \{`+
		`\s+"create": 0,\s+"update": 0,\s+"replace": 0,\s+"delete": 0,\s+"same": 0\s+\},\s+"resources": \[\],\s+"outputs": \{\},\s+"steps": \[\],\s+"seconds": [0-9.]+\s+\}\n$`, stdout.String())
}

func TestProjectIsFoundFromBelow(t *testing.T) {
	dir := writeProject(t, nil)
	below := filepath.Join(dir, "a", "b")
	require.NoError(t, os.MkdirAll(below, 0o700))
	// Another project on the way up is passed over.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a", "Pulumi.yaml"), []byte("name: other\n"), 0o600))
	t.Chdir(below)
	found, err := projectdir.Find("")
	require.NoError(t, err)
	require.Equal(t, dir, found)
}

func TestSecondCommandOnAStackIsRefused(t *testing.T) {
	f := folders{stack: filepath.Join(t.TempDir(), "dev")}
	unlock, err := f.lock()
	require.NoError(t, err)
	_, err = f.lock()
	require.ErrorContains(t, err, "another sandbox command runs on this stack")
	unlock()
	unlock, err = f.lock()
	require.NoError(t, err)
	unlock()
}

func TestUserSettingsOfPulumiStayOutside(t *testing.T) {
	require.Equal(t, []string{"HOME=/h", "PATH=/p"},
		ownEnvironment([]string{"PULUMI_BACKEND_URL=s3://x", "HOME=/h", "PULUMI_ACCESS_TOKEN=x", "PATH=/p"}))
}

func TestDisplay(t *testing.T) {
	var shown bytes.Buffer
	d := &display{w: &shown}
	fmt.Fprint(d, "one\ntw")
	require.Empty(t, shown.String(), "held back until it is opened")
	d.show()
	require.Equal(t, "one\n", shown.String())
	fmt.Fprint(d, "o\nIf you want to remove the stack comple")
	fmt.Fprint(d, "tely, run `pulumi stack rm dev`.\nthree\n")
	require.Equal(t, "one\ntwo\nthree\n", shown.String())
}

func TestOutcome(t *testing.T) {
	outputs := map[string]any{
		"readme": "long text", "rollout": "identity", "kubeconfig": "[secret]", "names": []any{"a"},
		"vendorHandoff": []any{
			map[string]any{"accountId": "111122223333", "principalArn": "arn:aws:iam::111122223333:role/x"},
			map[string]any{"accountId": "111122223333", "principalArn": "arn:aws:iam::111122223333:role/y", "regions": []any{"a"}},
		},
	}
	tests := map[string]struct {
		request Request
		result  Result
		want    string
	}{
		"preview": {Request{Operation: Preview, Stack: "dev", Self: "bin/x"}, Result{}, "Nothing was changed. To deploy it:\n  bin/x sandbox up dev\n"},
		"preview of settings": {
			Request{Operation: Preview, Stack: "dev", Self: "bin/x", Dir: "d", State: "s", Set: []string{"a=b"}}, Result{},
			"Nothing was changed. To deploy it:\n  bin/x sandbox up dev --set a=b --dir d --state s\n",
		},
		"identity": {Request{Operation: Up, Stack: "dev", Self: "bin/x"}, Result{rollout: "identity", Outputs: outputs}, `Outputs:
  kubeconfig: '[secret]'
  names:
    - a
  rollout: identity

For the vendor (vendorHandoff):

    accountId: 111122223333
    principalArn: arn:aws:iam::111122223333:role/x

    accountId: 111122223333
    principalArn: arn:aws:iam::111122223333:role/y
    regions:
      - a

The identities stand. Print the letter to the vendor and, after the answer, add the workload:
  bin/x handoff dev --sandbox
  bin/x sandbox up dev --set rollout=full
`},
		"full": {Request{Operation: Up, Stack: "dev", Self: "bin/x"}, Result{rollout: "full"}, `The stack is up. To see what a change would do, or to delete everything:
  bin/x sandbox preview dev --set labels.team=platform
  bin/x sandbox destroy dev
`},
		"protected": {Request{Operation: Up, Stack: "dev", Self: "bin/x"}, Result{rollout: "full", Resources: []Resource{{protected: true}}},
			`The stack is up. To see what a change would do, or to delete all but its protected identities:
  bin/x sandbox preview dev --set labels.team=platform
  bin/x sandbox destroy dev --exclude-protected
To delete everything:
  bin/x sandbox up dev --set protectIdentities=false
  bin/x sandbox destroy dev
`},
		"destroyed": {Request{Operation: Destroy, Stack: "dev", Self: "bin/x"}, Result{Changes: Changes{Delete: 3}}, "Stack dev is deleted from the sandbox.\n"},
		"never up":  {Request{Operation: Destroy, Stack: "dev", Self: "bin/x"}, Result{}, "The sandbox holds nothing of stack dev: nothing to delete.\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var shown bytes.Buffer
			printOutcome(&shown, test.request, &test.result)
			require.Equal(t, test.want, shown.String())
		})
	}
}

// TestNextCommand: what a text tells to run does the same to the same stack.
func TestNextCommand(t *testing.T) {
	request := Request{Self: "x", Stack: "dev", Set: []string{"rollout=identity", "refresher.schedule=0 */4 * * *", "secrets.license=" + canary}}
	require.Equal(t, "x sandbox up dev --set 'refresher.schedule=0 */4 * * *' --set secrets.license=... --set rollout=full", request.command(Up, "rollout=full"))
	require.Equal(t, "x sandbox destroy dev", request.command(Destroy))
}

// TestAppliedSettings: a destroy knows the overlay of the up before it.
func TestAppliedSettings(t *testing.T) {
	f := folders{stack: t.TempDir()}
	none, err := f.applied()
	require.NoError(t, err)
	require.Empty(t, none)
	require.NoError(t, f.apply([]string{"a=b", "secrets.license=" + canary}))
	last, err := f.applied()
	require.NoError(t, err)
	require.Equal(t, []string{"a=b", "secrets.license=..."}, last)
}
