package kubernetes_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
)

const stsType = "kubernetes:apps/v1:StatefulSet"

// TestStorage: one pod with its own volume, which outlives the StatefulSet, and never two pods at once.
func TestStorage(t *testing.T) {
	t.Parallel()
	g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) { a.Replicas, a.Storage = 1, &kubernetes.WorkloadStorageArgs{} })
	require.Empty(t, g.Of("kubernetes:apps/v1:Deployment"))
	set := g.One(t, stsType)
	for path, want := range map[string]any{
		"metadata.name":                             "bifrost",
		"spec.replicas":                             1.0,
		"spec.serviceName":                          "bifrost-peers",
		"spec.updateStrategy":                       map[string]any{"type": "RollingUpdate"},
		"spec.podManagementPolicy":                  "Parallel",
		"spec.persistentVolumeClaimRetentionPolicy": map[string]any{"whenDeleted": "Retain", "whenScaled": "Retain"},
		"spec.volumeClaimTemplates": []any{map[string]any{
			"metadata": map[string]any{"name": "data", "labels": map[string]any{"app": "bifrost"}},
			"spec": map[string]any{"accessModes": []any{"ReadWriteOnce"},
				"resources": map[string]any{"requests": map[string]any{"storage": "10Gi"}}},
		}},
		"spec.template.spec.securityContext.fsGroupChangePolicy": "OnRootMismatch",
		"spec.template.spec.volumes": []any{
			map[string]any{"name": "config", "secret": map[string]any{"secretName": "bifrost-config"}},
			map[string]any{"name": "tmp", "emptyDir": map[string]any{"sizeLimit": "2Gi"}},
		},
	} {
		require.Equal(t, want, set.Input(t, path), path)
	}
	require.True(t, set.Has(`spec.template.metadata.annotations["checksum/config"]`))
	require.False(t, set.Has("spec.template.spec.topologySpreadConstraints"))
	require.Empty(t, g.Of("kubernetes:policy/v1:PodDisruptionBudget"), "it would block every drain")

	peers := g.Named(t, "kubernetes:core/v1:Service", "x-peers")
	require.Equal(t, "None", peers.Input(t, "spec.clusterIP"))
	require.Equal(t, "bifrost-peers", peers.Input(t, "metadata.name"))
	service := g.Named(t, "kubernetes:core/v1:Service", "x-service")
	require.True(t, g.DependsOn(service, set))
	require.Equal(t, []any{httpsRule},
		g.One(t, policyType).Input(t, "spec.egress").([]any)[1:], "no database")
	requireNoLeak(t, g)

	sized := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Replicas, a.Storage = 1, &kubernetes.WorkloadStorageArgs{Size: "50Gi", ClassName: "gp3"}
	}).One(t, stsType)
	require.Equal(t, "50Gi", sized.Input(t, "spec.volumeClaimTemplates[0].spec.resources.requests.storage"))
	require.Equal(t, "gp3", sized.Input(t, "spec.volumeClaimTemplates[0].spec.storageClassName"))

	existing := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Replicas, a.Storage = 1, &kubernetes.WorkloadStorageArgs{ExistingClaim: "bifrost-data"}
	}).One(t, stsType)
	require.False(t, existing.Has("spec.volumeClaimTemplates[0]"))
	require.Equal(t, map[string]any{"name": "data", "persistentVolumeClaim": map[string]any{"claimName": "bifrost-data"}},
		existing.Input(t, "spec.template.spec.volumes[2]"))
}
