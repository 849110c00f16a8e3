package schema

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const text = `{"$schema": "https://json-schema.org/draft/2019-09/schema", "version": "1.5.16", "properties": {"config_store": {"type": "object"}}}`

func checksum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// serve answers every request with a body.
func serve(t *testing.T, body string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
	t.Cleanup(server.Close)
	return server.URL
}

// findProject takes every folder that is there for the project's.
func findProject(dir string) (string, error) {
	if _, err := os.Stat(dir); err != nil {
		return "", errors.New("there is no project")
	}
	return dir, nil
}

func run(t *testing.T, args ...string) (string, error) {
	var out bytes.Buffer
	cmd := Command(findProject)
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

func TestSchema(t *testing.T) {
	dir, address := t.TempDir(), serve(t, text)
	file := filepath.Join(dir, "bifrost.schema.json")

	out, err := run(t, "--dir", dir, "--url", address)
	require.NoError(t, err)
	require.Equal(t, file+" written, 132 bytes\nversion  1.5.16\nsha256   "+checksum(text)+"\nName it:  pulumi config set --path 'bifrost:gateway.schemaFile' bifrost.schema.json\n", out)
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, text, string(got))

	out, err = run(t, "--dir", dir, "--url", address, "--sha256", strings.ToUpper(checksum(text)))
	require.NoError(t, err)
	require.Contains(t, out, file+" unchanged")

	out, err = run(t, "--dir", dir, "--url", serve(t, strings.Replace(text, `"version": "1.5.16", `, "", 1)), "-o", "other.json")
	require.NoError(t, err)
	require.Contains(t, out, "version  not stated")
	require.Contains(t, out, "gateway.schemaFile' other.json")
	require.FileExists(t, filepath.Join(dir, "other.json"))
}

// TestRefused: what is no schema of config.json does not replace the file, and leaves nothing beside it.
func TestRefused(t *testing.T) {
	missing := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(missing.Close)
	clear := serve(t, text)
	secure := httptest.NewTLSServer(http.RedirectHandler(clear, http.StatusFound))
	t.Cleanup(secure.Close)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a page":             {[]string{"--url", serve(t, "<html></html>")}, "not JSON"},
		"no schema":          {[]string{"--url", serve(t, `{"type": "objekt"}`)}, "not a JSON schema"},
		"another schema":     {[]string{"--url", serve(t, `{"type": "object"}`)}, "it has no property config_store"},
		"a part of one":      {[]string{"--url", serve(t, `{"properties": {"config_store": {"$ref": "https://example.com/x"}}}`)}, "only one file is read"},
		"too large":          {[]string{"--url", serve(t, strings.Repeat(" ", mostBytes+1))}, "more than 8388608 bytes"},
		"not there":          {[]string{"--url", missing.URL}, "answered 404 Not Found"},
		"not a URL":          {[]string{"--url", "ftp://example.com/schema"}, "begins with https://"},
		"another checksum":   {[]string{"--url", clear, "--sha256", "00"}, "has the checksum " + checksum(text) + ", and --sha256 wants 00"},
		"unknown authority":  {[]string{"--url", secure.URL}, "certificate"},
		"a folder not there": {[]string{"--url", clear, "-o", "no/such/folder.json"}, "no such file or directory"},
		"no project":         {[]string{"--url", clear, "--dir", "/no/such/folder"}, "there is no project"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "bifrost.schema.json"), []byte("former"), 0o644))
			_, err := run(t, append([]string{"--dir", dir}, c.args...)...)
			require.ErrorContains(t, err, c.want)
			files, err := filepath.Glob(filepath.Join(dir, "*"))
			require.NoError(t, err)
			hidden, err := filepath.Glob(filepath.Join(dir, ".*"))
			require.NoError(t, err)
			require.Len(t, append(files, hidden...), 1)
			former, err := os.ReadFile(filepath.Join(dir, "bifrost.schema.json"))
			require.NoError(t, err)
			require.Equal(t, "former", string(former))
		})
	}
}

// TestRedirects: to another place, but not from TLS to clear text.
func TestRedirects(t *testing.T) {
	request := httptest.NewRequest(http.MethodGet, "http://mirror.example.com/schema", nil)
	before := httptest.NewRequest(http.MethodGet, "https://www.getbifrost.ai/schema", nil)
	require.ErrorContains(t, client().CheckRedirect(request, []*http.Request{before}), "without TLS")
	require.NoError(t, client().CheckRedirect(before, []*http.Request{request}))

	moved := httptest.NewServer(http.RedirectHandler(serve(t, text), http.StatusFound))
	t.Cleanup(moved.Close)
	fetched, err := Fetch(context.Background(), moved.URL, "")
	require.NoError(t, err)
	require.Equal(t, checksum(text), fetched.SHA256)
}

// TestProxy: the proxy of the environment gets the request.
func TestProxy(t *testing.T) {
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(proxy.Close)
	for _, variable := range []string{"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "http_proxy"} {
		t.Setenv(variable, "")
	}
	t.Setenv("HTTP_PROXY", proxy.URL)
	fetched, err := Fetch(context.Background(), "http://schema.example.com/schema", "")
	require.NoError(t, err)
	require.Equal(t, "http://schema.example.com/schema", asked)
	require.Equal(t, "1.5.16", fetched.Version)
}

// TestInterrupted: whoever interrupts the command does not wait for the server.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(hanging.Close)
	_, err := Fetch(ctx, hanging.URL, "")
	require.ErrorIs(t, err, context.Canceled)
}
