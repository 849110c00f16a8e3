package stacks_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
)

var (
	keyRow    = regexp.MustCompile("(?m)^\\| (`[^|]*) \\|")
	deleteRow = regexp.MustCompile("(?m)^\\| ([^`|][^|]*) \\| ([^|]*`[^|]*) \\|$")
	pathOf    = regexp.MustCompile("`([a-z][A-Za-z]*\\.[A-Za-z_.]+)`")
)

// TestProductionPage: docs/production.md names keys that its examples have, or the reference, and an example goes up without what a row
// says may be deleted, without each alone and without all of it.
func TestProductionPage(t *testing.T) {
	t.Parallel()
	project := stacktest.Project(t)
	page, err := os.ReadFile(filepath.Join(project, "docs", "production.md"))
	require.NoError(t, err)
	reference, err := os.ReadFile(filepath.Join(project, "docs", "reference", "configuration.md"))
	require.NoError(t, err)
	toSet, toDelete, found := strings.Cut(string(page), "| You have no | Delete |")
	require.True(t, found)

	examples := []*stacktest.Stack{stacktest.New(t, "examples/eks-production"), stacktest.New(t, "examples/aks-production")}
	keys := 0
	for _, row := range keyRow.FindAllStringSubmatch(toSet, -1) {
		for _, key := range pathOf.FindAllStringSubmatch(row[1], -1) {
			keys++
			require.True(t, has(t, examples[0], key[1]) || has(t, examples[1], key[1]) ||
				strings.Contains(string(reference), "| `"+key[1]+"` |"), "there is no key %s", key[1])
		}
	}
	require.Greater(t, keys, 20)

	rows := deleteRow.FindAllStringSubmatch(toDelete, -1)
	require.Greater(t, len(rows), 4)
	for _, key := range pathOf.FindAllStringSubmatch(toDelete[:strings.Index(toDelete, "\n\n")], -1) {
		require.True(t, has(t, examples[0], key[1]) || has(t, examples[1], key[1]), "no example has %s", key[1])
	}
	for _, s := range examples {
		var all []string
		for _, row := range rows {
			var without []string
			for _, key := range pathOf.FindAllStringSubmatch(row[2], -1) {
				if has(t, s, key[1]) {
					without = append(without, key[1]+"=null")
				}
			}
			all = append(all, without...)
			goesUp(t, s, row[1], without)
		}
		require.NotEmpty(t, all)
		goesUp(t, s, "all of it", append(all, "gateway.replicas=3"))
	}
}

func goesUp(t *testing.T, s *stacktest.Stack, without string, settings []string) {
	t.Helper()
	preview := s.Set(settings...).Engine.Preview()
	require.NoError(t, preview.Err, "%s without %s: %s", s.Way.Stack, without, preview.Messages())
}

// has tells whether the stack file has a key, by its dotted path.
func has(t *testing.T, s *stacktest.Stack, path string) bool {
	t.Helper()
	first, rest, _ := strings.Cut(path, ".")
	text, ok := s.Prepare().Config.Values[first]
	if !ok {
		return false
	}
	var value any
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	for _, name := range strings.Split(rest, ".") {
		object, _ := value.(map[string]any)
		if value = object[name]; value == nil {
			return false
		}
	}
	return true
}
