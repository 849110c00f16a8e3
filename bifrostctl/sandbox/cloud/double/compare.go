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
	// write writes a path.
	write func(resource.PropertyPath) string
	found map[string]change
}

// changesOf compares two versions of properties as they are.
func changesOf(before, after Object) map[string]change {
	c := comparison{write: resource.PropertyPath.String, found: map[string]change{}}
	c.compare(before, after, nil)
	return c.found
}

// changes compares what a resource is with what it is asked to be.
func (s *server) changes(typ *Type, state, inputs, after Object, ignored []string) map[string]change {
	write := s.provider.Path
	if write == nil {
		write = resource.PropertyPath.String
	}
	if s.provider.ComparesInputs {
		if s.provider.Shown != nil {
			inputs = s.provider.Shown(state, inputs)
		}
		if s.provider.Normal != nil {
			inputs, after = s.provider.Normal(inputs), s.provider.Normal(after)
		}
		c := comparison{ignored: ignored, write: write, found: map[string]change{}}
		c.compare(inputs, after, nil)
		found := c.found
		maps.DeleteFunc(found, func(path string, differs change) bool {
			equal := typ.Equal[differs.property]
			return equal != nil && !differs.unknown && equal(Get(inputs, path), Get(after, path))
		})
		return found
	}
	c := comparison{typ: typ, ignored: ignored, write: write, found: map[string]change{}}
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
	case reflect.DeepEqual(before, after), c.typ == nil && c.ignores(path):
		return
	case before == nil:
		c.add(path, pulumirpc.PropertyDiff_ADD, after)
		return
	case after == nil:
		c.add(path, pulumirpc.PropertyDiff_DELETE, before)
		return
	case after == Unknown:
		c.add(path, pulumirpc.PropertyDiff_UPDATE, after)
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
	c.add(path, pulumirpc.PropertyDiff_UPDATE, nil)
}

// add writes a difference of a value that comes or goes whole, or is not known; nil where it becomes another one.
func (c *comparison) add(path resource.PropertyPath, kind pulumirpc.PropertyDiff_Kind, whole any) {
	name := schemaPath(path)
	found := change{property: name, kind: kind, unknown: whole == Unknown && c.typ == nil}
	if c.typ != nil {
		found.holds = held(name, whole)
	}
	c.found[c.write(path)] = found
}

// held are the properties that a value has, as the tables write them.
func held(name string, value any) []string {
	var names []string
	switch v := value.(type) {
	case Object:
		for key, e := range v {
			names = append(append(names, name+"."+key), held(name+"."+key, e)...)
		}
	case []any:
		for _, e := range v {
			names = append(names, held(name, e)...)
		}
	}
	return names
}

// settle applies what the provider's schema says of a property: whether the state and the inputs mean the same, and with which values the
// comparison goes on where they may not.
func (c *comparison) settle(state, input any, path resource.PropertyPath) (any, any, bool) {
	name := schemaPath(path)
	if c.ignores(path) {
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
	case c.leaves(name, state, input):
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

// ignores tells whether a path is one of those that the program ignores, or lies in one of them.
func (c *comparison) ignores(path resource.PropertyPath) bool {
	return slices.ContainsFunc(c.ignored, func(text string) bool {
		ignored, err := resource.ParsePropertyPath(text)
		return err == nil && len(path) > 0 && ignored.Contains(path)
	})
}

// leaves tells whether the inputs leave a property to the service: a computed one, or the name, of which they say nothing or an empty text.
// A zero, a false and an empty list are something. Nor does it count that the members of a computed set are not known yet where there are
// some (terraform-plugin-sdk, helper/schema/schema.go, finalizeDiff and diffSet).
func (c *comparison) leaves(name string, state, input any) bool {
	computed := slices.Contains(c.typ.Computed, name) || name != "" && name == c.typ.Name.Path
	return computed && (input == nil || input == "" || input == Unknown && slices.Contains(c.typ.Sets, name) && !isZero(state))
}

// aligned puts the members of a set into the order of the wanted ones; those that nobody wants come where one is missing, or last.
func (c *comparison) aligned(members, wanted []any, path resource.PropertyPath) []any {
	left := slices.Clone(members)
	ordered := make([]any, len(wanted))
	for i, w := range wanted {
		for j, member := range left {
			probe := comparison{typ: c.typ, ignored: c.ignored, write: c.write, found: map[string]change{}}
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
