package report_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/report"
)

const base = "urn:pulumi:dev::bifrost::"

// evil are texts that would be something else than text in Markdown or HTML.
var evil = []string{
	"`@octocat`", "```\n@octocat", "</details><script>alert(1)</script>", "| a | b |\n|---|---|", "[x](javascript:alert(1))", "![x](https://example.com/x.png)",
	"<!-- bifrostctl report: accounts/aws-dev -->", "*bold* _it_ #1 @octocat", "``", "\x1b[31mred\x00", "https://example.com",
}

// rendered is Markdown as a page of GitHub's, as near as a library comes to it.
func rendered(t *testing.T, text string) string {
	t.Helper()
	var page bytes.Buffer
	require.NoError(t, goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe())).Convert([]byte(text), &page))
	return page.String()
}

var inCode = regexp.MustCompile(`(?s)<code[^>]*>.*?</code>`)

// TestEvil: whatever a name, a value, a policy or a message holds stays text in code.
func TestEvil(t *testing.T) {
	t.Parallel()
	for _, text := range evil {
		state := func(value string) *changes.State {
			return &changes.State{Custom: true, Inputs: map[string]any{"policy": fmt.Sprintf(`{"Statement":[{"Effect":"Allow","Action":%q,"Resource":%q}]}`, value, value)}}
		}
		set := &changes.Set{Stack: text, Source: changes.Digest, Steps: []changes.Step{
			{Op: changes.Update, URN: base + "aws:iam/policy:Policy::" + text, Type: "aws:iam/policy:Policy", Name: text, Old: state("a:B"), New: state(text),
				Diff: []changes.Diff{{Path: text, Kind: changes.Changed, Old: "x", New: text, Before: `"x"`, After: fmt.Sprintf("%q", text), Shown: text}}},
			{Op: changes.Delete, URN: base + "kubernetes:core/v1:Namespace::" + text, Type: "kubernetes:core/v1:Namespace", Name: text, Old: state(text)},
		}, Diagnostics: []changes.Diagnostic{{Severity: "error", Message: text}, {Severity: "warning", Message: text}, {Severity: "info", Message: "x: a: " + text + " → b"}}}
		page := rendered(t, report.New(set, "").Markdown(report.CommentLimit, ""))
		outside := inCode.ReplaceAllString(page, "")
		for _, never := range []string{"@octocat", "<script", "javascript:", "<img", "<!--", "<table", "example.com", "<em>", "alert(1)", "\x1b", "\x00"} {
			require.False(t, strings.Contains(outside, never), "%q in %s", never, outside)
		}
		require.NotContains(t, page, "\x1b")
		require.Equal(t, strings.Count(page, "<details>"), strings.Count(page, "</details>"), "%q", text)
	}
}

// TestLimit: a report that is too long is cut in the stated order, says what it lost, and closes what it opened.
func TestLimit(t *testing.T) {
	t.Parallel()
	set := &changes.Set{Stack: "dev", Source: changes.Digest}
	for i := range 200 {
		set.Steps = append(set.Steps, changes.Step{
			Op: changes.Update, URN: fmt.Sprintf("%skubernetes:apps/v1:Deployment::pods-%d", base, i), Type: "kubernetes:apps/v1:Deployment", Name: fmt.Sprintf("pods-%d", i),
			Old: &changes.State{Custom: true}, New: &changes.State{Custom: true},
			Diff: []changes.Diff{{Path: "spec.x", Kind: changes.Changed, Before: `"` + strings.Repeat("a", 150) + `"`, After: `"` + strings.Repeat("b", 150) + `"`}},
		})
		set.Diagnostics = append(set.Diagnostics, changes.Diagnostic{Severity: "info", Message: strings.Repeat("w", 100)})
	}
	made := report.New(set, "graph TD\n"+strings.Repeat("a --> b\n", 100))
	whole := made.Markdown(0, "")
	require.Greater(t, len(whole), report.CommentLimit)
	require.NotContains(t, whole, "Cut to fit")
	for limit, lost := range map[int]string{
		len(whole) - 1:      "Cut to fit into a comment: the graph. `bifrostctl report --limit 0`",
		len(whole) - 1e4:    "Cut to fit into a comment: the graph, the messages. ",
		report.CommentLimit: "Cut to fit into a comment: the graph, the messages, values of Workload. ",
		5000:                "the graph, the messages, values of Workload, resources of Workload",
		260:                 "Cut to fit into a comment: everything else. ",
	} {
		text := made.Markdown(limit, "")
		require.LessOrEqual(t, len(text), limit)
		require.Contains(t, text, lost)
		require.Contains(t, text, "200 resources are updated", "the verdict is never cut")
		require.Zero(t, strings.Count(text, "```")%2)
	}
	require.Contains(t, made.Markdown(5000, "[Here](https://example.com) is all of it."), "[Here](https://example.com) is all of it.")
}
