package ci

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stand writes programs that stand in for others into a folder, and returns it. Each writes down how it is called.
func stand(t *testing.T, programs map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, does := range programs {
		text := "#!/usr/bin/env bash\nprintf '%s\\n' \"" + name + " $*\" >> \"$CALLS\"\n" + does + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
	}
	return dir
}

// script runs one of .github/scripts in a folder, with programs in the place of others, and returns the calls and how it ended.
func script(t *testing.T, name, folder string, programs map[string]string, variables []string, arguments ...string) (string, error) {
	t.Helper()
	path, err := filepath.Abs(root + "/.github/scripts/" + name)
	require.NoError(t, err)
	calls := filepath.Join(t.TempDir(), "calls")
	run := exec.Command("bash", append([]string{path}, arguments...)...)
	run.Dir = folder
	run.Env = append(append(os.Environ(), "PATH="+stand(t, programs)+":"+os.Getenv("PATH"), "CALLS="+calls), variables...)
	out, err := run.CombinedOutput()
	t.Log(string(out))
	text, readErr := os.ReadFile(calls)
	if readErr != nil {
		require.ErrorIs(t, readErr, os.ErrNotExist)
	}
	return string(text), err
}

// TestDriftIssue: one issue for a stack, opened, brought up to date, and closed; none where nothing differs; and GitHub's limit is kept.
func TestDriftIssue(t *testing.T) {
	const open, none = `case "$*" in *"issue list"*) echo 7 ;; esac`, ``
	long := strings.Repeat("- é changed\n", 10_000)
	for name, c := range map[string]struct {
		status, gh, drift string
		want              []string
		not               string
	}{
		"it differs":         {"1", none, "Stack prod is not as", []string{"gh label create drift", "gh issue create --title Drift: prod --label drift --body-file "}, "issue edit"},
		"it differs still":   {"1", open, "Stack prod is not as", []string{"gh issue edit 7 --body-file "}, "issue create"},
		"it does not differ": {"0", none, "Stack prod is as", nil, "issue create"},
		"it is as it was":    {"0", open, "Stack prod is as", []string{"gh issue close 7 --comment "}, "issue edit"},
		"much":               {"1", open, long, []string{"gh issue edit 7 --body-file "}, "issue create"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			for file, text := range map[string]string{"status": c.status + "\n", "drift.md": c.drift, "verify.txt": "× a link is broken\n"} {
				require.NoError(t, os.WriteFile(filepath.Join(folder, file), []byte(text), 0o600))
			}
			body := filepath.Join(t.TempDir(), "body")
			gh := c.gh + "\n" + `for last; do :; done; case "$*" in *--body-file*) cp "$last" "` + body + `" ;; esac`
			calls, err := script(t, "drift.sh", folder, map[string]string{"gh": gh}, []string{"RUN=https://example.com/run"}, "prod", folder)
			require.NoError(t, err)
			require.Contains(t, calls, "gh issue list --state open --label drift")
			for _, want := range c.want {
				require.Contains(t, calls, want)
			}
			require.NotContains(t, calls, c.not)
			if c.status == "0" {
				return
			}
			text, err := os.ReadFile(body)
			require.NoError(t, err)
			require.Less(t, len([]rune(string(text))), 65_536)
			if name != "much" {
				require.Contains(t, string(text), c.drift)
				require.Contains(t, string(text), "× a link is broken")
				require.Contains(t, string(text), "([this run](https://example.com/run))")
			}
		})
	}
}

