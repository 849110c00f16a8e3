package mutations_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"bifrost/stacks"
)

// absent stands for a key that is not there.
type absent struct{}

// place is where a configuration has a value, or could have one.
type place struct {
	// path are keys, and numbers in lists.
	path []any
	// typ is what the configuration's types have there; nil where anything may stand.
	typ reflect.Type
	// value is what stands there; absent where nothing does.
	value any
	// name is the path with [] for any place in a list and {} for any key of a map of texts.
	name string
}

// below is a place in this one.
func (p place) below(step any, name string, typ reflect.Type, value any) place {
	if typ != nil && typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	return place{append(slices.Clone(p.path), step), typ, value, strings.TrimPrefix(p.name+name, ".")}
}

// key is the last key of the path, without numbers in lists.
func (p place) key() string {
	for i := len(p.path) - 1; i >= 0; i-- {
		if key, is := p.path[i].(string); is {
			return key
		}
	}
	return ""
}

// under tells whether the place is a key's or below it.
func (p place) under(key string) bool { return p.name == key || strings.HasPrefix(p.name, key+".") }

// places are all of a stack's values, from the outside in, and what the configuration's types know besides.
func places(values map[string]any) []place {
	root := place{typ: reflect.TypeFor[stacks.Config](), value: values}
	var found []place
	root.walk(func(p place) { found = append(found, p) })
	return found
}

// fromElsewhere tells of types of the Kubernetes API, which hold hundreds of keys: a place of theirs is looked into only where a stack has
// it.
func fromElsewhere(t reflect.Type) bool { return strings.Contains(t.PkgPath(), "pulumi-kubernetes") }

func (p place) walk(visit func(place)) {
	if len(p.path) > 0 {
		visit(p)
	}
	switch value := p.value.(type) {
	case absent:
		if p.typ != nil && p.typ.Kind() == reflect.Struct && !fromElsewhere(p.typ) {
			p.fields(map[string]any{}, visit)
		}
	case map[string]any:
		if p.typ != nil && p.typ.Kind() == reflect.Struct {
			p.fields(value, visit)
			return
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			p.entry(key, value[key]).walk(visit)
		}
	case []any:
		if len(value) > 0 { // what holds of the first holds of the others
			p.below(0, "[]", elem(p.typ), value[0]).walk(visit)
		}
	}
}

func elem(t reflect.Type) reflect.Type {
	if t == nil || t.Kind() != reflect.Slice && t.Kind() != reflect.Map || t.Elem().Kind() == reflect.Interface {
		return nil
	}
	return t.Elem()
}

// entry is one key of an object whose keys are free. Documents keep their keys' names.
func (p place) entry(key string, value any) place {
	name := "{}"
	if p.typ == nil || p.typ.Elem().Kind() == reflect.Interface {
		name = "." + key
	}
	return p.below(key, name, elem(p.typ), value)
}

// fields walks the keys that an object of the configuration may have.
func (p place) fields(object map[string]any, visit func(place)) {
	for i := range p.typ.NumField() {
		f := p.typ.Field(i)
		if !f.IsExported() {
			continue
		}
		key := strings.ToLower(f.Name[:1]) + f.Name[1:]
		value, there := object[key]
		if !there {
			value = absent{}
		}
		if !there && fromElsewhere(p.typ) {
			continue
		}
		p.below(key, "."+key, f.Type, value).walk(visit)
	}
}

// put returns values with another one at a path; absent removes it. Nothing of the values themselves is changed.
func put(node any, path []any, value any) any {
	if len(path) == 0 {
		return value
	}
	switch step := path[0].(type) {
	case int:
		list := slices.Clone(node.([]any))
		list[step] = put(list[step], path[1:], value)
		return list
	case string:
		object, _ := node.(map[string]any)
		object = maps.Clone(object)
		if object == nil {
			object = map[string]any{}
		}
		object[step] = put(object[step], path[1:], value)
		if _, gone := object[step].(absent); gone {
			delete(object, step)
		}
		return object
	}
	panic(fmt.Sprintf("a step of a path is %T", path[0]))
}

// rawOf is the configuration as the engine would hand it over.
func rawOf(base stacks.Raw, values map[string]any) stacks.Raw {
	raw := base
	raw.File = nil
	raw.Values = map[string]string{}
	for key, value := range values {
		text, is := value.(string)
		if !is {
			b, err := json.Marshal(value)
			if err != nil {
				panic(err)
			}
			text = string(b)
		}
		raw.Values[key] = text
	}
	return raw
}

// valuesOf takes the texts of a configuration apart.
func valuesOf(raw stacks.Raw) map[string]any {
	values := map[string]any{}
	for key, text := range raw.Values {
		f, known := reflect.TypeFor[stacks.Config]().FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, key) })
		values[key] = text
		if known && f.Type.Kind() == reflect.String {
			continue
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var value any
		if d.Decode(&value) == nil {
			values[key] = value
		}
	}
	return values
}
