package graph

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"bifrost/bifrostctl/changes"
)

// tabs are the letters in the tab of a node, by cloud.
var tabs = map[Cloud]string{AWS: "AWS", Azure: "AZ", Google: "GCP", Kubernetes: "K8S", Other: "···"}

// SVG writes the graph as a picture that stands alone, and is readable on light pages and dark ones.
func (g *Graph) SVG(w io.Writer) error {
	l, err := g.place()
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d"`, int(l.width), int(l.height))
	b.WriteString(` role="img" aria-labelledby="title desc">`)
	fmt.Fprintf(&b, "\n<title id=\"title\">%s</title>\n<desc id=\"desc\">%s</desc>\n", markup(g.Title()), markup(g.Summary()))
	fmt.Fprintf(&b, "<style>\n%s%s</style>\n", pictureColours(), pictureStyle)
	fmt.Fprintf(&b, "<rect class=\"ground\" width=\"%d\" height=\"%d\" rx=\"10\"/>\n", int(l.width), int(l.height))
	g.drawing(&b, l)
	b.WriteString("</svg>\n")
	_, err = io.WriteString(w, b.String())
	return err
}

// Title names what is drawn.
func (g *Graph) Title() string {
	title := "Stack " + g.Stack
	if g.Preview {
		title = "Changes of stack " + g.Stack
	}
	return title
}

// Summary says in words what a picture shows.
func (g *Graph) Summary() string {
	counted := map[Cloud]int{}
	for _, n := range g.Nodes {
		counted[n.Cloud]++
	}
	var of []string
	for _, cloud := range Clouds {
		if n := counted[cloud]; n > 0 {
			of = append(of, fmt.Sprintf("%d of %s", n, cloud))
		}
	}
	return fmt.Sprintf("%d resources in %d components: %s. An arrow leads from a resource to one that waits for it.", len(g.Nodes),
		len(g.Groups), strings.Join(of, ", "))
}

// drawing writes the groups, edges and nodes, without the ground.
func (g *Graph) drawing(b *strings.Builder, l *layout) {
	b.WriteString(`<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" ` +
		`orient="auto-start-reverse">` +
		"<path class=\"head\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n")
	for _, group := range g.Groups {
		around := l.boxes[group.ID]
		fmt.Fprintf(b, "<g class=\"group\" id=\"%s\"><rect %s rx=\"10\"/><text x=\"%d\" y=\"%d\">%s</text></g>\n", group.ID,
			around.attributes(),
			int(around.x)+12, int(around.y)+17, markup(fitted(group.Title(), around.width)))
	}
	at := g.positions()
	for i, e := range g.Edges {
		class := "edge"
		if g.Nodes[at[e.From]].Critical && g.Nodes[at[e.To]].Critical {
			class = "edge critical"
		}
		fmt.Fprintf(b, "<path class=\"%s\" data-from=\"%s\" data-to=\"%s\" d=\"%s\" marker-end=\"url(#head)\"/>\n", class, e.From, e.To,
			line(l.routes[i]))
	}
	for _, n := range g.Nodes {
		n.draw(b, l.boxes[n.ID])
	}
}

// fitted is a title as much as a width shows of it.
func fitted(title string, width float64) string {
	letters, most := []rune(title), int((width-20)/7)
	if len(letters) <= most || most < 2 {
		return title
	}
	return string(letters[:most-1]) + "…"
}

func (b box) attributes() string {
	return fmt.Sprintf(`x="%d" y="%d" width="%d" height="%d"`, int(b.x), int(b.y), int(b.width), int(b.height))
}

// draw writes a node: a card with the tab of its cloud, its kind and name, and the sign of what becomes of it.
func (n Node) draw(b *strings.Builder, at box) {
	x, y := int(at.x), int(at.y)
	fmt.Fprintf(b, "<g class=\"%s\" id=\"%s\"><title>%s</title><rect class=\"card\" %s rx=\"8\"/>", n.class(), n.ID, markup(n.Says()),
		at.attributes())
	fmt.Fprintf(b, "<path class=\"tab\" d=\"M%d %dh-%dq-8 0 -8 8v%dq0 8 8 8h%dz\"/>", x+tabWidth, y, tabWidth-8, nodeHeight-16, tabWidth-8)
	fmt.Fprintf(b, "<text class=\"cloud\" x=\"%d\" y=\"%d\">%s</text>", x+tabWidth/2, y+nodeHeight/2+4, tabs[n.Cloud])
	fmt.Fprintf(b, "<text class=\"kind\" x=\"%d\" y=\"%d\">%s</text>", x+tabWidth+10, y+18, markup(Headed(n.Kind)))
	fmt.Fprintf(b, "<text class=\"name\" x=\"%d\" y=\"%d\">%s</text>", x+tabWidth+10, y+35, markup(label(n.Name)))
	if when := n.when(); when != "" {
		fmt.Fprintf(b, "<text class=\"time\" x=\"%d\" y=\"%d\">%s</text>", x+int(at.width)-18, y+18, markup(when))
	}
	if sign := Sign(n.Op); sign != "" {
		fmt.Fprintf(b, "<circle class=\"mark\" cx=\"%d\" cy=\"%d\" r=\"10\"/><text class=\"sign\" x=\"%[1]d\" y=\"%[3]d\">%[4]s</text>",
			x+int(at.width)-4, y+4, y+9, sign)
	}
	b.WriteString("</g>\n")
}

// when says when a step comes, or how long it took; empty where neither is known.
func (n Node) when() string {
	switch {
	case n.Seconds > 0:
		return lasting(n.Seconds)
	case n.Order > 0:
		return fmt.Sprintf("step %d", n.Order)
	}
	return ""
}

// lasting is a time in seconds as people write it.
func lasting(seconds float64) string {
	switch {
	case seconds < 0.1:
		return "<0.1 s"
	case seconds < 10:
		return fmt.Sprintf("%.1f s", seconds)
	case seconds < 60:
		return fmt.Sprintf("%.0f s", seconds)
	}
	return fmt.Sprintf("%d min %d s", int(seconds)/60, int(seconds)%60)
}

// class are the classes of a node: its cloud, and what becomes of it.
func (n Node) class() string {
	classes := []string{"node", strings.ToLower(string(n.Cloud))}
	if n.Op != "" {
		look := looks[n.Op]
		if look == "" {
			look = "same"
		}
		classes = append(classes, look)
	}
	if n.Read {
		classes = append(classes, "read")
	}
	if n.Critical {
		classes = append(classes, "critical")
	}
	return strings.Join(classes, " ")
}

// words are what becomes of a resource, as a sentence has it.
var words = map[changes.Op]string{
	changes.Create: "is created", changes.Update: "is updated", changes.Replace: "is replaced", changes.Delete: "is deleted",
	changes.Import: "is imported", changes.Refresh: "was found changed", changes.Same: "stays as it is",
}

// Says is a node in words, for whoever does not see the picture.
func (n Node) Says() string {
	text := Headed(n.Kind) + " " + n.Name
	if n.Cloud != Other {
		text += ", " + string(n.Cloud)
	}
	if says := words[n.Op]; says != "" {
		text += ", " + says
	}
	if n.Order > 0 {
		text += fmt.Sprintf(", step %d", n.Order)
	}
	if n.Read {
		text += ", made by others"
	}
	return text
}

// markup is a text within markup, also within an attribute.
func markup(text string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(text)); err != nil {
		return ""
	}
	return b.String()
}
