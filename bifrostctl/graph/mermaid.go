package graph

import (
	"fmt"
	"strings"

	"bifrost/bifrostctl/changes"
)

// What GitHub and Mermaid draw of one diagram at most (Mermaid, packages/mermaid/src/defaultConfig, maxTextSize and maxEdges).
const (
	mermaidCharacters = 50_000
	mermaidEdges      = 500
)

// Sign is how an operation is marked, as Pulumi's own lists do.
func Sign(op changes.Op) string { return signs[op] }

var signs = map[changes.Op]string{
	changes.Create: "+", changes.Update: "~", changes.Replace: "±", changes.Delete: "−", changes.Import: "⇩", changes.Refresh: "↻",
}

// styles are the looks of a node by what it is, each with a contrast of 7 to 1 at least, on light pages and dark ones.
var styles = map[string]string{
	"create":     "fill:#dafbe1,stroke:#1a7f37,color:#0b3d18,stroke-width:2px",
	"update":     "fill:#fff8c5,stroke:#9a6700,color:#3d2a00,stroke-width:2px",
	"replace":    "fill:#fbe9ff,stroke:#8250df,color:#3c1e70,stroke-width:2px",
	"delete":     "fill:#ffebe9,stroke:#cf222e,color:#6e0f17,stroke-width:2px,stroke-dasharray:5 3",
	"same":       "fill:#f6f8fa,stroke:#8b949e,color:#24292f",
	"AWS":        "fill:#fff1e0,stroke:#b45309,color:#3d2408",
	"Azure":      "fill:#e3f0fd,stroke:#0b61a4,color:#0a2c4a",
	"Google":     "fill:#e6f4ea,stroke:#137333,color:#0d3319",
	"Kubernetes": "fill:#eaebfd,stroke:#4b55c4,color:#1f2463",
	"Other":      "fill:#f6f8fa,stroke:#57606a,color:#24292f",
}

// looks are what styles an operation has; one that is not listed looks the same as what stays.
var looks = map[changes.Op]string{
	changes.Create: "create", changes.Import: "create", changes.Update: "update", changes.Refresh: "update", changes.Replace: "replace",
	changes.Delete: "delete",
}

func (g *Graph) look(n Node) string {
	if !g.Preview {
		return string(n.Cloud)
	}
	if look := looks[n.Op]; look != "" {
		return look
	}
	return "same"
}

// Mermaid is the graph as a flowchart of Mermaid, which GitHub draws. It fails where the graph is more than Mermaid draws.
func (g *Graph) Mermaid() (string, error) {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	g.mermaidGroup(&b, "", "  ")
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "  %s --> %s\n", e.From, e.To)
	}
	if g.Left > 0 {
		fmt.Fprintf(&b, "  more[\"and %d more\"]:::same\n", g.Left)
	}
	g.mermaidStyles(&b)
	if b.Len() > mermaidCharacters || len(g.Edges) > mermaidEdges {
		return "", fmt.Errorf("the graph has %d resources and %d edges, and Mermaid draws %d edges and %d characters at most: use "+
			"--format svg or html", len(g.Nodes), len(g.Edges), mermaidEdges, mermaidCharacters)
	}
	return b.String(), nil
}

// mermaidGroup writes the nodes and groups of a group.
func (g *Graph) mermaidGroup(b *strings.Builder, id, indent string) {
	for _, n := range g.Nodes {
		if n.In == id {
			fmt.Fprintf(b, "%s%s%s:::%s\n", indent, n.ID, shaped(n), g.look(n))
		}
	}
	for _, group := range g.Groups {
		if group.In != id {
			continue
		}
		fmt.Fprintf(b, "%ssubgraph %s[\"%s\"]\n", indent, group.ID, escaped(group.Title()))
		g.mermaidGroup(b, group.ID, indent+"  ")
		b.WriteString(indent + "end\n")
	}
}

// shaped is a node's label, in a shape of its cloud: what a colour says is said without it, too.
func shaped(n Node) string {
	label := `"` + escaped(n.Title()) + "<br/>" + escaped(n.Name) + `"`
	switch n.Cloud {
	case Azure:
		return "(" + label + ")"
	case Google:
		return "([" + label + "])"
	case Kubernetes:
		return "[[" + label + "]]"
	}
	return "[" + label + "]"
}

// Title is what a node is, with the sign of what becomes of it and its cloud, as "+ AWS IAM role".
func (n Node) Title() string {
	title := strings.TrimSpace(Sign(n.Op) + " ")
	if n.Cloud != Other && n.Cloud != Kubernetes {
		return strings.TrimSpace(title + " " + string(n.Cloud) + " " + n.Kind)
	}
	return strings.TrimSpace(title + " " + n.Kind)
}

// Title is what a component is, and its name where that says more.
func (g Group) Title() string {
	kind := Headed(g.Kind)
	if strings.EqualFold(strings.ReplaceAll(kind, " ", "-"), g.Name) {
		return kind
	}
	return kind + ": " + g.Name
}

func (g *Graph) mermaidStyles(b *strings.Builder) {
	used := map[string]bool{"same": g.Left > 0}
	for _, n := range g.Nodes {
		used[g.look(n)] = true
	}
	for _, look := range []string{"create", "update", "replace", "delete", "same", "AWS", "Azure", "Google", "Kubernetes", "Other"} {
		if used[look] {
			fmt.Fprintf(b, "  classDef %s %s\n", look, styles[look])
		}
	}
}

// escape writes what Mermaid would read as its own, or a browser as markup, as entities of Mermaid.
var escape = strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;", "\\", "#92;",
	"\n", " ", "\r", " ", "\t", " ")

func escaped(text string) string { return escape.Replace(text) }
