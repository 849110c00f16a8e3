package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

type counter = atomic.Int64

// upstreams has no timeout: a stream lasts as long as it lasts.
var upstreams = &http.Client{}

// complete forwards a chat completion of provider/model, plain or chunk by chunk.
func (g *gateway) complete(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		refuse(w, http.StatusBadRequest, "invalid JSON")
		return
	}
	asked, _ := body["model"].(string)
	name, model, _ := strings.Cut(asked, "/")
	var by *virtualKey
	if g.governance != nil {
		key, refused := g.governance.allow(r.Header, name, model, g.config.Client.EnforceAuthOnInference)
		if refused != nil {
			refuse(w, refused.status, refused.message)
			return
		}
		if by = key; by != nil {
			g.tell(message{Counted: by.ID})
		}
	}
	p := g.config.Providers[name]
	credential, found := p.credential(name, model)
	if !found {
		// With a virtual key, governance has nothing left to choose from.
		status := http.StatusBadRequest
		if by != nil {
			status = http.StatusForbidden
		}
		refuse(w, status, "no keys found that support model: "+model)
		return
	}
	body["model"] = model
	text, _ := json.Marshal(body)
	base := p.Network.BaseURL
	if base == "" && name == "openai" {
		base = "https://api.openai.com"
	}
	url := strings.TrimSuffix(base, "/") + "/v1/chat/completions"
	forward, err := http.NewRequestWithContext(r.Context(), http.MethodPost, url, bytes.NewReader(text))
	if err != nil {
		refuse(w, http.StatusInternalServerError, "network error")
		return
	}
	forward.Header.Set("Content-Type", "application/json")
	forward.Header.Set("Authorization", "Bearer "+credential)
	got, err := upstreams.Do(forward)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "network error occurred while connecting to provider API")
		return
	}
	defer got.Body.Close()
	g.requests.Add(1)
	w.Header().Set("Content-Type", got.Header.Get("Content-Type"))
	w.WriteHeader(got.StatusCode)
	_, _ = io.Copy(flushing{w}, got.Body)
	g.writeLog(asked, got.StatusCode)
}

// credential is of a key that serves the model: one without models serves none, one of Azure needs its endpoint.
func (p provider) credential(name, model string) (value string, found bool) {
	for _, key := range p.Keys {
		if name == "azure" && key.Azure == nil {
			continue
		}
		if slices.Contains(key.Models, "*") || slices.Contains(key.Models, model) {
			return key.Value.value(), true
		}
	}
	return "", false
}

// flushing sends every piece at once, so that chunks arrive one by one.
type flushing struct{ http.ResponseWriter }

// Write sends p.
func (f flushing) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	if flusher, ok := f.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
	return n, err
}

// writeLog writes the row of a completion after its answer. An outage loses the row, and nothing else.
func (g *gateway) writeLog(model string, status int) {
	if g.logsStore == nil {
		return
	}
	g.logs.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanUp)
		defer cancel()
		insert := "INSERT INTO standin_logs (at, model, status) VALUES ($1, $2, $3)"
		if _, err := g.logsStore.ExecContext(ctx, insert, time.Now().Unix(), model, status); err != nil {
			logLine("error", "failed to write a log row: %v", err)
		}
	})
}
