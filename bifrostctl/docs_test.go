package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/syntax"
)

var (
	fenced = regexp.MustCompile("(?s)```sh\n(.*?)```")
	inline = regexp.MustCompile("`([^`\n]+)`")
	// configured is a key that a command sets.
	configured = regexp.MustCompile(`bifrost:([A-Za-z][A-Za-z0-9.]*)`)
)

// TestCommandsOfTheDocuments: the program takes every command that a document has of it, with its flags and as many arguments.
func TestCommandsOfTheDocuments(t *testing.T) {
	commands := 0
	for page, text := range documents(t) {
		for _, line := range codeOf(text) {
			for _, words := range invocations(line, "bifrostctl", nil) {
				cmd, rest, err := command().Find(words)
				require.NoError(t, err, "%s: %s", page, line)
				cmd.InitDefaultVersionFlag()
				require.NoError(t, cmd.ParseFlags(rest), "%s: %s", page, line)
				if args := cmd.Flags().Args(); len(args) > 0 {
					require.NoError(t, cmd.ValidateArgs(args), "%s: %s", page, line)
				}
				commands++
			}
		}
	}
	require.Greater(t, commands, 60, "the commands were not found")
}

// TestKeysOfTheDocuments: every key that a command of a document sets is in the reference, or is an entry of one that is.
func TestKeysOfTheDocuments(t *testing.T) {
	pages := documents(t)
	reference := pages["docs/reference/configuration.md"]
	require.NotEmpty(t, reference)
	keys := 0
	for page, text := range pages {
		for _, line := range codeOf(text) {
			for _, found := range configured.FindAllStringSubmatch(line, -1) {
				key := strings.TrimSuffix(found[1], ".")
				if key == "KEY" || strings.HasPrefix(key, "index") {
					continue
				}
				within := key[:max(0, strings.LastIndex(key, "."))]
				require.True(t, listed(reference, key) || listed(reference, within), "%s: there is no key %s: %s", page, key, line)
				keys++
			}
		}
	}
	require.Greater(t, keys, 20, "the keys were not found")
}

func listed(reference, key string) bool {
	return key != "" && strings.Contains(reference, "| `"+key+"` |")
}

// codeOf is what a shell could read on a page: its blocks, and what stands between backticks.
func codeOf(text string) []string {
	var code []string
	for _, block := range fenced.FindAllStringSubmatch(text, -1) {
		code = append(code, block[1])
	}
	for _, span := range inline.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		code = append(code, span[1])
	}
	return code
}

// invocations are the arguments of each call of a program in a text of shell, with the given variables; a part of one, which has "...", is
// none.
func invocations(text, program string, variables expand.Environ) [][]string {
	file, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	if err != nil || strings.Contains(text, "...") {
		return nil
	}
	var all [][]string
	syntax.Walk(file, func(node syntax.Node) bool {
		call, ok := node.(*syntax.CallExpr)
		if !ok {
			return true
		}
		var words []string
		for _, word := range call.Args {
			if _, isOutput := word.Parts[0].(*syntax.ProcSubst); isOutput {
				return true // a command within, which comes next
			}
			literal, err := expand.Literal(&expand.Config{Env: variables}, word)
			if err != nil {
				return true // what another command prints
			}
			words = append(words, literal)
		}
		if len(words) > 1 && filepath.Base(words[0]) == program {
			all = append(all, words[1:])
		}
		return true
	})
	return all
}

func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "testdata" {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		text, err := os.ReadFile(path)
		pages[strings.TrimPrefix(filepath.ToSlash(path), "../")] = string(text)
		return err
	}))
	return pages
}
