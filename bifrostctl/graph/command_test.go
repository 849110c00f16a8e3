package graph_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/graph"
)

func run(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	cmd := graph.Command(nil)
	var out bytes.Buffer
	cmd.SetIn(strings.NewReader(input))
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.Execute()
	return out.String(), err
}

// TestCommand: each format is written to stdout, or to a file by whose name it is known.
func TestCommand(t *testing.T) {
	t.Parallel()
	for format, begins := range map[string]string{"mermaid": "flowchart LR\n", "svg": "<svg ", "json": "{\n", "html": "<!DOCTYPE html>"} {
		file := filepath.Join(t.TempDir(), "stack."+format)
		_, err := run(t, string(state(t)), "-", "-o", file)
		require.NoError(t, err)
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(text), begins), format)
	}
}

// TestWrongCommand: what is wrong is told with what mends it.
func TestWrongCommand(t *testing.T) {
	t.Parallel()
	nothing, err := json.Marshal(map[string]any{"deployment": map[string]any{"resources": []any{}}})
	require.NoError(t, err)
	for _, c := range []struct {
		input, says string
		args        []string
	}{
		{"", "takes one stack", nil},
		{"", "--state is the sandbox's folder", []string{"prod", "--state", "x"}},
		{"", "--sandbox: - reads the input", []string{"-", "--sandbox"}},
		{"", "it is one of mermaid, svg, json, html", []string{"-", "--format", "png"}},
		{"", "add --format mermaid|svg|json|html", []string{"-", "-o", "stack.png"}},
		{string(nothing), "has no resources to draw", []string{"-"}},
		{string(state(t)), "--times", []string{"-", "--times", "nowhere.json"}},
	} {
		_, err := run(t, c.input, c.args...)
		require.ErrorContains(t, err, c.says, c.args)
	}
}
