package pulumitype

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// aToken is a whole literal such as "aws:iam/role:Role". Condition keys of IAM, as "aws:SourceArn", have one colon.
var aToken = regexp.MustCompile(`^(aws|azure-native|azuread|gcp|kubernetes):[A-Za-z0-9./-]+:\w+$`)

// TestWrittenOnce: a token is written in this package, once, and in no other production code of the module.
func TestWrittenOnce(t *testing.T) {
	written := map[string]string{}
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(literal.Value)
			require.NoError(t, err)
			if !aToken.MatchString(text) {
				return true
			}
			require.Equal(t, "../../internal/pulumitype", filepath.Dir(path), "%s writes %s: use package pulumitype", path, text)
			require.Empty(t, written[text], "%s is written in %s, too", text, path)
			written[text] = path
			return true
		})
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, written)
}
