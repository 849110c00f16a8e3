package image

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestArtifactRegistryRepository(t *testing.T) {
	t.Parallel()
	for reference, want := range map[string]*ArtifactRegistryRepository{
		"europe-west1-docker.pkg.dev/acme-images/acme-hub/bifrost:1.0":     {"acme-images", "europe-west1", "acme-hub"},
		"us-docker.pkg.dev/acme-images/acme-hub/a/b/bifrost:1.0":           {"acme-images", "us", "acme-hub"},
		"europe-west1-docker.pkg.dev/acme-images/bifrost:1.0":              nil,
		"europe-west1-docker.pkg.dev/example.com/acme-images/acme-hub/b:1": nil,
		"registry.example.com/acme-images/acme-hub/bifrost:1.0":            nil,
	} {
		parsed, err := Parse(reference)
		require.NoError(t, err, reference)
		got, ok := parsed.ArtifactRegistryRepository()
		require.Equal(t, want != nil, ok, reference)
		if want != nil {
			require.Equal(t, *want, got, reference)
		}
	}
}
