package sandbox_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
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

// TestGoogleAllowlist: the readers of the vendor's repository are its allowlist for GKE, by email or principal. Who is taken off pulls no
// more until he is named again, and a service account that was made again pulls once it is.
func TestGoogleAllowlist(t *testing.T) {
	t.Parallel()
	const account = "bifrost-pull-sa@acme-dev.iam.gserviceaccount.com"
	s := stacktest.New(t, "google-dev")
	s.Engine.MustUp()
	request := sandbox.Request{Stack: "google-dev", Dir: "../..", State: t.TempDir(), Self: "bin/x"}
	file := filepath.Join(request.State, "google-dev", "world.json")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, s.World.Save(file))
	var stdout bytes.Buffer
	runner := sandbox.Runner{Stdout: &stdout}
	// again is an up after the change, with another first run and another image.
	again := func() error {
		saved, err := cloud.Load(file)
		require.NoError(t, err)
		s.World.Resources, s.World.Grants = saved.Resources, saved.Grants
		up := s.Set("registry.image=europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.1.1", "refresher.images.kubectl=registry.k8s.io/kubectl:v1.34.4").Engine.Up()
		require.NoError(t, s.World.Save(file))
		return up.Err
	}
	require.NoError(t, runner.Allowlist(request, nil, nil))
	require.Contains(t, stdout.String(), "projects/bifrost-dist/locations/europe-west1/repositories/acme-hub\t"+account+"\n")
	require.Contains(t, stdout.String(), "/serviceAccounts/hub-pull-sa@bifrost-dist.iam.gserviceaccount.com\t"+account+"\n")
	require.NoError(t, runner.Publish(request, []string{"2.1.1"}))
	require.NoError(t, runner.Allowlist(request, nil, []string{account}))
	require.Error(t, again())
	require.NoError(t, runner.Allowlist(request, []string{account}, nil))
	require.NoError(t, again())

	edits.With(pulumitype.GcpServiceAccount, account, "uniqueId=another")(t, s.World)
	edits.With(edits.SecretKind, "ar-pull-secret", "data={}")(t, s.World)
	require.NoError(t, s.World.Save(file))
	require.NoError(t, runner.Allowlist(request, []string{account}, nil))
	require.NoError(t, again())
}
