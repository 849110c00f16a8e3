package stacks_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
)

// TestBroker: a broker goes up beside the gateway on every platform, stays as it is, and goes; and so does a stack that changes to it.
func TestBroker(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.DevStacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, name)
			before := len(s.World.Resources)
			s.Set(stacktest.WithBroker)
			made := s.Engine.MustUp()
			require.Empty(t, s.World.Warnings)
			stacktest.NoLeaks(t, made)
			var names []string
			for _, r := range made.Snapshot.Resources {
				names = append(names, r.URN.Name())
			}
			for _, platform := range []string{"eks", "ecs", "aks"} {
				if s.Look.Config.Values[platform] != "" && platform != "ecs" {
					require.Contains(t, names, platform+"-broker-deployment")
				} else if s.Look.Config.Values[platform] != "" {
					require.Contains(t, names, "ecs-broker-service")
				}
			}
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
			require.NoError(t, s.Engine.Refresh().Err)
			stacktest.OnlySame(t, s.Engine.MustUp(), "a refresh finds nothing new")
			gone := s.Engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
			require.Len(t, s.Left(), before, "something is left in the clouds")

			mesh := stacktest.New(t, name)
			mesh.Engine.MustUp()
			for _, settings := range [][]string{{stacktest.WithBroker}, {"gateway.clustering.enabled=false"}, nil} {
				changed := mesh.Set(settings...).Engine.MustUp()
				for _, step := range changed.Steps {
					kept := []string{"eks-gateway-deployment", "aks-gateway-deployment", "ecs-service"}
					require.False(t, slices.Contains(kept, step.Name) && step.Op != "update", "%v: %s %s", settings, step.Op, step.Name)
				}
				stacktest.OnlySame(t, mesh.Engine.MustUp(), "nothing changed since")
			}
		})
	}
}

// TestBrokerOutOfReach: pods that no policy lets out to their broker, whose address is a secret, do not become ready.
func TestBrokerOutOfReach(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev").Set("gateway.config.cluster_config={enabled: true, type: broker, broker: {address: env.BROKER, tls: true}}", "secrets.env.BROKER=broker.example.com:50051")
	failed := s.Engine.Up()
	require.Error(t, failed.Err)
	require.Contains(t, failed.Messages(), "keeps the pods from the cluster's broker at broker.example.com:50051")
	s.Set("gateway.config.cluster_config={enabled: true, type: broker, broker: {address: 'broker.example.com:50051', tls: true}}")
	s.Engine.MustUp()
	require.NotEmpty(t, edits.The(t, s.World, "kubernetes:networking.k8s.io/v1:NetworkPolicy", ""))
}
