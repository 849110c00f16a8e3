package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
)

// The tests of this file run the real Pulumi CLI.

// requireCLI skips a test where there is no Pulumi CLI. In CI there must be one.
func requireCLI(t *testing.T, dir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the real Pulumi CLI")
	}
	if _, err := findCLI(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

// document runs a request for JSON and returns its outcome. The document must be all that is printed.
func document(t *testing.T, program Program, request Request) (Result, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	request.JSON = true
	err := Runner{Program: program, Stdout: &stdout, Stderr: &stderr}.Run(t.Context(), request)
	var result Result
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &result), stdout.String())
	require.NotContains(t, stdout.String()+stderr.String(), canary)
	if err == nil {
		require.Equal(t, "succeeded", result.Result)
		require.Empty(t, result.Error)
	} else {
		require.Equal(t, "failed", result.Result)
		require.NotEmpty(t, result.Error)
	}
	return result, err
}

// TestLifecycle takes the aws-dev stack of this repository through its life.
func TestLifecycle(t *testing.T) {
	t.Parallel()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	requireCLI(t, dir)
	file := filepath.Join(dir, stackFile("aws-dev"))
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	request := Request{Stack: "aws-dev", Dir: dir, State: filepath.Join(t.TempDir(), "with space")}
	run := func(operation Operation, settings ...string) Result {
		request.Operation, request.Set = operation, settings
		result, err := document(t, Bifrost, request)
		require.NoError(t, err)
		return result
	}

	for setting, key := range map[string]string{
		"protectIdentities=yes please": "bifrost:protectIdentities", "tags=none": "bifrost:tags", "gateway=[a, list]": "bifrost:gateway",
	} {
		for _, operation := range []Operation{Preview, Up} {
			request.Operation, request.Set = operation, []string{setting}
			_, err = document(t, Bifrost, request)
			require.Equal(t, 2, cli.ExitCode(err), "Pulumi refuses it, and so does the program: %v", err)
			require.ErrorContains(t, err, key)
		}
	}

	planned := run(Preview)
	require.Positive(t, planned.Changes.Create)
	require.Len(t, planned.Resources, planned.Changes.Create)

	request.Operation, request.Faults = Preview, []string{"type=aws:eks/getCluster:getCluster,op=invoke,error=throttled"}
	_, err = document(t, Bifrost, request)
	require.Equal(t, 1, cli.ExitCode(err))
	require.ErrorContains(t, err, "ThrottlingException")
	request.Faults = nil

	made := run(Up)
	require.Equal(t, planned.Changes, made.Changes)
	require.ElementsMatch(t, urns(planned), urns(made))
	handoff := made.Outputs[handoffOutput].([]any)
	require.NotEmpty(t, handoff)
	require.Contains(t, types(made), "aws:iam/role:Role")
	require.Contains(t, types(made), "kubernetes:apps/v1:Deployment")

	again := run(Up)
	require.Equal(t, Changes{Same: made.Changes.Create}, again.Changes)
	require.Equal(t, made.Outputs, again.Outputs)

	services := slices.DeleteFunc(urns(made), func(urn string) bool { return !strings.HasSuffix(urn, "::ecs-service") })
	request.Replace, request.Refresh = services, true
	require.Equal(t, 1, run(Preview).Changes.Replace)
	require.Equal(t, 1, run(Up).Changes.Replace, "pulumi up --replace, as the program names it")
	request.Replace, request.Refresh = nil, false

	clouds := func() string {
		text, err := os.ReadFile(filepath.Join(request.State, "aws-dev", "world.json"))
		require.NoError(t, err)
		return string(text)
	}
	kept, namespaceKey := clouds(), ""
	changed := run(Preview, "gateway.replicas=3")
	require.Positive(t, changed.Changes.Update)
	require.Zero(t, changed.Changes.Create+changed.Changes.Replace+changed.Changes.Delete)

	run(Preview, "gateway.existingNamespace=true")
	_, _, err = Drift(t.Context(), dir, request.State, "aws-dev")
	require.NoError(t, err)
	require.Equal(t, kept, clouds(), "what only looks leaves the clouds as they are")
	world, err := cloud.Load(filepath.Join(request.State, "aws-dev", "world.json"))
	require.NoError(t, err)
	for key, r := range world.Resources {
		if r.Type == pulumitype.KubernetesNamespace && r.ID == "bifrost" {
			namespaceKey = key
		}
	}
	for _, settings := range [][]string{{"gateway.existingNamespace=true"}, {"gateway.existingNamespace=true", "labels.x=z"}} {
		run(Up, settings...)
		world, err := cloud.Load(filepath.Join(request.State, "aws-dev", "world.json"))
		require.NoError(t, err)
		namespace := world.Resources[namespaceKey]
		require.NotContains(t, namespace.State["metadata"].(map[string]any)["creationTimestamp"], "2025", "%v: it is the one that the stack made", settings)
		require.True(t, namespace.Seeded, "the stack leaves it to others")
	}

	request.Operation, request.Set = Up, []string{"eks.clusterName=nope"}
	_, err = document(t, Bifrost, request)
	require.Equal(t, 1, cli.ExitCode(err), "a cluster that the stack file does not name does not exist: %v", err)
	require.ErrorContains(t, err, "nope")

	gone := run(Destroy)
	require.Equal(t, Changes{Delete: made.Changes.Create - 1}, gone.Changes, "all but the namespace, which is others' by now")
	require.Empty(t, gone.Resources)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after), "the user's stack file")
}

