package components

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEcsClustering(t *testing.T) {
	g := recordEcs(t, func(a *EcsServiceArgs) {
		a.VpcId, a.Clustering = "vpc-0123456789abcdef0", &EcsClusteringArgs{Namespace: "bifrost.internal"}
	})
	namespace := g.One(t, "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace")
	require.Equal(t, "bifrost.internal", namespace.Input(t, "name"))
	require.Equal(t, "vpc-0123456789abcdef0", namespace.Input(t, "vpc"))
	registry := g.One(t, "aws:servicediscovery/service:Service")
	require.Equal(t, "bifrost", registry.Input(t, "name"))
	require.Equal(t, map[string]any{
		"namespaceId": "x-namespace-id", "routingPolicy": "MULTIVALUE", "dnsRecords": []any{map[string]any{"type": "A", "ttl": 10.0}},
	}, registry.Input(t, "dnsConfig"))
	require.Equal(t, "arn:aws:test:us-east-1:111122223333:x-registry", g.One(t, "aws:ecs/service:Service").Input(t, "serviceRegistries.registryArn"))
	var containers []containerDefinition
	require.NoError(t, json.Unmarshal([]byte(g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions").(string)), &containers))
	require.Equal(t, []portMapping{{8080, 8080, "tcp"}, {10101, 10101, "tcp"}, {10101, 10101, "udp"}, {10102, 10102, "tcp"}}, containers[1].PortMappings)
	require.Equal(t, "peers.bifrost.internal", (&EcsClusteringArgs{Namespace: "bifrost.internal", Service: "peers"}).DnsName())
}
