package runbook

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRunbookPage: each command of the page is in the table, and the table has none that the page does not have.
func TestRunbookPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	found, unknown := Read(string(page), Commands)
	require.Empty(t, unknown, "docs/operations.md has what may be a command, and e2e/runbook/commands.go does not say how it is tried")
	for command := range Commands {
		require.True(t, found[command], "docs/operations.md does not have: %s", command)
	}
}

func TestRead(t *testing.T) {
	known := map[string]Way{"pulumi up": Run, "pulumi up --refresh": Run, "for a in b; do\n  c\ndone": Run, "a b": Words}
	found, unknown := Read("text `pulumi up` and `a\nb`, `word`, `kubectl`, `pulumi down`, `key: value`\n```sh\npulumi up --refresh   # comment\n# comment\n\n"+
		"for a in b; do\n  c\ndone\npulumi up --yes\n```\n", known)
	require.Len(t, found, len(known))
	require.Equal(t, []string{"pulumi up --yes", "kubectl", "pulumi down"}, unknown)
}
