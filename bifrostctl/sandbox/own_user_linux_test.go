package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"bifrost/bifrostctl/sandbox/cloud/loopback"
)

// attackPort is the variable with which this test's program starts itself to be another user.
const attackPort = "SANDBOX_TEST_ATTACK"

// TestServeAnswersItsOwnUserAlone: another user of the machine cannot attach to what serve serves.
func TestServeAnswersItsOwnUserAlone(t *testing.T) {
	if os.Getuid() != 0 || !loopback.KnowsUsers {
		t.Skip("only root can be another user, too, and only where the system tells whose a connection is")
	}
	ctx, interrupt := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var notes bytes.Buffer
	ended := make(chan error, 1)
	request := Request{Stack: "dev", Dir: writeProject(t, map[string]string{"dev": servedStack})}
	go func() { ended <- Runner{Stdout: in, Stderr: &notes}.Serve(ctx, request, []string{"aws"}) }()
	line := make([]byte, 256)
	n, err := out.Read(line)
	require.NoError(t, err)
	_, port, _ := strings.Cut(strings.TrimSpace(string(line[:n])), "aws:")

	answered, err := pluginInfo(t.Context(), port)
	require.NoError(t, err, "its own user attaches")
	require.NotEmpty(t, answered)

	attack := exec.Command("/proc/self/exe", "-test.run=^TestAttackServe$", "-test.v")
	attack.Env = append(os.Environ(), attackPort+"="+port)
	attack.Dir = "/"
	attack.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4242, Gid: 4242}}
	output, err := attack.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Contains(t, string(output), "user 4242 could not attach")

	interrupt()
	require.NoError(t, <-ended)
	require.Contains(t, notes.String(), "was refused: it is of user 4242, and this sandbox serves user 0 alone")
}

// TestAttackServe runs as another user.
func TestAttackServe(t *testing.T) {
	port := os.Getenv(attackPort)
	if port == "" {
		t.Skip("a part of TestServeAnswersItsOwnUserAlone")
	}
	_, err := pluginInfo(t.Context(), port)
	require.Error(t, err)
	t.Logf("user %d could not attach: %v", os.Getuid(), err)
}

// pluginInfo asks what a Pulumi CLI asks first when it attaches.
func pluginInfo(ctx context.Context, port string) (string, error) {
	conn, err := grpc.NewClient("127.0.0.1:"+port, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	info, err := pulumirpc.NewResourceProviderClient(conn).GetPluginInfo(ctx, &emptypb.Empty{})
	return info.GetVersion(), err
}

// TestStateFolderOfOthers: every command refuses a state folder that others prepared, before it reads or writes there.
func TestStateFolderOfOthers(t *testing.T) {
	dir := writeProject(t, map[string]string{"dev": servedStack})
	victim := filepath.Join(t.TempDir(), "victim")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o600))
	tests := map[string]struct {
		prepare func(t *testing.T, state, stack string)
		want    string
	}{
		"another's state folder": {func(t *testing.T, state, _ string) { give(t, state) }, "sudo chown -R 0 %[1]s"},
		"another's stack folder": {func(t *testing.T, _, stack string) { give(t, stack) }, "sudo chown -R 0 %[2]s"},
		"open to others":         {func(t *testing.T, state, _ string) { require.NoError(t, os.Chmod(state, 0o777)) }, "chmod go-w %[1]s"},
		"stack open to a group":  {func(t *testing.T, _, stack string) { require.NoError(t, os.Chmod(stack, 0o770)) }, "chmod go-w %[2]s"},
		"clouds that are a link": {func(t *testing.T, _, stack string) {
			require.NoError(t, os.Symlink(victim, filepath.Join(stack, "world.json")))
		}, "rm %[2]s/world.json"},
		"lock that is a link": {func(t *testing.T, _, stack string) {
			require.NoError(t, os.Symlink(victim, filepath.Join(stack, "lock")))
		}, "rm %[2]s/lock"},
		"authority that is a link": {func(t *testing.T, _, stack string) {
			require.NoError(t, os.Symlink(victim, filepath.Join(stack, "network-ca.pem")))
		}, "rm %[2]s/network-ca.pem"},
		"backend that is a link": {func(t *testing.T, _, stack string) {
			require.NoError(t, os.Symlink(filepath.Dir(victim), filepath.Join(stack, "pulumi")))
		}, "rm %[2]s/pulumi"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request := Request{Stack: "dev", Dir: dir, State: filepath.Join(t.TempDir(), "clouds")}
			stack := filepath.Join(request.State, "dev")
			require.NoError(t, os.MkdirAll(stack, 0o700))
			test.prepare(t, request.State, stack)
			want := fmt.Sprintf(test.want, request.State, stack)
			r := Runner{Stdout: io.Discard, Stderr: io.Discard}
			commands := map[string]func() error{
				"serve":  func() error { return r.Serve(t.Context(), request, []string{"aws"}) },
				"state":  func() error { return r.State(request) },
				"change": func() error { return r.Change(request, "sandbox:clock", "all", []string{"later=1h"}) },
				"look":   func() error { _, err := Open(t.Context(), request); return err },
			}
			for name, command := range commands {
				err := command()
				require.ErrorContains(t, err, "the sandbox's folder (--state): ", name)
				require.ErrorContains(t, err, want, name)
			}
			kept, err := os.ReadFile(victim)
			require.NoError(t, err)
			require.Equal(t, "precious", string(kept))
		})
	}
}

func give(t *testing.T, path string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can give a folder to another user")
	}
	require.NoError(t, os.Chown(path, 4242, 4242))
}
