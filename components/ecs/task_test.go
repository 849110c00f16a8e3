package ecs

import (
	"encoding/json"
	"testing"

	"bifrost/internal/graphtest"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
)

// TestContainerOrder: the same arguments render the same text, or every up would register a revision.
func TestContainerOrder(t *testing.T) {
	render := func() string {
		args := ecsArgs()
		args.Env = map[string]string{"A": "1", "B": "2", "C": "3", "D": "4"}
		g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
			_, err := NewEcsService(ctx, "x", args, on)
			return err
		})
		return g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions").(string)
	}
	first := render()
	require.True(t, json.Valid([]byte(first)))
	for range 5 {
		require.Equal(t, first, render())
	}
}

// TestOwnTemporaryFolder: what the gateway's variables say wins.
func TestOwnTemporaryFolder(t *testing.T) {
	for _, change := range []func(*EcsServiceArgs){
		func(a *EcsServiceArgs) { a.Env = map[string]string{"TMPDIR": "/app/data/own"} },
		func(a *EcsServiceArgs) {
			a.SecretEnv = map[string]pulumi.StringInput{"TMPDIR": graphtest.Secret("/app/data/own")}
		},
	} {
		g := recordEcs(t, change)
		require.NotContains(t, g.One(t, "aws:ecs/taskDefinition:TaskDefinition").Input(t, "containerDefinitions"), `"value":"/app/data/tmp"`)
	}
}
