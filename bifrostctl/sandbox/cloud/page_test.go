package cloud_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

var update = flag.Bool("update", false, "write the tables of docs/doubles.md anew")

const page = "../../../docs/doubles.md"

// generated is what stands between the marks of a table in the page.
var generated = regexp.MustCompile(`(?s)(<!-- (resources|lookups): .*? -->\n).*?(<!-- end -->)`)

// TestPage: the page's tables are those of the doubles.
func TestPage(t *testing.T) {
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	tables := map[string]string{"resources": resources(), "lookups": lookups()}
	filled := generated.ReplaceAllStringFunc(string(text), func(section string) string {
		parts := generated.FindStringSubmatch(section)
		return parts[1] + tables[parts[2]] + parts[3]
	})
	require.Len(t, generated.FindAllString(filled, -1), len(tables))
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(filled), 0o644))
		return
	}
	require.Equal(t, filled, string(text), "run `make docs`")
}

// clouds are the providers whose behaviour the page tells; Kubernetes objects have sections of their own.
func clouds() []*double.Provider {
	return slices.DeleteFunc(cloud.Providers(), func(p *double.Provider) bool { return p.Package == "kubernetes" })
}

// TestEveryBehaviourIsTold: nobody adds a type or a look-up without having asked what its provider does.
func TestEveryBehaviourIsTold(t *testing.T) {
	for _, p := range clouds() {
		for token, typ := range p.Types {
			b := typ.Behaviour
			for _, said := range []string{b.Source, b.TakenAway, b.Half, b.Waits, b.Unique} {
				require.NotEmpty(t, said, "%s: %+v", token, b)
			}
		}
		require.ElementsMatch(t, slices.Collect(maps.Keys(p.Functions)), slices.Collect(maps.Keys(p.Schema.Lookups)), p.Package)
	}
}

func resources() string {
	var b strings.Builder
	b.WriteString("| Type | Compares | Makes a new one for | The old one goes | " +
		"A value taken away | Half a create | Waits | Name taken once | Read in |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|\n")
	for _, p := range clouds() {
		for _, token := range slices.Sorted(maps.Keys(p.Types)) {
			typ := p.Types[token]
			told := typ.Behaviour
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", typeName(token), compares(p, typ), properties(typ.Replace),
				order(p, typ), told.TakenAway, told.Half, told.Waits, told.Unique, told.Source)
		}
	}
	return b.String()
}

func lookups() string {
	var b strings.Builder
	b.WriteString("| Look-up | Nothing found, or several | Read in |\n|---|---|---|\n")
	for _, p := range clouds() {
		for _, token := range slices.Sorted(maps.Keys(p.Schema.Lookups)) {
			lookup := p.Schema.Lookups[token]
			fmt.Fprintf(&b, "| %s | %s | %s |\n", typeName(token), lookup.Missing, lookup.Source)
		}
	}
	return b.String()
}

// typeName is a token without the file of its module: aws:iam/role:Role is aws iam.Role.
func typeName(token string) string {
	parts := strings.Split(token, ":")
	module, _, _ := strings.Cut(parts[1], "/")
	return fmt.Sprintf("`%s` `%s.%s`", parts[0], module, parts[2])
}

func properties(paths []string) string {
	if len(paths) == 0 {
		return "nothing"
	}
	return "`" + strings.Join(paths, "`, `") + "`"
}

// compares tells what is not compared as it stands, and whether last inputs are compared, or the state as with most.
func compares(p *double.Provider, typ *double.Type) string {
	var told []string
	if p.ComparesInputs {
		told = append(told, "last inputs")
	}
	if len(typ.Sets) > 0 {
		told = append(told, "as sets: "+properties(typ.Sets))
	}
	if len(typ.Equal) > 0 {
		told = append(told, "by meaning: "+properties(slices.Sorted(maps.Keys(typ.Equal))))
	}
	return strings.Join(told, "; ")
}

func order(p *double.Provider, typ *double.Type) string {
	switch {
	case len(typ.Replace) == 0:
		return "never replaced"
	case typ.DeletesFirst:
		return "first"
	case p.ComparesInputs || typ.Name.Path != "":
		return fmt.Sprintf("first where `%s` is given, else last", typ.Name.Path)
	}
	return "last"
}