func urns(result Result) []string {
	var urns []string
	for _, resource := range result.Resources {
		urns = append(urns, resource.URN)
	}
	return urns
}

func types(result Result) []string {
	var types []string
	for _, resource := range result.Resources {
		types = append(types, resource.Type)
	}
	return types
}

const canary = "canary-4f1d0c"

var errRefused = errors.New("gateway.replicas: 0 is too few; write 1 or more")

// small is a program with a component, a protected one, a secret output, and the ways to fail.
var small = Program{
	Deploy: func(ctx *pulumi.Context, _, readme string, keys []string) error {
		settings := config.New(ctx, projectName)
		if settings.Get("mode") == "refused" {
			return errRefused
		}
		secrets := settings.RequireSecret(secretsKey)
		parent := &pulumi.ResourceState{}
		if err := ctx.RegisterComponentResource("test:index:Parent", "parent", parent); err != nil {
			return err
		}
		protect := pulumi.Protect(settings.GetBool("protectIdentities"))
		if err := ctx.RegisterComponentResource("test:index:Child", "child", &pulumi.ResourceState{}, pulumi.Parent(parent), protect); err != nil {
			return err
		}
		ctx.Export("secrets", pulumi.Map{"all": secrets, "license": settings.RequireSecret(secretsKey), "plain": pulumi.String("x")})
		ctx.Export("keys", pulumi.ToStringArray(keys))
		ctx.Export("readme", pulumi.String(readme))
		if settings.Get("mode") == "failing" {
			return errors.New("the license " + canary + " is not valid")
		}
		return nil
	},
	MissingSecrets: func(string, map[string]any) []string { return []string{"encryptionKey"} },
	Refused:        func(err error) bool { return errors.Is(err, errRefused) },
}

const smallStack = `# A comment that must survive.
environment: [shared]
secretsprovider: awskms://alias/somebody
encryptedkey: AQICAHh
config:
  bifrost:platform: aws
  bifrost:aws: {region: us-east-1}
  bifrost:secrets:
    license: ` + canary + `
    env:
      PG_PASSWORD:
        secure: AAABAKrealsecret
`

