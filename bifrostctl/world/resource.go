package world

import (
	"slices"
	"sort"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Resource is one thing that exists in a cloud.
type Resource struct {
	// Type is the Pulumi type token.
	Type string `json:"type"`
	// Scope is the place in which ID is unique: "account/region" or "account" in AWS, a subscription in Azure, a
	// cluster's server in Kubernetes.
	Scope string `json:"scope"`
	// ID is the provider's id, or what tells the resource apart where that id does not (ECS task definitions).
	ID string `json:"id"`
	// ProviderID is the provider's id where it is not ID.
	ProviderID string `json:"providerId,omitempty"`
	// Inputs are what the provider was asked for, in plain (also secrets).
	Inputs map[string]any `json:"inputs"`
	// State is what the cloud answers when it is read, in plain.
	State map[string]any `json:"state"`
	// Secrets are the paths, in Inputs and State, of what the program or the provider holds secret.
	Secrets []string `json:"secrets,omitempty"`
	// Seeded marks what was there before the first deployment.
	Seeded bool `json:"seeded,omitempty"`
	// Edited marks what was changed or removed by hand: seeding leaves it as it is.
	Edited bool `json:"edited,omitempty"`
	// Deleted marks what is there although it was deleted: a secret in its recovery window keeps its name, and a version of a secret can
	// be read by its id.
	Deleted bool `json:"deleted,omitempty"`
}

// Key is the resource's place in World.Resources.
func (r *Resource) Key() string { return Key(r.Type, r.Scope, r.ID) }

// PulumiID returns the id by which the engine knows the resource.
func (r *Resource) PulumiID() string {
	if r.ProviderID != "" {
		return r.ProviderID
	}
	return r.ID
}

// AddSecrets adds paths of secrets.
func (r *Resource) AddSecrets(paths []resource.PropertyPath) {
	for _, path := range paths {
		if text := path.String(); !slices.Contains(r.Secrets, text) {
			r.Secrets = append(r.Secrets, text)
		}
	}
}

// Key returns the key of a resource in World.Resources.
func Key(typ, scope, id string) string { return strings.Join([]string{typ, scope, id}, "|") }

// Get returns a live resource, or nil.
func (w *World) Get(typ, scope, id string) *Resource {
	r := w.Resources[Key(typ, scope, id)]
	if r == nil || r.Deleted || w.unseen(r) {
		return nil
	}
	return r
}

// Put adds or overwrites a resource.
func (w *World) Put(r *Resource) { w.Resources[r.Key()] = r }

// Settle puts what others than the program have made, unless it was changed or removed by hand.
func (w *World) Settle(r *Resource) {
	if known := w.Resources[r.Key()]; known != nil && (known.Edited || !known.Seeded) {
		return
	}
	r.Seeded = true
	w.Put(r)
}

// Remove takes a resource away.
func (w *World) Remove(r *Resource) { delete(w.Resources, r.Key()) }

// List returns the live resources of a type in a scope, ordered by id.
func (w *World) List(typ, scope string) []*Resource {
	var found []*Resource
	for _, r := range w.Resources {
		if r.Type == typ && r.Scope == scope && !r.Deleted && !w.unseen(r) {
			found = append(found, r)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].ID < found[j].ID })
	return found
}

// Next returns a number that the world never gave before.
func (w *World) Next() int {
	w.Serial++
	return w.Serial
}
