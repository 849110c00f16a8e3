package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

// Inventory is the document that `sandbox state --json` prints.
type Inventory struct {
	Stack string `json:"stack"`
	// Resources are ordered by type, scope and id.
	Resources []Existing `json:"resources"`
}

// Existing is one thing that exists in a stack's clouds.
type Existing struct {
	// Type is a Pulumi type token. Scope is the place in which ID is unique: an AWS account, mostly with its region, an
	// Azure subscription, or the URL of a Kubernetes API server.
	Type  string `json:"type"`
	Scope string `json:"scope"`
	ID    string `json:"id"`
	// Seeded marks what the stack takes for granted: it was there before the first up.
	Seeded bool `json:"seeded,omitempty"`
	// Deleted marks what is deleted and still keeps its name (a secret in its recovery window).
	Deleted bool `json:"deleted,omitempty"`
	// Inputs are what the provider was asked for, State what the cloud answers. Secrets are "[secret]", unless
	// they were asked for.
	Inputs map[string]any `json:"inputs,omitempty"`
	State  map[string]any `json:"state,omitempty"`
}

// State prints what exists in the stack's clouds. It only reads, and takes no lock: the clouds are saved whole or not at
// all, also while another command runs on the stack.
func (r Runner) State(request Request) error {
	p, err := loadProject(request.Dir, request.Stack)
	if err != nil {
		return err
	}
	f, err := request.folders(p)
	if err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	clouds, err := cloud.Load(f.world())
	if err != nil {
		return &FailedError{Err: err}
	}
	found := Inventory{Stack: p.stack, Resources: inventory(clouds, request.ShowSecrets)}
	r.answer(found)
	if f.exist() {
		err = found.print(r.Stdout, clouds.Clusters)
	} else {
		_, err = fmt.Fprintf(r.Stdout, "Stack %s was never up in the sandbox: nothing exists. To deploy it:\n  %s\n", p.stack,
			request.command(Up))
	}
	if err != nil {
		return &FailedError{Err: err}
	}
	return nil
}

// print writes a table. A cluster's objects have its name there, for short.
func (i Inventory) print(w io.Writer, clusters map[string]*world.Cluster) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TYPE\tSCOPE\tID")
	for _, e := range i.Resources {
		note := ""
		switch {
		case e.Seeded && e.Deleted:
			note = " (removed by hand)"
		case e.Seeded:
			note = " (before the first up)"
		case e.Deleted:
			note = " (deleted; its name is taken)"
		}
		scope := e.Scope
		if cluster := clusters[scope]; cluster != nil {
			scope = "cluster " + cluster.Name
		}
		fmt.Fprintf(table, "%s\t%s\t%s%s\n", e.Type, scope, e.ID, note)
	}
	return table.Flush()
}

// inventory lists what exists; with showSecrets nothing is masked.
func inventory(world *cloud.World, showSecrets bool) []Existing {
	found := seeded(world)
	for _, r := range world.Resources {
		secrets := append(slices.Clone(r.Secrets), cloud.SecretProperties(r.Type)...)
		if showSecrets {
			secrets = nil
		}
		found = append(found, Existing{
			Type: r.Type, Scope: r.Scope, ID: r.ID, Deleted: r.Deleted, Seeded: r.Seeded,
			Inputs: hide(r.Inputs, nil, secrets).(map[string]any), State: hide(r.State, nil, secrets).(map[string]any),
		})
	}
	slices.SortFunc(found, func(a, b Existing) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.ID, b.ID))
	})
	return found
}

// seeded lists what stands in the accounts and subscriptions without being a resource of the program's.
func seeded(world *cloud.World) []Existing {
	found := []Existing{}
	add := func(typ, scope, id string, state map[string]any) {
		found = append(found, Existing{Type: typ, Scope: scope, ID: id, Seeded: true, State: state})
	}
	for _, cluster := range world.Standing() {
		add(cluster.Type, cluster.Scope, cluster.ID, cluster.State)
	}
	for _, subscription := range world.Azure {
		for _, group := range subscription.ResourceGroups {
			add(pulumitype.AzureResourceGroup, subscription.ID, group, nil)
		}
	}
	return found
}

// hide returns a copy of a value, at a path, in which what lies at the paths of secrets is masked.
func hide(value any, path resource.PropertyPath, secrets []string) any {
	if slices.Contains(secrets, path.String()) {
		return changes.Masked
	}
	below := func(key any) resource.PropertyPath { return append(slices.Clip(path), key) }
	switch value := value.(type) {
	case map[string]any:
		object := map[string]any{}
		for key, each := range value {
			object[key] = hide(each, below(key), secrets)
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, each := range value {
			list[i] = hide(each, below(i), secrets)
		}
		return list
	}
	return value
}

func printJSON(w io.Writer, document any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document)
}
