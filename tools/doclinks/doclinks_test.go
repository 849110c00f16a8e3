// Package doclinks holds a test: every relative link of the documents leads somewhere.
package doclinks

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

const root = "../.."

var (
	fence   = regexp.MustCompile("(?s)```.*?```")
	code    = regexp.MustCompile("`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"`)
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	label   = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	minutes = regexp.MustCompile(`\]\(([^)#]+)\) \((\d+) min\)`)
)

func TestLinks(t *testing.T) {
	pages := documents(t)
	require.Greater(t, len(pages), 30, "the documents were not found")
	followed := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, target := range targets(string(text)) {
			followed++
			if err := follow(page, target); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
	require.Greater(t, followed, 90, "the links were not found")
}

// TestIndex: docs/README.md names every page below docs.
func TestIndex(t *testing.T) {
	index, err := os.ReadFile(root + "/docs/README.md")
	require.NoError(t, err)
	linked := targets(string(index))
	for _, page := range documents(t) {
		path, err := filepath.Rel(root+"/docs", page)
		require.NoError(t, err)
		if strings.HasPrefix(path, "..") || path == "README.md" {
			continue
		}
		require.Contains(t, linked, filepath.ToSlash(path), "docs/README.md does not lead to it")
	}
}

// TestMinutes: docs/README.md says how long each page takes, at 200 words a minute, give or take a quarter and a minute.
func TestMinutes(t *testing.T) {
	index, err := os.ReadFile(root + "/docs/README.md")
	require.NoError(t, err)
	told := minutes.FindAllStringSubmatch(string(index), -1)
	require.Greater(t, len(told), 20, "the minutes were not found")
	for _, page := range told {
		text, err := os.ReadFile(filepath.Join(root, "docs", page[1]))
		require.NoError(t, err)
		want := float64(len(strings.Fields(string(text)))) / 200
		said, err := strconv.ParseFloat(page[2], 64)
		require.NoError(t, err)
		require.InDelta(t, want, said, 1+want/4, "docs/README.md says how many minutes %s takes", page[1])
	}
}

// TestSandboxPage: what a user of the sandbox needs stays apart from what the doubles check.
func TestSandboxPage(t *testing.T) {
	text, err := os.ReadFile(root + "/docs/sandbox.md")
	require.NoError(t, err)
	require.Less(t, len(strings.Fields(string(text))), 2500, "docs/doubles.md takes what a user of the sandbox does not need")
}

// TestReadme: a newcomer reads it in five minutes.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile(root + "/README.md")
	require.NoError(t, err)
	require.Less(t, strings.Count(string(text), "\n"), 200)
}

// documents are the repository's pages, without what was built or downloaded, and the beginning of a page that is generated.
func documents(t *testing.T) []string {
	t.Helper()
	var pages []string
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "bin" || name == "node_modules") {
			return filepath.SkipDir
		}
		if filepath.Ext(name) == ".md" && name != "heading.md" {
			pages = append(pages, path)
		}
		return nil
	}))
	return pages
}

// targets of the links of a page. What stands in code is no link.
func targets(text string) []string {
	text = code.ReplaceAllString(fence.ReplaceAllString(text, ""), "")
	var all []string
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1]+m[2])
	}
	return all
}

// follow tells what is wrong with a relative link.
func follow(page, target string) error {
	if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
		return nil
	}
	path, fragment, _ := strings.Cut(target, "#")
	file := page
	if path != "" {
		file = filepath.Join(filepath.Dir(page), path)
	}
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("%s leads nowhere", target)
	}
	if fragment == "" || filepath.Ext(file) != ".md" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !anchors(string(text))[fragment] {
		return fmt.Errorf("%s: no such heading", target)
	}
	return nil
}

// anchors are those that GitHub gives the headings of a page.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		name := anchor(label.ReplaceAllString(m[1], "$1"))
		for i := 0; ; i++ {
			numbered := name
			if i > 0 {
				numbered = fmt.Sprintf("%s-%d", name, i)
			}
			if !all[numbered] {
				all[numbered] = true
				break
			}
		}
	}
	return all
}

func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(heading))
}
