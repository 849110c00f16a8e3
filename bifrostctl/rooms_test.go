package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRooms: what decides about trust and what is saved know neither the fakes nor those who ask, and verify knows no fake.
func TestRooms(t *testing.T) {
	const module = "bifrost/bifrostctl/"
	for _, room := range []struct {
		packages string
		without  []string
	}{
		{"./verify/...", []string{"sandbox"}},
		{"./judge/...", []string{"sandbox", "verify", "world"}},
		{"./world/...", []string{"sandbox", "verify", "judge"}},
	} {
		listed, err := exec.CommandContext(t.Context(), "go", "list", "-deps", room.packages).Output()
		require.NoError(t, err)
		for _, path := range strings.Fields(string(listed)) {
			for _, other := range room.without {
				require.False(t, strings.HasPrefix(path+"/", module+other+"/"), "%s needs %s", room.packages, path)
			}
		}
	}
}
