package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	sdk "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/changes"
)

// builder makes a graph of what is known of the resources of a stack.
type builder struct {
	all map[string]*resource
	// below are the URNs of a component's children.
	below map[string][]string
	// waiting are the URNs of the resources that stand for a URN, as others wait for it.
	waiting map[string][]string
}

func of(all []resource, preview bool) *Graph {
	b := builder{all: map[string]*resource{}, below: map[string][]string{}, waiting: map[string][]string{}}
	for i := range all {
		b.all[all[i].urn] = &all[i]
	}
	b.complete()
	b.rooted()
	urns := slices.Sorted(maps.Keys(b.all))
	for _, urn := range urns {
		b.below[b.all[urn].parent] = append(b.below[b.all[urn].parent], urn)
	}
	g := &Graph{Preview: preview}
	for _, urn := range urns {
		if valid := sdk.URN(urn); valid.IsValid() {
			g.Project, g.Stack = string(valid.Project()), valid.Stack().String()
			break
		}
	}
	b.draw(g)
	g.when()
	return g
}

// Time gives nodes the times of an operation's steps, and returns how many have one.
func (g *Graph) Time(set *changes.Set) int {
	timed := 0
	for i, n := range g.Nodes {
		if step, has := set.Find(n.URN); has && step.Seconds > 0 {
			g.Nodes[i].Seconds = step.Seconds
			timed++
		}
	}
	g.when()
	return timed
}

// isNode tells whether a resource is drawn: not the stack, providers and components.
func (r *resource) isNode() bool { return r.custom && !r.isProvider() }

func (r *resource) isProvider() bool { return strings.HasPrefix(r.typ, "pulumi:providers:") }

func (r *resource) isComponent() bool { return !r.custom && r.typ != string(sdk.RootStackType) }

// complete adds what others depend on though nothing was told of it: a preview leaves out what stays the same.
func (b *builder) complete() {
	for _, urn := range slices.Sorted(maps.Keys(b.all)) {
		r := b.all[urn]
		for _, other := range append(slices.Clone(r.waitsFor), providerURN(r.provider)) {
			if known := b.all[other]; known == nil && sdk.URN(other).IsValid() {
				b.all[other] = b.untold(sdk.URN(other))
			}
		}
		for parent := r.parent; b.all[parent] == nil && sdk.URN(parent).IsValid(); {
			component := &resource{urn: parent, typ: string(sdk.URN(parent).Type()), name: sdk.URN(parent).Name()}
			b.all[parent] = component
			component.parent = b.parentOf(sdk.URN(parent))
		}
	}
}

// rooted takes its parent from a resource that is above itself. No engine writes that, but files are edited by hand.
func (b *builder) rooted() {
	for _, urn := range slices.Sorted(maps.Keys(b.all)) {
		r, seen := b.all[urn], map[string]bool{}
		for at := r.parent; b.all[at] != nil && !seen[at]; at = b.all[at].parent {
			if seen[at] = true; at == urn {
				r.parent = ""
			}
		}
	}
}

// untold is a resource of which only its name is known. It is in the one component that is known of the type that its name tells of.
func (b *builder) untold(urn sdk.URN) *resource {
	return &resource{urn: string(urn), typ: string(urn.Type()), name: urn.Name(), custom: true, parent: b.parentOf(urn),
		node: Node{Op: changes.Same}}
}

// parentOf is the one component of a type that is known; empty where there are several, or none.
func (b *builder) parentOf(urn sdk.URN) string {
	above := strings.TrimSuffix(strings.TrimSuffix(string(urn.QualifiedType()), string(urn.Type())), "$")
	if above == "" {
		return ""
	}
	found := ""
	for _, other := range slices.Sorted(maps.Keys(b.all)) {
		if string(sdk.URN(other).QualifiedType()) != above {
			continue
		}
		if found != "" {
			return ""
		}
		found = other
	}
	return found
}

// providerURN is the URN of a reference to a provider, which ends with its id.
func providerURN(reference string) string {
	return reference[:max(0, strings.LastIndex(reference, "::"))]
}

