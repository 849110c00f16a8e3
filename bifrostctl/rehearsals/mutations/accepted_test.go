package mutations_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// accepted are mistakes that the configuration takes, for one reason.
type accepted struct {
	// Why says why that is right.
	Why string `json:"why"`
	// Kinds are those of the table of mistakes; none means all.
	Kinds []string `json:"kinds"`
	// Keys are where the mistake may be made; one that ends with * means all that begin so.
	Keys []string `json:"keys"`

	met map[string]bool
}

// list is the committed file of all that is accepted.
type list []*accepted

func readList(t testing.TB) list {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "accepted.yaml"))
	require.NoError(t, err)
	var all list
	require.NoError(t, yaml.UnmarshalStrict(text, &all))
	for _, a := range all {
		require.NotEmpty(t, a.Why)
		require.NotEmpty(t, a.Keys, a.Why)
		a.met = map[string]bool{}
	}
	return all
}

// find is the first row for a mistake; nil where there is none.
func (l list) find(kind, key string) *accepted {
	for _, a := range l {
		at := slices.IndexFunc(a.Keys, func(known string) bool {
			start, whole := strings.CutSuffix(known, "*")
			return known == key || whole && strings.HasPrefix(key, start)
		})
		if at < 0 || len(a.Kinds) > 0 && !slices.Contains(a.Kinds, kind) {
			continue
		}
		a.met[a.Keys[at]], a.met[kind] = true, true
		return a
	}
	return nil
}

// idle are the keys and kinds of the list that no mistake needed.
func (l list) idle() []string {
	var all []string
	for _, a := range l {
		for _, name := range slices.Concat(a.Kinds, a.Keys) {
			if !a.met[name] {
				all = append(all, a.Why+": "+name)
			}
		}
	}
	return all
}
