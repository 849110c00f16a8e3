package stacks_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// laterOnly are refusals that rollout identity cannot come to: of what a stack lacks until its gateway runs.
var laterOnly = map[string]string{
	"a broker without its token": "a secret", "a header without its value": "a secret", "a setup token that is only referred to": "a secret",
	"no config.json": "a gateway that is not described yet",
}

// TestIdentityRefuses: what is wrong with the gateway is refused before it is made, without its secrets: nobody sets them for the vendor's
// answer to come and the file to be refused then.
func TestIdentityRefuses(t *testing.T) {
	t.Parallel()
	tried := 0
	for stage, refusals := range refused {
		for _, c := range refusals {
			if !strings.HasPrefix(c.path, "gateway") && !strings.HasPrefix(c.path, "ecs") {
				continue
			}
			tried++
			t.Run(stage+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				_, err := stacks.Parse("test", rawOf(t, stackFile(t, c.stack).set("rollout", stacks.RolloutIdentity).set(c.path, c.value)))
				if why := laterOnly[c.name]; why != "" {
					require.NoError(t, err, why)
					return
				}
				for _, want := range c.want {
					require.ErrorContains(t, err, want)
				}
			})
		}
	}
	require.Greater(t, tried, 150)
}

// TestIdentityTakes: a stack file without secrets and without the vendor's answer is fine until the gateway comes.
func TestIdentityTakes(t *testing.T) {
	t.Parallel()
	for name, s := range everyStack(t) {
		s.set("rollout", stacks.RolloutIdentity).set("secrets", nil)
		if s["platform"] == "azure" {
			s.set("gcp", nil)
		}
		_, err := stacks.Parse("test", rawOf(t, s))
		var refused *stacks.ConfigError
		if !errors.As(err, &refused) {
			require.NoError(t, err, name)
			continue
		}
		for _, p := range refused.Problems {
			require.Contains(t, []string{"rollout", "eks.context"}, p.Field, "%s: %v: nobody to allowlist, or a context of a kubeconfig that is not given", name, p)
		}
	}
}
