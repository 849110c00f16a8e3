package stacks_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/graphtest"
)

// brokered is a dev stack whose nodes speak to a broker that it runs.
func brokered(t testing.TB, stack string) settings {
	return stackFile(t, stack).set("gateway.clustering", map[string]any{"type": "broker"}).set("secrets.brokerToken", canary+"-broker")
}

// brokerPod is the template's specification.
func brokerPod(t testing.TB, g *graphtest.Graph, prefix string) map[string]any {
	t.Helper()
	return g.Named(t, "kubernetes:apps/v1:Deployment", prefix+"-broker-deployment").Input(t, "spec.template.spec").(map[string]any)
}

// egress are the rules of the gateway's pods.
func egress(t testing.TB, g *graphtest.Graph, prefix string) []any {
	return g.Named(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy", prefix+"-gateway-network-policy").Input(t, "spec.egress").([]any)
}

var grpcPort = []any{map[string]any{"port": 50051.0, "protocol": "TCP"}}

// TestBrokerOnKubernetes: one pod of the gateway's image beside the gateway's, pulled as theirs, that nodes alone reach; and no mesh.
func TestBrokerOnKubernetes(t *testing.T) {
	t.Parallel()
	for stack, prefix := range map[string]string{"aws-dev": "eks", "azure-dev": "aks"} {
		t.Run(stack, func(t *testing.T) {
			s := brokered(t, stack).set("ecs", nil)
			g := record(t, stack, s)
			g.RequireProviders(t)
			config := plainNumbers(t, configOf(t, g)["cluster_config"])
			require.Equal(t, "broker", config["type"])
			require.Equal(t, map[string]any{
				"address": "bifrost-broker.bifrost.svc:50051", "auth_token": "env.BIFROST_BROKER_TOKEN", "tls": false, "listen_port": 50051.0,
			}, config["broker"])
			var own map[string]any
			require.NoError(t, json.Unmarshal([]byte(g.Named(t, "kubernetes:core/v1:ConfigMap", prefix+"-broker-config").Input(t, `data["config.json"]`).(string)), &own))
			require.Equal(t, config["broker"], own["cluster_config"].(map[string]any)["broker"], "both sides read the same")

			deployment := g.Named(t, "kubernetes:apps/v1:Deployment", prefix+"-broker-deployment")
			require.EqualValues(t, 1, deployment.Input(t, "spec.replicas"))
			require.Equal(t, map[string]any{"type": "Recreate"}, deployment.Input(t, "spec.strategy"))
			pod, gateway := brokerPod(t, g, prefix), g.Named(t, "kubernetes:apps/v1:Deployment", prefix+"-gateway-deployment")
			container := pod["containers"].([]any)[0].(map[string]any)
			require.Equal(t, gateway.Input(t, "spec.template.spec.containers[0].image"), container["image"])
			require.Equal(t, gateway.Input(t, "spec.template.spec.imagePullSecrets"), pod["imagePullSecrets"])
			require.Equal(t, "bifrost-broker", pod["serviceAccountName"], "neither the gateway's identity nor its rights")
			for _, name := range []string{"BIFROST_BROKER_TOKEN", "BIFROST_LICENSE"} {
				require.True(t, g.Named(t, "kubernetes:core/v1:Secret", prefix+"-broker-env").Has("data."+name), name)
			}
			require.False(t, g.Named(t, "kubernetes:core/v1:Secret", prefix+"-broker-env").Has("data.PG_PASSWORD"))
			require.True(t, g.Named(t, "kubernetes:core/v1:Secret", prefix+"-gateway-env").Has("data.BIFROST_BROKER_TOKEN"))
			require.True(t, g.DependsOn(deployment, g.One(t, "kubernetes:batch/v1:Job")), "the first token is there before the pull")

			require.Equal(t, "bifrost-broker", g.Named(t, "kubernetes:core/v1:Service", prefix+"-broker-service").Input(t, "metadata.name"))
			require.Contains(t, egress(t, g, prefix), map[string]any{
				"to": []any{map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "bifrost-broker"}}}}, "ports": grpcPort,
			})
			for _, r := range g.Resources {
				require.NotContains(t, r.Name, "discovery")
				require.NotContains(t, r.Name, "gateway-peers")
				require.Empty(t, graphtest.Leaks(r.Inputs, canary), r.URN)
			}
			require.Equal(t, "bifrost-broker", output(t, s, prefix).(map[string]any)["broker"])
		})
	}
}

