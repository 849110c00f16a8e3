package kubernetes_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
)

// TestNetworkCa: the gateway trusts the network's authorities beside those of its image, and rolls when they change.
func TestNetworkCa(t *testing.T) {
	t.Parallel()
	with := func(ca *kubernetes.CaArgs) func(*kubernetes.BifrostWorkloadArgs) {
		return func(a *kubernetes.BifrostWorkloadArgs) {
			migrating(a)
			a.NetworkCa = ca
		}
	}
	g := recordWorkload(t, with(&kubernetes.CaArgs{Pem: "PEM"}))
	configMap, d := g.One(t, "kubernetes:core/v1:ConfigMap"), g.One(t, deploymentType)
	require.Equal(t, "bifrost-network-ca", configMap.Input(t, "metadata.name"))
	require.Equal(t, map[string]any{"network-ca.pem": "PEM"}, configMap.Input(t, "data"))
	require.True(t, g.DependsOn(d, configMap))
	for which, r := range map[string]string{"gateway": deploymentType, "migration": jobType} {
		pod := g.One(t, r)
		require.Equal(t, "/etc/bifrost/network-ca", envOf(t, pod, gatewayContainer)["SSL_CERT_DIR"], which)
		require.NotContains(t, envOf(t, pod, gatewayContainer), "SSL_CERT_FILE", "it would take the place of the image's authorities")
		require.Contains(t, pod.Input(t, gatewayContainer+".volumeMounts"),
			map[string]any{"name": "network-ca", "mountPath": "/etc/bifrost/network-ca", "readOnly": true}, which)
	}
	const checksum = `spec.template.metadata.annotations["checksum/config"]`
	other := recordWorkload(t, with(&kubernetes.CaArgs{Pem: "OTHER"})).One(t, deploymentType)
	require.NotEqual(t, d.Input(t, checksum), other.Input(t, checksum))

	existing := recordWorkload(t, with(&kubernetes.CaArgs{ConfigMap: &kubernetes.ConfigMapKeyRef{Name: "team-ca", Key: "ca.crt"}}))
	require.Empty(t, existing.Of("kubernetes:core/v1:ConfigMap"))

	args := workloadArgs()
	args.NetworkCa, args.Env = &kubernetes.CaArgs{}, map[string]string{"SSL_CERT_DIR": "/own"}
	err := args.Validate(nil).ToAggregate()
	require.ErrorContains(t, err, "give exactly one of pem, configMap and secret")
	require.ErrorContains(t, err, "SSL_CERT_DIR is set, too")
}
