package mutations_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/stacks"
)

// slip is a mistake in the text of a stack file.
type slip struct {
	name string
	of   func(string) string
	// right is why the text is taken; empty of one that is refused.
	right string
}

func replaced(was, is string) func(string) string {
	return func(text string) string { return strings.Replace(text, was, is, 1) }
}

func appended(lines string) func(string) string {
	return func(text string) string { return text + lines }
}

// slips are what an editor, a merge or a hurry leaves in a file.
var slips = []slip{
	{name: "tab for blanks", of: replaced("\n  bifrost:registry:", "\n\tbifrost:registry:")},
	{name: "a blank too many", of: replaced("\n  bifrost:registry:", "\n   bifrost:registry:")},
	{name: "a blank too few", of: replaced("\n  bifrost:registry:", "\n bifrost:registry:")},
	{name: "not indented", of: replaced("\n  bifrost:registry:", "\nbifrost:registry:")},
	{name: "no colon", of: replaced("bifrost:registry:\n", "bifrost:registry\n")},
	{name: "no blank behind the colon", of: replaced("    image: ", "    image:")},
	{name: "quote that is not closed", of: replaced("    image: ", `    image: "`)},
	{name: "bracket that is not closed", of: appended("  bifrost:adopt: {a: b\n")},
	{name: "key twice", of: appended("  bifrost:registry: {}\n")},
	{name: "key twice, once without prefix", of: appended("  registry: {}\n")},
	{name: "config misspelt", of: replaced("config:", "confg:")},
	{name: "config in capitals", of: replaced("config:", "Config:")},
	{name: "config as a list", of: replaced("config:\n", "config:\n  - a\nother:\n")},
	{name: "prefix misspelt", of: replaced("bifrost:registry", "bifrst:registry")},
	{name: "prefix in capitals", of: replaced("bifrost:registry", "Bifrost:registry")},
	{name: "prefix of another project", of: replaced("bifrost:registry", "gateway:registry")},
	{name: "prefix twice", of: replaced("bifrost:registry", "bifrost:bifrost:registry")},
	{name: "blank before the colon", of: replaced("bifrost:registry", "bifrost: registry")},
	{name: "marks of a merge", of: appended("<<<<<<< HEAD\n  bifrost:labels: {a: b}\n=======\n>>>>>>> main\n")},
	{name: "two documents", of: appended("---\nconfig:\n  bifrost:rollout: identity\n")},
	{name: "no text", of: func(string) string { return "" }},
	{name: "null", of: func(string) string { return "null\n" }},
	{name: "JSON list", of: func(string) string { return "[]\n" }},
	{name: "NUL in it", of: replaced("image: ", "image: \x00")},
	{name: "no UTF-8", of: replaced("image: ", "image: \xff\xfe")},
	{name: "alias without an anchor", of: appended("  bifrost:labels: *labels\n")},
	{name: "an alias of itself", of: appended("  bifrost:labels: &labels {a: *labels}\n")},
	{name: "key that is a number", of: appended("  bifrost:adopt: {1: a}\n")},
	{name: "key that is a list", of: appended("  bifrost:adopt: {[a]: b}\n")},
	{name: "no number", of: appended("  bifrost:adopt: {a: .nan}\n")},
	{name: "infinite", of: appended("  bifrost:adopt: {a: .inf}\n")},
	{name: "encrypted outside the secrets", of: replaced("    image: ", "    pullSecret: {secure: AAAA}\n    image: ")},

	{name: "binary", of: appended("  bifrost:adopt: {a: !!binary aGk=}\n"), right: "to YAML it is the text hi"},
	{name: "a tag of its own", of: appended("  bifrost:adopt: {a: !secret x}\n"), right: "YAML passes over tags that it does not know"},
	{name: "Windows line ends", of: func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }, right: "YAML knows them"},
	{name: "a byte order mark", of: func(text string) string { return "\ufeff" + text }, right: "YAML knows it"},
	{name: "keys without prefix", of: func(text string) string { return strings.ReplaceAll(text, "\n  bifrost:", "\n  ") },
		right: "a key without a namespace is the project's own, as Pulumi has it"},
	{name: "no line end at the end", of: strings.TrimSpace, right: "nothing is missing"},
	{name: "further lines", of: appended("\n\n# end\n\n"), right: "blank lines and comments say nothing"},
}

// written is a folder with the stack file.
func written(t *testing.T, name, text string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Pulumi."+name+".yaml"), []byte(text), 0o600))
	return dir
}

// readText reads a stack file as the sandbox does, and judges what it says.
func readText(t *testing.T, name, text string) (string, error) {
	t.Helper()
	look, err := sandbox.Prepare(cloud.NewWorld(), stacktest.Project(t), written(t, name, text))
	if err != nil {
		return "reading", err
	}
	_, err = stacks.Parse(name, look.Config)
	var refused *stacks.ConfigError
	if errors.As(err, &refused) {
		return "configuration", err
	}
	return "", err
}

// TestTexts: a slip in the text of a stack file is told, where it is, and never with what stands below the secrets.
func TestTexts(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"aws-dev", "azure-dev", "google-dev", "local-dev"} {
		text, err := os.ReadFile(filepath.Join(stacktest.Project(t), "Pulumi."+name+".yaml"))
		require.NoError(t, err)
		for _, s := range slips {
			t.Run(name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				wrong := s.of(string(text))
				require.NotEqual(t, string(text), wrong)
				stage, err := readText(t, name, wrong)
				if s.right != "" {
					require.NoError(t, err)
					return
				}
				require.Error(t, err)
				require.NotEmpty(t, stage)
				require.NotContains(t, err.Error(), stacktest.Secret)
			})
		}
	}
}
