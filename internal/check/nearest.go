package check

import (
	"slices"
	"strings"
	"unicode"

	"github.com/agext/levenshtein"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// shortestPart is how many letters a name must share with a longer one to be taken for it: alb in aws-alb.
const shortestPart = 3

// Nearest is the one of the names that a mistyped one most likely means; empty where none is near. Capitals, hyphens and underscores do not
// count, and a name may be a part of the other, if of no further one.
func Nearest(mistyped string, names []string) string {
	written := plain(mistyped)
	var within []string
	for _, name := range names {
		known := plain(name)
		if known == written {
			return name
		}
		if min(len(known), len(written)) >= shortestPart && (strings.Contains(known, written) || strings.Contains(written, known)) {
			within = append(within, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	switch nearest, away := closest(names, func(name string) int { return levenshtein.Distance(written, plain(name), nil) }); {
	case away <= max(2, len(written)/3) && away < len(written):
		return nearest
	case len(within) == 1:
		return within[0]
	}
	return ""
}

// closest is the first of the names that are least away, and how far that is.
func closest(names []string, distance func(string) int) (name string, away int) {
	name = slices.MinFunc(names, func(a, b string) int { return distance(a) - distance(b) })
	return name, distance(name)
}

// plain are the letters and digits of a name, in lower case.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// NotSupported refuses a value that is none of the names, and says which one may be meant.
func NotSupported(p *field.Path, value string, names []string) *field.Error {
	problem := field.NotSupported(p, value, names)
	if nearest := Nearest(value, names); nearest != "" {
		problem.Detail += "; did you mean " + nearest + "?"
	}
	return problem
}
