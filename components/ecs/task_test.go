package ecs_test

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
	"bifrost/internal/graphtest"
)

// TestContainerOrder: the same arguments render the same text, or every up would register a revision.
func TestContainerOrder(t *testing.T) {
	t.Parallel()
	render := func() string {
		return containersText(t, recordEcs(t, func(a *ecs.EcsServiceArgs) {
			a.Env = map[string]string{"A": "1", "B": "2", "C": "3", "D": "4"}
		}))
	}
	first := render()
	require.True(t, json.Valid([]byte(first)))
	for range 5 {
		require.Equal(t, first, render())
	}
}

// TestOwnTemporaryFolder: what the gateway's variables say wins.
func TestOwnTemporaryFolder(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*ecs.EcsServiceArgs){
		func(a *ecs.EcsServiceArgs) { a.Env = map[string]string{"TMPDIR": "/app/data/own"} },
		func(a *ecs.EcsServiceArgs) {
			a.SecretEnv = map[string]pulumi.StringInput{"TMPDIR": graphtest.Secret("/app/data/own")}
		},
	} {
		g := recordEcs(t, change)
		require.NotContains(t, containersText(t, g), `"value":"/app/data/tmp"`)
	}
}
