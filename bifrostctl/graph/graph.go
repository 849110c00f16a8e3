// Package graph draws a stack: its components as boxes, its resources by cloud, and what waits for what. It reads a stack's state or a
// preview, and writes Mermaid, SVG, JSON or one HTML page.
package graph

import (
	"cmp"
	"slices"

	"bifrost/bifrostctl/changes"
)

// Graph is a stack's resources. Its nodes are in an order in which they can be made, and no secret is in it.
type Graph struct {
	Project string `json:"project"`
	Stack   string `json:"stack"`
	// Preview says that this is what an operation would do, or did: nodes have an Op.
	Preview bool `json:"preview"`
	// Groups are components, outer ones first.
	Groups []Group `json:"groups"`
	Nodes  []Node  `json:"nodes"`
	// Edges are those that say something new: what follows from others is left out.
	Edges []Edge `json:"edges"`
	// Left is how many resources that change are not in the graph, where it is only a part.
	Left int `json:"left,omitempty"`
}

// Group is a component. It holds nodes, or groups that do.
type Group struct {
	ID string `json:"id"`
	// In is the group around it; empty at the outside.
	In   string `json:"in,omitempty"`
	Kind string `json:"kind"`
	Type string `json:"type"`
	Name string `json:"name"`
	URN  string `json:"urn"`
}

// Node is a resource.
type Node struct {
	ID string `json:"id"`
	// In is the group that holds it; empty where none does.
	In    string `json:"in,omitempty"`
	Cloud Cloud  `json:"cloud"`
	// Kind is the type in plain words, as "IAM role".
	Kind string `json:"kind"`
	Type string `json:"type"`
	Name string `json:"name"`
	URN  string `json:"urn"`
	// Identity is what its cloud calls it; empty where that is not known.
	Identity string `json:"identity,omitempty"`
	// Op is what becomes of it; empty without a preview.
	Op changes.Op `json:"op,omitempty"`
	// Changes are the values that change, secrets masked.
	Changes []Change `json:"changes,omitempty"`
	// Read says that others made it, and the program only reads it.
	Read bool `json:"read,omitempty"`
	// Protected says that it may not be deleted.
	Protected bool `json:"protected,omitempty"`
	// Order is when its step comes in a preview, 1 the first: steps of one number can run at the same time. 0 where nothing becomes of it,
	// where nothing tells what waits for what, and where times say when a step ran.
	Order int `json:"order,omitempty"`
	// Seconds is how long its step took; 0 in a preview, and where nothing tells.
	Seconds float64 `json:"seconds,omitempty"`
	// Critical says that the whole operation would have ended earlier, had this step.
	Critical bool `json:"critical,omitempty"`
}

// Change is a value that changes. Old and New are texts.
type Change struct {
	Path string `json:"path"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
	// Shown is the change in words where Old and New cannot tell: a secret that is another one.
	Shown string `json:"shown,omitempty"`
	// Replaces says that the resource is made anew for this value's sake.
	Replaces bool `json:"replaces,omitempty"`
}

// Edge says that the node To waits for From.
type Edge struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Touched tells whether something becomes of the resource.
func (n Node) Touched() bool {
	return n.Op != "" && changes.Step{Op: n.Op}.Changes()
}

// positions are the nodes' indexes by their ids.
func (g *Graph) positions() map[string]int {
	at := map[string]int{}
	for i, n := range g.Nodes {
		at[n.ID] = i
	}
	return at
}

// Neighbours are the ids of what a node waits for and of what waits for it.
func (g *Graph) Neighbours(id string) (waitsFor, awaitedBy []string) {
	for _, e := range g.Edges {
		switch id {
		case e.To:
			waitsFor = append(waitsFor, e.From)
		case e.From:
			awaitedBy = append(awaitedBy, e.To)
		}
	}
	return waitsFor, awaitedBy
}

// Critical are the ids of the nodes that the longest chain of steps leads through, first one first, and its seconds. Both are nothing where
// no step's time is known.
func (g *Graph) Critical() (ids []string, seconds float64) {
	at := g.positions()
	until, before := make([]float64, len(g.Nodes)), make([]int, len(g.Nodes))
	last := -1
	for i, n := range g.Nodes {
		before[i] = -1
		waitsFor, _ := g.Neighbours(n.ID)
		for _, id := range waitsFor {
			if j := at[id]; before[i] < 0 || until[j] > until[before[i]] {
				before[i] = j
			}
		}
		if before[i] >= 0 {
			until[i] = until[before[i]]
		}
		until[i] += n.Seconds
		if last < 0 || until[i] > until[last] {
			last = i
		}
	}
	if last < 0 || until[last] == 0 {
		return nil, 0
	}
	seconds = until[last]
	for i := last; i >= 0; i = before[i] {
		if g.Nodes[i].Seconds > 0 {
			ids = append(ids, g.Nodes[i].ID)
		}
	}
	slices.Reverse(ids)
	return ids, seconds
}

// Only is the part of the graph that holds some nodes, by their ids. What waits through others for one of them still does.
func (g *Graph) Only(keep map[string]bool) *Graph {
	part := &Graph{Project: g.Project, Stack: g.Stack, Preview: g.Preview}
	through := map[string][]string{}
	var edges []Edge
	for _, n := range g.Nodes {
		waitsFor, _ := g.Neighbours(n.ID)
		for _, id := range waitsFor {
			if keep[id] {
				through[n.ID] = append(through[n.ID], id)
				continue
			}
			through[n.ID] = append(through[n.ID], through[id]...)
		}
		if !keep[n.ID] {
			continue
		}
		part.Nodes = append(part.Nodes, n)
		for _, id := range through[n.ID] {
			edges = append(edges, Edge{From: id, To: n.ID})
		}
	}
	part.Edges = reduced(part.Nodes, edges)
	part.Groups = around(part.Nodes, g.Groups)
	return part
}

// around are the groups that hold nodes, or hold such groups.
func around(nodes []Node, groups []Group) []Group {
	in := map[string]string{}
	for _, group := range groups {
		in[group.ID] = group.In
	}
	holds := map[string]bool{}
	for _, n := range nodes {
		for id := n.In; id != "" && !holds[id]; id = in[id] {
			holds[id] = true
		}
	}
	var kept []Group
	for _, group := range groups {
		if holds[group.ID] {
			kept = append(kept, group)
		}
	}
	return kept
}

// reduced leaves out each edge that follows from others, and what stands there twice. The nodes are in an order in which none waits for a
// later one.
func reduced(nodes []Node, edges []Edge) []Edge {
	at := map[string]int{}
	for i, n := range nodes {
		at[n.ID] = i
	}
	waits := make([][]int, len(nodes))
	for _, e := range edges {
		waits[at[e.To]] = append(waits[at[e.To]], at[e.From])
	}
	var kept []Edge
	all := make([]map[int]bool, len(nodes))
	for to, direct := range waits {
		all[to] = map[int]bool{}
		// The latest come first: they may wait for the earlier ones.
		slices.SortFunc(direct, func(a, b int) int { return cmp.Compare(b, a) })
		for _, from := range direct {
			if all[to][from] {
				continue
			}
			kept = append(kept, Edge{From: nodes[from].ID, To: nodes[to].ID})
			all[to][from] = true
			for earlier := range all[from] {
				all[to][earlier] = true
			}
		}
	}
	slices.SortFunc(kept, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(at[a.To], at[b.To]), cmp.Compare(at[a.From], at[b.From]))
	})
	return kept
}
