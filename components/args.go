package components

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ready is embedded in components that give rights.
type ready struct{ resources []pulumi.Resource }

// Ready are what must exist before the component's rights hold: depend on these. A dependency on the component itself can miss
// children, of which the Go SDK learns only while it registers them.
func (r *ready) Ready() []pulumi.Resource { return r.resources }

// refuse turns the problems of a component's arguments into one error, or nil.
func refuse(typ, name string, errs field.ErrorList) error {
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%s %s: %w", typ, name, errs.ToAggregate())
}

// optionalString leaves an input out when it is empty.
func optionalString(s string) pulumi.StringPtrInput {
	if s == "" {
		return nil
	}
	return pulumi.String(s)
}

// optionalMap leaves the union of the maps out when it is empty.
func optionalMap(maps ...map[string]string) pulumi.StringMapInput {
	all := merge(maps...)
	if len(all) == 0 {
		return nil
	}
	return all
}

// merge returns the union of the maps; later ones win.
func merge(maps ...map[string]string) pulumi.StringMap {
	all := pulumi.StringMap{}
	for _, m := range maps {
		for k, v := range m {
			all[k] = pulumi.String(v)
		}
	}
	return all
}

// or is what a pointer points to, or the default where it is nil.
func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
