// Package graphs draws every stack.
package graphs

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/graph"
	"bifrost/bifrostctl/internal/stacktest"
)

var (
	update = flag.Bool("update", false, "write the pictures of docs/graphs anew")
	// into is where a browser's tests find what a stack is drawn as.
	into = flag.String("into", "", "write every stack as Mermaid and as a page to this folder")
)

// ways are the dev stacks and the examples.
func ways(t testing.TB) []stacktest.Way {
	var all []stacktest.Way
	for _, name := range append([]string{"local-dev"}, stacktest.DevStacks...) {
		all = append(all, stacktest.Way{Name: name, Stack: name})
	}
	return append(all, stacktest.Examples(t)...)
}

// made is the graph of a stack that is up.
func made(t testing.TB, way stacktest.Way) *graph.Graph {
	t.Helper()
	s := way.Start(t)
	s.Engine.MustUp()
	g, err := graph.OfState(s.Engine.Export())
	require.NoError(t, err)
	g.Stack = way.Name
	return g
}

// pictured are the stacks whose pictures the documents show.
var pictured = map[string]bool{
	"local-dev": true, "minimal": true, "eks-production": true, "aks-production": true, "gke-production": true, "ecs-production": true,
	"ecs-minimal": true, "on-premises": true,
}

// BenchmarkLargest is the picture of the largest stack.
func BenchmarkLargest(b *testing.B) {
	g := made(b, stacktest.Way{Name: "aws-dev", Stack: "aws-dev"})
	for b.Loop() {
		require.NoError(b, g.SVG(io.Discard))
	}
}

// TestPictures: the documents show each stack as it is, and no secret.
func TestPictures(t *testing.T) {
	folder := filepath.Join(stacktest.Project(t), "docs", "graphs")
	for _, way := range ways(t) {
		t.Run(way.Name, func(t *testing.T) {
			t.Parallel()
			g := made(t, way)
			require.NotEmpty(t, g.Edges)
			mermaid, err := g.Mermaid()
			require.NoError(t, err)
			var svg, document, page bytes.Buffer
			require.NoError(t, g.SVG(&svg))
			require.NoError(t, g.Page(&page, graph.PageOptions{}))
			require.NoError(t, g.JSON(&document))
			for _, text := range []string{mermaid, svg.String(), document.String(), page.String()} {
				require.NotContains(t, text, stacktest.Secret)
			}
			if *into != "" {
				require.NoError(t, os.MkdirAll(*into, 0o755))
				for ending, text := range map[string][]byte{".mmd": []byte(mermaid), ".json": document.Bytes(), ".html": page.Bytes()} {
					require.NoError(t, os.WriteFile(filepath.Join(*into, way.Name+ending), text, 0o644))
				}
			}
			if !pictured[way.Name] {
				return
			}
			file := filepath.Join(folder, way.Name+".svg")
			if *update {
				require.NoError(t, os.MkdirAll(folder, 0o755))
				require.NoError(t, os.WriteFile(file, svg.Bytes(), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err, "make docs writes it")
			require.Equal(t, string(want), svg.String(), "run make docs, and review the picture")
		})
	}
}
