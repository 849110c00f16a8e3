package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFind: targets are found in their packages, and those of modules below are not.
func TestFind(t *testing.T) {
	root, err := find("../..", ".")
	require.NoError(t, err)
	var names []string
	for _, found := range root {
		require.Equal(t, ".", found.module)
		names = append(names, found.String())
	}
	require.Contains(t, names, "image FuzzParse")
	require.Contains(t, names, "stacks FuzzConfiguration")
	require.NotContains(t, names, "bifrostctl/changes FuzzRead")
	below, err := find("../..", "bifrostctl")
	require.NoError(t, err)
	require.Contains(t, below, target{"bifrostctl", "changes", "FuzzRead"})
}

// TestProgress: the last line of what Go's fuzzing says is counted, with guidance and without.
func TestProgress(t *testing.T) {
	for said, want := range map[string][2]string{
		"fuzz: elapsed: 0s, gathering baseline coverage: 0/5 completed\nfuzz: elapsed: 3s, execs: 12 (4/sec), new interesting: 3 (total: 8)\n": {"12", "3"},
		"fuzz: elapsed: 3s, execs: 7 (2/sec)\n": {"7", ""},
	} {
		m := progress.FindStringSubmatch(said)
		require.Equal(t, want[:], m[1:])
	}
}
