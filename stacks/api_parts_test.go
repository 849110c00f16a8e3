package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/apiparts"
	"bifrost/stacks"
)

// TestApiParts: what the API server would refuse of a piece of its own is refused with its key. That the API server thinks so, too, is
// asked of its own code beside the companion's cluster.
func TestApiParts(t *testing.T) {
	t.Parallel()
	refused, taken := apiparts.All()
	for name, c := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			problem := only(t, stackFile(t, "azure-dev").set("gateway.existingNamespace", true).set(c.Key, c.Value()))
			require.Equal(t, c.Key+c.At, problem.Field)
			require.Contains(t, problem.Error(), c.Want)
		})
	}
	for name, c := range taken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := stacks.Parse("prod", rawOf(t, stackFile(t, "azure-dev").set("gateway.existingNamespace", true).set(c.Key, c.Value())))
			require.NoError(t, err)
		})
	}
	// The refresher's pods are placed by the same rules.
	problem := only(t, stackFile(t, "azure-dev").set("refresher.scheduling.tolerations", []any{
		map[string]any{"key": "dedicated", "operater": "Equal", "value": "ai", "effect": "NoSchedule"},
	}))
	require.True(t, strings.HasSuffix(problem.Field, "operater"), problem.Field)
	both := refusedIn(t, stackFile(t, "azure-dev").set("refresher.scheduling.tolerations", []any{
		map[string]any{"key": "dedicated", "operater": "Equal", "value": "ai", "effect": "NoSchedul"},
	}))
	require.Len(t, both.Problems, 2, both)
	require.ErrorContains(t, both, `bifrost:refresher.scheduling.tolerations[0].effect: Unsupported value: "NoSchedul"`)
	require.ErrorContains(t, both, "did you mean NoSchedule?")
}
