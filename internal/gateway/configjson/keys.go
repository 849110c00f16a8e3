package configjson

import (
	_ "embed"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// keysText has the names and kinds of the keys of the vendor's schema. tools/schemakeys writes it anew from a newer schema.
//
//go:embed keys.txt
var keysText string

// KeysVersion is the version of the gateway (transports) that the names are from.
var KeysVersion = regexp.MustCompile(`transports ([0-9.]+[0-9])`).FindStringSubmatch(keysText)[1]

// Kinds of values, as keys.txt has them. A name without one takes more than one kind.
const (
	kindText    = "text"
	kindNumber  = "number"
	kindInteger = "integer"
	kindBoolean = "boolean"
	kindList    = "list"
	kindObject  = "object"
)

// keyTable has the kinds of the known names by the path of their object, such as governance.budgets[] or providers.*. within has
// every path that leads to one.
type keyTable struct {
	objects map[string]map[string]string
	within  map[string]bool
}

var knownKeys = parseKeys(keysText)

// parseKeys reads lines such as "client: allow_direct_keys=boolean compat=object".
func parseKeys(text string) keyTable {
	t := keyTable{objects: map[string]map[string]string{}, within: map[string]bool{}}
	for line := range strings.Lines(text) {
		path, names, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		kinds := map[string]string{}
		for _, name := range strings.Fields(names) {
			name, kind, _ := strings.Cut(name, "=")
			kinds[name] = kind
		}
		t.objects[path] = kinds
		for i, c := range path + "." {
			if c == '.' || c == '[' {
				t.within[path[:i]] = true
			}
		}
		t.within[path] = true
	}
	return t
}

// chosenNames is the object whose names the user may choose, though some are known.
const chosenNames = "providers"

// below is the path of a value. A name that leads nowhere is one that the user chose.
func (t keyTable) below(path, name string) string {
	if child := strings.TrimPrefix(path+"."+name, "."); t.within[child] && path != chosenNames {
		return child
	}
	return strings.TrimPrefix(path+".*", ".")
}

// names of an object, sorted.
func (t keyTable) names(path string) []string { return slices.Sorted(maps.Keys(t.objects[path])) }

// Known tells whether config.json has a key of this name, at its top.
func Known(name string) bool { return slices.Contains(knownKeys.names(""), name) }
