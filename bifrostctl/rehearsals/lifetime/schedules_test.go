package lifetime_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/shell"

	"bifrost/bifrostctl/internal/stacktest"
)

// call is what the CLI asks Pulumi Cloud.
type call struct{ line, body string }

// wanted are the calls of the page's commands, by how these begin (pulumi, pkg/backend/httpstate/client/client.go; the API's page is
// https://www.pulumi.com/docs/pulumi-cloud/reference/schedules).
var wanted = map[string]call{
	"pulumi stack schedule new --stack ORG/bifrost/prod --kind drift": {
		"POST /api/stacks/ORG/bifrost/prod/deployments/drift/schedules", `{"scheduleCron": "37 4 * * *", "autoRemediate": false}`},
	"pulumi stack schedule new --stack ORG/bifrost/review-pr12 --kind ttl": {
		"POST /api/stacks/ORG/bifrost/review-pr12/deployments/ttl/schedules", `{"timestamp": "2026-12-31T23:59:00Z", "deleteAfterDestroy": true}`},
	"pulumi stack schedule list": {"GET /api/stacks/ORG/bifrost/prod/deployments/schedules", ""},
	"pulumi stack drift status":  {"GET /api/stacks/ORG/bifrost/prod/drift/status", ""},
}

// cloud stands in for Pulumi Cloud: everything is there, and it writes down what it is asked.
type cloud struct {
	mu    sync.Mutex
	calls []call
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	c.calls = append(c.calls, call{r.Method + " " + r.URL.Path, string(body)})
	c.mu.Unlock()
	var answer any = map[string]any{}
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/api/"), "/")
	switch {
	case parts[0] == "user":
		answer = map[string]any{"githubLogin": "me", "name": "me", "organizations": []any{}}
	case parts[0] == "stacks" && len(parts) == 4:
		answer = map[string]any{"orgName": parts[1], "projectName": parts[2], "stackName": parts[3], "tags": map[string]any{}, "version": 1}
	case r.Method == http.MethodPost:
		answer = map[string]any{"id": "SCHEDULE", "kind": "deployment", "scheduleCron": "37 4 * * *", "definition": map[string]any{}}
	case parts[len(parts)-1] == "schedules":
		answer = map[string]any{"schedules": []any{}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer)
}

// TestSchedules: the page's commands for Pulumi Cloud ask its API for what the page says, with the real CLI.
func TestSchedules(t *testing.T) {
	t.Parallel()
	stacktest.RequireCLI(t)
	dir := stacktest.Project(t)
	page, err := os.ReadFile(filepath.Join(dir, "docs", "lifetime.md"))
	require.NoError(t, err)
	pulumi := filepath.Join(dir, "bin", "pulumi")
	if _, err := os.Stat(pulumi); err != nil {
		pulumi, err = exec.LookPath("pulumi")
		require.NoError(t, err)
	}
	tried := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		for begins, want := range wanted {
			if !strings.HasPrefix(line, begins) {
				continue
			}
			tried[begins] = true
			pretend := &cloud{}
			server := httptest.NewServer(pretend)
			words, err := shell.Fields(strings.TrimSpace(line), nil)
			require.NoError(t, err)
			cmd := exec.Command(pulumi, append(words[1:], "--non-interactive")...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "PULUMI_BACKEND_URL="+server.URL, "PULUMI_ACCESS_TOKEN=pul-of-the-test", "PULUMI_HOME="+t.TempDir(),
				"PULUMI_SKIP_UPDATE_CHECK=true")
			out, err := cmd.CombinedOutput()
			server.Close()
			require.NoError(t, err, "%s: %s", line, out)
			// The CLI asks what the service can do at the same time, sooner or later.
			at := slices.IndexFunc(pretend.calls, func(c call) bool { return c.line == want.line })
			require.GreaterOrEqual(t, at, 0, "%s: %v", line, pretend.calls)
			if want.body != "" {
				require.JSONEq(t, want.body, pretend.calls[at].body, line)
			}
		}
	}
	require.Len(t, tried, len(wanted), "the page has lost a command")
}
