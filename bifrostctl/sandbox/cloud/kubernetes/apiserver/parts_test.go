package apiserver_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/sandbox/cloud/kubernetes/apiserver"
	"bifrost/internal/apiparts"
)

// TestPartsOfTheConfiguration: the API server's own code refuses what stacks refuses of pieces of its API, at the same place of the piece,
// and takes what stacks takes.
func TestPartsOfTheConfiguration(t *testing.T) {
	t.Parallel()
	refused, taken := apiparts.All()
	for name, part := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := apiserver.Create(object(part))
			require.Error(t, err, "the API server takes it")
		})
	}
	for name, part := range taken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := apiserver.Create(object(part))
			require.NoError(t, err)
		})
	}
}

// object has a piece where the program puts it.
func object(part apiparts.Part) map[string]any {
	meta := map[string]any{"name": "x", "namespace": "x"}
	main := map[string]any{"name": "bifrost", "image": "x/y:1"}
	pod := map[string]any{"containers": []any{main}, "volumes": []any{map[string]any{"name": "tmp", "emptyDir": map[string]any{}}}}
	switch key := part.Key[strings.LastIndexByte(part.Key, '.')+1:]; key {
	case "extraEgress":
		return map[string]any{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": map[string]any{
			"podSelector": map[string]any{}, "policyTypes": []any{"Egress"}, "egress": part.Value()}}
	case "extraContainers":
		pod["containers"] = append([]any{main}, part.Value().([]any)...)
	case "extraVolumes":
		pod["volumes"] = part.Value()
	default:
		pod[key] = part.Value()
	}
	labels := map[string]any{"app": "x"}
	return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": map[string]any{
		"selector": map[string]any{"matchLabels": labels},
		"template": map[string]any{"metadata": map[string]any{"labels": labels}, "spec": pod},
	}}
}
