package stacks

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
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
		v, err := decodeValue(key, text)
		switch object, isObject := v.(map[string]any); {
		case err != nil:
			problems = append(problems, field.Forbidden(path, "not an object; set its parts with `pulumi config set --path`"))
		case isObject && len(object) == 0:
		default:
			values[key] = v
		}
	}
	return values, problems
}

// decodeValue reads an object as JSON, keeping numbers as written, and a boolean as what it says; anything else is text.
func decodeValue(key, text string) (any, error) {
	f, ok := fieldByName(reflect.TypeFor[Config](), key)
	if !ok {
		return text, nil
	}
	switch deref(f.Type).Kind() {
	case reflect.String:
		return text, nil
	case reflect.Bool:
		if b, err := strconv.ParseBool(text); err == nil {
			return b, nil
		}
		return text, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the object")
	}
	return v, nil
}

// decode fills c; wrong types and unknown keys are problems with their paths, never with a secret's value.
func decode(values map[string]any, c *Config) field.ErrorList {
	d, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result: c, MapFieldName: lowerFirst, MatchName: func(key, name string) bool { return key == name },
	})
	if err != nil {
		return field.ErrorList{field.InternalError(nil, err)}
	}
	return append(unknownKeys(nil, reflect.TypeFor[Config](), values), typeProblems(d.Decode(values))...)
}

// unknownKeys finds the keys that no field has. The decoder would name them too, but not beside a value of the wrong type.
func unknownKeys(p *field.Path, t reflect.Type, value any) field.ErrorList {
	var problems field.ErrorList
	t = deref(t)
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			switch t.Kind() {
			case reflect.Struct:
				f, ok := fieldByName(t, key)
				if !ok {
					problems = append(problems, unknownKey(p.Child(key), key, fieldNames(t)))
					continue
				}
				problems = append(problems, unknownKeys(p.Child(key), f.Type, value[key])...)
			case reflect.Map:
				problems = append(problems, unknownKeys(p.Key(key), t.Elem(), value[key])...)
			}
		}
	case []any:
		if t.Kind() == reflect.Slice {
			for i, e := range value {
				problems = append(problems, unknownKeys(p.Index(i), t.Elem(), e)...)
			}
		}
	}
	return problems
}

func typeProblems(err error) field.ErrorList {
	if err == nil {
		return nil
	}
	var problems field.ErrorList
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			problems = append(problems, typeProblems(e)...)
		}
		return problems
	}
	var d *mapstructure.DecodeError
	if !errors.As(err, &d) {
		// An error that wraps others under a heading.
		if inner := errors.Unwrap(err); inner != nil {
			return typeProblems(inner)
		}
		return field.ErrorList{field.InternalError(nil, err)}
	}
	if inner := typeProblemsBelow(d); inner != nil {
		return inner
	}
	var wrong *mapstructure.UnconvertibleTypeError
	var unparsed *mapstructure.ParseError
	path := field.NewPath(d.Name())
	switch {
	case strings.HasPrefix(d.Name(), "secrets"):
		return field.ErrorList{field.Forbidden(path, "not of the right type; the values of secrets are text")}
	case errors.As(err, &wrong):
		return field.ErrorList{field.TypeInvalid(path, wrong.Value, "must be "+typeName(wrong.Expected.Type()))}
	case errors.As(err, &unparsed):
		return field.ErrorList{field.TypeInvalid(path, unparsed.Value, "must be "+typeName(unparsed.Expected.Type()))}
	}
	return field.ErrorList{field.TypeInvalid(path, "", "not of the right type")}
}

// typeProblemsBelow looks for joined errors inside a DecodeError: the fields of an object.
func typeProblemsBelow(d *mapstructure.DecodeError) field.ErrorList {
	for err := d.Unwrap(); err != nil; err = errors.Unwrap(err) {
		if _, ok := err.(interface{ Unwrap() []error }); ok {
			return typeProblems(err)
		}
		if inner, ok := err.(*mapstructure.DecodeError); ok {
			return typeProblems(inner)
		}
	}
	return nil
}

func typeName(t reflect.Type) string {
	switch deref(t).Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.String:
		return "text"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

// unknownKey suggests the nearest key of the same object.
func unknownKey(p *field.Path, mistyped string, known []string) *field.Error {
	nearest := slices.MinFunc(known, func(a, b string) int {
		return levenshtein.Distance(mistyped, a, nil) - levenshtein.Distance(mistyped, b, nil)
	})
	if levenshtein.Distance(strings.ToLower(mistyped), strings.ToLower(nearest), nil) <= max(2, len(mistyped)/3) {
		return field.Forbidden(p, fmt.Sprintf("unknown key; did you mean %s?", nearest))
	}
	return field.Forbidden(p, "unknown key; known here: "+strings.Join(known, ", "))
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
	t := reflect.TypeFor[Config]()
	for _, step := range path {
		t = deref(t)
		name, isKey := step.(string)
		switch {
		case t.Kind() == reflect.Struct && isKey:
			f, ok := fieldByName(t, name)
			if !ok {
				return false
			}
			t = f.Type
		case t.Kind() == reflect.Map && isKey, t.Kind() == reflect.Slice && !isKey:
			t = t.Elem()
		default:
			return false
		}
	}
	return deref(t).Kind() == reflect.String
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
