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
		send(w, document{model: document{
			"provider": "openai", "mode": "chat", "base_model": model, "input_cost_per_token": 1e-7, "output_cost_per_token": 2e-7,
		}})
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

// send writes JSON and the end of its line.
func send(w http.ResponseWriter, body document) { _ = json.NewEncoder(w).Encode(body) }

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
		said := document{"role": "assistant", "content": strings.Join(chunks, "")}
		send(w, document{
			"id": "1", "object": "chat.completion", "created": 1, "model": model,
			"choices": []any{document{"index": 0, "finish_reason": "stop", "message": said}},
			"usage":   document{"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4},
		})
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
		choice := document{"index": 0, "delta": document{"role": "assistant", "content": chunk}, "finish_reason": nil}
		if i == len(chunks)-1 {
			choice["finish_reason"] = "stop"
		}
		fmt.Fprint(w, "data: ")
		send(w, document{"id": "1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": []any{choice}})
		fmt.Fprint(w, "\n")
		flusher.Flush()
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
	flusher.Flush()
}