// TestBrokerServiceAccount: it is the gateway's where kubelets pull with a token of it, and where the namespace's are somebody else's.
func TestBrokerServiceAccount(t *testing.T) {
	t.Parallel()
	kubelet := brokered(t, "aws-dev").set("ecs", nil).set("eks.pull", "kubelet")
	g := kubelet.graph(t, "aws-dev")
	g.Answers["aws:eks/getCluster:getCluster"] = always(eksLookup("1.35"))
	require.NoError(t, g.Run(program(g)))
	require.Equal(t, "bifrost-sa", brokerPod(t, g, "eks")["serviceAccountName"])

	s := example(t, "air-gapped").set("gateway.clustering", map[string]any{"type": "broker"}).
		set("gateway.secretRefs.BIFROST_BROKER_TOKEN", map[string]any{"secret": "bifrost-secrets", "key": "broker-token"})
	given := record(t, "air-gapped", s)
	pod := brokerPod(t, given, "eks")
	require.Equal(t, "llm-gateway", pod["serviceAccountName"])
	require.Equal(t, []any{map[string]any{"name": "registry-internal"}}, pod["imagePullSecrets"])
	require.Contains(t, pod["containers"].([]any)[0].(map[string]any)["env"], map[string]any{
		"name": "BIFROST_BROKER_TOKEN", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "bifrost-secrets", "key": "broker-token"}},
	})
	require.Equal(t, "bifrost-broker.llm.svc:50051", configOf(t, given)["cluster_config"].(map[string]any)["broker"].(map[string]any)["address"])
}

// TestBrokerOnECS: a service of one task, never two, with a name in the stack's zone.
func TestBrokerOnECS(t *testing.T) {
	t.Parallel()
	s := brokered(t, "aws-dev").set("eks", nil).set("ecs.securityGroups", nil)
	g := s.graph(t, "aws-dev")
	g.Answers["aws:ecs/getService:getService"] = runningTasks
	require.NoError(t, g.Run(program(g)))
	config := ecsConfigFile(t, g)["cluster_config"].(map[string]any)
	require.Equal(t, "broker", config["type"])
	require.Equal(t, map[string]any{
		"address": "bifrost-broker.aws-dev.bifrost.internal:50051", "auth_token": "env.BIFROST_BROKER_TOKEN", "tls": false, "listen_port": 50051.0,
	}, config["broker"])
	service := g.Named(t, "aws:ecs/service:Service", "ecs-broker-service")
	for key, want := range map[string]any{"name": "bifrost-broker", "desiredCount": 1.0, "deploymentMinimumHealthyPercent": 0.0, "deploymentMaximumPercent": 100.0} {
		require.Equal(t, want, service.Input(t, key), key)
	}
	require.Equal(t, "bifrost-broker", g.One(t, "aws:servicediscovery/service:Service").Input(t, "name"))
	require.False(t, g.Named(t, "aws:ecs/service:Service", "ecs-service").Has("serviceRegistries"), "nobody looks for the nodes")
	names := []any{}
	for _, secret := range ecsContainers(t, g, "ecs-broker-task-definition")[1]["secrets"].([]any) {
		names = append(names, secret.(map[string]any)["name"])
	}
	require.Equal(t, []any{"BIFROST_BROKER_TOKEN", "BIFROST_LICENSE"}, names)

	g = brokered(t, "aws-dev").set("eks", nil).graph(t, "aws-dev")
	require.ErrorContains(t, g.Run(program(g)), "the ECS service bifrost-broker runs arn:aws:test:us-east-1:111122223333:ecs-task-definition and not", "a rolled-back broker fails the up")
	require.Contains(t, networkWarnings(t, brokered(t, "aws-dev"), nil)[0], "let the tasks reach the broker, or no cluster forms: TCP 50051")
}

// TestOthersBroker: nothing is made for it; the pods are let out to its port where that is literal or a plain variable.
func TestOthersBroker(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{"broker.example.com:50051": true, "broker.example.com:443": false, "env.BROKER": true} {
		t.Run(address, func(t *testing.T) {
			s := stackFile(t, "aws-dev").set("gateway.env.BROKER", "b:50051").set("secrets.env.TOKEN", canary).
				set("gateway.config.cluster_config", map[string]any{"enabled": true, "type": "broker", "broker": map[string]any{"address": address, "tls": true, "auth_token": "env.TOKEN"}})
			g := record(t, "aws-dev", s)
			for _, r := range g.Resources {
				for _, part := range []string{"broker", "discovery", "gateway-peers", "namespace-", "registry"} {
					require.NotContains(t, r.Name, part)
				}
			}
			require.Equal(t, want, slices.ContainsFunc(egress(t, g, "eks"), func(rule any) bool {
				return reflect.DeepEqual(rule.(map[string]any)["ports"], grpcPort)
			}))
			for _, config := range []map[string]any{plainNumbers(t, configOf(t, g)), ecsConfigFile(t, g)} {
				require.Equal(t, map[string]any{
					"enabled": true, "type": "broker", "region": "us-east-1", "broker": map[string]any{"address": address, "tls": true, "auth_token": "env.TOKEN"},
				}, config["cluster_config"])
			}
		})
	}
}
