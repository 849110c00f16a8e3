package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/sandbox/cloud"
)

const servedStack = `config:
  bifrost:platform: aws
  bifrost:aws: {region: us-east-1, accountId: "111122223333"}
  bifrost:eks: {clusterName: dev}
`

// served is a `sandbox serve` that runs until stop is called.
type served struct {
	// line is what it printed to stdout.
	line string
	// stop interrupts it and returns how it ended, and what else it had printed.
	stop func() (rest string, err error)
}

func startServing(t *testing.T, request Request, packages ...string) served {
	t.Helper()
	ctx, interrupt := context.WithCancel(t.Context())
	t.Cleanup(interrupt)
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Runner{Stdout: in, Stderr: io.Discard}.Serve(ctx, request, packages)
		_ = in.Close()
		ended <- err
	}()
	stdout := bufio.NewReader(out)
	line, err := stdout.ReadString('\n')
	if err != nil {
		require.NoError(t, <-ended)
	}
	return served{line, func() (string, error) {
		interrupt()
		rest, err := io.ReadAll(stdout)
		require.NoError(t, err)
		return string(rest), <-ended
	}}
}

// TestServe lets the real CLI deploy a program into clouds that are served alone.
func TestServe(t *testing.T) {
	t.Parallel()
	repository, err := filepath.Abs("../..")
	require.NoError(t, err)
	requireCLI(t, repository)
	dir := writeProject(t, map[string]string{"dev": servedStack})
	request := Request{Stack: "dev", Dir: dir}
	serving := startServing(t, request)
	value, ok := strings.CutPrefix(serving.line, "export PULUMI_DEBUG_PROVIDERS=")
	require.True(t, ok, serving.line)
	require.Regexp(t, `^aws:\d+,azure-native:\d+,gcp:\d+,kubernetes:\d+\n$`, value)

	err = Runner{Stdout: io.Discard, Stderr: io.Discard}.Serve(t.Context(), request, nil)
	require.ErrorContains(t, err, "another sandbox command runs on this stack")
	require.Equal(t, 1, cli.ExitCode(err))

	p, err := loadProject(dir, "dev")
	require.NoError(t, err)
	f, err := request.folders(p)
	require.NoError(t, err)
	own := folders{stack: t.TempDir()}
	cli, err := findCLI(repository)
	require.NoError(t, err)
	require.NoError(t, p.writeWorkingCopy(own.work(), ""))
	theirs := &engine{
		folders: own, cli: cli, name: "dev", passphrase: "x", debugProviders: strings.TrimSpace(value),
		colour: "never", progress: io.Discard, errors: os.Stderr,
		program: func(ctx *pulumi.Context) error {
			provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String("us-east-1")})
			if err != nil {
				return err
			}
			_, err = cloudwatch.NewLogGroup(ctx, "logs", &cloudwatch.LogGroupArgs{Name: pulumi.String("/served")}, pulumi.Provider(provider))
			return err
		},
	}
	require.NoError(t, theirs.deploy(t.Context(), Preview, &Result{}))
	require.NotContains(t, state(t, request), "/served", "a preview changes nothing")
	require.FileExists(t, f.network(), "other processes find the clouds' services")
	require.NoError(t, theirs.deploy(t.Context(), Up, &Result{}))
	require.Contains(t, state(t, request), "aws:cloudwatch/logGroup:LogGroup", "every change is saved at once")

	rest, err := serving.stop()
	require.NoError(t, err, "an interrupt is how it ends")
	require.Empty(t, rest)
	require.NoFileExists(t, f.network())
	world, err := cloud.Load(f.world())
	require.NoError(t, err)
	require.NotNil(t, world.Get("aws:cloudwatch/logGroup:LogGroup", "111122223333/us-east-1", "/served"))
	require.Len(t, world.Clusters, 1, "seeded from the stack file")
}

func state(t *testing.T, request Request) string {
	t.Helper()
	var stdout bytes.Buffer
	var answer any
	require.NoError(t, Runner{Stdout: &stdout, Answer: func(own any) { answer = own }}.State(request))
	if request.JSON {
		stdout.Reset()
		require.NoError(t, printJSON(&stdout, answer))
	}
	return stdout.String()
}

func TestServeLeavesProvidersOut(t *testing.T) {
	t.Parallel()
	request := Request{Stack: "dev", Dir: writeProject(t, map[string]string{"dev": servedStack})}
	serving := startServing(t, request, "kubernetes", "aws")
	require.Regexp(t, `^export PULUMI_DEBUG_PROVIDERS=aws:\d+,kubernetes:\d+\n$`, serving.line)
	_, err := serving.stop()
	require.NoError(t, err)
}

func TestServeExplains(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	dir := writeProject(t, map[string]string{"dev": servedStack})
	var stdout, stderr bytes.Buffer
	request := Request{Stack: "dev", Dir: dir, Faults: []string{"type=*,op=read,error=denied"}}
	require.NoError(t, Runner{Stdout: &stdout, Stderr: &stderr}.Serve(ctx, request, []string{"aws"}))
	require.Equal(t, 1, strings.Count(stdout.String(), "\n"))
	for _, want := range []string{"  " + stdout.String(), "  cd " + dir + "\n", "pulumi preview --stack dev\n",
		"  export HTTPS_PROXY=http://sandbox:", "/dev/network-ca.pem\n", "  unset PULUMI_DEBUG_PROVIDERS PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION\n", "--fault type=*,op=read,error=denied met no call\n"} {
		require.Contains(t, stderr.String(), want)
	}
}
