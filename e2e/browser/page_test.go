package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

var (
	desktop = look{"light", 1440, 900}
	phone   = look{"light", 390, 844}
)

func dark(l look) look { l.theme = "dark"; return l }

// TestDrawn: each stack's page draws every resource and every edge, and loads nothing.
func TestDrawn(t *testing.T) {
	tab := open(t)
	for _, page := range pages(t, "*.html") {
		tab.show(page, desktop)
		var drawn struct{ Nodes, Edges, Told, Waits, Overlapping int }
		text := eval[string](tab, `JSON.stringify((() => {
			const graph = JSON.parse(document.getElementById("data").textContent);
			const boxes = [...document.querySelectorAll(".card")].map((c) => c.getBoundingClientRect());
			const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
			return { Nodes: document.querySelectorAll(".node").length, Edges: document.querySelectorAll(".edge").length,
				Told: graph.nodes.length, Waits: graph.edges.length,
				Overlapping: boxes.filter((a, i) => boxes.some((b, j) => i < j && overlap(a, b))).length };
		})())`)
		require.NoError(t, json.Unmarshal([]byte(text), &drawn))
		require.Positive(t, drawn.Nodes, page)
		require.Equal(t, drawn.Told, drawn.Nodes, page)
		require.Equal(t, drawn.Waits, drawn.Edges, page)
		require.Zero(t, drawn.Overlapping, page)
	}
	tab.fine()
}

// TestStates: the page of a stack has as many resources as its JSON.
func TestStates(t *testing.T) {
	tab := open(t)
	for _, file := range pages(t, "*.json") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var graph struct{ Nodes []struct{ ID string } }
		require.NoError(t, json.Unmarshal(text, &graph))
		tab.show(strings.TrimSuffix(file, ".json")+".html", desktop)
		require.Equal(t, len(graph.Nodes), eval[int](tab, `Number(document.documentElement.dataset.drawn)`), file)
	}
}

// TestKeyboard: a resource is reached with Tab, another with an arrow, opened with Enter and closed with Escape.
func TestKeyboard(t *testing.T) {
	tab := open(t)
	tab.show(pages(t, "change.html")[0], desktop)
	const focused = `document.activeElement.id`
	const onNode = `document.activeElement.classList.contains("node")`
	for range 40 {
		tab.do(chromedp.KeyEvent(kb.Tab))
		if eval[bool](tab, onNode) {
			break
		}
	}
	require.True(t, eval[bool](tab, onNode), "Tab reaches a resource")
	first := eval[string](tab, focused)
	moved := ""
	for _, arrow := range []string{kb.ArrowRight, kb.ArrowDown, kb.ArrowUp} {
		tab.do(chromedp.KeyEvent(arrow))
		if moved = eval[string](tab, focused); moved != first {
			break
		}
	}
	require.NotEqual(t, first, moved, "an arrow leads to another resource")
	require.True(t, eval[bool](tab, onNode))
	tab.do(chromedp.KeyEvent(kb.Enter))
	name := eval[string](tab, `JSON.parse(document.getElementById("data").textContent).nodes.find((n) => n.id === "`+moved+`").name`)
	require.Equal(t, name, eval[string](tab, `document.getElementById("name").textContent`))
	require.True(t, eval[bool](tab, `document.getElementById("detail").contains(document.activeElement)`), "the reader is where the details are")
	tab.do(chromedp.KeyEvent(kb.Escape))
	require.True(t, eval[bool](tab, `document.getElementById("detail").hidden`))
	require.Equal(t, moved, eval[string](tab, focused), "and back at the resource")
	tab.fine()
}

// TestFilters: a switch takes a cloud's resources away, and the search finds by name.
func TestFilters(t *testing.T) {
	tab := open(t)
	tab.show(pages(t, "change.html")[0], desktop)
	off := `document.querySelectorAll(".node.kubernetes.off").length`
	require.Zero(t, eval[int](tab, off))
	tab.do(click(`[data-cloud=Kubernetes]`))
	require.Equal(t, eval[int](tab, `document.querySelectorAll(".node.kubernetes").length`), eval[int](tab, off))
	tab.do(click(`[data-cloud=Kubernetes]`), chromedp.SendKeys(chromedp.CSS("#find"), "deployment"))
	require.Positive(t, eval[int](tab, `document.querySelectorAll(".node.found").length`))
	tab.do(chromedp.SendKeys(chromedp.CSS("#find"), kb.Enter))
	require.True(t, eval[bool](tab, `document.activeElement.classList.contains("found")`))
	tab.fine()
}

