// Package imagetest tests the commands that stand in for vendors' CLIs, as processes of their own: the environment's proxy is read once
// in a process.
package imagetest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// asCommand is set for a test binary that is to be the command.
const asCommand = "AS_COMMAND"

// Main runs the tests, or the command when a test started this process with Command.
func Main(m *testing.M, command func()) {
	if os.Getenv(asCommand) != "" {
		command()
	}
	os.Exit(m.Run())
}

// Command runs the command with an environment of its own.
func Command(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, complaints bytes.Buffer
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append([]string{asCommand + "=1"}, env...)
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		require.IsType(t, &exec.ExitError{}, err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), complaints.String()
}

// Clouds is a proxy that answers for a cloud's services, by host. seen returns the last request's authorization and body.
func Clouds(t *testing.T, answer func(w http.ResponseWriter, host string)) (proxy string, seen func(host string) string) {
	t.Helper()
	var requests sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		requests.Store(r.Host, r.Header.Get("Authorization")+" "+string(body))
		answer(w, r.Host)
	}))
	t.Cleanup(server.Close)
	return server.URL, func(host string) string {
		text, _ := requests.Load(host)
		return fmt.Sprint(text)
	}
}
