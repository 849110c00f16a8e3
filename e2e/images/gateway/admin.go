package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const sessionLife = 30 * 24 * time.Hour

func (g *gateway) isAuthEnabled(w http.ResponseWriter, _ *http.Request) {
	enabled := g.login != nil && g.login.Enabled
	kind := "none"
	if enabled {
		kind = "password"
	}
	answer(w, http.StatusOK, map[string]any{"is_auth_enabled": enabled, "auth_type": kind})
}

// logIn makes a session, and hands its token over as a cookie.
func (g *gateway) logIn(w http.ResponseWriter, r *http.Request) {
	if g.login == nil || !g.login.Enabled {
		refuse(w, http.StatusForbidden, "Authentication is not enabled")
		return
	}
	var asked struct{ Username, Password string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, "Invalid request format")
		return
	}
	if accepted, err := g.login.accepts(asked.Username, asked.Password); err != nil || !accepted {
		refuse(w, http.StatusUnauthorized, "Invalid username or password")
		return
	}
	token, expires := rand.Text(), time.Now().Add(sessionLife)
	insert := "INSERT INTO standin_sessions (token, expires) VALUES ($1, $2)"
	if _, err := g.configStore.ExecContext(r.Context(), insert, token, expires.Unix()); err != nil {
		refuse(w, http.StatusInternalServerError, "Failed to create session")
		return
	}
	http.SetCookie(w, &http.Cookie{Name: "token", Value: token, Path: "/", HttpOnly: true, Expires: expires})
	answer(w, http.StatusOK, map[string]any{"message": "Login successful"})
}

// knownProviders are those that need no custom_provider_config (the schema's providers).
var knownProviders = []string{
	"anthropic", "azure", "bedrock", "cerebras", "cohere", "elevenlabs", "fireworks", "gemini", "groq", "huggingface", "mistral",
	"nebius", "ollama", "openai", "opencode-go", "opencode-zen", "openrouter", "parasail", "perplexity", "replicate", "runware", "runway",
	"sgl", "vertex", "vllm", "xai",
}

func (g *gateway) listProviders(w http.ResponseWriter, _ *http.Request) {
	type entry struct {
		Name   string `json:"name"`
		Status string `json:"provider_status"`
	}
	list := []entry{}
	for name, p := range g.config.Providers {
		e := entry{name, "active"}
		if !slices.Contains(knownProviders, name) && p.Custom == nil {
			e.Status = "error"
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.Name, b.Name) })
	answer(w, http.StatusOK, map[string]any{"providers": list, "total": len(list)})
}

func (g *gateway) listProviderKeys(w http.ResponseWriter, r *http.Request) {
	list := []map[string]any{}
	for _, key := range g.config.Providers[r.PathValue("name")].Keys {
		list = append(list, map[string]any{"name": key.Name, "models": key.Models})
	}
	answer(w, http.StatusOK, map[string]any{"keys": list, "total": len(list)})
}

// shown is a virtual key as the administration answers it, with its value.
func (k *virtualKey) shown() map[string]any {
	active := k.Active == nil || *k.Active
	return map[string]any{"id": k.ID, "name": k.Name, "value": k.text, "is_active": active, "provider_configs": k.ProviderConfigs}
}

func (g *gateway) listKeys(w http.ResponseWriter, r *http.Request) {
	keys, err := loadKeys(r.Context(), g.configStore, g.sealer)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "Failed to retrieve virtual keys")
		return
	}
	list := []map[string]any{}
	for _, key := range keys {
		list = append(list, key.shown())
	}
	answer(w, http.StatusOK, map[string]any{"virtual_keys": list, "count": len(list)})
}

func (g *gateway) createKey(w http.ResponseWriter, r *http.Request) {
	key := &virtualKey{}
	if err := json.NewDecoder(r.Body).Decode(key); err != nil || key.Name == "" {
		refuse(w, http.StatusBadRequest, "Invalid JSON")
		return
	}
	key.ID, key.Value, key.text = strings.ToLower(rand.Text()), nil, newVirtualKey()
	if err := saveKey(r.Context(), g.configStore, g.sealer, key, ""); err != nil {
		refuse(w, http.StatusInternalServerError, "Failed to create virtual key")
		return
	}
	g.reload(r.Context())
	g.tell(message{Reload: true})
	answer(w, http.StatusOK, map[string]any{"message": "Virtual key created successfully", "virtual_key": key.shown()})
}

func (g *gateway) deleteKey(w http.ResponseWriter, r *http.Request) {
	if _, err := g.configStore.ExecContext(r.Context(), "DELETE FROM standin_virtual_keys WHERE id = $1", r.PathValue("id")); err != nil {
		refuse(w, http.StatusInternalServerError, "Failed to delete virtual key")
		return
	}
	g.reload(r.Context())
	g.tell(message{Reload: true})
	answer(w, http.StatusOK, map[string]any{"message": "Virtual key deleted successfully"})
}

func (g *gateway) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	fmt.Fprintf(w, "# TYPE bifrost_upstream_requests_total counter\nbifrost_upstream_requests_total %d\n", g.requests.Load())
}
