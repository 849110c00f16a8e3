package bridge_test

import (
	"maps"
	"regexp"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/sandbox/cloud/double"
)

// complete is the state as Terraform would have it: it has each property of a block, if only as its zero value or its default, and each
// list and map that the service fills in. The doubles leave out what nobody reads.
func (r typeRow) complete(state object, without resource.PropertyPath) object {
	whole := complete(state, r.Properties)
	if without != nil {
		return with(whole, without, nil)
	}
	return whole
}

func complete(state object, of map[string]property) object {
	whole := maps.Clone(state)
	for name, p := range of {
		value, there := state[name]
		switch {
		case there:
			whole[name] = p.complete(value)
		case p.Default != nil:
			whole[name] = p.Default
		case p.scalar() || p.Computed && p.Kind != "object":
			whole[name] = p.zero()
		}
	}
	return whole
}

func (p property) complete(value any) any {
	if o, ok := value.(object); ok && p.Kind == "object" {
		return complete(o, p.Properties)
	}
	if l, ok := value.([]any); ok && p.Elem != nil {
		all := make([]any, len(l))
		for i, e := range l {
			all[i] = p.Elem.complete(e)
		}
		return all
	}
	return value
}

func (p property) scalar() bool { return p.Elem == nil && p.Kind != "map" && p.Kind != "object" }

// suppressed is the state with the given values where the type says that both mean the same: Terraform's DiffSuppressFunc, which is code
// and stands in no table.
func suppressed(typ *double.Type, state, given object) object {
	walk(given, nil, func(path resource.PropertyPath, value any) {
		equal := typ.Equal[tablePath(path)]
		is := get(state, path)
		if equal != nil && is != nil && value != unknown && equal(is, value) {
			state = with(state, path, value)
		}
	})
	return state
}

func get(at any, path resource.PropertyPath) any {
	for _, step := range path {
		switch v := at.(type) {
		case object:
			at = v[step.(string)]
		case []any:
			if step.(int) >= len(v) {
				return nil
			}
			at = v[step.(int)]
		default:
			return nil
		}
	}
	return at
}

// tablePath is a path as the doubles' tables write it: without the places in lists.
func tablePath(path resource.PropertyPath) string {
	names := slices.DeleteFunc(slices.Clone(path), func(step any) bool { _, place := step.(int); return place })
	return places.ReplaceAllString(names.String(), "")
}

var places = regexp.MustCompile(`\[\d+\]`)
