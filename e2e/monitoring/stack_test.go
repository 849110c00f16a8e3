package monitoring

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// watched are the examples with alerts: what their manifests call the CronJob, and how long its token lives.
var watched = []struct {
	example, cronJob string
	life             int // seconds
}{
	{"eks-production", "refresh-ecr-secret", 12 * 60 * 60},
	{"aks-production", "refresh-ar-secret", 60 * 60},
}

// object is one of an example's manifests.
type object struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	text     []byte
}

// manifests are those of an example, which its golden file says it makes.
func manifests(t *testing.T, example string) []object {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "stacks", "testdata", "manifests", example+".yaml"))
	require.NoError(t, err)
	var all []object
	for _, part := range strings.Split(string(text), "\n---\n") {
		o := object{text: []byte(part)}
		require.NoError(t, yaml.Unmarshal(o.text, &o))
		all = append(all, o)
	}
	return all
}

// manifest is the one of a kind and name.
func manifest(t *testing.T, example, kind, name string) []byte {
	t.Helper()
	for _, o := range manifests(t, example) {
		if o.Kind == kind && o.Metadata.Name == name {
			return o.text
		}
	}
	t.Fatalf("%s has no %s %s", example, kind, name)
	return nil
}
