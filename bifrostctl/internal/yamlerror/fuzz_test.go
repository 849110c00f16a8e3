package yamlerror_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/yamlerror"
)

// FuzzExplain: a mistake anywhere in a stack file is told without what stands below the secrets.
func FuzzExplain(f *testing.F) {
	const secret = "canary-5f0c"
	for _, seed := range []struct{ before, within, after string }{
		{"config:\n  bifrost:platform: aws\n", "", "  x\n"}, {"", " :", ""}, {"config:\n", "  [", "\n"}, {"config: {", "'", "}"}, {"a: b: c\n", "", ""},
		{"config:\n  bifrost:eks:\n    a: 1\n", "\n   x", "  bifrost:tags: [\n"}, {"\tconfig:\n", "", ""}, {"", "\"", "\n\n\n"}, {"? ", "\n: ", "!!x"},
	} {
		f.Add(seed.before, seed.within, seed.after, false)
		f.Add(seed.before, seed.within, seed.after, true)
	}
	f.Fuzz(func(t *testing.T, before, within, after string, bare bool) {
		key := "  bifrost:secrets:\n    license: "
		if bare {
			key = "  secrets:\n    license: "
		}
		text := before + key + secret + within + "\n" + after
		var file map[string]any
		err := yaml.Unmarshal([]byte(text), &file)
		if err == nil {
			return
		}
		require.NotContains(t, yamlerror.Explain([]byte(text), err).Error(), secret)
	})
}
