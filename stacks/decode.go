package stacks

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// decodeValues turns the engine's texts into values. An empty object means absent: Pulumi.yaml gives it as the default.
func decodeValues(raw Raw) (map[string]any, field.ErrorList) {
	var problems field.ErrorList
	values := map[string]any{}
	for _, key := range slices.Sorted(maps.Keys(raw.Values)) {
		path := field.NewPath(key)
		text := raw.Values[key]
		switch {
		case raw.Secret[key] && key != "secrets":
			problems = append(problems, field.Forbidden(path, "holds an encrypted value; encrypted values belong under secrets alone"))
		case key == "secrets" && !raw.Secret[key] && text != "{}":
			problems = append(problems, field.Forbidden(path, "stands in clear in the stack file; set its values with `pulumi config set "+
				"--secret "+
				"--path`, and treat the clear ones as leaked"))
		}
		v := decodeValue(key, text)
		if object, isObject := v.(map[string]any); !isObject || len(object) > 0 {
			values[key] = v
		}
	}
	return values, problems
}

// decodeValue reads what should be an object as JSON, keeping numbers as written, and a boolean as what it says; anything else is text.
func decodeValue(key, text string) any {
	f, ok := fieldByName(reflect.TypeFor[Config](), key)
	if !ok {
		return objectOrText(text)
	}
	if text == nothingAsJSON {
		return nil
	}
	switch deref(f.Type).Kind() {
	case reflect.String:
		return text
	case reflect.Bool:
		// What else strconv takes, such as 1 or T, is none to YAML.
		if b, err := strconv.ParseBool(text); err == nil && text == strconv.FormatBool(b) {
			return b
		}
		return text
	}
	return objectOrText(text)
}

// nothingAsJSON is how the engine hands over a key with nothing behind its colon.
const nothingAsJSON = "null"

func objectOrText(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return text
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return text
	}
	return v
}

// decode fills c with what decodes. The rest is problems with their paths, and never with a secret's value.
func decode(values map[string]any, c *Config) *fitter {
	f := &fitter{numbers: map[string]string{}, platform: values["platform"]}
	fitted := f.object(nil, reflect.TypeFor[Config](), values)
	d, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result: c, MapFieldName: lowerFirst, MatchName: func(key, name string) bool { return key == name },
	})
	if err == nil {
		err = d.Decode(fitted)
	}
	if err != nil {
		f.problems = append(f.problems, field.InternalError(nil, err))
	}
	return f
}

func fieldNames(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() {
			names = append(names, keyOf(f))
		}
	}
	return names
}

func fieldByName(t reflect.Type, name string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && keyOf(f) == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// IsText tells whether a path of the configuration, such as aws.accountId, holds a text.
func IsText(path resource.PropertyPath) bool {
	t := typeAt(path)
	return t != nil && t.Kind() == reflect.String
}

// typeAt is the type of what stands at a path of the configuration: steps are keys, and indices in any form; nil where nothing does, or
// anything may.
func typeAt[S any](steps []S) reflect.Type {
	t := reflect.TypeFor[Config]()
	for _, step := range steps {
		key, isKey := any(step).(string)
		switch t = deref(t); t.Kind() {
		case reflect.Struct:
			f, ok := fieldByName(t, key)
			if !ok || !isKey {
				return nil
			}
			t = f.Type
		case reflect.Map, reflect.Slice:
			t = t.Elem()
		default:
			return nil
		}
	}
	return deref(t)
}

// keyOf is a field's key: its name in lower camel case, in this package, in the components' arguments and in the SDK's types alike.
func keyOf(f reflect.StructField) string { return lowerFirst(f.Name) }

func lowerFirst(name string) string { return strings.ToLower(name[:1]) + name[1:] }

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
