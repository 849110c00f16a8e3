package graph_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/graph"
)

// TestPageLoadsNothing: a page names no other place, and its policy lets it load from none.
func TestPageLoadsNothing(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	require.NoError(t, small(t).Page(&text, graph.PageOptions{}))
	require.Contains(t, text.String(), "default-src &#39;none&#39;")
	for _, outside := range []string{"src=", "href=", "@import", "https://", "fetch(", "XMLHttpRequest", "innerHTML", "eval("} {
		require.NotContains(t, text.String(), outside)
	}
	require.NotContains(t, strings.ReplaceAll(text.String(), "http://www.w3.org/2000/svg", ""), "http:")
}

// TestPageOfHostileNames: what a stack is called, and what it says, is text.
func TestPageOfHostileNames(t *testing.T) {
	t.Parallel()
	s := set()
	s.Stack = hostile
	s.Steps[1].Name, s.Steps[1].Diff[0].New = hostile, hostile
	var text bytes.Buffer
	require.NoError(t, graph.OfSet(s).Page(&text, graph.PageOptions{Title: hostile, Verdict: hostile, Notes: []string{hostile}}))
	require.NotContains(t, text.String(), "<img")
	require.Equal(t, 2, strings.Count(text.String(), "<script"), "the data and the page's own")
	require.Equal(t, 2, strings.Count(text.String(), "</script"))
}
