package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// source is the program's source. It is parsed and never compiled: the SDKs of the clouds would take minutes.
type source struct {
	// folders and names of packages, by import path.
	folders, names map[string]string
	parsed         map[string]*goPackage
}

// goPackage is what a package declares.
type goPackage struct {
	path  string
	types map[string]declaration
	// constants of a named type, by that name and in their order.
	constants map[string][]string
}

// declaration is a type and the imports of its file, by name.
type declaration struct {
	spec    *ast.TypeSpec
	imports map[string]string
}

// openSource finds every package that the program needs.
func openSource(root string) (*source, error) {
	list := exec.Command("go", "list", "-C", root, "-deps", "-f", "{{.ImportPath}}\t{{.Dir}}\t{{.Name}}", "./stacks")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	s := &source{folders: map[string]string{}, names: map[string]string{}, parsed: map[string]*goPackage{}}
	for line := range bytes.Lines(out) {
		if f := strings.Split(strings.TrimSpace(string(line)), "\t"); len(f) == 3 {
			s.folders[f[0]], s.names[f[0]] = f[1], f[2]
		}
	}
	return s, nil
}

// files of a package that may hold types of configuration. Those of an SDK are in files of one name.
func (s *source) files(path string) ([]string, error) {
	pattern := "*.go"
	if isKubernetes(path) {
		pattern = "pulumiTypes*.go"
	}
	return filepath.Glob(filepath.Join(s.folders[path], pattern))
}

func isKubernetes(path string) bool {
	return strings.HasPrefix(path, "github.com/pulumi/pulumi-kubernetes/")
}

// load parses a package.
func (s *source) load(path string) (*goPackage, error) {
	if p := s.parsed[path]; p != nil {
		return p, nil
	}
	files, err := s.files(path)
	if err != nil {
		return nil, err
	}
	p := &goPackage{path: path, types: map[string]declaration{}, constants: map[string][]string{}}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		p.add(parsed, s.imports(parsed))
	}
	s.parsed[path] = p
	return p, nil
}

// imports of a file, by the name that it uses.
func (s *source) imports(file *ast.File) map[string]string {
	imports := map[string]string{}
	for _, i := range file.Imports {
		// The parser has read it.
		path, _ := strconv.Unquote(i.Path.Value)
		name := s.names[path]
		if i.Name != nil {
			name = i.Name.Name
		}
		imports[name] = path
	}
	return imports
}

// add notes the types and the constants of named types.
func (p *goPackage) add(file *ast.File, imports map[string]string) {
	for _, d := range file.Decls {
		general, ok := d.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range general.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				p.types[spec.Name.Name] = declaration{spec, imports}
			case *ast.ValueSpec:
				p.addConstant(general.Tok, spec)
			}
		}
	}
}

func (p *goPackage) addConstant(tok token.Token, spec *ast.ValueSpec) {
	typ, named := spec.Type.(*ast.Ident)
	if tok != token.CONST || !named || len(spec.Values) != 1 {
		return
	}
	if literal, ok := spec.Values[0].(*ast.BasicLit); ok && literal.Kind == token.STRING {
		// The parser has read it.
		value, _ := strconv.Unquote(literal.Value)
		p.constants[typ.Name] = append(p.constants[typ.Name], value)
	}
}
