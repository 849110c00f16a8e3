package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAgreedToNothing: what is agreed to and not asked for is refused, so that it agrees to nothing that comes later; alerts without a
// refresher are a warning, so that another way to pull is one step.
func TestAgreedToNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stack, key string
		value      any
		want       string
	}{
		{"aws-dev", "agreed.takenAway", []any{"eks"}, "bifrost:agreed.takenAway[0]: Invalid value: \"eks\": the stack file has the gateway run there"},
		{"aws-dev", "agreed.takenAway", []any{"aks"}, "bifrost:agreed.takenAway[0]: Unsupported value: \"aks\""},
		{"aws-dev", "agreed.newPrincipals", []any{" "}, "bifrost:agreed.newPrincipals[0]: Required value"},
		{"azure-dev", "agreed.adopted", "a/b/c", "bifrost:agreed.adopted: Invalid value: \"a/b/c\": gcp.federation.adopt takes nothing over"},
	} {
		t.Run(c.key, func(t *testing.T) {
			t.Parallel()
			g := stackFile(t, c.stack).set(c.key, c.value).graph(t, c.stack)
			require.ErrorContains(t, g.Run(program(g)), c.want)
			require.Empty(t, g.Resources)
		})
	}
}
