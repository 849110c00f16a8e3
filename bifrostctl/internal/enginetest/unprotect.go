package enginetest

import (
	"regexp"

	"github.com/stretchr/testify/require"
)

// unprotectCommand is `pulumi state unprotect` of one resource.
var unprotectCommand = regexp.MustCompile(`pulumi state unprotect '([^']+)'`)

// Unprotect carries out every `pulumi state unprotect` in a text, and returns the logical names of what is protected no more.
func (e *Engine) Unprotect(text string) []string {
	e.t.Helper()
	var names []string
	done := map[string]bool{}
	for _, found := range unprotectCommand.FindAllStringSubmatch(text, -1) {
		if done[found[1]] {
			continue
		}
		done[found[1]] = true
		known := false
		for _, r := range e.state.Resources {
			if string(r.URN) == found[1] {
				require.True(e.t, r.Protect, "%s is not protected", r.URN)
				r.Protect, known = false, true
				names = append(names, r.URN.Name())
			}
		}
		require.True(e.t, known, "the state has no %s", found[1])
	}
	return names
}
