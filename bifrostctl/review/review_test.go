package review

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

var now = time.Date(2026, 11, 27, 22, 0, 0, 0, time.UTC)

// TestRead: of the stacks that a backend lists, review stacks go when their time is over or nobody wants them, and no other ever does.
func TestRead(t *testing.T) {
	const listing = `[
	  {"name": "prod", "current": true, "lastUpdate": "2020-01-01T00:00:00.000Z", "updateInProgress": false, "resourceCount": 40},
	  {"name": "acme/bifrost/review-pr12", "current": false, "lastUpdate": "2026-11-24T21:00:00.000Z", "updateInProgress": false},
	  {"name": "review-pr14", "current": false, "lastUpdate": "2026-11-27T21:00:00.000Z", "updateInProgress": false},
	  {"name": "review-pr15", "current": false, "lastUpdate": "2026-11-01T21:00:00.000Z", "updateInProgress": true},
	  {"name": "review-pr16", "current": false},
	  {"name": "my-review-pr12", "current": false, "lastUpdate": "2020-01-01T00:00:00.000Z"}
	]`
	for name, c := range map[string]struct {
		limits  Limits
		expired []string
	}{
		"after three days":              {Limits{TTL: 72 * time.Hour}, []string{"acme/bifrost/review-pr12"}},
		"after a week":                  {Limits{TTL: 168 * time.Hour}, nil},
		"one is closed":                 {Limits{TTL: 168 * time.Hour, Known: true, Open: []string{"review-pr12", "review-pr16"}}, []string{"review-pr14"}},
		"all are closed":                {Limits{TTL: time.Hour, Known: true}, []string{"acme/bifrost/review-pr12", "review-pr14", "review-pr16"}},
		"open ones go, too, in the end": {Limits{TTL: 72 * time.Hour, Known: true, Open: []string{"review-pr12", "review-pr14", "review-pr16"}}, []string{"acme/bifrost/review-pr12"}},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := Read(strings.NewReader(listing), c.limits, now)
			require.NoError(t, err)
			require.Len(t, found, 4)
			var expired []string
			for _, s := range found {
				if s.Expired {
					expired = append(expired, s.Name)
				}
			}
			require.Equal(t, c.expired, expired)
		})
	}
	_, err := Read(strings.NewReader("error: no such project"), Limits{}, now)
	require.ErrorContains(t, err, "pulumi stack ls --json")
}

const project = "name: bifrost\nruntime: go\n"

const base = `secretsprovider: awskms://alias/bifrost?region=us-east-1
encryptedkey: QUJD
config:
  bifrost:platform: aws
  bifrost:namePrefix: dev
  bifrost:gateway:
    replicas: 3
    ingress:
      hosts: [llm.example.com]
  bifrost:secrets:
    license:
      secure: v1:abc:def
  sandbox:tags: [2.1.0]
`

// folder is a project with one stack.
func folder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.yaml"), []byte(project), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi.dev.yaml"), []byte(base), 0o600))
	return dir
}

// TestWrite: the copy has names of its own, protects nothing, has the settings, and keeps what is encrypted with the key for it.
func TestWrite(t *testing.T) {
	dir := folder(t)
	file, err := Write(dir, "review-pr12", "dev", []string{"gateway.ingress=null", "gateway.replicas=1"})
	require.NoError(t, err)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(dir, "Pulumi.review-pr12.yaml"), file)
	var written map[string]any
	require.NoError(t, yaml.Unmarshal(text, &written))
	require.Equal(t, map[string]any{
		"secretsprovider": "awskms://alias/bifrost?region=us-east-1", "encryptedkey": "QUJD",
		"config": map[string]any{
			"bifrost:platform": "aws", "bifrost:namePrefix": "pr12", "bifrost:protectIdentities": false,
			"bifrost:gateway": map[string]any{"replicas": 1},
			"bifrost:secrets": map[string]any{"license": map[string]any{"secure": "v1:abc:def"}},
			"sandbox:tags":    []any{"2.1.0"},
		},
	}, written)
	require.True(t, strings.HasPrefix(string(text), "# A review stack, made from Pulumi.dev.yaml"))
	require.Less(t, bytes.Index(text, []byte("encryptedkey")), bytes.Index(text, []byte("config:")))
	again, err := Write(dir, "review-pr12", "dev", nil)
	require.NoError(t, err)
	require.Equal(t, file, again, "a later push writes it anew")
}

func TestWriteRefused(t *testing.T) {
	dir := folder(t)
	for want, c := range map[string]struct {
		name, from string
		settings   []string
	}{
		"is no name of a review stack":  {"prod", "dev", nil},
		"up to 16 small letters":        {"review-a-name-much-too-long", "dev", nil},
		"is a review stack itself":      {"review-a", "review-b", nil},
		"--from none":                   {"review-a", "none", nil},
		"--set namePrefix":              {"review-a", "dev", []string{"namePrefix=prod"}},
		"--set gateway: has no value":   {"review-a", "dev", []string{"gateway"}},
		"--set protectIdentities: a re": {"review-a", "dev", []string{"protectIdentities=true"}},
	} {
		_, err := Write(dir, c.name, c.from, c.settings)
		require.ErrorContains(t, err, want)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 2, "nothing is written")
}

// TestList: what the command prints, for people and for a shell.
func TestList(t *testing.T) {
	listing := filepath.Join(t.TempDir(), "stacks.json")
	require.NoError(t, os.WriteFile(listing, []byte(`[{"name": "review-pr12", "lastUpdate": "2020-01-02T03:04:05.000Z"},
	  {"name": "review-pr14", "updateInProgress": true}]`), 0o600))
	for want, arguments := range map[string][]string{
		"review-pr12\n": {"list", "--expired"},
		"STACK        LAST UPDATE       MAY GO\nreview-pr12  2020-01-02 03:04  yes: nobody wants it any more\nreview-pr14  never             no: an operation runs\n": {
			"list", "--open", "review-pr14"},
	} {
		var out bytes.Buffer
		cmd := Command()
		cmd.SetArgs(append(arguments, "--stacks", listing))
		cmd.SetOut(&out)
		require.NoError(t, cmd.Execute())
		require.Equal(t, want, out.String())
	}
}
