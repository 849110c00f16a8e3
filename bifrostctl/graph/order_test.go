package graph_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/graph"
)

// orders are the numbers of steps by the kinds of the resources.
func orders(g *graph.Graph) map[string]int {
	all := map[string]int{}
	for _, n := range g.Nodes {
		all[n.Kind] = n.Order
	}
	return all
}

// untimed is the set of a preview, which knows no times.
func untimed() *changes.Set {
	s := set()
	for i := range s.Steps {
		s.Steps[i].Seconds = 0
	}
	return s
}

// TestSteps: a step comes behind those for which it waits, also through what stays as it is, and what goes, goes last, in the opposite order.
func TestSteps(t *testing.T) {
	t.Parallel()
	s := untimed()
	require.Equal(t, map[string]int{"Namespace": 0, "IAM role policy": 0, "Deployment": 1, "Service": 2, "IAM role": 3}, orders(graph.OfSet(s)))

	s.Steps = append(s.Steps, changes.Step{Op: changes.Delete, URN: grant, Type: "aws:iam/rolePolicy:RolePolicy", Name: "pull", Parent: pull,
		Old: &changes.State{Custom: true, Dependencies: []string{role}}})
	require.Equal(t, map[string]int{"Namespace": 0, "IAM role policy": 3, "Deployment": 1, "Service": 2, "IAM role": 4}, orders(graph.OfSet(s)))

	gone := untimed()
	gone.Steps = gone.Steps[3:]
	require.Equal(t, map[string]int{"IAM role": 0}, orders(graph.OfSet(gone)), "nothing tells what waits for what")
}

// TestTimesOrSteps: a preview is drawn with the order of its steps and no time; what ran, with times and no order; a state with neither.
func TestTimesOrSteps(t *testing.T) {
	t.Parallel()
	draw := func(g *graph.Graph) string {
		var text bytes.Buffer
		require.NoError(t, g.Page(&text, graph.PageOptions{}))
		require.NoError(t, g.SVG(&text))
		require.NoError(t, g.JSON(&text))
		return text.String()
	}
	preview := draw(graph.OfSet(untimed()))
	require.Contains(t, preview, ">step 2</text>")
	require.Contains(t, preview, "when its step comes")
	for _, timed := range []string{" s</text>", "the chain that took longest</li>", `"seconds":`, `"critical":`} {
		require.False(t, strings.Contains(preview, timed), timed)
	}

	ran := draw(graph.OfSet(set()))
	require.Contains(t, ran, ">40 s</text>")
	require.Contains(t, ran, "the chain that took longest</li>")
	for _, ordered := range []string{">step ", "when its step comes", `"order":`} {
		require.False(t, strings.Contains(ran, ordered), ordered)
	}

	quick := untimed()
	quick.Steps[1].Seconds = 0.004
	text := draw(graph.OfSet(quick))
	require.Contains(t, text, ">&lt;0.1 s</text>")
	require.NotContains(t, text, ">0.0 s<")

	for _, told := range []string{">step ", " s</text>", "when its step comes", "the chain that took longest</li>"} {
		require.False(t, strings.Contains(draw(small(t)), told), told)
	}
}
