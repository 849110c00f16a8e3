package double

import (
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Fail reports a property that is wrong. The path is dotted, from the resource's inputs; "" is the resource itself.
type Fail func(path, format string, args ...any)

// checkSchema holds v against the plain Go type of the SDK, whose fields name their properties in `pulumi` tags. Fields
// that are neither pointers, lists, maps nor `any` are required: the tags do not tell required lists, maps and unions from
// optional ones, therefore each type's table names those.
func checkSchema(t reflect.Type, v any, path resource.PropertyPath, fail Fail) {
	if v == nil || v == Unknown {
		return
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	ok := true
	switch t.Kind() {
	case reflect.String:
		_, ok = v.(string)
	case reflect.Bool:
		_, ok = v.(bool)
	case reflect.Int:
		n, isNumber := v.(float64)
		ok = isNumber && n == math.Trunc(n)
	case reflect.Float64:
		_, ok = v.(float64)
	case reflect.Slice:
		var list []any
		list, ok = v.([]any)
		for i, e := range list {
			checkSchema(t.Elem(), e, append(slices.Clip(path), i), fail)
		}
	case reflect.Map:
		var m Object
		m, ok = v.(Object)
		for _, key := range sortedKeys(m) {
			checkSchema(t.Elem(), m[key], append(slices.Clip(path), key), fail)
		}
	case reflect.Struct:
		var m Object
		m, ok = v.(Object)
		if ok {
			checkStruct(t, m, path, fail)
		}
	}
	if !ok {
		fail(path.String(), "must be %s, not %s", kindName(t), valueName(v))
	}
}

func checkStruct(t reflect.Type, m Object, path resource.PropertyPath, fail Fail) {
	known := map[string]bool{}
	for i := range t.NumField() {
		field := t.Field(i)
		name := field.Tag.Get("pulumi")
		if name == "" {
			continue
		}
		known[name] = true
		at := append(slices.Clip(path), name)
		v, there := m[name]
		if !there && required(field.Type) {
			fail(at.String(), "missing required property %q", name)
		}
		checkSchema(field.Type, v, at, fail)
	}
	for _, key := range sortedKeys(m) {
		if !known[key] {
			fail(append(slices.Clip(path), key).String(), "unknown property %q", key)
		}
	}
}

func required(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return false
	}
	return true
}

func kindName(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list"
	}
	return "an object"
}

// valueName names the kind of a value and never the value, which may be a secret's.
func valueName(v any) string {
	switch v.(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case float64:
		return "a number"
	case []any:
		return "a list"
	case Object:
		return "an object"
	}
	return fmt.Sprintf("a %T", v)
}
