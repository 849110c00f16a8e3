package doclinks

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	testName = regexp.MustCompile("`(Test[A-Za-z0-9]+)`")
	testFunc = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(t \*testing\.T\)`)
)

// TestHeld: every row of the pages that promise something names tests, and each of them is there.
func TestHeld(t *testing.T) {
	tests := testsOfTheTree(t)
	for page, least := range map[string]int{"security.md": 30, "trouble.md": 40, "rules.md": 30} {
		text, err := os.ReadFile(root + "/docs/" + page)
		require.NoError(t, err)
		rows, head := 0, true
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "|") {
				head = true
				continue
			}
			if head || strings.HasPrefix(line, "|---") {
				head = false
				continue
			}
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
			require.Len(t, cells, 3, line)
			named := testName.FindAllStringSubmatch(cells[2], -1)
			require.NotEmpty(t, named, "no test holds this row of %s: %s", page, line)
			for _, name := range named {
				require.True(t, tests[name[1]], "%s is named in docs/%s and is nowhere", name[1], page)
			}
			rows++
		}
		require.GreaterOrEqual(t, rows, least, "the rows of %s were not found", page)
	}
}

func testsOfTheTree(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, found := range testFunc.FindAllStringSubmatch(string(text), -1) {
			tests[found[1]] = true
		}
		return err
	}))
	return tests
}
