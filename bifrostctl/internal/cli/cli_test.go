package cli_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/cli"
)

// program is one with a command that answers, and one that prints.
func program(run func(cmd *cobra.Command, args []string, out io.Writer) (any, error)) *cobra.Command {
	root := &cobra.Command{Use: "prog", Short: "A program", Example: "  prog do it", Args: cobra.NoArgs}
	group := &cobra.Command{Use: "group", Short: "A group"}
	do := &cobra.Command{Use: "do STACK", Short: "Do it", Args: cli.Stack}
	cli.Answers(do, run)
	group.AddCommand(do)
	root.AddCommand(group)
	cli.Prepare(root)
	return root
}

type fields struct {
	Stack string   `json:"stack"`
	List  []string `json:"list"`
}

func TestExecute(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		err  error
		// text is what stdout has without --json, code the exit status.
		text, told string
		code       int
	}{
		"done":          {args: []string{"group", "do", "a"}, text: "text of a\n"},
		"failed":        {args: []string{"group", "do", "a"}, err: &cli.FailedError{Err: errors.New("it <broke>")}, text: "text of a\n", told: "it <broke>", code: 1},
		"not tried":     {args: []string{"group", "do", "a"}, err: errors.New("no login"), text: "text of a\n", told: "no login", code: 2},
		"no stack":      {args: []string{"group", "do"}, told: "group do takes one stack, not 0 words; see prog group do --help", code: 2},
		"an odd flag":   {args: []string{"group", "do", "a", "--odd"}, told: "group do: unknown flag: --odd; see prog group do --help", code: 2},
		"an odd colour": {args: []string{"group", "do", "a", "--color", "red"}, told: "write auto, always or never", code: 2},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(_ *cobra.Command, args []string, out io.Writer) (any, error) {
				fmt.Fprintln(out, "text of", args[0])
				return fields{args[0], []string{}}, test.err
			}
			var stdout, stderr bytes.Buffer
			require.Equal(t, test.code, cli.Execute(t.Context(), program(run), test.args, &stdout, &stderr))
			require.Equal(t, test.text, stdout.String())
			require.Contains(t, stderr.String(), test.told)

			stdout.Reset()
			require.Equal(t, test.code, cli.Execute(t.Context(), program(run), append(test.args, "--json"), &stdout, &stderr))
			var document struct {
				cli.Envelope
				fields
			}
			decoder := json.NewDecoder(&stdout)
			require.NoError(t, decoder.Decode(&document))
			require.ErrorIs(t, decoder.Decode(&document), io.EOF, "there is one document")
			require.Equal(t, "group do", document.Command)
			require.Equal(t, test.code, document.ExitCode)
			require.Contains(t, document.Error, test.told)
			require.Equal(t, map[bool]string{true: cli.Succeeded, false: cli.Failed}[test.code == 0], document.Result)
			require.Equal(t, test.text != "", document.Stack == "a")
		})
	}
}

// TestEnvelope: the same fields come first, and in the same order.
func TestEnvelope(t *testing.T) {
	var printed bytes.Buffer
	require.NoError(t, cli.Print(&printed, "x", fields{"a", []string{"<"}}, nil))
	require.Equal(t, "{\n  \"command\": \"x\",\n  \"result\": \"succeeded\",\n  \"exitCode\": 0,\n  \"stack\": \"a\",\n  \"list\": [\n    \"<\"\n  ]\n}\n", printed.String())
	printed.Reset()
	require.NoError(t, cli.Print(&printed, "x", nil, errors.New("e")))
	require.JSONEq(t, `{"command": "x", "result": "failed", "exitCode": 2, "error": "e"}`, printed.String())
	require.Error(t, cli.Print(&printed, "x", []string{"a list"}, nil))
}

func TestColour(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err == nil {
		defer terminal.Close()
	}
	for name, test := range map[string]struct {
		flag, no, force, term string
		w                     io.Writer
		want                  bool
	}{
		"a pipe":                     {w: io.Discard},
		"a terminal":                 {w: terminal, term: "xterm", want: true},
		"a dumb terminal":            {w: terminal, term: "dumb"},
		"NO_COLOR":                   {w: terminal, term: "xterm", no: "1"},
		"CLICOLOR_FORCE":             {w: io.Discard, force: "1", want: true},
		"CLICOLOR_FORCE=0":           {w: io.Discard, force: "0"},
		"NO_COLOR wins":              {w: io.Discard, no: "1", force: "1"},
		"--color always":             {w: io.Discard, flag: "always", no: "1", want: true},
		"--color never":              {w: terminal, term: "xterm", flag: "never", force: "1"},
		"--color auto on a terminal": {w: terminal, term: "xterm", flag: "auto", want: true},
	} {
		t.Run(name, func(t *testing.T) {
			if test.w == terminal && err != nil {
				t.Skip("there are no pseudo-terminals here")
			}
			t.Setenv("NO_COLOR", test.no)
			t.Setenv("CLICOLOR_FORCE", test.force)
			t.Setenv("TERM", test.term)
			root := program(nil)
			if test.flag != "" {
				require.NoError(t, root.PersistentFlags().Set("color", test.flag))
			}
			require.Equal(t, test.want, cli.Colour(root, test.w))
		})
	}
}

func TestHelp(t *testing.T) {
	root := program(nil)
	do, _, err := root.Find([]string{"group", "do"})
	require.NoError(t, err)
	do.Long = strings.Repeat("many words ", 40) + "\n\n  kept   as it is\n\nlast"
	do.Flags().String("long", "", strings.Repeat("what a flag means ", 20))
	help := cli.Help(do, 60)
	for line := range strings.Lines(help) {
		require.LessOrEqual(t, len(line)-1, 60, line)
	}
	require.Contains(t, help, "\n  kept   as it is\n")
	require.Contains(t, help, "Usage:\n  prog group do STACK [flags]\n")
	require.Contains(t, cli.Help(root, 80), "Exit status:\n  0  ")
	require.Contains(t, cli.Help(root, 80), "Examples:\n  prog do it\n")
}
