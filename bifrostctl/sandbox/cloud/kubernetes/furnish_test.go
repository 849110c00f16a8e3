package kubernetes_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes"
)

// TestFurnishKeys: an existing Secret has the keys that the configuration names first, and further ones that it names besides. A name in the
// place of one that it has, and a slip away, stays missing, as it would be in life.
func TestFurnishKeys(t *testing.T) {
	t.Parallel()
	w := cloud.NewWorld()
	w.SeedAWS(cloud.AWSAccount{ID: "111122223333", EKS: []cloud.EKSCluster{{Name: "dev", Region: "us-east-1", Version: "1.34"}}})
	server := slices.Collect(maps.Keys(w.Clusters))[0]
	name := kubernetes.Name{Namespace: "llm", Name: "llm-keys"}
	furnish := func(keys ...string) (has []string, told []string) {
		named := map[string]string{}
		for _, key := range keys {
			named[key] = "fake"
		}
		w.Given = nil
		kubernetes.Furnish(w, server, kubernetes.Contents{Secrets: []kubernetes.Data{{Name: name, Keys: named}}})
		for _, given := range w.Given {
			told = append(told, given.Keys...)
		}
		data := w.Get(pulumitype.KubernetesSecret, server, "llm/llm-keys").State["data"].(map[string]any)
		return slices.Sorted(maps.Keys(data)), told
	}
	for _, step := range []struct{ named, has, told []string }{
		{[]string{"openai"}, []string{"openai"}, []string{"openai"}},
		{[]string{"opnai"}, []string{"openai"}, nil},
		{[]string{"openai", "openai2"}, []string{"openai", "openai2"}, []string{"openai2"}},
		{[]string{"anthropic"}, []string{"anthropic", "openai", "openai2"}, []string{"anthropic"}},
		{[]string{"openai"}, []string{"anthropic", "openai", "openai2"}, nil},
	} {
		has, told := furnish(step.named...)
		require.Equal(t, step.has, has, "%v", step.named)
		require.Equal(t, step.told, told, "%v", step.named)
	}
}
