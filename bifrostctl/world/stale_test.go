package world_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/world"
)

func TestStale(t *testing.T) {
	w := world.New()
	r := &world.Resource{Type: "t", Scope: "s", ID: "a"}
	w.Put(r)
	w.Hide(r, 2)
	for range 2 {
		w.Begin("other")
		require.Nil(t, w.Get("t", "s", "a"))
		require.Empty(t, w.List("t", "s"), "what a call does not see once it does not see later")
		w.Begin("t")
		require.Same(t, r, w.Get("t", "s", "a"), "its own name is taken at once")
	}
	w.Begin("other")
	require.Same(t, r, w.Get("t", "s", "a"))
	require.Len(t, w.List("t", "s"), 1)
}
