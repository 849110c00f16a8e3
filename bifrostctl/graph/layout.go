package graph

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/d2lang/dagro"
)

// Measures of a picture in pixels. Text is not measured, so that a picture is the same on every machine: names stand in a font of fixed
// width, of which a character takes 0.6 of its size.
const (
	nodeHeight = 46
	tabWidth   = 38 // the tab with the cloud's letters
	leastWidth = 150
	nameWidth  = 7.2 // of a character of a name, at 12 pixels
	kindWidth  = 6.4 // of a character of a kind, at 11 pixels, wide ones
	timeWidth  = 70
	nameMost   = 30 // characters of a name that are shown
	rowGap     = 24
	columnGap  = 70
	margin     = 20
	headHeight = 26 // of a group, above what it holds
	groupInset = 14
)

// box is where something is drawn, from its upper left corner.
type box struct{ x, y, width, height float64 }

func (b box) union(other box) box {
	if b.width == 0 {
		return other
	}
	right, bottom := math.Max(b.x+b.width, other.x+other.width), math.Max(b.y+b.height, other.y+other.height)
	x, y := math.Min(b.x, other.x), math.Min(b.y, other.y)
	return box{x, y, right - x, bottom - y}
}

// layout is where everything of a graph is drawn.
type layout struct {
	width, height float64
	// boxes are those of nodes and groups by their ids, routes the points of the edges in their order.
	boxes  map[string]box
	routes [][]dagro.Point
}

// label is a name as a picture shows it: a long one without its middle.
func label(name string) string {
	if utf8.RuneCountInString(name) <= nameMost {
		return name
	}
	letters := []rune(name)
	half := (nameMost - 1) / 2
	return string(letters[:nameMost-1-half]) + "…" + string(letters[len(letters)-half:])
}

// width is that of every node, so that columns are even: as much as the longest text needs.
func (g *Graph) width() float64 {
	width := float64(leastWidth)
	for _, n := range g.Nodes {
		kind := float64(utf8.RuneCountInString(n.Kind)) * kindWidth
		if n.when() != "" {
			kind += timeWidth
		}
		text := math.Max(float64(utf8.RuneCountInString(label(n.Name)))*nameWidth, kind)
		width = math.Max(width, math.Ceil(tabWidth+text+24))
	}
	return width
}

// place finds the places with dagre's algorithm, from left to right. Its order is that of the nodes and edges, so the same graph is drawn
// the same everywhere.
func (g *Graph) place() (*layout, error) {
	d := dagro.NewGraph(dagro.GraphOptions{Compound: true, Multigraph: true}).SetGraph(dagro.Attrs{
		"rankdir": "LR", "nodesep": rowGap, "ranksep": columnGap, "edgesep": 12, "marginx": margin, "marginy": margin,
	})
	for _, group := range g.Groups {
		d.SetNode(group.ID, dagro.Attrs{})
	}
	width := g.width()
	for _, n := range g.Nodes {
		d.SetNode(n.ID, dagro.Attrs{"width": width, "height": float64(nodeHeight)})
	}
	for _, group := range g.Groups {
		if group.In == "" {
			continue
		}
		if err := d.SetParent(group.ID, group.In); err != nil {
			return nil, fmt.Errorf("lay out component %s: %w", group.Name, err)
		}
	}
	for _, n := range g.Nodes {
		if n.In == "" {
			continue
		}
		if err := d.SetParent(n.ID, n.In); err != nil {
			return nil, fmt.Errorf("lay out %s %s: %w", n.Kind, n.Name, err)
		}
	}
	for _, e := range g.Edges {
		d.SetEdge(e.From, e.To, dagro.Attrs{})
	}
	if len(g.Nodes) == 0 { // nothing exists, or everything is gone: the algorithm wants at least one node
		return g.read(d), nil
	}
	if err := dagro.Layout(d); err != nil {
		return nil, fmt.Errorf("lay out the graph: %w", err)
	}
	return g.read(d), nil
}

