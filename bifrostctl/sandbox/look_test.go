package sandbox

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/stacks"
)

// TestOpen: a stack that is up can be looked at as it was brought up, and looking changes nothing that is saved.
func TestOpen(t *testing.T) {
	t.Parallel()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	requireCLI(t, dir)
	request := Request{Operation: Up, Stack: "azure-dev", Dir: dir, State: t.TempDir(), Set: []string{"gateway.replicas=4"}}
	runner := Runner{Program: Bifrost, Stdout: t.Output(), Stderr: t.Output()}
	require.NoError(t, runner.Run(t.Context(), request))
	file := filepath.Join(request.State, request.Stack, "world.json")
	before, err := cloud.Load(file)
	require.NoError(t, err)

	look, err := Open(t.Context(), Request{Stack: request.Stack, Dir: dir, State: request.State})
	require.NoError(t, err)
	config, err := stacks.Parse(request.Stack, look.Config)
	require.NoError(t, err)
	require.Equal(t, 4, config.Replicas(), "the overlay of the last up")
	var outputs struct{ Rollout string }
	require.NoError(t, json.Unmarshal(look.Outputs, &outputs))
	require.Equal(t, "full", outputs.Rollout)
	require.NotNil(t, look.World.Clusters[look.Server])
	require.NotNil(t, look.World.Network)
	require.NoError(t, look.Close())
	after, err := cloud.Load(file)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestOpenNeverUp(t *testing.T) {
	t.Parallel()
	look, err := Open(t.Context(), Request{Stack: "aws-dev", Dir: "../..", State: t.TempDir()})
	require.NoError(t, err)
	require.Equal(t, "{}", string(look.Outputs))
	require.NoError(t, look.Close())
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), Request{Stack: "nope", Dir: "../..", State: t.TempDir()})
	require.ErrorContains(t, err, `there is no stack "nope"`)
	require.Equal(t, 2, cli.ExitCode(err))
	state := t.TempDir()
	unlock, err := folders{filepath.Join(state, "aws-dev")}.lock()
	require.NoError(t, err)
	defer unlock()
	_, err = Open(t.Context(), Request{Stack: "aws-dev", Dir: "../..", State: state})
	require.ErrorContains(t, err, "another sandbox command runs on this stack")
	require.Equal(t, 2, cli.ExitCode(err), "it could not be looked at")
}

func TestChangeClock(t *testing.T) {
	w := cloud.NewWorld()
	require.NoError(t, changeClock(w, []string{"later=13h"}))
	require.Equal(t, 13*time.Hour, w.Later)
	require.NoError(t, changeClock(w, []string{"later=0s"}))
	require.Zero(t, w.Later)
	for _, setting := range []string{"later=soon", "later=-1h", "earlier=1h", "later"} {
		require.ErrorContains(t, changeClock(w, []string{setting}), "later=13h")
	}
}
