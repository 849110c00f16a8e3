package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/cli"
)

// asProgram makes the test's binary the program: what runs in a shell or on a terminal is the same code.
const asProgram = "BIFROSTCTL_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run())
	}
	os.Exit(m.Run())
}

// everyCommand runs a test for each command that people see.
func everyCommand(t *testing.T, test func(t *testing.T, cmd *cobra.Command)) {
	t.Helper()
	all := cli.Tree(command())
	require.Greater(t, len(all), 20)
	for _, cmd := range all {
		t.Run(cli.Words(cmd), func(t *testing.T) { test(t, cmd) })
	}
}

// TestHelps: each command says what it does, shows an example that it takes, and has --json, or a reason for none.
func TestHelps(t *testing.T) {
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		require.NotEmpty(t, cmd.Short)
		require.False(t, strings.HasSuffix(cmd.Short, "."), cmd.Short)
		require.LessOrEqual(t, len(cmd.Short), 80)
		for line := range strings.Lines(cli.Help(cmd, 80)) {
			require.LessOrEqual(t, ansi.StringWidth(strings.TrimSuffix(line, "\n")), 80, line)
			require.Equal(t, strings.TrimRight(line, " \n"), strings.TrimSuffix(line, "\n"), "blanks at the end")
		}
		require.NotEmpty(t, cmd.Example, "there is no example")
		calls := invocations(cmd.Example, "bifrostctl", nil)
		if cmd.Parent() == nil || cmd.Parent().Name() != "completion" {
			require.NotEmpty(t, calls, cmd.Example)
		}
		shown := cmd.HasAvailableSubCommands() || len(calls) == 0
		for _, words := range calls {
			found, rest, err := command().Find(words)
			require.NoError(t, err, cmd.Example)
			shown = shown || cli.Words(cmd) == cli.Words(found)
			require.NoError(t, found.ParseFlags(rest), cmd.Example)
			require.NoError(t, found.ValidateArgs(found.Flags().Args()), cmd.Example)
		}
		require.True(t, shown, "the examples are of other commands")
		require.NotEqual(t, cmd.Flags().Lookup("json") != nil, cli.WhyNoJSON(cmd) != "", "--json, or the reason for none")
	})
}

// TestWrongUse: a flag or an argument that is none is told of with exit status 2, and with --json in the document.
func TestWrongUse(t *testing.T) {
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		words := strings.Fields(strings.TrimPrefix(cmd.CommandPath(), "bifrostctl"))
		wrong := [][]string{append(words[:len(words):len(words)], "--no-such-flag")}
		if cmd.Name() != "help" && cmd.ValidateArgs([]string{"a", "b", "c", "d", "e"}) != nil {
			wrong = append(wrong, append(words[:len(words):len(words)], "a", "b", "c", "d", "e"))
		}
		if cmd.ValidateArgs(nil) != nil {
			wrong = append(wrong, words)
		}
		for _, args := range wrong {
			var stdout, stderr bytes.Buffer
			require.Equal(t, 2, cli.Execute(t.Context(), command(), args, &stdout, &stderr), "%v: %s", args, stdout.String())
			require.Empty(t, stdout.String())
			require.True(t, strings.HasPrefix(stderr.String(), "bifrostctl: "), stderr.String())
			if cmd.Flags().Lookup("json") == nil {
				continue
			}
			require.Equal(t, 2, cli.Execute(t.Context(), command(), append(args, "--json"), &stdout, &stderr))
			require.Contains(t, stdout.String(), `"command": "`+cli.Words(cmd)+`"`)
			require.Contains(t, stdout.String(), `"exitCode": 2`)
		}
	})
}

// TestHelpHasNoColours: also where colours are forced.
func TestHelpHasNoColours(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	everyCommand(t, func(t *testing.T, cmd *cobra.Command) {
		var stdout, stderr bytes.Buffer
		words := append(strings.Fields(strings.TrimPrefix(cmd.CommandPath(), "bifrostctl")), "--help")
		require.Zero(t, cli.Execute(t.Context(), command(), words, &stdout, &stderr))
		require.Equal(t, cli.Help(cmd, 80), stdout.String())
		require.NotContains(t, stdout.String()+stderr.String(), "\x1b")
	})
}

var update = flag.Bool("update", false, "write docs/commands.md anew")

// TestCommandsPage: docs/commands.md is what the commands say of themselves.
func TestCommandsPage(t *testing.T) {
	want, err := cli.Page(command())
	require.NoError(t, err)
	file := filepath.Join("..", "docs", "commands.md")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run: make docs")
}
