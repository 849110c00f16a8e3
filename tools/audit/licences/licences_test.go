package licences_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/tools/audit/licences"
)

// TestModules: what this program is made of is found, with the licences that these modules have, and what has none is said.
func TestModules(t *testing.T) {
	found, err := licences.Of("..")
	require.NoError(t, err)
	found = append(found, licences.Module{Path: "example.com/none", Version: "v1.0.0", Dir: t.TempDir()})
	classified, err := licences.Classify(found)
	require.NoError(t, err)
	of := map[string][]string{}
	for _, m := range classified {
		of[m.Path] = m.Licences
	}
	require.Equal(t, []string{"Apache-2.0"}, of["github.com/google/licenseclassifier/v2"])
	require.Contains(t, of["sigs.k8s.io/yaml"], "MIT")
	require.Empty(t, of["example.com/none"])
	require.NotContains(t, of, "bifrost/tools/audit")
	require.NotContains(t, of, "github.com/zricethezav/gitleaks/v8", "a tool is no part of the program")
}

// TestPolicy: what is not allowed is a problem, and so is a line of the policy that nothing needs.
func TestPolicy(t *testing.T) {
	modules := []licences.Module{
		{Path: "example.com/free", Version: "v1.0.0", Licences: []string{"MIT"}},
		{Path: "example.com/both", Version: "v1.0.0", Licences: []string{"GPL-3.0", "MIT"}},
		{Path: "example.com/unknown", Version: "v2.0.0", Dir: "/modules/unknown"},
		{Path: "example.com/taken", Version: "v1.0.0", Licences: []string{"AGPL-3.0"}},
	}
	policy := licences.Policy{
		Allowed:    map[string]string{"MIT": "keep it", "ISC": "keep it"},
		Exceptions: map[string]string{"example.com/taken": "bought", "example.com/gone": "was needed once"},
	}
	require.Equal(t, []string{
		"example.com/both@v1.0.0 is under GPL-3.0, which the policy does not allow",
		"example.com/unknown@v2.0.0 has no licence that is known: read /modules/unknown, and make it an exception with the reason",
		"the policy has ISC, which nothing needs: remove it",
		"the policy has example.com/gone, which nothing needs: remove it",
	}, policy.Problems(modules))
}

// TestReadPolicy: the policy of this repository can be read; a line without a reason, and a key that there is not, cannot.
func TestReadPolicy(t *testing.T) {
	_, err := licences.ReadPolicy("../licences.yaml")
	require.NoError(t, err)
	for text, want := range map[string]string{
		"allowed: {MIT: ''}":              "MIT has no reason",
		"exceptions: {example.com/a: ''}": "example.com/a has no reason",
		"allow: {MIT: keep it}":           "allow",
		"allowed: [MIT]":                  "allowed",
	} {
		file := filepath.Join(t.TempDir(), "licences.yaml")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		_, err := licences.ReadPolicy(file)
		require.ErrorContains(t, err, want)
	}
}
