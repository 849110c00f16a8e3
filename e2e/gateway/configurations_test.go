package gateway

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// table is testdata/configurations.yaml.
type table struct {
	Bases map[string]document
	Rows  []row
}

type document = map[string]any

// row is a config.json and what the gateway makes of it.
type row struct {
	Name, Base string
	Patch      document
	Env        map[string]string
	// Exits are words of the log of a gateway that exits; empty means that it opens.
	Exits string
	Asks  []ask
	Logs  string
}

// ask is a question and what its answer must be.
type ask struct {
	Get, Complete string
	// As is who asks: nobody, admin or app; Who is a virtual key instead.
	As, Who string
	Status  int
	Holds   string
	Lacks   string
	// Count is how often the answer has a text as a JSON string.
	Count map[string]int
}

func readTable(t testing.TB) table {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "configurations.yaml"))
	require.NoError(t, err)
	var all table
	require.NoError(t, yaml.UnmarshalStrict(text, &all))
	return all
}

// configuration is a base of the table with a patch over it.
func (all table) configuration(t testing.TB, base string, patch document) document {
	t.Helper()
	if base == "" {
		base = "sqlite"
	}
	require.Contains(t, all.Bases, base)
	return merged(all.Bases[base], patch)
}

// merged applies a JSON merge patch (RFC 7386) to a copy.
func merged(base, patch document) document {
	result := document{}
	maps.Copy(result, base)
	for key, value := range patch {
		below, isObject := value.(document)
		switch {
		case value == nil:
			delete(result, key)
		case isObject:
			old, _ := result[key].(document)
			result[key] = merged(old, below)
		default:
			result[key] = value
		}
	}
	return result
}

// TestConfigurations: what the gateway exits on, what it opens, what it silently leaves out.
func TestConfigurations(t *testing.T) {
	all := readTable(t)
	each(t, func(t *testing.T, on *bench) {
		for _, r := range all.Rows {
			t.Run(r.Name, func(t *testing.T) {
				if r.Base == "postgres" {
					on.needPostgres(t)
				}
				s := on.site(t)
				p := s.launch(t, all.configuration(t, r.Base, r.Patch), r.Env)
				err := p.ready(t.Context())
				if r.Exits != "" {
					require.ErrorIs(t, err, errExited)
					require.NotEqual(t, 0, p.cmd.ProcessState.ExitCode())
					t.Log(p.lastWords())
					require.Contains(t, unquoted(p.log.String()), r.Exits)
					return
				}
				require.NoError(t, err)
				for _, a := range r.Asks {
					a.check(t, p)
				}
				require.Contains(t, unquoted(p.log.String()), r.Logs)
				p.stop(t)
			})
		}
	})
}

// unquoted is a log without the escapes of its lines, which are JSON.
func unquoted(log string) string { return strings.ReplaceAll(log, `\"`, `"`) }

// check asks, and compares.
func (a ask) check(t testing.TB, p *process) {
	t.Helper()
	r := request{path: a.Get, header: map[string]string{}}
	if a.Complete != "" {
		r = completion(a.Complete, false)
	}
	switch {
	case a.Who != "":
		r.header["Authorization"] = "Bearer " + a.Who
	case a.As == "admin":
		r.header["Authorization"] = basicLogin
	case a.As == "app":
		r.header["Authorization"] = "Bearer " + appKey
	}
	got, err := p.ask(t.Context(), r)
	require.NoError(t, err)
	said := fmt.Sprintf("%s%s as %s%s: %d %s", a.Get, a.Complete, a.As, a.Who, got.status, got.body)
	if a.Status != 0 {
		require.Equal(t, a.Status, got.status, said)
	}
	require.Contains(t, got.body, a.Holds, said)
	if a.Lacks != "" {
		require.NotContains(t, got.body, a.Lacks, said)
	}
	for text, count := range a.Count {
		require.Equal(t, count, strings.Count(got.body, strconv.Quote(text)), said)
	}
}

const (
	adminPassword = "fake-admin-password"
	appKey        = "sk-bf-fake-app"
	encryptionKey = "fake-encryption-key"
	pgPassword    = "fake-pg-password"
	providerKey   = "fake-provider-key"
)

var basicLogin = "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+adminPassword))

// completion asks for a chat completion.
func completion(model string, stream bool) request {
	body, _ := json.Marshal(document{"model": model, "stream": stream, "messages": []any{document{"role": "user", "content": "count"}}})
	return request{method: http.MethodPost, path: "/v1/chat/completions", body: string(body), header: map[string]string{}}
}
