package gateway

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/upstream"
)

// lives are what no single start shows: restarts, outages, streams, the end. Every one holds for both programs.
var lives = []struct {
	name     string
	postgres bool
	live     func(t *testing.T, s *site, all table)
}{
	{"without auth_config anybody makes a working key", false, anybodyMakesKeys},
	{"an administrator logs in, and makes a working key", false, administratorLogsIn},
	{"a key removed from the file ends with source_of_truth config.json", false, removedKey("config.json", 401)},
	{"a key removed from the file works on without source_of_truth", false, removedKey("", 200)},
	{"a rotated key is the new one with source_of_truth config.json", false, rotatedKey("config.json", 401, 200)},
	{"a rotated key is the old one without source_of_truth", false, rotatedKey("", 200, 401)},
	{"a key of the dashboard ends at a restart with source_of_truth config.json", true, dashboardKey("config.json", 401)},
	{"a key of the dashboard survives a restart without source_of_truth", true, dashboardKey("", 200)},
	{"auth_config that leaves the file stays in the store", false, authConfigStays},
	{"with another encryption key inference is open", true, otherEncryptionKey("another")},
	{"without the encryption key inference is open", true, otherEncryptionKey("")},
	{"a rate limit counts", false, rateLimit},
	{"two processes do not know each other", true, twoProcesses},
	{"an outage of the database, with its pings in /health", true, outage(false, 503)},
	{"an outage of the database, without its pings in /health", true, outage(true, 200)},
	{"a database that hangs, without its pings in /health", true, hang},
	{"a stream arrives chunk by chunk", false, streams},
	{"SIGTERM lets a stream end", false, drains},
	{"SIGTERM ends an idle gateway at once", false, endsIdle},
	{"a WebSocket needs the login, and ends at SIGTERM", false, webSocket},
	{"price lists are needed at the first start alone", false, laterStarts},
}

func TestLives(t *testing.T) {
	all := readTable(t)
	each(t, func(t *testing.T, on *bench) {
		for _, l := range lives {
			t.Run(l.name, func(t *testing.T) {
				if l.postgres {
					on.needPostgres(t)
				}
				l.live(t, on.site(t), all)
			})
		}
	})
}

const completes = "openai/" + upstream.Model

// completes is what a completion is answered to the bearer of a key; none is nobody.
func (p *process) completes(t testing.TB, key string) int {
	t.Helper()
	r := completion(completes, false)
	if key != "" {
		r.header["Authorization"] = "Bearer " + key
	}
	return p.must(t, r).status
}

func (p *process) must(t testing.TB, r request) answer {
	t.Helper()
	got, err := p.ask(t.Context(), r)
	require.NoError(t, err)
	return got
}

func (p *process) status(t testing.TB, path string) int {
	t.Helper()
	return p.must(t, request{path: path}).status
}

// makeKey asks the administration for a virtual key.
func (p *process) makeKey(t testing.TB, name string, header map[string]string) string {
	t.Helper()
	got := p.must(t, request{method: http.MethodPost, path: "/api/governance/virtual-keys", header: header,
		body: `{"name": "` + name + `", "provider_configs": [{"provider": "openai", "allowed_models": ["*"], "key_ids": ["*"], "weight": 1}]}`})
	require.Equal(t, http.StatusOK, got.status, got.body)
	var made struct {
		VirtualKey struct {
			Value string `json:"value"`
		} `json:"virtual_key"`
	}
	require.NoError(t, json.Unmarshal([]byte(got.body), &made), got.body)
	require.True(t, strings.HasPrefix(made.VirtualKey.Value, "sk-bf-"), got.body)
	return made.VirtualKey.Value
}

var asAdmin = map[string]string{"Authorization": basicLogin}

func anybodyMakesKeys(t *testing.T, s *site, all table) {
	p := s.up(t, all.configuration(t, "", document{"auth_config": nil}), nil)
	require.Equal(t, http.StatusOK, p.completes(t, p.makeKey(t, "stranger", nil)))
}

