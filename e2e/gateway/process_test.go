package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Bounds of waiting. A real gateway makes its tables in 8 to 64 seconds on a busy machine.
const (
	startLimit = 150 * time.Second
	stopLimit  = 45 * time.Second
	pollEvery  = 20 * time.Millisecond
)

// process is a gateway that was started.
type process struct {
	url    string
	cmd    *exec.Cmd
	log    lockedBuffer
	exited chan struct{}
	took   time.Duration
}

// launch starts the program, which will answer at url.
func launch(t testing.TB, program, dir, url string, args []string, env map[string]string) *process {
	t.Helper()
	p := &process{url: url, cmd: exec.Command(program, args...), exited: make(chan struct{})}
	// The image's folder is read-only in a container of ours, and so is this one, for root as well.
	p.cmd.Dir = "/proc"
	// Nothing of this machine's environment: no proxy, no credential.
	p.cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + dir, "TMPDIR=" + dir}
	for name, value := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(p.kill)
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// errExited is why a gateway does not answer.
var errExited = errors.New("the gateway exited")

// ready waits until /health answers, whatever it says.
func (p *process) ready(ctx context.Context) error {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		if answer, err := p.ask(ctx, request{path: "/health"}); err == nil && answer.status != 0 {
			p.took = time.Since(began)
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("%w: %s", errExited, p.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("/health does not answer after %s: %s", startLimit, p.lastWords())
		case <-time.After(pollEvery):
		}
	}
}

// stop sends SIGTERM and waits for the end.
func (p *process) stop(t testing.TB) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	p.ended(t, stopLimit)
}

func (p *process) ended(t testing.TB, limit time.Duration) {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(limit):
		t.Fatalf("the gateway runs %s later:\n%s", limit, p.log.String())
	}
}

// lastWords are the end of the log, where a gateway says why it exits.
func (p *process) lastWords() string {
	lines := strings.Split(strings.TrimSpace(p.log.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], "\n")
}

// request is what a test asks a gateway.
type request struct {
	method, path, body string
	header             map[string]string
}

type answer struct {
	status int
	body   string
	header http.Header
}

// client keeps no connection: one that is idle would tell nothing of a gateway that restarts.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}

func (p *process) send(ctx context.Context, r request) (*http.Response, error) {
	method := r.method
	if method == "" {
		method = http.MethodGet
	}
	asked, err := http.NewRequestWithContext(ctx, method, p.url+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	asked.Header.Set("Content-Type", "application/json")
	for name, value := range r.header {
		asked.Header.Set(name, value)
	}
	return client.Do(asked)
}

func (p *process) ask(ctx context.Context, r request) (answer, error) {
	got, err := p.send(ctx, r)
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, string(body), got.Header}, err
}

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write never fails.
func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

// String is what was written so far.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

// eventually asks again until it is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !so(); time.Sleep(pollEvery) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 seconds: %s", what)
		}
	}
}
