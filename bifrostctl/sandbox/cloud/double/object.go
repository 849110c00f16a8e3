package double

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Object is a resource's properties or a part of them, as encoding/json would decode them.
type Object = map[string]any

type unknown struct{}

// Unknown stands for a value that a preview cannot know.
var Unknown any = unknown{}

// Get returns the value at a dotted path, or nil.
func Get(o Object, path string) any {
	var v any = o
	for _, key := range strings.Split(path, ".") {
		m, _ := v.(Object)
		v = m[key]
	}
	return v
}

// String returns the string at a dotted path; "" where there is none or it is not known.
func String(o Object, path string) string {
	s, _ := Get(o, path).(string)
	return s
}

// List returns the list at a dotted path; nil where there is none or it is not known.
func List(o Object, path string) []any {
	l, _ := Get(o, path).([]any)
	return l
}

// Map returns the object at a dotted path; nil where there is none or it is not known.
func Map(o Object, path string) Object {
	m, _ := Get(o, path).(Object)
	return m
}

// Set writes the value at a dotted path and makes the objects on the way.
func Set(o Object, path string, v any) {
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		next, ok := o[key].(Object)
		if !ok {
			next = Object{}
			o[key] = next
		}
		o = next
	}
	o[keys[len(keys)-1]] = v
}

// Default writes the value at a dotted path where there is none.
func Default(o Object, path string, v any) {
	if Get(o, path) == nil {
		Set(o, path, v)
	}
}

// Clone returns a copy that shares nothing with o.
func Clone(o Object) Object { return clone(o).(Object) }

func clone(v any) any {
	switch v := v.(type) {
	case Object:
		c := make(Object, len(v))
		for key, e := range v {
			c[key] = clone(e)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, e := range v {
			c[i] = clone(e)
		}
		return c
	}
	return v
}

// Overlay returns state after a change of the inputs from before to after: what the inputs no longer have goes, what they
// have is written, all else (what the cloud computed) stays.
func Overlay(state, before, after Object) Object {
	merged := Clone(state)
	for key := range before {
		if _, kept := after[key]; !kept {
			delete(merged, key)
		}
	}
	for key, v := range after {
		is, ok1 := merged[key].(Object)
		was, ok2 := before[key].(Object)
		becomes, ok3 := v.(Object)
		if ok1 && ok2 && ok3 {
			merged[key] = Overlay(is, was, becomes)
			continue
		}
		merged[key] = clone(v)
	}
	return merged
}

// Known tells whether no part of v is unknown.
func Known(v any) bool {
	switch v := v.(type) {
	case unknown:
		return false
	case Object:
		for _, e := range v {
			if !Known(e) {
				return false
			}
		}
	case []any:
		return !slices.ContainsFunc(v, func(e any) bool { return !Known(e) })
	}
	return true
}

// open turns Pulumi's properties into an Object and returns the paths at which they were secret.
func open(m resource.PropertyMap) (Object, []resource.PropertyPath) {
	var secrets []resource.PropertyPath
	o, _ := openValue(resource.NewProperty(m), nil, &secrets).(Object)
	return o, secrets
}

func openValue(v resource.PropertyValue, path resource.PropertyPath, secrets *[]resource.PropertyPath) any {
	switch {
	case v.IsSecret():
		*secrets = append(*secrets, path)
		var inner []resource.PropertyPath // what holds a secret whole needs no marks inside
		return openValue(v.SecretValue().Element, path, &inner)
	case v.IsComputed(), v.IsOutput() && !v.OutputValue().Known:
		return Unknown
	case v.IsOutput():
		return openValue(v.OutputValue().Element, path, secrets)
	case v.IsArray():
		l := make([]any, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			l[i] = openValue(e, append(slices.Clip(path), i), secrets)
		}
		return l
	case v.IsObject():
		o := Object{}
		for key, e := range v.ObjectValue() {
			if !e.IsNull() {
				o[string(key)] = openValue(e, append(slices.Clip(path), string(key)), secrets)
			}
		}
		return o
	}
	return v.V // null, bool, float64, string; assets and resources fit no property of the modelled types
}

// seal turns an Object into Pulumi's properties, with the values at the paths marked secret.
func seal(o Object, secrets []resource.PropertyPath) resource.PropertyMap {
	sealed := sealValue(o)
	for _, path := range secrets {
		if v, ok := path.Get(sealed); ok && !v.IsSecret() {
			path.Set(sealed, resource.MakeSecret(v))
		}
	}
	return sealed.ObjectValue()
}

func sealValue(v any) resource.PropertyValue {
	switch v := v.(type) {
	case unknown:
		return resource.MakeComputed(resource.NewProperty(""))
	case Object:
		m := resource.PropertyMap{}
		for key, e := range v {
			m[resource.PropertyKey(key)] = sealValue(e)
		}
		return resource.NewProperty(m)
	case []any:
		l := make([]resource.PropertyValue, len(v))
		for i, e := range v {
			l[i] = sealValue(e)
		}
		return resource.NewProperty(l)
	}
	return resource.NewPropertyValue(v)
}

// sortedKeys returns the keys of all maps in order, each once.
func sortedKeys(ms ...Object) []string {
	all := map[string]bool{}
	for _, m := range ms {
		for key := range m {
			all[key] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}
