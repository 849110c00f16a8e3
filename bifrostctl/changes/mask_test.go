package changes_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
)

func TestMask(t *testing.T) {
	t.Parallel()
	secret := map[string]any{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": `"canary"`}
	value := map[string]any{"a": []any{secret, "x", 1.0}, "b": map[string]any{"c": secret}, "d": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}
	want := map[string]any{"a": []any{"[secret]", "x", 1.0}, "b": map[string]any{"c": "[secret]"}, "d": "[unknown]"}
	require.Equal(t, want, changes.Mask(value))
}
