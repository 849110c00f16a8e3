package stackfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"bifrost/bifrostctl/internal/stackfile"
)

// FuzzParse: a file is written as it was read; an edit of it is either refused, or makes a file that has the value and all others.
func FuzzParse(f *testing.F) {
	found, err := filepath.Glob("../../../examples/*/Pulumi.*.yaml")
	require.NoError(f, err)
	require.NotEmpty(f, found)
	for _, name := range append(found, "../../../Pulumi.aws-dev.yaml", "../../../Pulumi.local-dev.yaml") {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(string(text), "gateway.replicas")
	}
	for _, seed := range []string{
		file, "config:\n  a: 1\n", "config: {a: 1}\n", "config:\n\ta: 1\n", "config:\n  a: &x [1]\n  b: *x\n", "config:\n  ? [a]\n  : b\n",
		"config:\n  bifrost:secrets:\n    license: canary-5f0c\n   x\n", "config:\n  secrets:\n    license: canary-5f0c\n   x: [\n", "config:\r\n  a: 1\r\n",
		"%YAML 1.1\n---\nconfig:\n  a: 1\n---\nconfig:\n  b: 1\n", "config:\n  <<: {a: 1}\n", "\ufeffconfig:\n  a: |\n    b\n",
	} {
		f.Add(seed, "eks.clusterName")
	}
	f.Fuzz(func(t *testing.T, text, key string) {
		parsed, err := stackfile.Parse(text)
		if err != nil {
			require.NotContains(t, err.Error(), "canary-5f0c")
			return
		}
		require.Equal(t, strings.TrimSuffix(text, "\n"), strings.TrimSuffix(parsed.Text(), "\n"))
		values, err := parsed.Values()
		if err != nil {
			return
		}
		path, err := resource.ParsePropertyPath(key)
		if err != nil || len(path) == 0 {
			return
		}
		if _, named := path[0].(string); !named {
			return
		}
		edited, err := parsed.Set(path, "some text", func(string) int { return -1 })
		if err != nil {
			return
		}
		after, err := edited.Values()
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(after), min(len(values), 1))
		written, err := yaml.Marshal(after)
		require.NoError(t, err)
		require.Contains(t, string(written), "some text")
	})
}