// read takes the places, and draws every group around what it holds.
func (g *Graph) read(d *dagro.Graph) *layout {
	l := &layout{boxes: map[string]box{}}
	number := func(id, key string) float64 {
		attrs, _ := d.Node(id).(dagro.Attrs)
		n, _ := attrs[key].(float64)
		return n
	}
	width, columns := g.width(), map[float64]bool{} // by the middle of their nodes
	for _, n := range g.Nodes {
		columns[math.Round(number(n.ID, "x"))] = true
		l.boxes[n.ID] = box{math.Round(number(n.ID, "x") - width/2), math.Round(number(n.ID, "y") - nodeHeight/2), width, nodeHeight}
	}
	for i := len(g.Groups) - 1; i >= 0; i-- {
		group := g.Groups[i]
		var around box
		for _, n := range g.Nodes {
			if n.In == group.ID {
				around = around.union(l.boxes[n.ID])
			}
		}
		for _, inner := range g.Groups {
			if inner.In == group.ID {
				around = around.union(l.boxes[inner.ID])
			}
		}
		l.boxes[group.ID] = box{
			around.x - groupInset, around.y - headHeight, around.width + 2*groupInset, around.height + headHeight + groupInset,
		}
	}
	for _, e := range g.Edges {
		attrs, _ := d.EdgeByArgs(e.From, e.To).(dagro.Attrs)
		points, _ := attrs["points"].([]dagro.Point)
		l.routes = append(l.routes, l.through(e, points, columns))
	}
	l.moveIn()
	return l
}

// moveIn moves everything so far that the margin is around it.
func (l *layout) moveIn() {
	var all box
	for _, b := range l.boxes {
		all = all.union(b)
	}
	for _, points := range l.routes {
		for _, p := range points {
			all = all.union(box{math.Round(p.X), math.Round(p.Y), 1, 1})
		}
	}
	dx, dy := margin-all.x, margin-all.y
	for id, b := range l.boxes {
		b.x, b.y = b.x+dx, b.y+dy
		l.boxes[id] = b
	}
	for _, points := range l.routes {
		for i := range points {
			points[i].X, points[i].Y = points[i].X+dx, points[i].Y+dy
		}
	}
	l.width, l.height = all.width+2*margin, all.height+2*margin
}

// through are the points of an edge: from the right side of a node, past the nodes of each column between, to the left side of the other.
func (l *layout) through(e Edge, bends []dagro.Point, columns map[float64]bool) []dagro.Point {
	from, to := l.boxes[e.From], l.boxes[e.To]
	points := []dagro.Point{{X: from.x + from.width, Y: from.y + from.height/2}}
	for i, p := range bends {
		if i == 0 || i == len(bends)-1 {
			continue // where the straight line leaves and enters
		}
		half := 0.0
		if columns[math.Round(p.X)] {
			half = from.width / 2
		}
		points = append(points, dagro.Point{X: p.X - half, Y: p.Y}, dagro.Point{X: p.X + half, Y: p.Y})
	}
	return append(points, dagro.Point{X: to.x, Y: to.y + to.height/2})
}

// line is an edge as a path of SVG: level where it leaves, passes and enters a column, and a curve between columns.
func line(points []dagro.Point) string {
	var b strings.Builder
	fmt.Fprintf(&b, "M%s", at(points[0]))
	for i, p := range points[1:] {
		last := points[i]
		if math.Round(last.Y) == math.Round(p.Y) {
			fmt.Fprintf(&b, "H%d", int(math.Round(p.X)))
			continue
		}
		middle := (last.X + p.X) / 2
		fmt.Fprintf(&b, "C%s %s %s", at(dagro.Point{X: middle, Y: last.Y}), at(dagro.Point{X: middle, Y: p.Y}), at(p))
	}
	return b.String()
}

// at is a point in whole pixels: what a processor adds behind the point differs.
func at(p dagro.Point) string {
	return fmt.Sprintf("%d %d", int(math.Round(p.X)), int(math.Round(p.Y)))
}
