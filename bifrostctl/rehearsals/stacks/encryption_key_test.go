package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/internal/graphtest"
)

// TestEncryptionKeyCannotChange: on every platform a preview stops where the gateway would get another encryption key, or one from
// elsewhere, unless gateway.changeEncryptionKey says that it is meant; and the state holds no key in clear.
func TestEncryptionKeyCannotChange(t *testing.T) {
	t.Parallel()
	const other = "secrets.encryptionKey=" + stacktest.Secret + "another-key"
	for name, c := range map[string]struct {
		stack, platform, elsewhere string
	}{
		"EKS": {"aws-dev", "ecs=null", "gateway.secretRefs={BIFROST_ENCRYPTION_KEY: {secret: vault, key: encryption}}"},
		"AKS": {"azure-dev", "tags={}", "gateway.secretRefs={BIFROST_ENCRYPTION_KEY: {secret: vault, key: encryption}}"},
		"ECS": {"aws-dev", stacktest.OnlyECS, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack).Set(c.platform)
			made := s.Engine.MustUp()
			for _, r := range made.Snapshot.Resources {
				require.Empty(t, graphtest.Leaks(r.Inputs, stacktest.Secret), "inputs of %s", r.URN)
			}
			refused := func(settings ...string) {
				t.Helper()
				s.Set(append([]string{c.platform}, settings...)...)
				before := len(s.World.Resources)
				stopped := s.Engine.Preview()
				require.Error(t, stopped.Err)
				text := stopped.Messages() + stopped.Err.Error()
				require.Contains(t, text, "set changeEncryptionKey (gateway.changeEncryptionKey: true) for one up where the loss is meant")
				require.Contains(t, text, "serves inference to anybody")
				require.NotContains(t, text, stacktest.Secret)
				require.Error(t, s.Engine.Up().Err)
				require.Equal(t, before, len(s.World.Resources))
			}
			refused(other)
			if c.elsewhere != "" {
				refused(c.elsewhere, "gateway.suppliedObjects=[secret/vault]")
			}

			stacktest.OnlySame(t, s.Set(c.platform).Engine.MustUp(), "the former key is back")
			plan := strings.Join(s.Set(c.platform, other, "gateway.changeEncryptionKey=true").Engine.MustUp().Plan(), "\n")
			require.Contains(t, plan, "update EncryptionKeyGuard")
			stacktest.OnlySame(t, s.Set(c.platform, other).Engine.MustUp(), "the new key is the one that is kept")
			refused()
			require.NoError(t, s.Set(c.platform, other).Engine.Destroy().Err, "the guard holds no destroy up")
		})
	}
}
