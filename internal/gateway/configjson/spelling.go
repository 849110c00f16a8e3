package configjson

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Misspelled refuses the keys that are nearly known ones: the gateway passes over what it does not know.
func Misspelled(p *field.Path, document Document) field.ErrorList {
	var problems field.ErrorList
	unknownKeys(p, document, func(p *field.Path, meant string) {
		if meant != "" {
			problems = append(problems, field.Forbidden(p, fmt.Sprintf(
				"unknown key; did you mean %s? The gateway passes over what it does not know. A key that is newer than %s needs its "+
					"schema in "+
					"gateway.schemaFile", meant, KeysVersion)))
		}
	})
	return problems
}

// Unknown are the paths of keys that resemble none of the known ones. The vendor adds keys every week.
func Unknown(p *field.Path, document Document) []string {
	var paths []string
	unknownKeys(p, document, func(p *field.Path, meant string) {
		if meant == "" {
			paths = append(paths, p.String())
		}
	})
	return paths
}

func unknownKeys(p *field.Path, document Document, visit func(p *field.Path, meant string)) {
	walkKnown(p, "", document, func(p *field.Path, path, key string, _ any) {
		known := knownKeys.objects[path]
		if _, ok := known[key]; ok || path == chosenNames {
			return
		}
		meant := ""
		if i := slices.IndexFunc(knownKeys.names(path), func(name string) bool { return near(key, name) }); i >= 0 {
			meant = knownKeys.names(path)[i]
		}
		visit(p, meant)
	})
}

// near tells whether one name is another one with a slip: of case, of word breaks (camelCase), of one letter, or two in a long name.
// Names of different numbers of words, such as rate_limit and rate_limit_id, are different names.
func near(a, b string) bool {
	if plain(a) == plain(b) {
		return true
	}
	if words(a) != words(b) {
		return false
	}
	a, b = plain(a), plain(b)
	allowed := 0
	switch n := max(len(a), len(b)); {
	case n >= 8:
		allowed = 2
	case n >= 4:
		allowed = 1
	}
	return distance(a, b) <= allowed
}

// plain is a name without its word breaks.
func plain(name string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(name))
}

// words counts the words of a name in snake_case, kebab-case or camelCase.
func words(name string) int {
	n := 1
	for i, c := range name {
		if i > 0 && (strings.ContainsRune("_-. ", c) || c >= 'A' && c <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z') {
			n++
		}
	}
	return n
}

// distance is the number of letters to add, to drop, to change or to swap with the next one.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			switch {
			case i == 0 || j == 0:
				rows[i][j] = i + j
				continue
			case a[i-1] == b[j-1]:
				rows[i][j] = rows[i-1][j-1]
			default:
				rows[i][j] = 1 + min(rows[i-1][j], rows[i][j-1], rows[i-1][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], 1+rows[i-2][j-2])
			}
		}
	}
	return rows[len(a)][len(b)]
}
