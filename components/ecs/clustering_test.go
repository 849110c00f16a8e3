package ecs_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
	"bifrost/internal/graphtest"
)

func TestEcsClustering(t *testing.T) {
	t.Parallel()
	g := recordEcs(t, func(a *ecs.EcsServiceArgs) {
		a.VpcId, a.Clustering = "vpc-0123456789abcdef0", &ecs.EcsClusteringArgs{Namespace: "bifrost.internal"}
	})
	namespace := g.One(t, "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace")
	require.Equal(t, "bifrost.internal", namespace.Input(t, "name"))
	require.Equal(t, "vpc-0123456789abcdef0", namespace.Input(t, "vpc"))
	registry := g.One(t, "aws:servicediscovery/service:Service")
	require.Equal(t, "bifrost", registry.Input(t, "name"))
	require.Equal(t, map[string]any{
		"namespaceId": "x-namespace-id", "routingPolicy": "MULTIVALUE", "dnsRecords": []any{map[string]any{"type": "A", "ttl": 10.0}},
	}, registry.Input(t, "dnsConfig"))
	service := g.One(t, "aws:ecs/service:Service")
	require.Equal(t, "arn:aws:test:us-east-1:111122223333:x-registry", service.Input(t, "serviceRegistries.registryArn"))
	require.Equal(t, []ecs.PortMapping{{8080, 8080, "tcp"}, {10101, 10101, "tcp"}, {10101, 10101, "udp"}, {10102, 10102, "tcp"}},
		taskContainers(t, g, "x-task-definition")[1].PortMappings)
	require.Equal(t, "peers.bifrost.internal", (&ecs.EcsClusteringArgs{Namespace: "bifrost.internal", Service: "peers"}).DnsName())
}

func withBroker(a *ecs.EcsServiceArgs) {
	a.VpcId, a.SecurityGroups = "vpc-0123456789abcdef0", nil
	a.SecretEnv["BIFROST_BROKER_TOKEN"] = graphtest.Secret(graphtest.Canary)
	broker := &ecs.EcsBrokerArgs{Config: pulumi.String(`{"a":1}`), SecretEnv: []string{"BIFROST_BROKER_TOKEN"}}
	a.Clustering = &ecs.EcsClusteringArgs{Namespace: "bifrost.internal", Broker: broker}
}

// TestEcsBroker: one task, never two, of the gateway's image, under a name of its own; the tasks have no ports for each other.
func TestEcsBroker(t *testing.T) {
	t.Parallel()
	g := recordEcs(t, withBroker)
	zone := ecs.EcsClusteringArgs{Namespace: "bifrost.internal", Broker: &ecs.EcsBrokerArgs{}}
	require.Equal(t, "bifrost-broker.bifrost.internal", zone.DnsName())
	require.Equal(t, "bifrost-broker", g.One(t, "aws:servicediscovery/service:Service").Input(t, "name"))
	service := g.Named(t, "aws:ecs/service:Service", "x-broker-service")
	require.Equal(t, "arn:aws:test:us-east-1:111122223333:x-registry", service.Input(t, "serviceRegistries.registryArn"))
	for key, want := range map[string]any{
		"name": "bifrost-broker", "desiredCount": 1.0, "waitForSteadyState": true,
		"deploymentMinimumHealthyPercent": 0.0, "deploymentMaximumPercent": 100.0,
	} {
		require.Equal(t, want, service.Input(t, key), key)
	}
	require.False(t, g.Named(t, "aws:ecs/service:Service", "x-service").Has("serviceRegistries"))
	for _, rule := range g.Of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		require.True(t, g.DependsOn(service, rule))
	}

	definition := g.Named(t, "aws:ecs/taskDefinition:TaskDefinition", "x-broker-task-definition")
	require.False(t, definition.Has("taskRoleArn"))
	broker, gateway := taskContainers(t, g, "x-broker-task-definition"), taskContainers(t, g, "x-task-definition")
	require.Equal(t, []ecs.Variable{{"BIFROST_CONFIG", `{"a":1}`}}, broker[0].Environment)
	require.Contains(t, broker[1].Environment, ecs.Variable{"BIFROST_MODE", "broker"})
	require.Equal(t, []ecs.PortMapping{{50051, 50051, "tcp"}}, broker[1].PortMappings)
	require.Nil(t, broker[1].HealthCheck)
	require.Len(t, broker[1].Secrets, 1)
	require.Equal(t, gateway[1].Image, broker[1].Image)
	require.True(t, broker[1].ReadOnlyRoot)
	require.Equal(t, []ecs.PortMapping{{8080, 8080, "tcp"}}, gateway[1].PortMappings)
	require.NotContains(t, gateway[1].Environment, ecs.Variable{"BIFROST_MODE", "broker"})
}

func TestEcsBrokerRefuses(t *testing.T) {
	t.Parallel()
	args := ecsArgs()
	withBroker(args)
	args.Clustering.Broker = &ecs.EcsBrokerArgs{SecretEnv: []string{"NONE"}}
	requireRefused(t, args, "clustering.broker.config", "clustering.broker.secretEnv[0]")
}
