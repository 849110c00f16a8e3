package sandbox

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/graphtest"
)

// TestEncryptionKeyCannotChange: on every platform a preview stops where the gateway would get another encryption key, or one from
// elsewhere, unless gateway.changeEncryptionKey says that it is meant; and the state holds no key in clear.
func TestEncryptionKeyCannotChange(t *testing.T) {
	const other = "secrets.encryptionKey=" + canary + "-another-key"
	for name, c := range map[string]struct {
		stack, platform, elsewhere string
	}{
		"EKS": {"aws-dev", "ecs=null", "gateway.secretRefs={BIFROST_ENCRYPTION_KEY: {secret: vault, key: encryption}}"},
		"AKS": {"azure-dev", "tags={}", "gateway.secretRefs={BIFROST_ENCRYPTION_KEY: {secret: vault, key: encryption}}"},
		"ECS": {"aws-dev", onlyECS, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStack(t, c.stack).set(c.platform)
			made := s.engine.MustUp()
			for _, r := range made.Snapshot.Resources {
				require.Empty(t, graphtest.Leaks(r.Inputs, canary), "inputs of %s", r.URN)
			}
			refused := func(settings ...string) {
				t.Helper()
				before := s.resources()
				stopped := s.set(append([]string{c.platform}, settings...)...).engine.Preview()
				require.Error(t, stopped.Err)
				text := stopped.Messages() + stopped.Err.Error()
				require.Contains(t, text, "set changeEncryptionKey (gateway.changeEncryptionKey: true) for one up where the loss is meant")
				require.Contains(t, text, "serves inference to anybody")
				require.NotContains(t, text, canary)
				require.Error(t, s.engine.Up().Err)
				require.Equal(t, before, s.resources())
			}
			refused(other)
			if c.elsewhere != "" {
				refused(c.elsewhere)
			}

			onlySame(t, s.set(c.platform).engine.MustUp(), "the former key is back")
			plan := strings.Join(s.set(c.platform, other, "gateway.changeEncryptionKey=true").engine.MustUp().Plan(), "\n")
			require.Contains(t, plan, "update EncryptionKeyGuard")
			onlySame(t, s.set(c.platform, other).engine.MustUp(), "the new key is the one that is kept")
			refused()
			require.NoError(t, s.set(c.platform, other).engine.Destroy().Err, "the guard holds no destroy up")
		})
	}
}

// resources is what the clouds hold.
func (s *stackUnderTest) resources() int { return len(s.world.Resources) }
