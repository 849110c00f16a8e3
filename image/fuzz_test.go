package image

import (
	"strings"
	"testing"

	"github.com/distribution/reference"
	"github.com/stretchr/testify/require"
)

// FuzzParse: what is taken is taken by Docker's own reader, too, as the same image; and its text is read as the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.0", "europe-west1-docker.pkg.dev/bifrost-dist/acme-hub/bifrost:2.1.0",
		"registry.example.com:5000/a/b@sha256:" + strings.Repeat("0a", 32), "registry.example.com/a:1@sha256:" + strings.Repeat("0a", 32),
		"gcr.io/acme-dev/bifrost:1", "111122223333.dkr-ecr-fips.us-gov-west-1.on.aws/a:1", "[fd00::1]:5000/a:1", "a:latest", "A/b:1", "a/b", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := Parse(text)
		if err != nil {
			require.Zero(t, parsed)
			return
		}
		docker, err := reference.ParseNormalizedNamed(text)
		require.NoError(t, err)
		if strings.ContainsAny(parsed.Host, ".:") {
			require.Equal(t, docker.Name(), parsed.Host+"/"+parsed.Path)
		}
		again, err := Parse(parsed.String())
		require.NoError(t, err, "what is run is no reference")
		require.Equal(t, parsed.String(), again.String())
		if of, is := parsed.Ecr(); is {
			require.True(t, strings.HasPrefix(parsed.Host, of.AccountId+".dkr"), parsed.Host)
			require.Contains(t, parsed.Host, "."+of.Region+".")
			require.False(t, parsed.ArtifactRegistry(), "of two clouds")
		}
		if of, is := parsed.ArtifactRegistryRepository(); is {
			require.True(t, parsed.ArtifactRegistry())
			require.Empty(t, of.Validate(nil), "a repository that nobody could name")
		}
	})
}
