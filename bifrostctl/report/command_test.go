package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/cli"
	"bifrost/bifrostctl/report"
)

const (
	widened = `{"steps": [{"op": "update", "urn": "urn:pulumi:dev::bifrost::aws:iam/policy:Policy::p",
		"oldState": {"type": "aws:iam/policy:Policy", "custom": true, "inputs": {"policy": "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"a:B\",\"Resource\":\"r\"}]}"}},
		"newState": {"type": "aws:iam/policy:Policy", "custom": true, "inputs": {"policy": "{\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"a:*\",\"Resource\":\"r\"}]}"}}}]}`
	failed = `{"diagnostics": [{"message": "error: denied", "severity": "error"}]}`
	none   = `{"steps": [], "changeSummary": {"same": 3}}`
	warned = `{"steps": [{"op": "update", "urn": "urn:pulumi:dev::bifrost::kubernetes:autoscaling/v2:HorizontalPodAutoscaler::gateway-autoscaler",
		"oldState": {"type": "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "custom": true, "inputs": {"spec": {"minReplicas": 5, "maxReplicas": 6}}},
		"newState": {"type": "kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "custom": true, "inputs": {"spec": {"minReplicas": 3, "maxReplicas": 6}}},
		"detailedDiff": {"spec.minReplicas": {"kind": "update", "inputDiff": true}}}],
		"diagnostics": [{"message": "warning: one", "severity": "warning"}, {"message": "warning: two", "severity": "warning"}]}`
)

func TestCommand(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		input  string
		args   []string
		code   int
		out    string
		failed string
	}{
		"nothing changes":     {none, nil, 0, "## the stack: nothing changes\n", ""},
		"of the input":        {none, []string{"-"}, 0, "nothing changes", ""},
		"a warning":           {widened, nil, 0, "> - More may be done, by Policy `p`: **may now** `a:*` on `r`.", ""},
		"all warnings count":  {warned, nil, 0, "`gateway-autoscaler` may end 2 more pods, where the load lets it: keeps 3 to 6 now, before 5 to 6; nothing that the vendor must be told; **3 warnings**", ""},
		"fails on warnings":   {widened, []string{"--fail-on", "warning"}, 1, "> - More may be done", "--fail-on warning: the report has 1 warning"},
		"a failed preview":    {failed, nil, 1, "```text\ndenied\n```", "the preview of the stack failed: the report has the reasons"},
		"no preview":          {"error: no stack", nil, 2, "", "this is no JSON of a preview"},
		"no file":             {"", []string{"/nowhere/preview.json"}, 2, "", "/nowhere/preview.json: no such file"},
		"two files":           {"", []string{"a", "b"}, 2, "", "report takes one file, or - for its input, not 2"},
		"fails on what":       {none, []string{"--fail-on", "all"}, 2, "", "--fail-on all: give nothing, warning or vendor"},
		"a page that is none": {none, []string{"--html", "x.html"}, 2, "", "--html: this build draws no pages"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			cmd := report.Command(report.Pictures{Touched: func(*changes.Set) string { return "" }})
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			cmd.SetArgs(append([]string{}, c.args...))
			cmd.SetIn(strings.NewReader(c.input))
			cmd.SetOut(&out)
			err := cmd.Execute()
			require.Equal(t, c.code, cli.ExitCode(err))
			require.Contains(t, out.String(), c.out)
			if c.failed != "" {
				require.ErrorContains(t, err, c.failed)
			}
		})
	}
}

// TestDocument: --json has every part, lists that are never null, and the Markdown.
func TestDocument(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "page.html")
	var out bytes.Buffer
	cmd := report.Command(report.Pictures{Touched: func(*changes.Set) string { return "graph TD" }, Page: func(w io.Writer, _ *changes.Set, r *report.Report) error {
		_, err := io.WriteString(w, r.PlainVerdict())
		return err
	}})
	cmd.SetArgs([]string{"--json", "--html", page})
	cmd.SetIn(strings.NewReader(widened))
	cmd.SetOut(&out)
	require.NoError(t, cmd.Execute())
	var document map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &document))
	for _, list := range []string{"warnings", "workloads", "config", "groups", "diagnostics"} {
		require.IsType(t, []any{}, document[list], list)
	}
	require.Equal(t, "dev", document["stack"])
	require.Equal(t, "succeeded", document["result"])
	require.Contains(t, document["markdown"], "## `dev`: one resource is updated")
	require.Contains(t, document["markdown"], "```mermaid\ngraph TD\n```")
	require.Equal(t, "access", document["warnings"].([]any)[0].(map[string]any)["rule"])
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	require.Equal(t, "one resource is updated; nothing that the vendor must be told; 1 warning", string(text))
}

// TestRules: docs/report.md has every rule.
func TestRules(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/report.md")
	require.NoError(t, err)
	for _, rule := range report.Rules() {
		require.Contains(t, string(text), "| `"+rule+"` |")
	}
}

// TestExample: what docs/report.md shows is the report of a change that the engine made.
func TestExample(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/report.md")
	require.NoError(t, err)
	example, err := os.ReadFile("testdata/fewer-pods.md")
	require.NoError(t, err)
	require.Contains(t, string(page), "\n````markdown\n"+string(example)+"````\n")
}
