package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// upstream is a provider with OpenAI's API, and the server of the price lists.
type upstream struct {
	*httptest.Server
	// next lets one chunk of a stream go; closed, all of them.
	next chan struct{}
	// authorization is what the last completion was asked with.
	authorization atomic.Value
}

// chunks are what a stream consists of.
var chunks = []string{"one ", "two ", "three"}

const model = "gpt-4o-mini"

func newUpstream(t testing.TB) *upstream {
	t.Helper()
	u := &upstream{next: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /datasheet", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{%q: {"provider": "openai", "mode": "chat", "base_model": %[1]q, "input_cost_per_token": 1e-7, "output_cost_per_token": 2e-7}}`, model)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"object": "list", "data": [{"id": %q, "object": "model", "owned_by": "test"}]}`, model)
	})
	mux.HandleFunc("POST /v1/chat/completions", u.complete)
	u.Server = httptest.NewServer(mux)
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) complete(w http.ResponseWriter, r *http.Request) {
	u.authorization.Store(r.Header.Get("Authorization"))
	var request struct {
		Stream bool `json:"stream"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if !request.Stream {
		fmt.Fprintf(w, `{"id": "1", "object": "chat.completion", "created": 1, "model": %q, "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": %q}}], "usage": {"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4}}`, model, strings.Join(chunks, ""))
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := w.(http.Flusher)
	flusher.Flush()
	for i, chunk := range chunks {
		select {
		case <-u.next:
		case <-r.Context().Done():
			return
		}
		finish := "null"
		if i == len(chunks)-1 {
			finish = `"stop"`
		}
		fmt.Fprintf(w, "data: {\"id\": \"1\", \"object\": \"chat.completion.chunk\", \"created\": 1, \"model\": %q, \"choices\": [{\"index\": 0, \"delta\": {\"role\": \"assistant\", \"content\": %q}, \"finish_reason\": %s}]}\n\n", model, chunk, finish)
		flusher.Flush()
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
	flusher.Flush()
}