func administratorLogsIn(t *testing.T, s *site, all table) {
	p := s.up(t, all.configuration(t, "", nil), nil)
	refused := p.must(t, request{method: http.MethodPost, path: "/api/governance/virtual-keys", body: `{"name": "stranger"}`})
	require.Equal(t, http.StatusUnauthorized, refused.status)
	login := func(password string) answer {
		body := `{"username": "admin", "password": "` + password + `"}`
		return p.must(t, request{method: http.MethodPost, path: "/api/session/login", body: body})
	}
	require.Equal(t, http.StatusUnauthorized, login("wrong").status)
	cookie, _, _ := strings.Cut(login(adminPassword).header.Get("Set-Cookie"), ";")
	require.NotEmpty(t, cookie)
	require.Equal(t, http.StatusOK, p.completes(t, p.makeKey(t, "made", map[string]string{"Cookie": cookie})))
}

// truth is a patch that sets source_of_truth, or removes it.
func truth(source string) document {
	if source == "" {
		return document{"source_of_truth": nil}
	}
	return document{"source_of_truth": source}
}

func removedKey(source string, after int) func(*testing.T, *site, table) {
	return func(t *testing.T, s *site, all table) {
		config := all.configuration(t, "", truth(source))
		p := s.up(t, config, nil)
		require.Equal(t, http.StatusOK, p.completes(t, appKey))
		p.stop(t)
		p = s.up(t, merged(config, document{"governance": document{"virtual_keys": []any{}}}), nil)
		require.Equal(t, after, p.completes(t, appKey))
	}
}

func rotatedKey(source string, oldKey, newKey int) func(*testing.T, *site, table) {
	return func(t *testing.T, s *site, all table) {
		config := all.configuration(t, "", truth(source))
		s.up(t, config, nil).stop(t)
		p := s.up(t, config, map[string]string{"APP_KEY": "sk-bf-rotated"})
		require.Equal(t, oldKey, p.completes(t, appKey), "the old value")
		require.Equal(t, newKey, p.completes(t, "sk-bf-rotated"), "the new value")
	}
}

func dashboardKey(source string, after int) func(*testing.T, *site, table) {
	return func(t *testing.T, s *site, all table) {
		config := all.configuration(t, "postgres", truth(source))
		p := s.up(t, config, nil)
		key := p.makeKey(t, "dashboard", asAdmin)
		require.Equal(t, http.StatusOK, p.completes(t, key))
		p.stop(t)
		p = s.up(t, config, nil)
		require.Equal(t, after, p.completes(t, key))
		require.Equal(t, http.StatusOK, p.completes(t, appKey))
	}
}

func authConfigStays(t *testing.T, s *site, all table) {
	s.up(t, all.configuration(t, "", nil), nil).stop(t)
	p := s.up(t, all.configuration(t, "", document{"auth_config": nil}), nil)
	require.Equal(t, http.StatusUnauthorized, p.status(t, "/api/providers"))
	require.Equal(t, http.StatusOK, p.must(t, request{path: "/api/providers", header: asAdmin}).status)
}

func otherEncryptionKey(key string) func(*testing.T, *site, table) {
	return func(t *testing.T, s *site, all table) {
		config := all.configuration(t, "postgres", nil)
		p := s.up(t, config, nil)
		require.Equal(t, http.StatusUnauthorized, p.completes(t, ""))
		p.stop(t)
		p = s.up(t, config, map[string]string{"BIFROST_ENCRYPTION_KEY": key})
		require.Equal(t, http.StatusOK, p.status(t, "/health"))
		require.Equal(t, http.StatusOK, p.completes(t, ""), "nobody is asked for a key any more")
		require.Contains(t, p.log.String(), "failed to initialize governance plugin")
		require.Equal(t, http.StatusUnauthorized, p.status(t, "/api/providers"), "the administration stays closed")
	}
}

