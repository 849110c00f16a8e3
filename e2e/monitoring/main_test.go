package monitoring

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/controlplane"
)

// program is one of those that make monitoring builds. A test without it is skipped, unless CI counts on it.
func program(t *testing.T, name string) string {
	t.Helper()
	dir, err := controlplane.Binaries()
	if err == nil {
		if _, missing := os.Stat(filepath.Join(dir, name)); missing != nil {
			err = errors.New(name + " is not built here: run make monitoring")
		}
	}
	if err != nil && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	require.NoError(t, err)
	return filepath.Join(dir, name)
}
