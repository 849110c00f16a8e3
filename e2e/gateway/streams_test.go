package gateway

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"bifrost/e2e/upstream"
)

// stream is a completion whose chunks are read one by one.
type stream struct {
	lines *bufio.Scanner
}

func (p *process) stream(t testing.TB) *stream {
	t.Helper()
	r := completion(completes, true)
	r.header["Authorization"] = "Bearer " + appKey
	got, err := p.send(t.Context(), r)
	require.NoError(t, err)
	t.Cleanup(func() { got.Body.Close() })
	require.Equal(t, http.StatusOK, got.StatusCode)
	require.Contains(t, got.Header.Get("Content-Type"), "text/event-stream")
	return &stream{bufio.NewScanner(got.Body)}
}

// next is the text of the next chunk, or [DONE].
func (s *stream) next(t testing.TB) string {
	t.Helper()
	for s.lines.Scan() {
		data, isData := strings.CutPrefix(s.lines.Text(), "data: ")
		if !isData {
			continue
		}
		if data == "[DONE]" {
			return data
		}
		var chunk struct {
			Choices []struct {
				Delta struct {
					Content string `json:"content"`
				} `json:"delta"`
			} `json:"choices"`
		}
		require.NoError(t, json.Unmarshal([]byte(data), &chunk), data)
		if len(chunk.Choices) > 0 && chunk.Choices[0].Delta.Content != "" {
			return chunk.Choices[0].Delta.Content
		}
	}
	t.Fatalf("the stream ended early: %v", s.lines.Err())
	return ""
}

func streams(t *testing.T, s *site, all table) {
	p := s.up(t, all.configuration(t, "", nil), nil)
	// The first chunk is on its way before the answer's header.
	go func() { s.bench.provider.next <- struct{}{} }()
	got := p.stream(t)
	require.Equal(t, upstream.Chunks[0], got.next(t))
	for _, chunk := range upstream.Chunks[1:] {
		s.bench.provider.next <- struct{}{}
		require.Equal(t, chunk, got.next(t))
	}
	require.Equal(t, "[DONE]", got.next(t))
	require.Equal(t, "Bearer "+providerKey, s.bench.provider.Authorization())
}

func drains(t *testing.T, s *site, all table) {
	p := s.up(t, all.configuration(t, "", nil), nil)
	go func() { s.bench.provider.next <- struct{}{} }()
	got := p.stream(t)
	require.Equal(t, upstream.Chunks[0], got.next(t))
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	eventually(t, "new connections are refused", func() bool {
		_, err := p.ask(t.Context(), request{path: "/health"})
		return err != nil
	})
	for _, chunk := range upstream.Chunks[1:] {
		s.bench.provider.next <- struct{}{}
		require.Equal(t, chunk, got.next(t))
	}
	require.Equal(t, "[DONE]", got.next(t))
	p.ended(t, stopLimit)
	require.Equal(t, 0, p.cmd.ProcessState.ExitCode())
}

func endsIdle(t *testing.T, s *site, all table) {
	p := s.up(t, all.configuration(t, "", nil), nil)
	began := time.Now()
	p.stop(t)
	require.Less(t, time.Since(began), 10*time.Second)
	require.Equal(t, 0, p.cmd.ProcessState.ExitCode())
}

func webSocket(t *testing.T, s *site, all table) {
	p := s.up(t, all.configuration(t, "", nil), nil)
	url := "ws" + strings.TrimPrefix(p.url, "http") + "/ws"
	_, refused, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	require.Error(t, err)
	require.Equal(t, http.StatusUnauthorized, refused.StatusCode)
	connection, _, err := websocket.DefaultDialer.DialContext(t.Context(), url, http.Header{"Authorization": {basicLogin}})
	require.NoError(t, err)
	defer connection.Close()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, connection.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, _, err = connection.NextReader()
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the gateway ends it")
	p.ended(t, stopLimit)
}
