package main

import (
	"fmt"
	"go/ast"
	"path"
	"strings"
)

const stacksPackage = "bifrost/stacks"

// Kinds of values.
const (
	text    = "text"
	boolean = "boolean"
	integer = "integer"
	list    = "list"
	mapping = "map"
	object  = "object"
	// free is an object, or any other value, whose content is not checked.
	free = "free"
)

// valueType is what a key takes.
type valueType struct {
	kind string
	// values are the ones that a text may have, where it is one of a few.
	values []string
	// of is the type of a list's or map's elements.
	of *valueType
	// object is the one of kind object.
	object *structure
}

// structure is an object: a struct of the source.
type structure struct {
	// name has the folder of its package: kubernetes.WorkloadStorageArgs.
	name string
	// link is the page of an object of the Kubernetes API; empty: an object of ours.
	link string
	keys []*key
}

// key is a field.
type key struct {
	name string
	typ  *valueType
	comment
}

// configuration is all keys, and the objects of the Kubernetes API among them, by name.
type configuration struct {
	*structure
	kubernetes map[string]*structure
}

// reader turns the source into a configuration.
type reader struct {
	*source
	kubernetes map[string]*structure
}

func readConfig(root string) (*configuration, error) {
	s, err := openSource(root)
	if err != nil {
		return nil, err
	}
	r := &reader{source: s, kubernetes: map[string]*structure{}}
	config, err := r.named(stacksPackage, "Config")
	if err != nil {
		return nil, err
	}
	return &configuration{config.object, r.kubernetes}, nil
}

// named is a type of a package.
func (r *reader) named(pkg, name string) (*valueType, error) {
	p, err := r.load(pkg)
	if err != nil {
		return nil, err
	}
	d, ok := p.types[name]
	if !ok {
		return nil, fmt.Errorf("%s.%s: no such type", pkg, name)
	}
	fields, ok := d.spec.Type.(*ast.StructType)
	if !ok {
		t, err := r.of(p, d, d.spec.Type)
		if err != nil {
			return nil, err
		}
		t.values = append(t.values, p.constants[name]...)
		return t, nil
	}
	if isKubernetes(pkg) {
		return r.ofKubernetes(p, d, fields)
	}
	s, err := r.structure(p, d, fields)
	return &valueType{kind: object, object: s}, err
}

// ofKubernetes reads each struct once: they hold each other.
func (r *reader) ofKubernetes(p *goPackage, d declaration, fields *ast.StructType) (*valueType, error) {
	group, version, name := path.Base(path.Dir(p.path)), path.Base(p.path), d.spec.Name.Name
	full := group + "." + name
	if known := r.kubernetes[full]; known != nil {
		return &valueType{kind: object, object: known}, nil
	}
	s := &structure{}
	r.kubernetes[full] = s
	read, err := r.structure(p, d, fields)
	if err != nil {
		return nil, err
	}
	*s = *read
	s.name = full
	s.link = fmt.Sprintf("https://pkg.go.dev/k8s.io/api/%s/%s#%s", group, version, name)
	if group == "meta" {
		s.link = "https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/" + version + "#" + name
	}
	return &valueType{kind: object, object: s}, nil
}

// structure reads the exported fields.
func (r *reader) structure(p *goPackage, d declaration, fields *ast.StructType) (*structure, error) {
	s := &structure{name: path.Base(p.path) + "." + d.spec.Name.Name}
	for _, f := range fields.Fields.List {
		if len(f.Names) != 1 {
			return nil, fmt.Errorf("%s: each field has a line and a name of its own", s.name)
		}
		name := f.Names[0]
		if !name.IsExported() {
			continue
		}
		t, err := r.of(p, d, f.Type)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", s.name, name, err)
		}
		if few, ok := oneOf[s.name+"."+name.Name]; ok {
			t.values = few
		}
		k := &key{name: lowerFirst(name.Name), typ: t}
		if isKubernetes(p.path) {
			k.required = isNeeded(f.Type)
		} else {
			k.comment = readComment(f.Doc.Text(), name.Name)
			k.required = k.required || isDemanded(f.Tag)
		}
		s.keys = append(s.keys, k)
	}
	return s, nil
}

// isDemanded tells whether an argument of a component must be given.
func isDemanded(tag *ast.BasicLit) bool {
	return tag != nil && strings.Contains(tag.Value, `pulumi:"`) && !strings.Contains(tag.Value, ",optional")
}

// isNeeded tells whether a plain struct of an SDK always has the field.
func isNeeded(t ast.Expr) bool {
	_, plain := t.(*ast.Ident)
	_, selected := t.(*ast.SelectorExpr)
	return plain || selected
}

var builtin = map[string]string{"string": text, "bool": boolean, "int": integer, "any": free, "float64": "number"}

// of is the type of an expression.
func (r *reader) of(p *goPackage, d declaration, e ast.Expr) (*valueType, error) {
	switch e := e.(type) {
	case *ast.StarExpr:
		return r.of(p, d, e.X)
	case *ast.InterfaceType:
		return &valueType{kind: free}, nil
	case *ast.ArrayType:
		of, err := r.of(p, d, e.Elt)
		return &valueType{kind: list, of: of}, err
	case *ast.MapType:
		of, err := r.of(p, d, e.Value)
		return &valueType{kind: mapping, of: of}, err
	case *ast.Ident:
		if kind, ok := builtin[e.Name]; ok {
			return &valueType{kind: kind}, nil
		}
		return r.named(p.path, e.Name)
	case *ast.SelectorExpr:
		if name, ok := e.X.(*ast.Ident); ok {
			return r.named(d.imports[name.Name], e.Sel.Name)
		}
	}
	return nil, fmt.Errorf("a %T is no type of configuration", e)
}

func lowerFirst(name string) string { return strings.ToLower(name[:1]) + name[1:] }