// TestWhen: the page of a preview says in which order steps come, and no time; that of what ran, how long they took, and no order.
func TestWhen(t *testing.T) {
	tab := open(t)
	told := func(page string) string {
		tab.show(pages(t, page)[0], desktop)
		overview := eval[string](tab, `document.getElementById("overview").textContent`)
		tab.do(js(`document.querySelector(".node:has(.time)").dispatchEvent(new MouseEvent("click", {bubbles: true}))`))
		return overview + eval[string](tab, `document.getElementById("detail").textContent + document.getElementById("picture").textContent`)
	}
	preview := told("change.html")
	for _, says := range []string{"Step 1 of ", "Orderstep ", "step 2"} {
		require.Contains(t, preview, says)
	}
	require.NotRegexp(t, `\d s\b|ook longest|Time`, preview)
	ran := told("times.html")
	for _, says := range []string{"Took longest: ", "39 s", "1 min "} {
		require.Contains(t, ran, says)
	}
	require.NotRegexp(t, `(?i)step \d`, ran)
	tab.fine()
}

// TestAccessible: axe finds nothing wrong, in both themes, on a desk and a phone, with details open and without. A picture of each is kept
// beside the page.
func TestAccessible(t *testing.T) {
	judge, err := axe.text(cache)
	require.NoError(t, err)
	const run = `axe.run(document, { resultTypes: ["violations"] }).then((r) => r.violations.map((v) =>
		v.id + ": " + v.nodes.map((n) => n.target.join(" ") + " " + n.failureSummary).join(" | ")))`
	for _, name := range []string{"change.html", "times.html", "minimal.html"} {
		page := pages(t, name)[0]
		for _, l := range []look{desktop, dark(desktop), phone, dark(phone)} {
			t.Run(fmt.Sprintf("%s %s %d", name, l.theme, l.width), func(t *testing.T) {
				tab := open(t)
				tab.show(page, l)
				require.LessOrEqual(t, eval[int](tab, `document.documentElement.scrollWidth`), int(l.width), "nothing is wider than the screen")
				tab.do(js(judge))
				require.Empty(t, eval[[]string](tab, run))
				picture := strings.TrimSuffix(page, ".html") + fmt.Sprintf("-%s-%d", l.theme, l.width)
				tab.keep(picture + ".png")
				tab.do(js(`document.querySelector(".node .sign, .node").dispatchEvent(new MouseEvent("click", {bubbles: true}))`))
				require.False(t, eval[bool](tab, `document.getElementById("detail").hidden`))
				require.Empty(t, eval[[]string](tab, run))
				tab.keep(picture + "-open.png")
				tab.fine()
			})
		}
	}
}

// TestTheme: the switch changes what the reader's system prefers.
func TestTheme(t *testing.T) {
	tab := open(t)
	tab.show(pages(t, "change.html")[0], dark(desktop))
	const ground = `getComputedStyle(document.body).backgroundColor`
	before := eval[string](tab, ground)
	require.Equal(t, "true", eval[string](tab, `document.getElementById("theme").getAttribute("aria-pressed")`))
	tab.do(click("#theme"))
	require.NotEqual(t, before, eval[string](tab, ground))
	tab.fine()
}

// TestHostile: what a name holds is shown, and is no markup.
func TestHostile(t *testing.T) {
	tab := open(t)
	tab.show(pages(t, "hostile.html")[0], desktop)
	require.Zero(t, eval[int](tab, `document.querySelectorAll("img").length`))
	tab.do(js(`for (const n of document.querySelectorAll(".node")) n.dispatchEvent(new MouseEvent("click", {bubbles: true}))`))
	require.Zero(t, eval[int](tab, `document.querySelectorAll("img").length`))
	require.Contains(t, eval[string](tab, `document.body.textContent`), "<img")
	tab.fine()
}