// limited is a patch with a virtual key that may ask twice an hour.
func limited() document {
	key := document{"id": "app", "name": "app", "value": "env.APP_KEY", "rate_limit_id": "two",
		"provider_configs": []any{document{"provider": "openai", "allowed_models": []any{"*"}, "key_ids": []any{"*"}, "weight": 1}}}
	return document{"governance": document{
		"rate_limits":  []any{document{"id": "two", "request_max_limit": 2, "request_reset_duration": "1h"}},
		"virtual_keys": []any{key},
	}}
}

func rateLimit(t *testing.T, s *site, all table) {
	p := s.up(t, all.configuration(t, "", limited()), nil)
	require.Equal(t, http.StatusOK, p.completes(t, appKey))
	require.Equal(t, http.StatusOK, p.completes(t, appKey))
	require.Equal(t, http.StatusTooManyRequests, p.completes(t, appKey))
}

func twoProcesses(t *testing.T, s *site, all table) {
	config := all.configuration(t, "postgres", truth(""))
	one := s.up(t, config, nil)
	two := s.up(t, config, nil)
	key := one.makeKey(t, "made", asAdmin)
	require.Equal(t, http.StatusOK, one.completes(t, key))
	require.Equal(t, http.StatusUnauthorized, two.completes(t, key), "two read its configuration when it started")
}

func outage(withoutPings bool, health int) func(*testing.T, *site, table) {
	return func(t *testing.T, s *site, all table) {
		s.server = newServer(t)
		require.NoError(t, s.server.Provide(t.Context(), "bifrost", pgPassword, s.database))
		config := all.configuration(t, "postgres", document{"client": document{"disable_db_pings_in_health": withoutPings}})
		p := s.up(t, config, nil)
		require.Equal(t, http.StatusOK, p.completes(t, appKey))
		require.NoError(t, s.server.Stop())
		require.Equal(t, health, p.status(t, "/health"))
		require.Equal(t, http.StatusOK, p.completes(t, appKey), "inference goes on from memory")
		require.Equal(t, http.StatusOK, p.status(t, "/api/version"))
		require.Equal(t, http.StatusUnauthorized, p.status(t, "/api/providers"))
		require.ErrorIs(t, s.launch(t, config, nil).ready(t.Context()), errExited, "a replacement cannot start meanwhile")
		require.NoError(t, s.server.Start())
		eventually(t, "/health is well again", func() bool { return p.status(t, "/health") == http.StatusOK })
		eventually(t, "the store answers again", func() bool {
			return p.must(t, request{path: "/api/governance/virtual-keys", header: asAdmin}).status == http.StatusOK
		})
	}
}

// hang: the system takes connections to the database, and nobody answers on them.
func hang(t *testing.T, s *site, all table) {
	s.server = newServer(t)
	require.NoError(t, s.server.Provide(t.Context(), "bifrost", pgPassword, s.database))
	p := s.up(t, all.configuration(t, "postgres", document{"client": document{"disable_db_pings_in_health": true}}), nil)
	require.Equal(t, http.StatusOK, p.completes(t, appKey))
	require.NoError(t, s.server.Freeze())
	began := time.Now()
	require.Equal(t, http.StatusOK, p.status(t, "/health"))
	for range 100 {
		require.Equal(t, http.StatusOK, p.completes(t, appKey), "no request waits for its row in the log")
	}
	require.Less(t, time.Since(began), 10*time.Second)
	require.NoError(t, s.server.Thaw())
	eventually(t, "the store answers again", func() bool {
		return p.must(t, request{path: "/api/governance/virtual-keys", header: asAdmin}).status == http.StatusOK
	})
	p.stop(t)
}

func laterStarts(t *testing.T, s *site, all table) {
	s.up(t, all.configuration(t, "", nil), nil).stop(t)
	unreachable := document{"framework": document{"pricing": document{"pricing_url": "http://127.0.0.1:1/datasheet"}}}
	p := s.up(t, all.configuration(t, "", unreachable), nil)
	require.Equal(t, http.StatusOK, p.completes(t, appKey))
}
