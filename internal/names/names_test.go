package names

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation"
)

func TestHashed(t *testing.T) {
	t.Parallel()
	a := Hashed("first-run", MaxLabel, "x", "y")
	require.Equal(t, a, Hashed("first-run", MaxLabel, "x", "y"), "the same parts give the same name")
	require.NotEqual(t, a, Hashed("first-run", MaxLabel, "xy"), "parts are told apart")
	require.NotEqual(t, a, Hashed("first-run", MaxLabel, "y", "x"), "order counts")

	for _, base := range []string{"a", strings.Repeat("a", 200), strings.Repeat("a", 51) + "-" + strings.Repeat("b", 20)} {
		n := Hashed(base, MaxLabel, "x")
		require.LessOrEqual(t, len(n), MaxLabel)
		require.Empty(t, validation.IsDNS1123Label(n), n)
	}
}
