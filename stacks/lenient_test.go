package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

func TestLenientPassesOverOnlyTheKeyThatDoesNotDecode(t *testing.T) {
	t.Parallel()
	c := stacks.Lenient("x", "", map[string]any{
		"eks": map[string]any{"clusterName": "a", "gatewayPolicyArns": 5},
		"ecs": map[string]any{"cpu": []any{5}, "clusterName": "b", "loadBalancer": map[string]any{"scheme": "internal", "subnets": 5}},
		"gateway": map[string]any{
			"monitoring": map[string]any{"serviceMonitor": true, "labels": 5}, "ingress": 5,
		},
	})
	require.Equal(t, "a", c.Eks.ClusterName)
	require.Equal(t, stacks.PullRefresh, c.Eks.Pull, "the default")
	require.Equal(t, "b", c.Ecs.ClusterName)
	require.Equal(t, "internal", c.Ecs.LoadBalancer.Scheme)
	require.True(t, c.Gateway.Monitoring.ServiceMonitor)
	require.Nil(t, c.Gateway.Ingress, "no object")
	require.Nil(t, c.Aks, "not there")
}
