package graph

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed page/picture.css
var pictureStyle string

// colour is a colour on light ground and on dark.
type colour struct{ name, light, dark string }

// colours are those of pictures and pages, by the names of their CSS variables. What is read has a contrast of 4.5 to 1 at least to what it
// stands on, and lines and signs 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11).
var colours = []colour{
	{"ground", "#ffffff", "#0d1117"},
	{"room", "#f6f8fa", "#131920"},
	{"card", "#ffffff", "#1a212a"},
	{"ink", "#1b1f24", "#e6edf3"},
	{"soft", "#525b66", "#a3adb8"},
	{"edge", "#d0d7de", "#363e48"},
	{"line", "#7d8590", "#7d8794"},
	{"accent", "#0a5bb5", "#79b8ff"},
	{"aws", "#a84a08", "#f0a45c"},
	{"azure", "#0b62a8", "#6cb6ff"},
	{"google", "#137333", "#6bc98a"},
	{"kubernetes", "#4a51c0", "#a5abff"},
	{"other", "#525b66", "#a3adb8"},
	{"create", "#1a7f37", "#4cc26a"},
	{"update", "#8a5a00", "#e0b341"},
	{"replace", "#7c3fd1", "#c297ff"},
	{"delete", "#c21f2c", "#ff8078"},
	{"on", "#ffffff", "#0d1117"},
}

// variables are the colours as CSS, of light ground or dark.
func variables(dark bool) string {
	var b strings.Builder
	for _, c := range colours {
		value := c.light
		if dark {
			value = c.dark
		}
		fmt.Fprintf(&b, "--%s:%s;", c.name, value)
	}
	return b.String()
}

// pictureColours are those of a picture that stands alone, which follows what its reader prefers.
func pictureColours() string {
	return "svg{" + variables(false) + "}\n@media (prefers-color-scheme:dark){svg{" + variables(true) + "}}\n"
}

// pageColours are those of a page: the reader's preference, or what its switch says.
func pageColours() string {
	light, dark := "{color-scheme:light;"+variables(false)+"}", "{color-scheme:dark;"+variables(true)+"}"
	return ":root" + light + "\n@media (prefers-color-scheme:dark){:root:not([data-theme=light])" + dark + "}\n" +
		":root[data-theme=dark]" + dark + "\n@media print{:root,:root:not([data-theme=light]),:root[data-theme=dark]" + light + "}\n"
}
