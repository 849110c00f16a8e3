package effects

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/internal/component"
)

// Difference is a value that changes. Before or After is null where there is none.
type Difference struct {
	Path          Path
	Before, After resource.PropertyValue
}

func revealed(v resource.PropertyValue) (resource.PropertyValue, bool) { return component.Revealed(v) }

// Differences are the smallest values that differ, in the order of their paths. Texts that are JSON on both sides are compared as what
// they say, and members of lists by their names. Secrets are revealed: what is said of them is the caller's business.
func Differences(before, after resource.PropertyValue) []Difference {
	return differences(nil, before, after)
}

func differences(path Path, before, after resource.PropertyValue) []Difference {
	before, knownBefore := revealed(before)
	after, knownAfter := revealed(after)
	if knownBefore && knownAfter {
		before, after = parsed(before, after)
		switch {
		case before.IsObject() && after.IsObject():
			return ofObjects(path, before.ObjectValue(), after.ObjectValue())
		case before.IsArray() && after.IsArray():
			return ofLists(path, before.ArrayValue(), after.ArrayValue())
		case before.DeepEquals(after):
			return nil
		}
	}
	return []Difference{{slices.Clone(path), before, after}}
}

func ofObjects(path Path, before, after resource.PropertyMap) []Difference {
	return ofNamed(path, before, after, func(name resource.PropertyKey) any { return string(name) })
}

func ofNamed(path Path, before, after resource.PropertyMap, step func(resource.PropertyKey) any) []Difference {
	names := map[resource.PropertyKey]bool{}
	for _, object := range []resource.PropertyMap{before, after} {
		for name := range object {
			names[name] = !resource.IsInternalPropertyKey(name)
		}
	}
	var all []Difference
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if names[name] {
			all = append(all, differences(append(slices.Clone(path), step(name)), before[name], after[name])...)
		}
	}
	return all
}

func ofLists(path Path, before, after []resource.PropertyValue) []Difference {
	was, is := byName(before), byName(after)
	if was != nil && is != nil {
		return ofNamed(path, was, is, func(name resource.PropertyKey) any { return Member(name) })
	}
	var all []Difference
	for i := range max(len(before), len(after)) {
		all = append(all, differences(append(slices.Clone(path), i), member(before, i), member(after, i))...)
	}
	return all
}

func member(list []resource.PropertyValue, i int) resource.PropertyValue {
	if i >= len(list) {
		return resource.NewNullProperty()
	}
	return list[i]
}

// byName are the members of a list by their property name; nil where one has none, or another's.
func byName(list []resource.PropertyValue) resource.PropertyMap {
	named := resource.PropertyMap{}
	for _, each := range list {
		object, known := revealed(each)
		if !known || !object.IsObject() {
			return nil
		}
		name, known := component.KnownText(object.ObjectValue()["name"])
		if _, taken := named[resource.PropertyKey(name)]; !known || taken {
			return nil
		}
		named[resource.PropertyKey(name)] = object
	}
	return named
}

// parsed are two texts as what they say, where both are objects or lists in JSON.
func parsed(before, after resource.PropertyValue) (was, is resource.PropertyValue) {
	was, one := fromJson(before)
	is, two := fromJson(after)
	if !one || !two {
		return before, after
	}
	return was, is
}

func fromJson(v resource.PropertyValue) (resource.PropertyValue, bool) {
	if !v.IsString() || !strings.HasPrefix(v.StringValue(), "{") && !strings.HasPrefix(v.StringValue(), "[") {
		return v, false
	}
	var value any
	if json.Unmarshal([]byte(v.StringValue()), &value) != nil {
		return v, false
	}
	return resource.NewPropertyValue(value), true
}
