package ci

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// commenter stands in for GitHub's command, as a pull request with some comments: it writes down what it is asked to post.
const commenter = `#!/usr/bin/env bash
case "$*" in
  *--paginate*) while [ "$1" != --jq ]; do shift; done; jq -r "$2" "$STANDIN/comments.json" ;;
  *) echo "$2 $3 $4" >> "$STANDIN/asked"; cat body.md >> "$STANDIN/asked" ;;
esac
`

// TestComments: each report is one comment, which is edited in place. A name that is none of ours, another's comment and an empty report
// are passed over, and no report is longer than a comment may be.
func TestComments(t *testing.T) {
	script := named(t, workflow(t, "preview")["comment"], "Post one comment for each stack").Run
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), []byte(text), 0o755))
	}
	comment := func(id int, login, body string) map[string]any {
		return map[string]any{"id": id, "user": map[string]any{"login": login}, "body": body}
	}
	comments, err := json.Marshal([]any{
		comment(1, "somebody", "<!-- bifrostctl report: sandbox-aws-dev -->\nmine"),
		comment(2, "github-actions[bot]", "something else\n<!-- bifrostctl report: sandbox-aws-dev -->"),
		comment(3, "github-actions[bot]", "<!-- bifrostctl report: sandbox-aws-dev -->\nformer"),
		comment(4, "github-actions[bot]", "<!-- bifrostctl report: sandbox-aws-dev-two -->\nformer"),
	})
	require.NoError(t, err)
	write("bin/gh", commenter)
	write("comments.json", string(comments))
	write("reports/report-sandbox-aws-dev/report.md", "the report $(touch pwned) `touch pwned` ' \"\n")
	write("reports/report-accounts/aws-dev.md", strings.Repeat("x", 70_000))
	write("reports/report-accounts/empty.md", "")
	write(`reports/report-"; touch pwned #/report.md`, "another's")

	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH"), "STANDIN="+dir,
		"COMMENTS=repos/acme/bifrost/issues", "NUMBER=7", "GH_TOKEN=x")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, string(output))
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	require.NoError(t, err)
	require.Equal(t, "--method POST repos/acme/bifrost/issues/7/comments\n<!-- bifrostctl report: accounts/aws-dev -->\n"+strings.Repeat("x", 65_400)+
		"--method PATCH repos/acme/bifrost/issues/comments/3\n<!-- bifrostctl report: sandbox-aws-dev -->\n"+
		"the report $(touch pwned) `touch pwned` ' \"\n", string(asked))
	require.NoFileExists(t, filepath.Join(dir, "pwned"))
}

// TestWhoWrites: the job that may comment runs no code of a pull request, and no other job may write.
func TestWhoWrites(t *testing.T) {
	for name, j := range workflow(t, "preview") {
		writes := j.Permissions["pull-requests"] == "write" || j.Permissions["contents"] == "write" || j.Permissions["issues"] == "write"
		require.Equal(t, name == "comment", writes, name)
		if !writes {
			continue
		}
		for _, s := range j.Steps {
			require.NotContains(t, s.Uses, "checkout")
			require.NotContains(t, s.Run, "bin/")
			require.NotContains(t, s.Run, "${{")
		}
		require.Contains(t, strings.Join(strings.Fields(j.If), " "), "github.event.pull_request.head.repo.full_name == github.repository")
	}
}
