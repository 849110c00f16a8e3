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

// gh stands in for GitHub's command: it writes down what it is asked, and answers as a repository with one branch policy too many.
const gh = `#!/usr/bin/env bash
printf '%s\n' "$*" >> "$CALLS"
case "$*" in
  *"--input -"*) cat >> "$CALLS"; echo >> "$CALLS" ;;
  *orgs/ORG/teams/owners*) echo 42 ;;
  *orgs/ORG/teams/*) exit 1 ;;
  *"!= \"main\""*) echo 7 ;;
esac
`

// ask runs one of the scripts of access/github and returns what it asks GitHub.
func ask(t *testing.T, script string, arguments ...string) string {
	t.Helper()
	said, err := attempt(t, script, arguments...)
	require.NoError(t, err)
	for line := range strings.Lines(said) {
		if strings.HasPrefix(line, "{") {
			require.True(t, json.Valid([]byte(line)), line)
		}
	}
	return said
}

func attempt(t *testing.T, script string, arguments ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	calls := filepath.Join(dir, "calls")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "gh"), []byte(gh), 0o755))
	run := exec.Command("bash", append([]string{root + "/access/github/" + script}, arguments...)...)
	run.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "CALLS="+calls)
	out, err := run.CombinedOutput()
	t.Log(string(out))
	text, readErr := os.ReadFile(calls)
	if readErr != nil {
		require.ErrorIs(t, readErr, os.ErrNotExist)
	}
	return string(text), err
}

const (
	reviewed = `{"can_admins_bypass": false, "prevent_self_review": true, "reviewers": [{"type": "Team", "id": 42}], "deployment_branch_policy": `
	chosen   = `{"protected_branches": false, "custom_branch_policies": true}}`
	put      = "api --method PUT repos/ORG/REPO/environments/"
)

// TestEnvironments: two environments wait for the team, two take main alone, and the one that nobody reviews is one of these.
func TestEnvironments(t *testing.T) {
	said := ask(t, "environments.sh", "ORG/REPO", "aws-dev", "owners")
	require.Contains(t, said, put+"aws-dev --input - --silent\n"+reviewed+chosen)
	require.Contains(t, said, put+"aws-dev-preview --input - --silent\n"+reviewed+"null}")
	require.Contains(t, said, put+"aws-dev-drift --input - --silent\n"+
		`{"can_admins_bypass": false, "prevent_self_review": false, "reviewers": [], "deployment_branch_policy": `+chosen)
	for _, environment := range []string{"aws-dev", "aws-dev-drift"} {
		policies := "repos/ORG/REPO/environments/" + environment + "/deployment-branch-policies"
		require.Contains(t, said, "api --method DELETE "+policies+"/7 --silent\n")
		require.Contains(t, said, "api --method POST "+policies+" -f name=main -f type=branch --silent\n")
	}
	for _, wrong := range [][]string{{"ORG/REPO"}, {"ORG/REPO", "aws-dev", "nobody"}} {
		_, err := attempt(t, "environments.sh", wrong...)
		require.Error(t, err, "without a team there are no reviewers")
	}
}

// TestReleaseEnvironment: what publishes waits for the team and takes version tags alone, which administrators make.
func TestReleaseEnvironment(t *testing.T) {
	said := ask(t, "release.sh", "ORG/REPO", "owners")
	require.Contains(t, said, put+"release --input - --silent\n"+reviewed+chosen)
	require.Contains(t, said, "api --method POST repos/ORG/REPO/environments/release/deployment-branch-policies -f name=v* -f type=tag --silent\n")
	require.Contains(t, said, "api --method POST repos/ORG/REPO/rulesets --input "+root+"/access/github/tags.json --silent\n")
	var rules struct {
		Target, Enforcement string
		Conditions          struct {
			Ref struct{ Include []string } `json:"ref_name"`
		}
		Rules []struct{ Type string }
	}
	require.NoError(t, json.Unmarshal(read(t, "access/github/tags.json"), &rules))
	require.Equal(t, []string{"tag", "active", "refs/tags/v*"}, []string{rules.Target, rules.Enforcement, rules.Conditions.Ref.Include[0]})
	require.Len(t, rules.Rules, 3)
	require.Equal(t, "release", workflow(t, "release")["publish"].Environment)
	require.Empty(t, workflow(t, "release")["build"].Environment)
}
