package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// cleanUp is what the gateway has for its clean-up, counted from the signal.
const cleanUp = 30 * time.Second

// serve answers until the signal, lets what runs end, and writes what is left to write.
func (g *gateway) serve(ctx context.Context, s settings) error {
	address := net.JoinHostPort(s.host, s.port)
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("failed to create listener on %s: %w", address, err)
	}
	if g.cluster, err = joinCluster(ctx, g, s); err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: g.authenticate(g.routes(ctx))}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	logLine("info", "successfully started bifrost, serving UI on http://%s", address)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	logLine("info", "received signal, initiating graceful shutdown...")
	began := time.Now()
	if err := server.Shutdown(context.Background()); err != nil {
		logLine("error", "error during graceful shutdown: %v", err)
	}
	written := make(chan struct{})
	go func() {
		g.logs.Wait()
		close(written)
	}()
	select {
	case <-written:
		logLine("info", "cleanup completed")
	case <-time.After(cleanUp - time.Since(began)):
		logLine("warn", "cleanup timed out after 30 seconds")
	}
	return nil
}

func (g *gateway) routes(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", g.health)
	mux.HandleFunc("GET /metrics", g.metrics)
	mux.HandleFunc("GET /api/version", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "v1.5.16") })
	mux.HandleFunc("GET /api/session/is-auth-enabled", g.isAuthEnabled)
	mux.HandleFunc("POST /api/session/login", g.logIn)
	mux.HandleFunc("GET /api/providers", g.listProviders)
	mux.HandleFunc("GET /api/providers/{name}/keys", g.listProviderKeys)
	mux.HandleFunc("GET /api/plugins", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]any{"plugins": g.plugins, "count": len(g.plugins)})
	})
	if g.governance != nil {
		mux.HandleFunc("GET /api/governance/virtual-keys", g.listKeys)
		mux.HandleFunc("POST /api/governance/virtual-keys", g.createKey)
		mux.HandleFunc("DELETE /api/governance/virtual-keys/{id}", g.deleteKey)
	}
	// The stand-in's own: the members of the cluster that this process knows.
	mux.HandleFunc("GET /api/cluster/nodes", func(w http.ResponseWriter, _ *http.Request) {
		nodes := []string{}
		if g.cluster != nil {
			nodes = g.cluster.members()
		}
		answer(w, http.StatusOK, map[string]any{"nodes": nodes})
	})
	mux.HandleFunc("POST /v1/chat/completions", g.complete)
	mux.HandleFunc("GET /ws", g.dashboard(ctx))
	// The dashboard takes every other path.
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<html></html>")
	})
	return mux
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]any{"is_bifrost_error": false, "status_code": status, "error": map[string]any{"message": message}})
}

// health pings both stores, unless the configuration says that it does not.
func (g *gateway) health(w http.ResponseWriter, r *http.Request) {
	pings := "disabled"
	if !g.config.Client.DisableDBPingsInHealth {
		pings = "ok"
		ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
		defer cancel()
		for _, s := range []struct {
			name  string
			store *store
		}{{"config store", g.configStore}, {"log store", g.logsStore}} {
			if s.store != nil && s.store.PingContext(ctx) != nil {
				refuse(w, http.StatusServiceUnavailable, s.name+" not available")
				return
			}
		}
	}
	answer(w, http.StatusOK, map[string]any{"status": "ok", "components": map[string]any{"db_pings": pings}})
}

// openPaths are the paths that ask for no login.
var openPaths = []string{"/health", "/login", "/favicon.ico", "/api/version", "/api/session/login", "/api/session/is-auth-enabled"}

// authenticate asks for the administrator's login, for all but inference, health and the login itself.
func (g *gateway) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		closed := strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/metrics" || r.URL.Path == "/ws"
		if g.login == nil || !g.login.Enabled || !closed || slices.Contains(openPaths, r.URL.Path) || g.whitelisted(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		accepted, err := g.loggedIn(r)
		switch {
		case err != nil:
			refuse(w, http.StatusInternalServerError, "Internal Server Error")
		case !accepted:
			refuse(w, http.StatusUnauthorized, "Unauthorized")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (g *gateway) whitelisted(path string) bool {
	return slices.ContainsFunc(g.config.Client.WhitelistedRoutes, func(route string) bool {
		prefix, isPrefix := strings.CutSuffix(route, "*")
		return route == path || isPrefix && strings.HasPrefix(path, prefix)
	})
}

// loggedIn takes basic authentication, or the token of a session as bearer or cookie.
func (g *gateway) loggedIn(r *http.Request) (bool, error) {
	if username, password, isBasic := r.BasicAuth(); isBasic {
		return g.login.accepts(username, password)
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if cookie, err := r.Cookie("token"); err == nil && token == "" {
		token = cookie.Value
	}
	if token == "" {
		return false, nil
	}
	var count int
	valid := "SELECT count(*) FROM standin_sessions WHERE token = $1 AND expires > $2"
	err := g.configStore.QueryRowContext(r.Context(), valid, token, time.Now().Unix()).Scan(&count)
	return count > 0 && err == nil, nil
}
