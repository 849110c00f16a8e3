package bridge_test

import (
	"reflect"
	"slices"

	"bifrost/bifrostctl/sandbox/cloud/double"
)

// table is what a bridged provider is made of; e2e/bridge/table.go reads it.
type table struct {
	Package string
	Types   map[string]typeRow
}

type typeRow struct {
	DeletesFirst bool
	Name         *nameRow
	Properties   map[string]property
}

type nameRow struct {
	Property, Unless, Separator string
	Digits                      int
}

type property struct {
	Kind       string
	Elem       *property
	Properties map[string]property

	Required, Optional, Computed, ForceNew, Secret bool
	Default                                        any
}

// tableOf is what the double's own tables, and the argument structs of the Go SDK, say of the types. What only comes out of a resource has
// the kinds of the values in the samples.
func tableOf(p *double.Provider, samples []*sample) *table {
	all := &table{Package: p.Package, Types: map[string]typeRow{}}
	for token, typ := range p.Types {
		d := described{typ}
		row := typeRow{DeletesFirst: typ.DeletesFirst, Properties: d.properties(typ.Args.ElementType(), "", false)}
		row.Name = nameOf(p, row.Properties)
		if row.Name != nil {
			d.optional(row.Properties, row.Name.Property)
		}
		for _, s := range samples {
			if s.token != token {
				continue
			}
			for key, value := range s.state {
				if _, known := row.Properties[key]; !known && key != "id" {
					row.Properties[key] = output(value)
				}
			}
		}
		all.Types[token] = row
	}
	return all
}

// nameOf is how pulumi-aws names what has no name (provider/resources.go, setAutonaming): each type that Terraform's plugin SDK serves and
// that has a name, but for a record of DNS, whose name is required there. pulumi-gcp's modelled types have none.
func nameOf(p *double.Provider, properties map[string]property) *nameRow {
	if name, ok := properties["name"]; !ok || name.Required || p.Package != "aws" {
		return nil
	}
	row := &nameRow{Property: "name", Separator: "-", Digits: 7}
	if _, ok := properties["namePrefix"]; ok {
		row.Unless = "namePrefix"
	}
	return row
}

// described is a type with its tables.
type described struct{ *double.Type }

func in(paths []string, path string) bool {
	return slices.ContainsFunc(paths, func(p string) bool { return p == path })
}

// optional makes a property one that the provider fills in.
func (d described) optional(properties map[string]property, name string) {
	p := properties[name]
	p.Required, p.Optional, p.Computed = false, true, true
	properties[name] = p
}

func (d described) properties(t reflect.Type, prefix string, replaces bool) map[string]property {
	all := map[string]property{}
	for i := range t.NumField() {
		field := t.Field(i)
		name := field.Tag.Get("pulumi")
		if name == "" {
			continue
		}
		path := prefix + name
		p := d.kind(field.Type, path, replaces || in(d.Replace, path))
		p.Computed = in(d.Computed, path)
		p.Required = !p.Computed && (isRequired(field.Type) || in(d.Required, path))
		p.Optional = !p.Required
		p.Default = d.Defaults[path]
		p.ForceNew = replaces || in(d.Replace, path)
		all[name] = p
	}
	return all
}

func isRequired(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Kind() == reflect.Bool || t.Kind() == reflect.Int || t.Kind() == reflect.Float64 ||
		t.Kind() == reflect.Struct
}

func (d described) kind(t reflect.Type, path string, replaces bool) property {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Bool:
		return property{Kind: "bool"}
	case reflect.Int:
		return property{Kind: "int"}
	case reflect.Float64:
		return property{Kind: "number"}
	case reflect.Map:
		return property{Kind: "map"}
	case reflect.Struct:
		return property{Kind: "object", Properties: d.properties(t, path+".", replaces)}
	case reflect.Slice:
		elem := d.kind(t.Elem(), path, replaces)
		elem.Optional = true
		if in(d.Sets, path) {
			return property{Kind: "set", Elem: &elem}
		}
		return property{Kind: "list", Elem: &elem}
	}
	return property{Kind: "string"}
}

// output is a property that only comes out, by one of its values.
func output(value any) property {
	p := property{Computed: true}
	switch v := value.(type) {
	case bool:
		p.Kind = "bool"
	case float64:
		p.Kind = "number"
	case []any:
		p.Kind, p.Elem = "list", &property{Kind: "string", Optional: true}
		if len(v) > 0 {
			elem := output(v[0])
			p.Elem = &elem
		}
	case map[string]any:
		p.Kind = "map"
		for _, inner := range v {
			if _, text := inner.(string); !text {
				p.Kind, p.Properties = "object", map[string]property{}
			}
		}
		if p.Kind == "object" {
			for key, inner := range v {
				p.Properties[key] = output(inner)
			}
		}
	default:
		p.Kind = "string"
	}
	return p
}
