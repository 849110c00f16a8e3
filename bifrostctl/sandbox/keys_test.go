package sandbox_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox"
)

// TestKeys: the vendor's keys are shown, more are made, and the last one can be had. Who pulls with none is told so.
func TestKeys(t *testing.T) {
	t.Parallel()
	s := stacktest.AnyKey.Start(t)
	request := sandbox.Request{Stack: "local-dev", Dir: "../..", State: t.TempDir(), Self: "bin/x"}
	require.NoError(t, os.MkdirAll(filepath.Join(request.State, "local-dev"), 0o700))
	require.NoError(t, s.World.Save(filepath.Join(request.State, "local-dev", "world.json")))
	var stdout bytes.Buffer
	runner := sandbox.Runner{Stdout: &stdout}
	keys := func(more, show bool) []string {
		t.Helper()
		stdout.Reset()
		require.NoError(t, runner.Keys(request, more, show))
		return strings.Split(strings.TrimSpace(stdout.String()), "\n")
	}
	first := keys(false, false)
	require.Len(t, first, 1)
	require.Regexp(t, `^projects/bifrost-dist/serviceAccounts/bifrost-pull@.*/keys/[0-9a-f]{40}\t.*\tgood$`, first[0])
	former := keys(false, true)[0]
	require.Len(t, keys(true, false), 2)
	id, _, _ := strings.Cut(first[0], "\t")
	require.NoError(t, runner.Remove(request, pulumitype.GcpServiceAccountKey, id))
	require.Regexp(t, "\tdeleted$", keys(false, false)[0])
	last := keys(false, true)[0]
	require.NotEqual(t, former, last)
	document, err := base64.StdEncoding.DecodeString(last)
	require.NoError(t, err)
	require.Contains(t, string(document), `"type": "service_account"`)

	require.ErrorContains(t, runner.Keys(sandbox.Request{Stack: "aws-dev", Dir: "../..", State: t.TempDir()}, true, false), "kubernetes.pull key")
}

// TestKubeconfigOfThisMachine: no file of this machine is read for a cluster of the sandbox's.
func TestKubeconfigOfThisMachine(t *testing.T) {
	t.Parallel()
	s := stacktest.Way{Stack: "local-dev", InFile: []string{"kubernetes.kubeconfigFile=/does/not/exist"}}.Start(t)
	s.Engine.MustUp()
	require.NotNil(t, s.World.Clusters["https://kind-bifrost.sandbox.test:6443"])
}