// standing are the resources that others wait for when they wait for a URN: itself, all within a component, or what a provider waits for.
func (b *builder) standing(urn string) []string {
	if known, done := b.waiting[urn]; done {
		return known
	}
	b.waiting[urn] = nil // a circle ends here
	r := b.all[urn]
	var all []string
	switch {
	case r == nil:
	case r.isNode():
		all = []string{urn}
	case r.isProvider():
		all = b.awaited(r)
	default:
		for _, child := range b.below[urn] {
			all = append(all, b.standing(child)...)
		}
	}
	b.waiting[urn] = all
	return all
}

// awaited are the resources for which one waits: those that it depends on, its parent where that is a resource, and those of its provider.
func (b *builder) awaited(r *resource) []string {
	var all []string
	for _, urn := range append(slices.Clone(r.waitsFor), providerURN(r.provider)) {
		all = append(all, b.standing(urn)...)
	}
	if parent := b.all[r.parent]; parent != nil && parent.custom {
		all = append(all, b.standing(r.parent)...)
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(urn string) bool { return urn == r.urn })
}

// draw fills the graph.
func (b *builder) draw(g *Graph) {
	waits := map[string][]string{}
	for urn, r := range b.all {
		if r.isNode() {
			waits[urn] = b.awaited(r)
		}
	}
	ids := map[string]string{}
	var edges []Edge
	for _, urn := range inOrder(waits) {
		n := b.all[urn].node
		n.ID = fmt.Sprintf("r%d", len(g.Nodes)+1)
		ids[urn] = n.ID
		r := b.all[urn]
		n.URN, n.Type, n.Name, n.Kind, n.Cloud, n.In = urn, r.typ, r.name, KindOf(r.typ), CloudOf(r.typ), b.component(r.parent)
		g.Nodes = append(g.Nodes, n)
	}
	for urn, before := range waits {
		for _, other := range before {
			edges = append(edges, Edge{From: ids[other], To: ids[urn]})
		}
	}
	g.Edges = reduced(g.Nodes, edges)
	b.group(g)
}

// inOrder are the resources, each after those for which it waits; of several the first by name comes first. A circle, which the engine does
// not allow, is cut.
func inOrder(waits map[string][]string) []string {
	var order []string
	begun := map[string]bool{}
	var visit func(urn string)
	visit = func(urn string) {
		if begun[urn] {
			return
		}
		begun[urn] = true
		for _, other := range waits[urn] {
			visit(other)
		}
		order = append(order, urn)
	}
	for _, urn := range slices.SortedFunc(maps.Keys(waits), func(a, b string) int {
		return cmp.Or(cmp.Compare(sdk.URN(a).Name(), sdk.URN(b).Name()), cmp.Compare(a, b))
	}) {
		visit(urn)
	}
	return order
}

// component is the nearest component around a resource; a resource that is a parent itself is none.
func (b *builder) component(urn string) string {
	for r := b.all[urn]; r != nil; r = b.all[r.parent] {
		if r.isComponent() {
			return r.urn
		}
	}
	return ""
}

// group makes the groups of the components that hold a resource, and puts their ids in the place of the URNs.
func (b *builder) group(g *Graph) {
	var groups []Group
	var add func(urn string)
	known := map[string]bool{"": true}
	add = func(urn string) {
		if known[urn] {
			return
		}
		known[urn] = true
		r := b.all[urn]
		outer := b.component(r.parent)
		add(outer)
		groups = append(groups, Group{ID: urn, In: outer, Kind: KindOf(r.typ), Type: r.typ, Name: r.name, URN: urn})
	}
	for _, n := range g.Nodes {
		add(n.In)
	}
	ids := map[string]string{}
	for i := range groups {
		ids[groups[i].URN] = fmt.Sprintf("g%d", i+1)
		groups[i].ID, groups[i].In = ids[groups[i].URN], ids[groups[i].In]
	}
	for i := range g.Nodes {
		g.Nodes[i].In = ids[g.Nodes[i].In]
	}
	g.Groups = groups
}
