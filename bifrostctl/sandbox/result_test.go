package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
)

func TestMask(t *testing.T) {
	require.Equal(t, "[secret] and [secret], not abc", maskText("long-canary and canary, not abc", []string{"canary", "long-canary", "abc"}))
	require.Equal(t, `"a [secret]" and [secret]`, maskText(`"a two\nlines" and dHdvCmxpbmVz`, []string{"two\nlines"}), "quoted, and as a Secret has it")
}

func TestFailure(t *testing.T) {
	err, programErr := errors.New("exit status 1"), errors.New("the program's")
	tests := map[string]struct {
		programErr error
		said       []string
		want       string
	}{
		"nothing said":            {nil, nil, "exit status 1"},
		"only that it failed":     {nil, []string{"update failed"}, "exit status 1"},
		"a resource":              {nil, []string{"aws:iam/role:Role x: denied", "update failed"}, "aws:iam/role:Role x: denied"},
		"the program":             {programErr, []string{"an unhandled error occurred: 1 error occurred:\n\t* the program's"}, "the program's"},
		"a call of the program's": {nil, []string{"an unhandled error occurred: waiting for RPCs: not found"}, "waiting for RPCs: not found"},
		"both":                    {programErr, []string{"aws:iam/role:Role x: denied"}, "the program's\naws:iam/role:Role x: denied"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) { require.EqualError(t, failure(err, test.programErr, test.said), test.want) })
	}
}

func TestDocumentNamesEveryField(t *testing.T) {
	var document bytes.Buffer
	require.NoError(t, printJSON(&document, &Result{Resources: []Resource{{}}}))
	var fields map[string]any
	require.NoError(t, json.Unmarshal(document.Bytes(), &fields))
	require.ElementsMatch(t, []string{"command", "result", "exitCode", "stack", "changes", "resources", "outputs", "steps", "seconds"}, slices.Collect(maps.Keys(fields)))
	require.ElementsMatch(t, []string{"urn", "type", "parent", "provider", "id", "inputs"}, slices.Collect(maps.Keys(fields["resources"].([]any)[0].(map[string]any))))
}

func TestHide(t *testing.T) {
	value := map[string]any{"data": map[string]any{"a": "x"}, "list": []any{map[string]any{"value": "x"}, "plain"}, "a.b": "x", "plain": 1.0}
	require.Equal(t, map[string]any{"data": changes.Masked, "list": []any{map[string]any{"value": changes.Masked}, "plain"}, "a.b": changes.Masked, "plain": 1.0},
		hide(value, nil, []string{"data", "list[0].value", `["a.b"]`}))
}
