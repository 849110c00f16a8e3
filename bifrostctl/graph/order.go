package graph

import (
	"slices"

	"bifrost/bifrostctl/changes"
)

// when marks the chain of steps that took longest where times are known. A preview knows none: there it says in which order steps come.
func (g *Graph) when() {
	critical, _ := g.Critical()
	for i := range g.Nodes {
		g.Nodes[i].Critical, g.Nodes[i].Order = slices.Contains(critical, g.Nodes[i].ID), 0
	}
	// Events do not tell what waits for what; then nobody knows the order either.
	if g.Preview && len(critical) == 0 && len(g.Edges) > 0 {
		g.order()
	}
}

// order numbers the steps of a preview. A step comes behind those for which it waits, also through what stays as it is. The engine deletes
// once all else is done, what waits before that for which it waits (pulumi/pkg, resource/deploy/deployment_executor.go).
func (g *Graph) order() {
	at := g.positions()
	reached, last := make([]int, len(g.Nodes)), 0
	for i, n := range g.Nodes {
		waitsFor, _ := g.Neighbours(n.ID)
		for _, id := range waitsFor {
			reached[i] = max(reached[i], reached[at[id]])
		}
		if n.Touched() && n.Op != changes.Delete {
			reached[i]++
			g.Nodes[i].Order = reached[i]
			last = max(last, reached[i])
		}
	}
	gone := make([]int, len(g.Nodes))
	for i, n := range slices.Backward(g.Nodes) {
		_, awaitedBy := g.Neighbours(n.ID)
		for _, id := range awaitedBy {
			gone[i] = max(gone[i], gone[at[id]])
		}
		if n.Op == changes.Delete {
			gone[i] = max(gone[i], last) + 1
			g.Nodes[i].Order = gone[i]
		}
	}
}