// TestSmallProgram checks what no healthy stack shows: failures, and that secrets stay secret.
func TestSmallProgram(t *testing.T) {
	t.Parallel()
	dir := writeProject(t, map[string]string{"dev": smallStack})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.README.md"), []byte("# Read me"), 0o600))
	repository, err := filepath.Abs("../..")
	require.NoError(t, err)
	require.NoError(t, os.Symlink(filepath.Join(repository, "bin"), filepath.Join(dir, "bin")))
	requireCLI(t, dir)
	request := func(operation Operation, settings ...string) Request {
		return Request{Operation: operation, Stack: "dev", Dir: dir, Set: settings, Self: "bin/x"}
	}

	t.Run("destroyed before it was ever up", func(t *testing.T) {
		result, err := document(t, small, request(Destroy))
		require.NoError(t, err)
		require.Zero(t, result.Changes)
		require.NoDirExists(t, filepath.Join(dir, ".sandbox"))
	})
	t.Run("refused", func(t *testing.T) {
		result, err := document(t, small, request(Up, "mode=refused"))
		require.Equal(t, 2, cli.ExitCode(err))
		require.Equal(t, errRefused.Error(), result.Error)
		require.Empty(t, result.Outputs)
		require.LessOrEqual(t, len(result.Resources), 1, "at most the stack itself")

		shown, err := shown(t, request(Up, "mode=refused"))
		require.ErrorIs(t, err, errRefused)
		require.Empty(t, shown.stdout, "the reasons are shown once, by who prints the error")
	})
	t.Run("failing", func(t *testing.T) {
		result, err := document(t, small, request(Preview, "mode=failing"))
		require.Equal(t, 1, cli.ExitCode(err))
		require.Equal(t, "the license [secret] is not valid", result.Error)

		shown, err := shown(t, request(Preview, "mode=failing"))
		require.EqualError(t, err, "preview of stack dev failed: the errors are above")
		require.Equal(t, 1, strings.Count(shown.stdout, "the license [secret] is not valid"))
	})
	t.Run("up", func(t *testing.T) {
		shown, err := shown(t, request(Up, "protectIdentities=true"))
		require.NoError(t, err)
		require.Equal(t, "secrets.license stands in clear in Pulumi.dev.yaml: change it where it is from, then write it encrypted: pulumi config set --stack dev "+
			"--secret --path 'bifrost:secrets.license'\n"+
			"The environments that Pulumi.dev.yaml imports are not opened here: give their values with --set\n"+
			"Secrets that Pulumi.dev.yaml lacks or holds encrypted are fakes here: secrets.encryptionKey, secrets.env.PG_PASSWORD\n", shown.stderr)
		require.Contains(t, shown.stdout, "    all: '[secret]'\n")
		require.NotContains(t, shown.stdout, "Read me")
	})
	t.Run("secrets", func(t *testing.T) {
		result, err := document(t, small, request(Up, "protectIdentities=true"))
		require.NoError(t, err)
		require.Equal(t, Changes{Same: 3}, result.Changes)
		require.Equal(t, map[string]any{"all": "[secret]", "license": "[secret]", "plain": "x"}, result.Outputs["secrets"])
		require.Equal(t, []any{"bifrost:aws", "bifrost:platform", "bifrost:protectIdentities", "bifrost:secrets"}, result.Outputs["keys"])
		require.Equal(t, "# Read me", result.Outputs["readme"])
		for _, file := range filesBelow(t, filepath.Join(dir, ".sandbox")) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NotContains(t, string(text), canary, file)
			require.NotContains(t, string(text), "sandbox-fake-", file)
			require.NotContains(t, string(text), "awskms", file)
		}
		text, err := os.ReadFile(filepath.Join(dir, stackFile("dev")))
		require.NoError(t, err)
		require.Equal(t, smallStack, string(text))
	})
	t.Run("up that fails in its preview", func(t *testing.T) {
		_, err := document(t, small, request(Up, "mode=failing"))
		require.ErrorContains(t, err, "the license [secret] is not valid")
		last, err := folders{stack: filepath.Join(dir, ".sandbox", "dev")}.applied()
		require.NoError(t, err)
		require.Equal(t, []string{"protectIdentities=true"}, last, "what failed is not how the stack is")
	})
	t.Run("protected", func(t *testing.T) {
		before, err := document(t, small, request(Up, "protectIdentities=true"))
		require.NoError(t, err)
		result, err := document(t, small, request(Destroy))
		require.Equal(t, 1, cli.ExitCode(err))
		require.Contains(t, result.Error, "cannot be deleted")
		require.Contains(t, result.Error, "bin/x sandbox up dev --set protectIdentities=false")
		require.Contains(t, result.Error, " --exclude-protected")
		require.Equal(t, before.Resources, result.Resources, "nothing was deleted")
		without := request(Destroy)
		without.ExcludeProtected = true
		for range 2 { // the second time nothing is left but what is protected
			result, err = document(t, small, without)
			require.NoError(t, err)
			require.NotEmpty(t, result.Resources)
		}
		_, err = document(t, small, request(Up, "protectIdentities=false"))
		require.NoError(t, err)
	})
	t.Run("a backend lock that a killed command left behind", func(t *testing.T) {
		locks := filepath.Join(dir, ".sandbox", "pulumi", ".pulumi", "locks", "organization", projectName, "dev")
		require.NoError(t, os.MkdirAll(locks, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(locks, "left.json"), []byte(`{"pid": 1}`), 0o600))
		_, err := document(t, small, request(Preview))
		require.NoError(t, err)
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		program := small
		program.Deploy = func(pulumi *pulumi.Context, _, _ string, _ []string) error {
			cancel()
			<-pulumi.Context().Done()
			return pulumi.Context().Err()
		}
		err := Runner{Program: program, Stdout: new(bytes.Buffer), Stderr: new(bytes.Buffer)}.Run(ctx, request(Up))
		require.Equal(t, 1, cli.ExitCode(err))
		require.ErrorContains(t, err, "interrupted")
	})
	t.Run("destroyed", func(t *testing.T) {
		shown, err := shown(t, request(Destroy))
		require.NoError(t, err)
		require.Contains(t, shown.stdout, "Stack dev is deleted from the sandbox.")
		require.NotContains(t, shown.stdout, "pulumi stack rm")
	})
}

// printed is what a command for people printed.
type printed struct{ stdout, stderr string }

func shown(t *testing.T, request Request) (printed, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := Runner{Program: small, Stdout: &stdout, Stderr: &stderr}.Run(t.Context(), request)
	require.NotContains(t, stdout.String()+stderr.String(), canary)
	return printed{stdout.String(), stderr.String()}, err
}

func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	}))
	require.NotEmpty(t, files)
	return files
}
