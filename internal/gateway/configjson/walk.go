package configjson

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// walkKnown calls visit for every key of every object whose names are known, with the path of the object in the table of keys.
func walkKnown(p *field.Path, path string, v any, visit func(p *field.Path, path, key string, value any)) {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			walkKnown(p.Index(i), path+"[]", e, visit)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if len(knownKeys.objects[path]) > 0 {
				visit(p.Child(key), path, key, v[key])
			}
			walkKnown(p.Child(key), knownKeys.below(path, key), v[key], visit)
		}
	}
}

// walkTexts calls visit for every text, with the key that it stands at and that key's object, or the list's that it stands in.
func walkTexts(p *field.Path, parent, key string, v any, visit func(p *field.Path, parent, key, text string)) {
	switch v := v.(type) {
	case string:
		visit(p, parent, key, v)
	case []any:
		for i, e := range v {
			walkTexts(p.Index(i), parent, key, e, visit)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			walkTexts(p.Child(name), key, name, v[name], visit)
		}
	}
}

// each calls visit for every object at a path such as governance.virtual_keys[].provider_configs[], with * for any name.
func each(p *field.Path, v any, path string, visit func(p *field.Path, object map[string]any)) {
	object, ok := v.(map[string]any)
	if !ok {
		return
	}
	if path == "" {
		visit(p, object)
		return
	}
	step, rest, _ := strings.Cut(path, ".")
	name, list := strings.CutSuffix(step, "[]")
	names := []string{name}
	if name == "*" {
		names = slices.Sorted(maps.Keys(object))
	}
	for _, name := range names {
		if !list {
			each(p.Child(name), object[name], rest, visit)
			continue
		}
		elements, _ := object[name].([]any)
		for i, e := range elements {
			each(p.Child(name).Index(i), e, rest, visit)
		}
	}
}
