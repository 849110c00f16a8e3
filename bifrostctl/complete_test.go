package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
)

// cases are beginnings of a command line, and what a shell must offer for them.
var cases = []struct {
	line    string
	offered []string
	not     string
}{
	{"bifrostctl san", []string{"sandbox"}, "verify"},
	{"bifrostctl sandbox up aws", []string{"aws-dev"}, "azure-dev"},
	{"bifrostctl sandbox up examples/eks", []string{"examples/eks-production"}, "aws-dev"},
	{"bifrostctl verify g", []string{"google-dev"}, "aws-dev"},
	{"bifrostctl sandbox up aws-dev --set eks.pull=", []string{"eks.pull=node", "eks.pull=kubelet"}, ""},
	{"bifrostctl sandbox preview aws-dev --set gateway.networkPolicy.", []string{"gateway.networkPolicy.fromAnywhere="}, "aws."},
	{"bifrostctl init prod --on ", []string{"eks", "gke"}, ""},
	{"bifrostctl init prod --from local", []string{"local-dev"}, ""},
	{"bifrostctl verify prod --output sh", []string{"short"}, "table"},
	{"bifrostctl verify prod --color a", []string{"always", "auto"}, "never"},
}

// inShell is a folder with a program bifrostctl, which is this test, and the environment that finds it.
func inShell(t *testing.T) (dir string, environment []string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	bin := t.TempDir()
	script := "#!/bin/sh\n" + asProgram + "=1 exec " + self + ` "$@"` + "\n"
	require.NoError(t, os.WriteFile(filepath.Join(bin, "bifrostctl"), []byte(script), 0o755))
	return ownProject(t), append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+bin, "ZDOTDIR="+bin)
}

// offers asks a shell with a script that takes the line as its argument.
func offers(t *testing.T, shell string, flags []string, script string) {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		stacktest.Lacks(t, "there is no ", shell)
	}
	dir, environment := inShell(t)
	for _, each := range cases {
		cmd := exec.CommandContext(t.Context(), path, append(flags, "-c", script)...)
		cmd.Dir, cmd.Env = dir, append(environment, "LINE="+each.line)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", each.line, out)
		var words []string
		for line := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			// zsh itself leaves out what does not begin as the word does.
			typed := each.line[strings.LastIndexAny(each.line, " ")+1:]
			if word = strings.TrimSpace(word); shell != "zsh" || strings.HasPrefix(word, typed) {
				words = append(words, word)
			}
		}
		for _, offered := range each.offered {
			// bash takes = for the end of a word.
			_, behind, _ := strings.Cut(offered, "=")
			there := slices.Contains(words, offered) || shell == "bash" && behind != "" && slices.Contains(words, behind)
			require.True(t, there, "%s: %s offers %q, not %s", each.line, shell, words, offered)
		}
		if each.not != "" {
			require.NotContains(t, words, each.not, each.line)
		}
	}
}

func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/usr/share/bash-completion/bash_completion"); err != nil {
		stacktest.Lacks(t, "there is no bash-completion, which completion in bash needs")
	}
	offers(t, "bash", []string{"--norc"}, `source /usr/share/bash-completion/bash_completion
source <(bifrostctl completion bash)
COMP_LINE=$LINE COMP_POINT=${#LINE} COMP_TYPE=9 COMP_KEY=9
# As readline does: = and : end words, but for blanks they would not be.
COMP_WORDS=()
words=${LINE//=/ = }
for word in $words; do COMP_WORDS+=("$word"); done
case $LINE in *' '|*=) COMP_WORDS+=("");; esac
COMP_CWORD=$((${#COMP_WORDS[@]}-1))
__start_bifrostctl
printf '%s\n' "${COMPREPLY[@]}"`)
}

func TestCompletionInFish(t *testing.T) {
	t.Parallel()
	offers(t, "fish", []string{"--no-config"}, `bifrostctl completion fish | source
complete --do-complete "$LINE"`)
}

func TestCompletionInZsh(t *testing.T) {
	t.Parallel()
	// compadd is what a completion offers its words with.
	offers(t, "zsh", []string{"-f"}, `autoload -U compinit && compinit -u -D
source <(bifrostctl completion zsh)
compadd() { :; }
_describe() { shift $((OPTIND-1)); local array=${@[-1]}; for each in "$@"; do [[ -v $each ]] && print -rl -- "${(@P)each}"; done; }
words=(${(z)LINE})
[[ $LINE == *' ' ]] && words+=("")
CURRENT=${#words}
_bifrostctl | sed 's/\\//g; s/:.*//'`)
}

func TestCompletionInPowershell(t *testing.T) {
	t.Parallel()
	dir, environment := inShell(t)
	cmd := exec.CommandContext(t.Context(), "bifrostctl", "completion", "powershell")
	cmd.Dir, cmd.Env = dir, environment
	if path, err := exec.LookPath("pwsh"); err == nil {
		cmd = exec.CommandContext(t.Context(), path, "-NoProfile", "-Command", "bifrostctl completion powershell | Out-String | Invoke-Expression")
		cmd.Dir, cmd.Env = dir, environment
	} else {
		t.Log("there is no pwsh: the script is looked at alone")
		cmd.Path = filepath.Join(strings.Split(strings.TrimPrefix(pathOf(environment), "PATH="), ":")[0], "bifrostctl")
		cmd.Err = nil
	}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	if !strings.HasSuffix(cmd.Path, "pwsh") {
		require.Contains(t, string(out), "Register-ArgumentCompleter")
	}
}

func pathOf(environment []string) string {
	for i := len(environment) - 1; i >= 0; i-- {
		if strings.HasPrefix(environment[i], "PATH=") {
			return environment[i]
		}
	}
	return ""
}
