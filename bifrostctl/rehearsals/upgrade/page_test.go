package upgrade_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/stacktest"
)

var update = flag.Bool("update", false, "write the tables of docs/upgrade.md anew")

var generated = regexp.MustCompile(`(?s)(<!-- steps: .*? -->\n).*?(<!-- end -->)`)

// upgraded is the first up of today of a stack that a commit had made.
type upgraded struct {
	commit, stack string
	up            *enginetest.Result
}

// requirePage compares the tables of docs/upgrade.md with what the ups did.
func requirePage(t *testing.T, ups []upgraded) {
	t.Helper()
	page := filepath.Join(stacktest.Project(t), "docs", "upgrade.md")
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	tables := told(ups)
	filled := generated.ReplaceAllStringFunc(string(text), func(section string) string {
		parts := generated.FindStringSubmatch(section)
		return parts[1] + tables + parts[2]
	})
	require.Contains(t, filled, tables, "the page has lost its marks")
	if *update {
		require.NoError(t, os.WriteFile(page, []byte(filled), 0o644))
		return
	}
	require.Equal(t, filled, string(text), "run `make docs`, and read what changed: it is what users of that version will meet")
}

// operations are those of the engine, and how the page calls them.
var operations = []struct{ op, said string }{
	{"create", "made"}, {"update", "updated"}, {"create-replacement", "replaced"}, {"delete", "deleted"},
}

// told are the tables: for each commit how many steps each stack takes, and then which.
func told(ups []upgraded) string {
	var b strings.Builder
	for _, commit := range slices.SortedFunc(maps.Keys(versions), func(a, b string) int { return strings.Compare(order(a), order(b)) }) {
		fmt.Fprintf(&b, "\n### From %s\n\n%s\n\n", commit, versions[commit])
		b.WriteString("| Stack | Made | Updated | Replaced | Deleted | Unchanged |\n|---|---|---|---|---|---|\n")
		what := map[string][]string{}
		for _, u := range ups {
			if u.commit != commit {
				continue
			}
			fmt.Fprintf(&b, "| %s", u.stack)
			for _, o := range operations {
				fmt.Fprintf(&b, " | %d", u.up.Changes[o.op])
			}
			fmt.Fprintf(&b, " | %d |\n", u.up.Changes["same"])
			for _, step := range u.up.Steps {
				for i, o := range operations {
					if step.Op == o.op {
						key := fmt.Sprintf("%d %s %s", len(operations)-i, step.Type, step.Name)
						what[key] = append(what[key], u.stack)
					}
				}
			}
		}
		if len(what) == 0 {
			b.WriteString("\nAn `up` of today changes nothing in them.\n")
			continue
		}
		b.WriteString("\n| What | | In | Why |\n|---|---|---|---|\n")
		for _, key := range slices.Sorted(maps.Keys(what)) {
			number, rest, _ := strings.Cut(key, " ")
			typ, name, _ := strings.Cut(rest, " ")
			said := operations[len(operations)-int(number[0]-'0')].said
			fmt.Fprintf(&b, "| %s `%s` | %s | %s | %s |\n", tokens.Type(typ).Name(), name, said, in(what[key]), replaced[rest]+succeeded[rest])
		}
	}
	return b.String() + "\n"
}

// order is the one of the page: the oldest first.
func order(commit string) string {
	if commit == first {
		return ""
	}
	return commit
}

// in are the stacks, with their number where they are many.
func in(stacks []string) string {
	if len(stacks) > 3 {
		return fmt.Sprintf("%d stacks", len(stacks))
	}
	return strings.Join(stacks, ", ")
}
