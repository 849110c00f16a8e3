package double

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// comparison finds what differs between two versions of a resource's properties. The zero one compares inputs with inputs, as azure-native
// and pulumi-kubernetes do.
type comparison struct {
	// typ is set where the state is compared with the inputs, as the Terraform bridge does (pulumi-terraform-bridge,
	// pkg/tfbridge/provider.go, Diff, and terraform-plugin-sdk, helper/schema/schema.go, schemaMap.Diff).
	typ *Type
	// ignored are the properties whose changes the program ignores. The engine puts back their old inputs; the state may differ from those.
	ignored []string
	found   map[string]change
}

// changesOf compares two versions of properties as they are.
func changesOf(before, after Object) map[string]change {
	c := comparison{found: map[string]change{}}
	c.compare(before, after, nil)
	return c.found
}

// changes compares what a resource is with what it is asked to be.
func (s *server) changes(typ *Type, state, inputs, after Object, ignored []string) map[string]change {
	if s.provider.ComparesInputs {
		found := changesOf(inputs, after)
		maps.DeleteFunc(found, func(path string, differs change) bool {
			equal := typ.Equal[differs.property]
			return equal != nil && !differs.unknown && equal(Get(inputs, path), Get(after, path))
		})
		return found
	}
	c := comparison{typ: typ, ignored: ignored, found: map[string]change{}}
	c.compare(state, after, nil)
	return c.found
}

// compare writes each difference between two values at its path.
func (c *comparison) compare(before, after any, path resource.PropertyPath) {
	if c.typ != nil {
		var same bool
		if before, after, same = c.settle(before, after, path); same {
			return
		}
	}
	switch {
	case reflect.DeepEqual(before, after):
		return
	case before == nil:
		c.add(path, pulumirpc.PropertyDiff_ADD, after == Unknown)
		return
	case after == nil:
		c.add(path, pulumirpc.PropertyDiff_DELETE, false)
		return
	case after == Unknown:
		c.add(path, pulumirpc.PropertyDiff_UPDATE, true)
		return
	}
	o1, isObject1 := before.(Object)
	o2, isObject2 := after.(Object)
	if isObject1 && isObject2 {
		for _, key := range sortedKeys(o1, o2) {
			c.compare(o1[key], o2[key], append(slices.Clip(path), key))
		}
		return
	}
	l1, isList1 := before.([]any)
	l2, isList2 := after.([]any)
	if isList1 && isList2 {
		for i := range max(len(l1), len(l2)) {
			c.compare(at(l1, i), at(l2, i), append(slices.Clip(path), i))
		}
		return
	}
	c.add(path, pulumirpc.PropertyDiff_UPDATE, false)
}

func (c *comparison) add(path resource.PropertyPath, kind pulumirpc.PropertyDiff_Kind, unknown bool) {
	c.found[path.String()] = change{schemaPath(path), kind, unknown}
}

// settle applies what the provider's schema says of a property: whether the state and the inputs mean the same, and with which values the
// comparison goes on where they may not.
func (c *comparison) settle(state, input any, path resource.PropertyPath) (any, any, bool) {
	name := schemaPath(path)
	if name != "" && within(name, c.ignored) {
		return state, input, true
	}
	if len(path) > 0 {
		if _, isMember := path[len(path)-1].(int); isMember {
			return state, input, false // what the tables say of a list is not said of its members
		}
	}
	if input == nil {
		input = clone(c.typ.Defaults[name])
	}
	switch equal := c.typ.Equal[name]; {
	case saysNothing(input) && slices.Contains(c.typ.Computed, name):
		return state, input, true
	case isZero(state) && isZero(input):
		return state, input, true
	case equal != nil && state != nil && Known(input) && input != nil && equal(state, input):
		return state, input, true
	}
	members, isList1 := state.([]any)
	wanted, isList2 := input.([]any)
	if isList1 && isList2 && slices.Contains(c.typ.Sets, name) {
		return c.aligned(members, wanted, path), input, false
	}
	return state, input, false
}

// aligned puts the members of a set into the order of the wanted ones; those that nobody wants come where one is missing, or last.
func (c *comparison) aligned(members, wanted []any, path resource.PropertyPath) []any {
	left := slices.Clone(members)
	ordered := make([]any, len(wanted))
	for i, w := range wanted {
		for j, member := range left {
			probe := comparison{typ: c.typ, ignored: c.ignored, found: map[string]change{}}
			probe.compare(member, w, append(slices.Clip(path), i))
			if len(probe.found) == 0 {
				ordered[i], left = member, slices.Delete(left, j, j+1)
				break
			}
		}
	}
	for i := range ordered {
		if ordered[i] == nil && len(left) > 0 {
			ordered[i], left = left[0], left[1:]
		}
	}
	return append(ordered, left...)
}

// schemaPath is a path as the tables write it: dotted, without the places in lists.
func schemaPath(path resource.PropertyPath) string {
	var names []string
	for _, element := range path {
		if name, ok := element.(string); ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, ".")
}

// isZero tells whether a value says no more than none: Terraform's states and configurations do not tell them apart.
func isZero(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case bool:
		return !v
	case float64:
		return v == 0
	case []any:
		return len(v) == 0
	case Object:
		return len(v) == 0
	}
	return false
}

// saysNothing tells whether an input leaves a computed property to the service: a list given empty does not.
func saysNothing(input any) bool {
	_, isList := input.([]any)
	return isZero(input) && !isList
}

func at(l []any, i int) any {
	if i < len(l) {
		return l[i]
	}
	return nil
}

// topLevel are the names of the top-level properties that changed, each once, in order.
func topLevel(found map[string]change) []string {
	var names []string
	for _, path := range keysOf(found) {
		names = addTop(names, path)
	}
	return names
}
