package projectdir_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/projectdir"
)

// TestOfFile: a stack may be called by its file's name, as shells complete it.
func TestOfFile(t *testing.T) {
	t.Parallel()
	for argument, want := range map[string]struct {
		folder, stack string
		is            bool
	}{
		"Pulumi.prod.yaml": {"", "prod", true}, "./Pulumi.prod.yaml": {"./", "prod", true},
		"examples/minimal/Pulumi.minimal.yaml": {"examples/minimal/", "minimal", true}, "Pulumi.eu.prod.yaml": {"", "eu.prod", true},
		"prod": {"", "prod", false}, "acme/prod": {"", "acme/prod", false}, "Pulumi.yaml": {"", "Pulumi.yaml", false},
		"examples/minimal": {"", "examples/minimal", false},
	} {
		folder, stack, is := projectdir.OfFile(argument)
		require.Equal(t, want.folder, folder, argument)
		require.Equal(t, want.stack, stack, argument)
		require.Equal(t, want.is, is, argument)
	}
}

// TestDeployed: a stack of the Pulumi CLI has a name and no path; one of the sandbox may be in a folder.
func TestDeployed(t *testing.T) {
	t.Parallel()
	project, err := projectdir.Find("")
	require.NoError(t, err)
	file := filepath.Join(project, "Pulumi.prod.yaml")
	for _, c := range []struct {
		dir, argument string
		sandbox       bool
		folder, stack string
	}{
		{"", "Pulumi.prod.yaml", false, "", "prod"},
		{"", "acme/prod", false, "", "acme/prod"},
		{"", file, false, project + "/", "prod"},
		{"/elsewhere", file, false, "/elsewhere", "prod"},
		{"", "Pulumi.prod.yaml", true, "", "prod"},
		{"", "./minimal/Pulumi.minimal.yaml", true, "", "./minimal/Pulumi.minimal.yaml"},
	} {
		folder, stack := projectdir.Deployed(c.dir, c.argument, c.sandbox)
		require.Equal(t, []string{c.folder, c.stack}, []string{folder, stack}, c.argument)
	}
}