// TestStackScript: what each command of stack.yml calls, and that a failure is one.
func TestStackScript(t *testing.T) {
	folder := func(companion string) string {
		dir := t.TempDir()
		require.NoError(t, os.Mkdir(filepath.Join(dir, "bin"), 0o755))
		text := "#!/usr/bin/env bash\nprintf 'bifrostctl %s\\n' \"$*\" >> \"$CALLS\"\n" + companion + "\n"
		require.NoError(t, os.WriteFile(filepath.Join(dir, "bin/bifrostctl"), []byte(text), 0o755))
		return dir
	}
	fine := map[string]string{"pulumi": "", "make": ""}
	for name, c := range map[string]struct {
		variables []string
		companion string
		programs  map[string]string
		want      string
		fails     bool
	}{
		"plan": {[]string{"COMMAND=plan", "STACK=prod", "ORGANIZATION=acme"}, "", fine,
			"pulumi preview --stack acme/prod --non-interactive --suppress-progress --diff --save-plan plan/plan.json\n", false},
		"a plan that fails": {[]string{"COMMAND=plan", "STACK=prod"}, "", map[string]string{"pulumi": "exit 1"}, "pulumi preview --stack prod ", true},
		"apply": {[]string{"COMMAND=apply", "STACK=prod"}, "", fine,
			"pulumi up --stack prod --non-interactive --suppress-progress --yes --skip-preview --plan plan/plan.json\n", false},
		"drift": {[]string{"COMMAND=drift", "STACK=prod"}, `case "$1" in drift) exit 1 ;; esac`, fine,
			"make --silent bin/bifrostctl\nbifrostctl drift prod --markdown\nbifrostctl verify prod --output short\n", false},
		"drift that nobody knows": {[]string{"COMMAND=drift", "STACK=prod"}, `case "$1" in drift) exit 2 ;; esac`, fine, "bifrostctl drift prod", true},
		"review": {[]string{"COMMAND=review", "STACK=review-pr7", "REVIEW_FROM=dev", "REVIEW_SETTINGS=gateway.ingress=null\ngateway.replicas=1\n",
			"SECRETS_PROVIDER=awskms://alias/x"}, "", fine,
			"bifrostctl review write review-pr7 --from dev --set gateway.ingress=null --set gateway.replicas=1\n" +
				"pulumi stack select --stack review-pr7 --create --non-interactive --secrets-provider awskms://alias/x\n" +
				"pulumi up --stack review-pr7 --non-interactive --suppress-progress --yes --skip-preview\n", false},
		"expire": {[]string{"COMMAND=expire", "STACK=dev", "OPEN=review-pr7", "REVIEW_TTL="}, `printf 'review-pr1\nacme/bifrost/review-pr2\n'`,
			map[string]string{"make": "", "pulumi": `case "$*" in *review-pr1*) exit 1 ;; esac`},
			"bifrostctl review list --expired --ttl 72h --open review-pr7\n" +
				"pulumi destroy --stack review-pr1 --non-interactive --suppress-progress --yes --skip-preview --remove\n" +
				"pulumi destroy --stack acme/bifrost/review-pr2 --non-interactive --suppress-progress --yes --skip-preview --remove\n", true},
		"another": {[]string{"COMMAND=destroy", "STACK=prod"}, "", fine, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(c.companion)
			variables := append([]string{"ORGANIZATION=", "BACKEND=", "SECRETS_PROVIDER=", "REVIEW_SETTINGS="}, c.variables...)
			calls, err := script(t, "stack.sh", dir, c.programs, variables)
			require.Contains(t, calls, c.want)
			require.Equal(t, c.fails, err != nil, "%v", err)
			if name == "drift" {
				status, err := os.ReadFile(filepath.Join(dir, "drift/status"))
				require.NoError(t, err)
				require.Equal(t, "1\n", string(status))
			}
		})
	}
}

// TestNightly: what runs without a review takes the code of main, and no job but the one that keeps the issue may write one.
func TestNightly(t *testing.T) {
	text := string(read(t, ".github/workflows/drift.yml"))
	require.Equal(t, 1, strings.Count(text, "issues: write"))
	require.Equal(t, 2, strings.Count(text, "github.ref == 'refs/heads/main'"))
	review := string(read(t, ".github/workflows/review.yml"))
	require.Contains(t, review, "environment: ${{ vars.PULUMI_REVIEW_STACK }}-review")
	require.Contains(t, review, "needs: wanted")
	deploy := string(read(t, ".github/workflows/deploy.yml"))
	require.Contains(t, deploy, "vars.PULUMI_STACKS != '' && vars.PULUMI_PLANS == ''")
	require.Contains(t, deploy, "vars.PULUMI_STACKS != '' && vars.PULUMI_PLANS != ''")
}
