package kubernetes_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
)

// TestClustering: the pods may read the pods of their namespace and hold a token for that, in the gateway's container alone.
func TestClustering(t *testing.T) {
	t.Parallel()
	g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Replicas, a.Clustering = 3, &kubernetes.WorkloadClusteringArgs{}
	})
	role, binding := g.One(t, "kubernetes:rbac.authorization.k8s.io/v1:Role"), g.One(t, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding")
	require.Equal(t, "bifrost-discovery", role.Input(t, "metadata.name"))
	require.Equal(t, []any{map[string]any{"apiGroups": []any{""}, "resources": []any{"pods"}, "verbs": []any{"get", "list", "watch"}}},
		role.Input(t, "rules"))
	require.Equal(t, []any{map[string]any{"kind": "ServiceAccount", "name": "bifrost-sa", "namespace": "bifrost"}},
		binding.Input(t, "subjects"))
	require.Equal(t, map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "bifrost-discovery"},
		binding.Input(t, "roleRef"))

	d := g.One(t, deploymentType)
	require.True(t, g.DependsOn(d, binding))
	require.Equal(t, false, d.Input(t, "spec.template.spec.automountServiceAccountToken"))
	require.Equal(t, []any{
		map[string]any{"name": "http", "containerPort": 8080.0, "protocol": "TCP"},
		map[string]any{"name": "gossip", "containerPort": 10101.0, "protocol": "TCP"},
		map[string]any{"name": "gossip-udp", "containerPort": 10101.0, "protocol": "UDP"},
		map[string]any{"name": "grpc", "containerPort": 10102.0, "protocol": "TCP"},
	}, d.Input(t, gatewayContainer+".ports"))
	require.Contains(t, d.Input(t, gatewayContainer+".volumeMounts"), map[string]any{
		"name": "kubernetes-token", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true})
	token := d.Input(t, "spec.template.spec.volumes[3]").(map[string]any)
	require.Equal(t, "kubernetes-token", token["name"])
	require.Len(t, token["projected"].(map[string]any)["sources"], 3, "token, the API server's certificate authority, the namespace")

	peers := g.Named(t, "kubernetes:core/v1:Service", "x-peers")
	require.Equal(t, "true", peers.Input(t, `metadata.annotations["pulumi.com/skipAwait"]`))
	require.Equal(t, map[string]any{
		"type": "ClusterIP", "clusterIP": "None", "publishNotReadyAddresses": true, "selector": map[string]any{"app": "bifrost"},
		"ports": []any{
			map[string]any{"name": "gossip", "port": 10101.0, "targetPort": 10101.0, "protocol": "TCP"},
			map[string]any{"name": "gossip-udp", "port": 10101.0, "targetPort": 10101.0, "protocol": "UDP"},
			map[string]any{"name": "grpc", "port": 10102.0, "targetPort": 10102.0, "protocol": "TCP"},
		},
	}, peers.Input(t, "spec"))

	ports := []any{
		map[string]any{"protocol": "TCP", "port": 10101.0}, map[string]any{"protocol": "UDP", "port": 10101.0},
		map[string]any{"protocol": "TCP", "port": 10102.0},
	}
	own := []any{map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "bifrost"}}}}
	policy := g.One(t, policyType)
	require.Contains(t, policy.Input(t, "spec.ingress"), map[string]any{"from": own, "ports": ports})
	require.Contains(t, policy.Input(t, "spec.egress"), map[string]any{"to": own, "ports": ports})
	require.Contains(t, policy.Input(t, "spec.egress"), apiServerRule)
}

// TestClusteringByDNS needs neither right nor token.
func TestClusteringByDNS(t *testing.T) {
	t.Parallel()
	g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Clustering = &kubernetes.WorkloadClusteringArgs{Discovery: "dns"}
	})
	require.Empty(t, g.Of("kubernetes:rbac.authorization.k8s.io/v1:Role"))
	require.False(t, g.One(t, deploymentType).Has("spec.template.spec.volumes[3]"))
	require.NotEmpty(t, g.Named(t, "kubernetes:core/v1:Service", "x-peers"))
	require.NotContains(t, g.One(t, policyType).Input(t, "spec.egress"),
		apiServerRule)
}
