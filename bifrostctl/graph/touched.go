package graph

import "bifrost/bifrostctl/changes"

// touchedMost is how many resources a picture beside a text shows at most: more cannot be read there.
const touchedMost = 40

// Touched is the part of a preview's graph that changes, with the resources beside it that stay, as long as they are not more than most. Of
// more that change the first are in it, and Left counts the others.
func (g *Graph) Touched(most int) *Graph {
	changed, beside := map[string]bool{}, map[string]bool{}
	for _, n := range g.Nodes {
		if n.Touched() && len(changed) < most {
			changed[n.ID], beside[n.ID] = true, true
		}
	}
	for id := range changed {
		waitsFor, awaitedBy := g.Neighbours(id)
		for _, other := range append(waitsFor, awaitedBy...) {
			beside[other] = true
		}
	}
	if len(beside) <= most {
		changed = beside
	}
	part := g.Only(changed)
	part.Left = 0
	for _, n := range g.Nodes {
		if n.Touched() && !changed[n.ID] {
			part.Left++
		}
	}
	return part
}

// TouchedMermaid is a flowchart of what a set changes, small enough to stand in a comment; empty where nothing changes that is drawn.
func TouchedMermaid(set *changes.Set) string {
	g := OfSet(set)
	for most := touchedMost; most > 0; most /= 2 {
		part := g.Touched(most)
		if len(part.Nodes) == 0 {
			return ""
		}
		if text, err := part.Mermaid(); err == nil {
			return text
		}
	}
	return ""
}
