package double

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExclusiveWrites(t *testing.T) {
	var w writes
	end, ok := w.begin("a")
	require.True(t, ok)
	_, ok = w.begin("a")
	require.False(t, ok, "one at a time")
	_, ok = w.begin("b")
	require.True(t, ok, "places are apart")
	end()
	_, ok = w.begin("a")
	require.True(t, ok, "what ended frees its place")
}
