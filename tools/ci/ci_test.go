// Package ci holds tests of what runs with credentials: the workflows, and the files that set GitHub up.
package ci

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

const root = "../.."

type step struct {
	Name, If, Run, Uses string
	With                map[string]any
}

type job struct {
	If          string
	RunsOn      string `json:"runs-on"`
	Environment string
	Needs       any
	Permissions map[string]string
	Uses        string
	Steps       []step
}

func workflow(t *testing.T, name string) map[string]job {
	t.Helper()
	var file struct{ Jobs map[string]job }
	require.NoError(t, yaml.Unmarshal(read(t, ".github/workflows/"+name+".yml"), &file))
	return file.Jobs
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return text
}

func named(t *testing.T, j job, name string) step {
	t.Helper()
	for _, s := range j.Steps {
		if s.Name == name {
			return s
		}
	}
	require.Fail(t, "no step "+name)
	return step{}
}

// TestPinned: an action of others is a commit, and the version that Dependabot renews stands behind it.
func TestPinned(t *testing.T) {
	pinned := regexp.MustCompile(`^uses: ([\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)+|\./\.github/workflows/\w+\.yml)$`)
	files, err := filepath.Glob(root + "/.github/workflows/*.yml")
	require.NoError(t, err)
	uses := 0
	commits := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NotContains(t, strings.ReplaceAll(string(text), "never pull_request_target", ""), "pull_request_target", file)
		for line := range strings.Lines(string(text)) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "- ")
			if !strings.HasPrefix(line, "uses:") {
				continue
			}
			uses++
			require.Regexp(t, pinned, line, file)
			action, commit, _ := strings.Cut(strings.TrimPrefix(line, "uses: "), "@")
			require.Contains(t, []string{"", commit}, commits[action], "%s has two versions", action)
			commits[action] = commit
		}
	}
	require.Greater(t, uses, 10)
}

// value is that of an expression of GitHub without parentheses: names, texts, ==, !=, && and ||.
func value(expression string, names map[string]string) string {
	if left, right, is := cutLast(expression, "||"); is {
		if v := value(left, names); truth(v) {
			return v
		}
		return value(right, names)
	}
	if left, right, is := cutLast(expression, "&&"); is {
		if v := value(left, names); !truth(v) {
			return v
		}
		return value(right, names)
	}
	for operator, equal := range map[string]bool{"==": true, "!=": false} {
		if left, right, is := strings.Cut(expression, operator); is {
			if (value(left, names) == value(right, names)) == equal {
				return "true"
			}
			return "false"
		}
	}
	atom := strings.TrimSpace(expression)
	if text, is := strings.CutPrefix(atom, "'"); is {
		return strings.TrimSuffix(text, "'")
	}
	return names[atom]
}

func cutLast(text, separator string) (left, right string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}

func truth(v string) bool { return v != "" && v != "false" }

// filled is a text whose ${{ }} have their values.
func filled(text string, names map[string]string) string {
	return regexp.MustCompile(`(?s)\$\{\{(.*?)\}\}`).ReplaceAllStringFunc(text, func(e string) string {
		return value(strings.TrimSuffix(strings.TrimPrefix(e, "${{"), "}}"), names)
	})
}

