// Package upstream answers what the gateway asks of the world: a provider with OpenAI's API, and the server of the price lists.
package upstream

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

// Model is the one that the provider has.
const Model = "gpt-4o-mini"

// Chunks are what an answer consists of, whole or as a stream.
var Chunks = []string{"one ", "two ", "three"}

// Upstream is the provider.
type Upstream struct {
	// Next is waited for before each chunk of a stream. It ends with the context, which ends with the request.
	Next func(ctx context.Context)
	mux  http.ServeMux

	authorization atomic.Value
}

type document = map[string]any

// New makes a provider whose streams wait for next before each chunk.
func New(next func(ctx context.Context)) *Upstream {
	u := &Upstream{Next: next}
	u.mux.HandleFunc("GET /datasheet", func(w http.ResponseWriter, _ *http.Request) {
		send(w, document{Model: document{
			"provider": "openai", "mode": "chat", "base_model": Model, "input_cost_per_token": 1e-7, "output_cost_per_token": 2e-7,
		}})
	})
	u.mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	u.mux.HandleFunc("GET /v1/models", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"object": "list", "data": [{"id": %q, "object": "model", "owned_by": "test"}]}`, Model)
	})
	u.mux.HandleFunc("POST /v1/chat/completions", u.complete)
	return u
}

// ServeHTTP answers.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) { u.mux.ServeHTTP(w, r) }

// Authorization is what the last completion was asked with.
func (u *Upstream) Authorization() string {
	header, _ := u.authorization.Load().(string)
	return header
}

// send writes JSON and the end of its line.
func send(w http.ResponseWriter, body document) { _ = json.NewEncoder(w).Encode(body) }

func (u *Upstream) complete(w http.ResponseWriter, r *http.Request) {
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
		said := document{"role": "assistant", "content": strings.Join(Chunks, "")}
		send(w, document{
			"id": "1", "object": "chat.completion", "created": 1, "model": Model,
			"choices": []any{document{"index": 0, "finish_reason": "stop", "message": said}},
			"usage":   document{"prompt_tokens": 1, "completion_tokens": 3, "total_tokens": 4},
		})
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := w.(http.Flusher)
	flusher.Flush()
	for i, chunk := range Chunks {
		if u.Next(r.Context()); r.Context().Err() != nil {
			return
		}
		choice := document{"index": 0, "delta": document{"role": "assistant", "content": chunk}, "finish_reason": nil}
		if i == len(Chunks)-1 {
			choice["finish_reason"] = "stop"
		}
		fmt.Fprint(w, "data: ")
		send(w, document{"id": "1", "object": "chat.completion.chunk", "created": 1, "model": Model, "choices": []any{choice}})
		fmt.Fprint(w, "\n")
		flusher.Flush()
	}
	fmt.Fprint(w, "data: [DONE]\n\n")
	flusher.Flush()
}
