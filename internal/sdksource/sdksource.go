// Package sdksource compares what is typed by hand with the source of a Pulumi SDK, which tests read and do not compile.
package sdksource

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Package is the folder of an SDK's package.
type Package string

// Find finds an SDK's package in the module cache.
func Find(t *testing.T, path string) Package {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", path).Output()
	require.NoError(t, err)
	return Package(strings.TrimSpace(string(dir)))
}

// Require compares names and kinds of the properties of our struct with those of the SDK's type, which is in the file, or in one of those
// that match the pattern. The file also has the token of the provider's resource or function, where one is given.
func (p Package) Require(t *testing.T, file, token, typ string, ours any) {
	t.Helper()
	text, theirs := find(t, filepath.Join(string(p), file), typ)
	require.Contains(t, text, token)
	for name, kind := range properties(reflect.TypeOf(ours)) {
		require.Equal(t, theirs[name], kind, "%s.%s", typ, name)
	}
}

// properties are the names and kinds of a struct's properties: scalar, list or map.
func properties(t reflect.Type) map[string]string {
	all := map[string]string{}
	for i := range t.NumField() {
		f := t.Field(i)
		kind, ok := map[reflect.Kind]string{reflect.Slice: "list", reflect.Map: "map"}[f.Type.Kind()]
		if !ok {
			kind = "scalar"
		}
		all[f.Tag.Get("pulumi")] = kind
	}
	return all
}

// find is a struct's properties in the files that match a pattern, with the text of its file.
func find(t *testing.T, pattern, name string) (text string, properties map[string]string) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, files, pattern)
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		if !strings.Contains(string(b), "type "+name+" struct") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, b, parser.SkipObjectResolution)
		require.NoError(t, err)
		properties = map[string]string{}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if ok && spec.Name.Name == name {
				maps.Copy(properties, structProperties(spec.Type.(*ast.StructType)))
			}
			return !ok
		})
		return string(b), properties
	}
	require.Fail(t, "not found", "%s in %s", name, pattern)
	return "", nil
}

func structProperties(s *ast.StructType) map[string]string {
	all := map[string]string{}
	for _, f := range s.Fields.List {
		if f.Tag == nil {
			continue
		}
		kind := "scalar"
		switch f.Type.(type) {
		case *ast.ArrayType:
			kind = "list"
		case *ast.MapType:
			kind = "map"
		}
		all[reflect.StructTag(strings.Trim(f.Tag.Value, "`")).Get("pulumi")] = kind
	}
	return all
}
