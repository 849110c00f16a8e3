package configjson

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway/secretkeys"
)

// ClearSecrets refuses a secret that stands in clear where a reference belongs: config.json is read by more people than the
// secrets are, and kept in the stack file.
func ClearSecrets(p *field.Path, document Document) field.ErrorList {
	var problems field.ErrorList
	secrets(p, "", document, func(p *field.Path, value any) {
		if !secretkeys.IsReference(value) {
			problems = append(problems, field.Forbidden(p,
				"a secret in clear; write a reference such as env.NAME here and keep the value under secrets.env.NAME"))
		}
	})
	return problems
}

// SecretVariables are the environment variables that config.json takes secrets from, each with the place of the first, below p.
func SecretVariables(p *field.Path, document Document) map[string]string {
	places := map[string]string{}
	secrets(p, "", document, func(p *field.Path, value any) {
		for _, name := range EnvReferences(Document{"": value}) {
			if _, known := places[name]; !known {
				places[name] = p.String()
			}
		}
	})
	return places
}

// secrets calls visit for the value of every key that is a secret's, and for every other text that holds a secret; parent is the key of
// the object in which v is, or of the list.
func secrets(p *field.Path, parent string, v any, visit func(p *field.Path, value any)) {
	switch v := v.(type) {
	case string:
		if secretkeys.Holds(v) {
			visit(p, v)
		}
	case []any:
		for i, e := range v {
			secrets(p.Index(i), parent, e, visit)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if secretkeys.Is(parent, key) {
				visit(p.Child(key), v[key])
				continue
			}
			secrets(p.Child(key), key, v[key], visit)
		}
	}
}
