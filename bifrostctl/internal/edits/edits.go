// Package edits changes the sandbox's clouds as somebody with access to a cloud's console could, for tests.
package edits

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// Edit is a change of the clouds that Pulumi does not learn of.
type Edit func(t testing.TB, w *served.World)

// The returns the live things of a type whose id holds a text: at least one, and the one alone whose id is the text.
func The(t testing.TB, w *served.World, typ, id string) []*world.Resource {
	t.Helper()
	var found []*world.Resource
	for _, r := range w.Resources {
		switch {
		case r.Type != typ || r.Deleted:
		case r.ID == id:
			return []*world.Resource{r}
		case strings.Contains(r.ID, id):
			found = append(found, r)
		}
	}
	require.NotEmpty(t, found, "no %s with %q in its id", typ, id)
	return found
}

// Removed deletes things.
func Removed(typ, id string) Edit {
	return func(t testing.TB, w *served.World) {
		for _, r := range The(t, w, typ, id) {
			r.Deleted, r.Edited = true, true
		}
	}
}

// Replacing changes a text in a property that is a text.
func Replacing(typ, id, property, old, new string) Edit {
	return func(t testing.TB, w *served.World) {
		for _, r := range The(t, w, typ, id) {
			before, _ := r.State[property].(string)
			require.Contains(t, before, old, "%s of %s", property, r.ID)
			r.State[property], r.Edited = strings.ReplaceAll(before, old, new), true
		}
	}
}
