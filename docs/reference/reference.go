// Package reference is the configuration reference, for programs that show it.
package reference

import _ "embed" // the page

// Page is configuration.md: a table of keys for each object, in their order.
//
//go:embed configuration.md
var Page string
