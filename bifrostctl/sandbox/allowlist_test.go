package sandbox_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/sandbox/cloud"
)

// TestAllowlist: a principal that is named again is known anew, as the one that has the name now: a role that was made again pulls then.
func TestAllowlist(t *testing.T) {
	t.Parallel()
	const role = "arn:aws:iam::111122223333:role/BifrostECRPullRole"
	s := stacktest.New(t, "aws-dev").Set("ecs=null")
	s.Engine.MustUp()
	edits.With(edits.RoleType, edits.PullRole, "uniqueId=AROAMADEAGAIN")(t, s.World)
	request := sandbox.Request{Stack: "aws-dev", Dir: "../..", State: t.TempDir(), Self: "bin/x"}
	file := filepath.Join(request.State, "aws-dev", "world.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	granted := func() map[string]string {
		world, err := cloud.Load(file)
		require.NoError(t, err)
		return world.Grants
	}
	require.NoError(t, s.World.Save(file))
	before := len(granted())
	require.NotZero(t, before, "the role has pulled")

	var stdout bytes.Buffer
	runner := sandbox.Runner{Stdout: &stdout}
	require.NoError(t, runner.Allowlist(request, nil, nil))
	require.Contains(t, stdout.String(), role)
	require.Len(t, granted(), before, "looking changes nothing")
	stdout.Reset()
	require.NoError(t, runner.Allowlist(request, []string{role, role}, nil))
	require.Equal(t, 1, bytes.Count(stdout.Bytes(), []byte(role)))
	require.Less(t, len(granted()), before, "it is resolved anew at its next pull")
	require.ErrorContains(t, runner.Allowlist(request, nil, []string{"arn:aws:iam::111122223333:role/Other"}), "not on the allowlist")
	require.ErrorContains(t, runner.Allowlist(sandbox.Request{Stack: "azure-dev", Dir: "../..", State: t.TempDir()}, nil, nil), "sandbox state")
}
