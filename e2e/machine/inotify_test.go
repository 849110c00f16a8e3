package machine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Runs beside each other share a raised limit, and the last one gives back what was there before.
func TestLimit(t *testing.T) {
	for before, during := range map[string]string{"128": "100128", "8192\n": "8192\n"} {
		path := filepath.Join(t.TempDir(), "max_user_instances")
		require.NoError(t, os.WriteFile(path, []byte(before), 0o644))
		is := func(want string) {
			t.Helper()
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, want, string(text))
		}
		first, err := raiseLimit(path)
		require.NoError(t, err)
		second, err := raiseLimit(path)
		require.NoError(t, err)
		is(during)
		require.NoError(t, first.Close())
		require.NoError(t, lowerLimit(path))
		is(during)
		require.NoError(t, second.Close())
		require.NoError(t, lowerLimit(path))
		is(before)
		require.NoError(t, lowerLimit(path))
		is(before)
	}
}
