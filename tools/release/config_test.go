// Package release holds the tools of a release, and a test of its configuration.
package release

import (
	"os"
	"testing"

	"github.com/goreleaser/goreleaser/v2/pkg/config"
	"github.com/stretchr/testify/require"
)

// TestConfig: goreleaser's own reader takes .goreleaser.yaml, in which it refuses a field that it does not know. What the fields hold,
// `goreleaser check` looks at (make release-check).
func TestConfig(t *testing.T) {
	file, err := os.Open("../../.goreleaser.yaml")
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	project, err := config.LoadReader(file)
	require.NoError(t, err)
	require.Len(t, project.Builds, 2)
	for _, build := range project.Builds {
		require.Equal(t, []string{"linux", "darwin", "windows"}, build.Goos)
		require.Equal(t, []string{"amd64", "arm64"}, build.Goarch)
		require.Contains(t, build.Env, "CGO_ENABLED=0", "the image has no C library for it")
	}
}
