package sandbox

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
)

// TestByHandManifest: what is in the clouds is made, and the objects of Kubernetes are written for kubectl. A real cluster gets them in no
// other way.
func TestByHandManifest(t *testing.T) {
	t.Parallel()
	dir, err := filepath.Abs("../..")
	require.NoError(t, err)
	for way, kinds := range map[string][]string{
		"eks":    {"Namespace", "ServiceAccount", "Secret", "Deployment", "Service"},
		"chart":  {"Namespace", "ServiceAccount", "ConfigMap", "Service", "Deployment"},
		"module": {"Namespace", "Secret", "Deployment", "Service"},
	} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			runner := Runner{Program: Bifrost, Stdout: &stdout, Stderr: &stdout}
			request := Request{Stack: "aws-dev", Dir: dir, State: t.TempDir(), Self: "bifrostctl"}
			file := filepath.Join(t.TempDir(), "made.yaml")
			require.NoError(t, runner.ByHand(t.Context(), request, way, file))
			require.Contains(t, stdout.String(), "kubectl apply -f "+file)
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			var written []string
			for line := range strings.Lines(string(text)) {
				if kind, is := strings.CutPrefix(line, "kind: "); is {
					written = append(written, strings.TrimSpace(kind))
				}
			}
			require.Equal(t, kinds, written)
			clouds, err := cloud.Load(filepath.Join(request.State, "aws-dev", "world.json"))
			require.NoError(t, err)
			roles := 0
			for _, r := range clouds.Resources {
				require.NotEqual(t, pulumitype.KubernetesDeployment, r.Type, "nobody but kubectl makes them")
				if r.Type == pulumitype.AwsRole && !r.Seeded {
					roles++
				}
			}
			require.Equal(t, way == "eks", roles == 1)

			require.ErrorContains(t, runner.ByHand(t.Context(), request, "ecs", file), "--manifest: the way ecs makes no objects of Kubernetes")
			request.Kubeconfig = "kind.yaml"
			require.ErrorContains(t, runner.ByHand(t.Context(), request, way, ""), "--manifest FILE")
		})
	}
}
