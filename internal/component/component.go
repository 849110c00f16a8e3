// Package component has what all component packages need: one way to refuse arguments, to say when rights hold, and to leave inputs out.
package component

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Rights is embedded in components that give rights.
type Rights struct{ Resources []pulumi.Resource }

// Ready are what must exist before the component's rights hold: depend on these. A dependency on the component itself can miss
// children, of which the Go SDK learns only while it registers them.
func (r *Rights) Ready() []pulumi.Resource { return r.Resources }

// Refuse turns the problems of a component's arguments into one error, or nil.
func Refuse(typ, name string, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%s %s: %w", typ, name, errs.ToAggregate())
}

// OptionalString leaves an input out when it is empty.
func OptionalString(s string) pulumi.StringPtrInput {
	if s == "" {
		return nil
	}
	return pulumi.String(s)
}

// OptionalMap leaves the union of the maps out when it is empty.
func OptionalMap(maps ...map[string]string) pulumi.StringMapInput {
	all := Merge(maps...)
	if len(all) == 0 {
		return nil
	}
	return all
}

// Merge returns the union of the maps; later ones win.
func Merge(maps ...map[string]string) pulumi.StringMap {
	all := pulumi.StringMap{}
	for _, m := range maps {
		for k, v := range m {
			all[k] = pulumi.String(v)
		}
	}
	return all
}
