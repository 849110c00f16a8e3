package graph

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
)

var (
	//go:embed page/page.html
	pageText string
	//go:embed page/page.css
	pageStyle string
	//go:embed page/page.js
	pageScript string

	page = template.Must(template.New("page").Parse(pageText))
)

// PageOptions are what a page says besides its graph.
type PageOptions struct {
	// Title is the heading; empty means the stack's.
	Title string
	// Verdict is one sentence below it, Notes what hurts.
	Verdict string
	Notes   []string
}

// entry is a line of a legend, and a switch of a filter.
type entry struct {
	Name, Class, Letters string
	Count                int
}

// pageData is what the page's template takes.
type pageData struct {
	PageOptions
	Policy, Summary string
	Clouds, Ops     []entry
	Timed, Ordered  bool
	Width, Height   int
	Style           template.CSS
	Script          template.JS
	Drawing         template.HTML
	Data            *Graph
}

// Page writes the graph as one HTML page that needs nothing else: it may load nothing, and run no script but its own.
func (g *Graph) Page(w io.Writer, options PageOptions) error {
	l, err := g.place()
	if err != nil {
		return err
	}
	if options.Title == "" {
		options.Title = g.Title()
	}
	var drawing strings.Builder
	g.drawing(&drawing, l)
	style := pageColours() + pictureStyle + pageStyle
	_, seconds := g.Critical()
	ordered := slices.ContainsFunc(g.Nodes, func(n Node) bool { return n.Order > 0 })
	return page.Execute(w, pageData{
		PageOptions: options,
		Policy: fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; base-uri 'none'; form-action 'none'",
			sum(style),
			sum(pageScript)),
		Summary: g.Summary(), Clouds: g.clouds(), Ops: g.ops(), Timed: seconds > 0, Ordered: ordered,
		Width: int(l.width), Height: int(l.height),
		Style: template.CSS(style), Script: template.JS(pageScript), //nolint:gosec // files of this package
		Drawing: template.HTML(drawing.String()), //nolint:gosec // each text in it went through markup
		Data:    g.lists(),
	})
}

// lists is the graph with empty lists where it has none.
func (g *Graph) lists() *Graph {
	whole := *g
	whole.Groups, whole.Nodes, whole.Edges = append([]Group{}, g.Groups...), append([]Node{}, g.Nodes...), append([]Edge{}, g.Edges...)
	return &whole
}

func sum(text string) string {
	hashed := sha256.Sum256([]byte(text))
	return base64.StdEncoding.EncodeToString(hashed[:])
}

func (g *Graph) clouds() []entry {
	counted := map[Cloud]int{}
	for _, n := range g.Nodes {
		counted[n.Cloud]++
	}
	var all []entry
	for _, cloud := range Clouds {
		if counted[cloud] > 0 {
			all = append(all, entry{string(cloud), strings.ToLower(string(cloud)), tabs[cloud], counted[cloud]})
		}
	}
	return all
}

// ops are what becomes of resources, each look once; nothing without a preview.
func (g *Graph) ops() []entry {
	if !g.Preview {
		return nil
	}
	counted := map[string]int{}
	for _, n := range g.Nodes {
		counted[g.look(n)]++
	}
	var all []entry
	for _, each := range []entry{
		{"Created", "create", "+", 0}, {"Updated", "update", "~", 0}, {"Replaced", "replace", "±", 0}, {"Deleted", "delete", "−", 0},
		{"Unchanged", "same", "=", 0},
	} {
		if each.Count = counted[each.Class]; each.Count > 0 {
			all = append(all, each)
		}
	}
	return all
}
