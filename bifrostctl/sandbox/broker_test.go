package sandbox

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
)

// TestBroker: a broker goes up beside the gateway on every platform, stays as it is, and goes; and so does a stack that changes to it.
func TestBroker(t *testing.T) {
	for _, name := range devStacks {
		t.Run(name, func(t *testing.T) {
			s := newStack(t, name)
			before := len(s.world.Resources)
			s.set(withBroker)
			made := s.engine.MustUp()
			require.Empty(t, s.world.Warnings)
			noLeaks(t, made)
			var names []string
			for _, r := range made.Snapshot.Resources {
				names = append(names, r.URN.Name())
			}
			for _, platform := range []string{"eks", "ecs", "aks"} {
				if s.file[platform] != nil && platform != "ecs" {
					require.Contains(t, names, platform+"-broker-deployment")
				} else if s.file[platform] != nil {
					require.Contains(t, names, "ecs-broker-service")
				}
			}
			onlySame(t, s.engine.MustUp(), "nothing changed since")
			require.NoError(t, s.engine.Refresh().Err)
			onlySame(t, s.engine.MustUp(), "a refresh finds nothing new")
			gone := s.engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
			require.Len(t, s.world.Resources, before, "something is left in the clouds")

			mesh := newStack(t, name)
			mesh.engine.MustUp()
			for _, settings := range [][]string{{withBroker}, {"gateway.clustering.enabled=false"}, nil} {
				changed := mesh.set(settings...).engine.MustUp()
				for _, step := range changed.Steps {
					kept := []string{"eks-gateway-deployment", "aks-gateway-deployment", "ecs-service"}
					require.False(t, slices.Contains(kept, step.Name) && step.Op != "update", "%v: %s %s", settings, step.Op, step.Name)
				}
				onlySame(t, mesh.engine.MustUp(), "nothing changed since")
			}
		})
	}
}

// TestBrokerOutOfReach: pods that no policy lets out to their broker do not become ready.
func TestBrokerOutOfReach(t *testing.T) {
	s := newStack(t, "azure-dev").set("gateway.config.cluster_config={enabled: true, type: broker, broker: {address: env.BROKER, tls: true}}", "gateway.env.BROKER=broker.example.com:50051")
	failed := s.engine.Up()
	require.Error(t, failed.Err)
	require.Contains(t, failed.Messages(), "keeps the pods from the cluster's broker at broker.example.com:50051")
	s.set("gateway.config.cluster_config={enabled: true, type: broker, broker: {address: 'broker.example.com:50051', tls: true}}")
	s.engine.MustUp()
	require.NotEmpty(t, edits.The(t, s.world, "kubernetes:networking.k8s.io/v1:NetworkPolicy", ""))
}
