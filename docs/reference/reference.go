// Package reference is the configuration reference, for programs that show it.
package reference

import (
	_ "embed" // the page
	"regexp"
	"sync"
)

// Page is configuration.md: a table of keys for each object, in their order.
//
//go:embed configuration.md
var Page string

// Row is what the page says of a key, in its words.
type Row struct {
	// Path has [] where an item of a list stands, and a name in capitals where any name does.
	Path, Type string
	// Required is the column of defaults: "**required**", a condition under which it is, or what stands there otherwise.
	Required, Description string
}

var rowOf = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (.*?) \\| (.*?) \\| (.*) \\|$")

// Rows are those of all tables, in the page's order.
var Rows = sync.OnceValue(func() []Row {
	var rows []Row
	for _, row := range rowOf.FindAllStringSubmatch(Page, -1) {
		rows = append(rows, Row{row[1], row[2], row[3], row[4]})
	}
	return rows
})
