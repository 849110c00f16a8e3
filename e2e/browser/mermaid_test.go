package browser

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

var fenced = regexp.MustCompile("(?s)```mermaid\n(.*?)```")

// TestMermaid: Mermaid itself reads and draws each diagram of a stack, of a change and of the documents; it shows every resource, and takes
// no name for markup.
func TestMermaid(t *testing.T) {
	library, err := mermaid.text(cache)
	require.NoError(t, err)
	diagrams := map[string]string{}
	for _, file := range pages(t, "*.mmd") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		diagrams[filepath.Base(file)] = string(text)
	}
	documents, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	for _, file := range documents {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, found := range fenced.FindAllStringSubmatch(string(text), -1) {
			diagrams[filepath.Base(file)+" "+found[1]] = found[1]
		}
	}
	tab := open(t)
	// As GitHub has it: no markup in labels is run.
	tab.do(chromedp.Navigate("about:blank"), js(library),
		js(`mermaid.initialize({ startOnLoad: false, securityLevel: "strict" })`))
	for name, text := range diagrams {
		quoted, err := json.Marshal(text)
		require.NoError(t, err)
		drawn := eval[string](tab, `mermaid.parse(`+string(quoted)+`).then(() => mermaid.render("drawn", `+string(quoted)+`)).then((r) => r.svg)`)
		require.NotContains(t, drawn, "<img", name)
		require.GreaterOrEqual(t, strings.Count(drawn, `class="node`), strings.Count(text, ":::"), name)
	}
	require.Greater(t, len(diagrams), 10)
}
