// Package targets holds a test: both programs are Go that compiles wherever a release is built.
package targets

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
	"sigs.k8s.io/yaml"
)

const root = "../.."

type build struct {
	ID, Dir, Main string
	Env           []string
	Goos, Goarch  []string
}

// released are the builds that .goreleaser.yaml names.
func released(t *testing.T) []build {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	require.NoError(t, err)
	var file struct{ Builds []build }
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.Len(t, file.Builds, 2)
	return file.Builds
}

// TestTargets: the packages of this repository that are part of a program pass the type checker on each system of the release. Of the
// modules of others it looks at what is exported alone, so that it costs seconds where a build costs minutes: the release itself builds.
// Processors are left out. No file here is for one of them.
func TestTargets(t *testing.T) {
	for _, build := range released(t) {
		for _, system := range build.Goos {
			if system == "linux" {
				continue // make build has compiled it
			}
			t.Run(build.ID+" "+system, func(t *testing.T) {
				dir, err := filepath.Abs(filepath.Join(root, build.Dir))
				require.NoError(t, err)
				environment := append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+build.Goarch[0], "GOWORK=off", "GOFLAGS=")
				own := ownPackages(t, dir, environment)
				require.Greater(t, len(own), 10)
				loaded, err := packages.Load(&packages.Config{
					Mode: packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedTypes | packages.NeedSyntax |
						packages.NeedTypesInfo | packages.NeedFiles | packages.NeedCompiledGoFiles,
					Dir: dir, Env: environment, ParseFile: parse(t),
				}, own...)
				require.NoError(t, err)
				require.Len(t, loaded, len(own))
				for _, p := range loaded {
					require.Empty(t, p.Errors, "%s on %s", p.PkgPath, system)
				}
			})
		}
	}
}

// ownPackages are those of this repository that the program in dir is made of, on the system of the environment.
func ownPackages(t *testing.T, dir string, environment []string) []string {
	t.Helper()
	main, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedImports | packages.NeedDeps, Dir: dir, Env: environment}, ".")
	require.NoError(t, err)
	var own []string
	packages.Visit(main, nil, func(p *packages.Package) {
		if p.PkgPath == "bifrost" || strings.HasPrefix(p.PkgPath, "bifrost/") {
			own = append(own, p.PkgPath)
		}
	})
	return own
}

// parse reads a file; of those of others it leaves out what functions do.
func parse(t *testing.T) func(*token.FileSet, string, []byte) (*ast.File, error) {
	here, err := filepath.Abs(root)
	require.NoError(t, err)
	return func(files *token.FileSet, name string, text []byte) (*ast.File, error) {
		file, err := parser.ParseFile(files, name, text, parser.SkipObjectResolution)
		if err != nil || strings.HasPrefix(name, here+string(filepath.Separator)) {
			return file, err
		}
		for _, declaration := range file.Decls {
			if function, is := declaration.(*ast.FuncDecl); is && function.Body != nil {
				function.Body = nil
			}
		}
		return file, nil
	}
}
