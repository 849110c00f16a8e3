package graphs

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/graph"
	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/report"
)

const canary = "canary-8c41f2"

// told is all that is written of an operation: the report in Markdown and JSON, its page, and the graph in each format.
func told(t *testing.T, result *enginetest.Result) string {
	t.Helper()
	set := changes.OfPlanned(result.Planned)
	g, made := graph.OfSet(set), report.New(set, graph.TouchedMermaid(set))
	document, err := json.Marshal(made)
	require.NoError(t, err)
	mermaid, err := g.Mermaid()
	require.NoError(t, err)
	var all bytes.Buffer
	all.WriteString(made.Markdown(0, "") + string(document) + mermaid)
	require.NoError(t, g.Page(&all, graph.PageOptions{Title: made.Stack, Verdict: made.PlainVerdict(), Notes: made.PlainWarnings()}))
	require.NoError(t, g.SVG(&all))
	require.NoError(t, g.JSON(&all))
	return all.String()
}

func requireNoCanary(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{canary, stacktest.Secret} {
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))[:12]} {
			at := strings.Index(text, form)
			require.Negative(t, at, "%s", text[max(0, at-300):max(0, min(len(text), at+100))])
		}
	}
}

// TestCanary: a secret is in no report, page or graph, of an up, of a preview with other secrets, or of what somebody wrote in clear into
// the cluster: into a container's environment, config.json, a ConfigMap, and the copy that kubectl keeps of a Secret.
func TestCanary(t *testing.T) {
	t.Parallel()
	for _, name := range append([]string{"local-dev"}, stacktest.DevStacks...) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, name)
			requireNoCanary(t, told(t, s.Engine.MustUp()))

			preview := s.Set("secrets.license="+canary, "secrets.adminPassword="+canary, "gateway.replicas=1",
				`gateway.config.providers={openai: {keys: [{name: openai, value: env.OPENAI_API_KEY, models: ["*"]}]}}`,
				"secrets.env.OPENAI_API_KEY="+canary).Engine.Preview()
			require.NoError(t, preview.Err, preview.Diagnostics)
			requireNoCanary(t, told(t, preview))

			inClear(t, s)
			s.Set()
			found := s.Engine.Refresh()
			require.NoError(t, found.Err, found.Diagnostics)
			requireNoCanary(t, told(t, found))
			back := s.Engine.Preview()
			require.NoError(t, back.Err, back.Diagnostics)
			seen, err := json.Marshal(back.Planned)
			require.NoError(t, err)
			require.True(t, bytes.Contains(seen, []byte(canary)), "what nobody marked as a secret is in the engine's own events")
			requireNoCanary(t, told(t, back))
		})
	}
}

// inClear writes secrets into the cluster as somebody with kubectl could.
func inClear(t *testing.T, s *stacktest.Stack) {
	t.Helper()
	for _, r := range s.World.Resources {
		if r.Seeded || r.Deleted || !strings.HasPrefix(r.Type, "kubernetes:") {
			continue
		}
		metadata := r.State["metadata"].(map[string]any)
		copied, err := json.Marshal(map[string]any{"data": map[string]any{"PG_PASSWORD": canary}})
		require.NoError(t, err)
		if metadata["annotations"] == nil {
			metadata["annotations"] = map[string]any{}
		}
		metadata["annotations"].(map[string]any)["kubectl.kubernetes.io/last-applied-configuration"] = string(copied)
		switch r.Type {
		case edits.DeploymentKind, edits.StatefulKind:
			pod := r.State["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
			container := pod["containers"].([]any)[0].(map[string]any)
			variables, _ := container["env"].([]any)
			container["env"] = append(variables, map[string]any{"name": "OTHER_API_KEY", "value": canary})
		case edits.ConfigMapKind:
			data, _ := r.State["data"].(map[string]any)
			data["OTHER_TOKEN"] = canary
			data["config.json"] = `{"plugins": [{"config": {"private_key": "` + canary + `"}}]}`
		}
		r.Edited = true
	}
}