// TestRunners: where a pull request's code runs, no deployment does, whatever a branch writes into its callers; and a setting that would
// mix them is refused before anything runs with a credential.
func TestRunners(t *testing.T) {
	jobs := workflow(t, "stack")
	require.Equal(t, "settings", jobs["pulumi"].Needs)
	require.Equal(t, "ubuntu-24.04", jobs["settings"].RunsOn)
	require.Empty(t, jobs["settings"].Environment)
	refuses := named(t, jobs["settings"], "Require runners of their own for previews and for deployments").If
	for name, c := range map[string]struct {
		shared, preview, deploy string
		refused                 bool
		onBranch, onMain        string
	}{
		"GitHub's":      {onBranch: "ubuntu-24.04", onMain: "ubuntu-24.04"},
		"two":           {preview: "p", deploy: "d", onBranch: "p", onMain: "d"},
		"one to deploy": {deploy: "d", onBranch: "ubuntu-24.04", onMain: "d"},
		"one to try":    {preview: "p", onBranch: "p", onMain: "ubuntu-24.04"},
		"the same":      {preview: "d", deploy: "d", refused: true, onBranch: "d", onMain: "d"},
		"the former":    {shared: "s", refused: true, onBranch: "ubuntu-24.04", onMain: "ubuntu-24.04"},
	} {
		names := map[string]string{"vars.PULUMI_RUNNER": c.shared, "vars.PULUMI_PREVIEW_RUNNER": c.preview, "vars.PULUMI_DEPLOY_RUNNER": c.deploy}
		require.Equal(t, c.refused, truth(value(refuses, names)), name)
		for ref, want := range map[string]string{"refs/pull/7/merge": c.onBranch, "refs/heads/feature": c.onBranch, "refs/heads/main": c.onMain} {
			names["github.ref"] = ref
			require.Equal(t, want, strings.TrimSpace(filled(jobs["pulumi"].RunsOn, names)), "%s on %s", name, ref)
		}
	}
	require.Equal(t, "ubuntu-24.04", workflow(t, "preview")["sandbox"].RunsOn, "strangers' code runs on GitHub's")
}

// TestToken: in Pulumi Cloud a preview has the token of a team, and is refused without one.
func TestToken(t *testing.T) {
	steps := workflow(t, "stack")["pulumi"]
	refuses := named(t, steps, "Require a team's token for previews").If
	signIn := named(t, steps, "Sign in to Pulumi Cloud").With
	for name, c := range map[string]struct {
		command, organization, team string
		refused                     bool
		kind, scope                 string
	}{
		"a preview of a team":      {"preview", "acme", "bifrost-aws-dev-preview", false, "team", "team:bifrost-aws-dev-preview"},
		"a preview of everybody's": {"preview", "acme", "", true, "organization", ""},
		"another backend":          {"preview", "", "", false, "organization", ""},
		"a deployment":             {"up", "acme", "", false, "organization", ""},
	} {
		names := map[string]string{"inputs.command": c.command, "vars.PULUMI_ORGANIZATION": c.organization, "vars.PULUMI_TEAM": c.team}
		names["format('team:{0}', vars.PULUMI_TEAM)"] = "team:" + c.team
		require.Equal(t, c.refused, truth(value(refuses, names)), name)
		require.Equal(t, "urn:pulumi:token-type:access_token:"+c.kind, filled(signIn["requested-token-type"].(string), names), name)
		require.Equal(t, c.scope, filled(signIn["scope"].(string), names), name)
	}
}

// TestDependabot: it renews the modules of every folder that has some.
func TestDependabot(t *testing.T) {
	var file struct {
		Updates []struct {
			Ecosystem   string `json:"package-ecosystem"`
			Directory   string
			Directories []string
		}
	}
	require.NoError(t, yaml.Unmarshal(read(t, ".github/dependabot.yml"), &file))
	covered := map[string][]string{}
	for _, u := range file.Updates {
		covered[u.Ecosystem] = append(u.Directories, u.Directory)
	}
	require.Contains(t, covered["github-actions"], "/")
	modules := 0
	require.NoError(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Name() != "go.mod" {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		modules++
		require.Contains(t, covered["gomod"], "/"+strings.TrimPrefix(filepath.ToSlash(folder), "."))
		return err
	}))
	require.Greater(t, modules, 3)
}

// TestMainRequiresChecks: the check that main requires is a job.
func TestMainRequiresChecks(t *testing.T) {
	var rules struct {
		Checks struct{ Contexts []string } `json:"required_status_checks"`
	}
	require.NoError(t, json.Unmarshal(read(t, "access/github/main.json"), &rules))
	require.Equal(t, []string{"checks", "e2e"}, rules.Checks.Contexts)
	for _, job := range rules.Checks.Contexts {
		require.Contains(t, workflow(t, "checks"), job)
	}
}
