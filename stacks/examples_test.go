package stacks_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"

	"bifrost/internal/graphtest"
)

// exampleStacks are the stack files of examples/, by the name of their folder and stack.
var exampleStacks = []string{"air-gapped", "aks-production", "clustered", "eks-production", "gke-production", "minimal",
	"on-premises", "openshift",
}

// example reads the stack file of an example, with a canary for every secret that it needs.
func example(t testing.TB, name string) settings {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "examples", name, "Pulumi."+name+".yaml"))
	require.NoError(t, err)
	s := parseStackFile(t, text)
	delete(s, "secrets")
	for _, path := range missing(s) {
		s.set("secrets."+path, canary+"-"+path)
	}
	s.addClusterSecrets()
	if s["eks"] != nil && s["eks"].(map[string]any)["context"] != nil {
		s.set("secrets.kubeconfig", "apiVersion: v1 # "+canary)
	}
	return s
}

func TestEveryExampleIsHere(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../examples/*/Pulumi.*.yaml")
	require.NoError(t, err)
	var found []string
	for _, file := range files {
		if name := filepath.Base(filepath.Dir(file)); filepath.Base(file) == "Pulumi."+name+".yaml" {
			found = append(found, name)
		}
	}
	for _, name := range exampleStacks {
		require.Contains(t, found, name)
		require.FileExists(t, "../examples/"+name+"/README.md")
	}
}

// TestManifests pins what the examples ask of a cluster: what a change does to them is read in the goldens' difference.
func TestManifests(t *testing.T) {
	t.Parallel()
	for _, name := range exampleStacks {
		t.Run(name, func(t *testing.T) {
			got := manifests(t, record(t, name, example(t, name)))
			require.NotContains(t, got, canary, "a secret is not one to Pulumi")
			golden := filepath.Join("testdata", "manifests", name+".yaml")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Equal(t, string(want), got, "review what changes, then run go test ./stacks -update")
		})
	}
}

// manifests are the Kubernetes objects of a graph as YAML, ordered by kind and name.
func manifests(t testing.TB, g *graphtest.Graph) string {
	t.Helper()
	objects := map[string]string{}
	for _, r := range g.Resources {
		if !strings.HasPrefix(r.Type, "kubernetes:") || !r.Request.GetCustom() {
			continue
		}
		object := masked(resource.NewObjectProperty(r.Inputs), false)
		text, err := yaml.Marshal(object)
		require.NoError(t, err)
		// What has no name of its own gets one of its logical name and random digits.
		var name any = r.Name + "-"
		if r.Has("metadata.name") {
			name = r.Input(t, "metadata.name")
		}
		key := fmt.Sprintf("%v %v", r.Input(t, "kind"), name)
		require.NotContains(t, objects, key)
		objects[key] = string(text)
	}
	var b strings.Builder
	keys := make([]string, 0, len(objects))
	for key := range objects {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		fmt.Fprintf(&b, "---\n# %s\n%s", key, objects[key])
	}
	return b.String()
}

// masked is a value with (secret) for every text that is secret to Pulumi.
func masked(v resource.PropertyValue, secret bool) any {
	switch {
	case v.IsSecret():
		return masked(v.SecretValue().Element, true)
	case v.IsOutput():
		return masked(v.OutputValue().Element, secret || v.OutputValue().Secret)
	case v.IsArray():
		list := []any{}
		for _, e := range v.ArrayValue() {
			list = append(list, masked(e, secret))
		}
		return list
	case v.IsObject():
		object := map[string]any{}
		for k, e := range v.ObjectValue() {
			object[string(k)] = masked(e, secret)
		}
		return object
	case secret:
		return "(secret)"
	}
	return v.Mappable()
}
