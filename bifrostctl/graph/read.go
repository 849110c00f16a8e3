package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/changes"
)

// resource is what a state or a preview tells of one resource, component or provider.
type resource struct {
	urn, parent, provider string
	typ, name             string
	custom                bool
	// waitsFor are the URNs of what it depends on.
	waitsFor []string
	// node is what is drawn of it where it is drawn.
	node Node
}

// OfState is the graph of a stack's state, as `pulumi stack export` prints it.
func OfState(text []byte) (*Graph, error) {
	var exported struct {
		Deployment *apitype.DeploymentV3 `json:"deployment"`
	}
	if err := json.Unmarshal(text, &exported); err != nil {
		return nil, fmt.Errorf("read the state: this is not what `pulumi stack export` prints: %w", err)
	}
	if exported.Deployment == nil {
		return nil, errors.New("read the state: it has no key deployment, which what `pulumi stack export` prints has")
	}
	var all []resource
	for _, r := range exported.Deployment.Resources {
		if r.Delete {
			continue // replaced already; only its deletion is missing
		}
		waitsFor := texts(r.Dependencies)
		for _, urns := range r.PropertyDependencies {
			waitsFor = append(waitsFor, texts(urns)...)
		}
		all = append(all, resource{
			urn: string(r.URN), parent: string(r.Parent), provider: r.Provider, typ: string(r.Type), name: r.URN.Name(), custom: r.Custom,
			waitsFor: waitsFor,
			node:     Node{Identity: string(r.ID), Read: r.External, Protected: r.Protect},
		})
	}
	return of(all, false), nil
}

func texts(urns []sdk.URN) []string {
	var all []string
	for _, urn := range urns {
		all = append(all, string(urn))
	}
	return all
}

// OfSet is the graph of what an operation changes, or would change. What the set does not hold, because it stays as it is, is in it where
// something of the set waits for it.
func OfSet(set *changes.Set) *Graph {
	var all []resource
	for _, step := range set.Steps {
		all = append(all, ofStep(step))
	}
	g := of(all, true)
	g.Project, g.Stack = set.Project, set.Stack
	return g
}

func ofStep(step changes.Step) resource {
	r := resource{urn: step.URN, parent: step.Parent, typ: step.Type, name: step.Name, custom: true, node: Node{
		Op: step.Op, Seconds: step.Seconds,
	}}
	for _, d := range step.Diff {
		r.node.Changes = append(r.node.Changes, changeOf(d))
	}
	state := step.State()
	if state == nil {
		return r
	}
	r.custom, r.provider = state.Custom, state.Provider
	r.waitsFor = slices.Clone(state.Dependencies)
	for _, urns := range state.PropertyDependencies {
		r.waitsFor = append(r.waitsFor, urns...)
	}
	r.node.Identity, r.node.Read, r.node.Protected = state.ID, state.External, state.Protect
	return r
}

func changeOf(d changes.Diff) Change {
	c := Change{Path: d.Path, Old: shown(d.Old), New: shown(d.New), Replaces: d.Replaces}
	if c.Old == "" && c.New == "" || c.Old == c.New {
		c.Old, c.New, c.Shown = "", "", d.Shown // a secret that is another one, or a value of which only the change is known
	}
	return c
}

// shown is a value as a text: a text as it is, others as JSON.
func shown(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
