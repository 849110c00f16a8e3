package stacks

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/docs/reference"
)

// described is what the reference says of a key: whether it is required, and under which conditions, and what it is.
type described struct{ required, about string }

const alwaysRequired = "**required**"

var (
	rowOfReference = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| .*? \\| (.*?) \\| (.*) \\|$")
	linkOfPage     = regexp.MustCompile(`\[([^]]+)\]\([^)]+\)`)
	anIndex        = regexp.MustCompile(`\[\d+\]`)
)

// theReference are the keys that the reference has, by their paths there.
var theReference = sync.OnceValue(func() map[string]described {
	all := map[string]described{}
	for _, row := range rowOfReference.FindAllStringSubmatch(reference.Page, -1) {
		all[row[1]] = described{row[2], linkOfPage.ReplaceAllString(row[3], "$1")}
	}
	return all
})

// requiredBelow are the names of the keys that an object must have; where there is none, of those that it must have under some condition.
func requiredBelow(object string) []string {
	var always, sometimes []string
	for _, row := range rowOfReference.FindAllStringSubmatch(reference.Page, -1) {
		switch parent, name := parentAndName(row[1]); {
		case parent != object:
		case row[2] == alwaysRequired:
			always = append(always, name)
		case strings.HasPrefix(row[2], "required"):
			sometimes = append(sometimes, name)
		}
	}
	if len(always) > 0 {
		return always
	}
	return sometimes
}

// nothing is the problem of a key with nothing behind its colon: what the reference says is wanted. That it may be removed as well is said
// of no key that is required, or that the platform may require.
func nothing(p *field.Path, t reflect.Type, platform any) *field.Error {
	path := anIndex.ReplaceAllString(p.String(), "[]")
	d := theReference()[path]
	mend := "; write " + plainly(p, t)
	switch below := requiredBelow(path); {
	case len(below) == 1:
		mend = "; write " + below[0] + " below it: " + firstSentence(theReference()[path+"."+below[0]].about)
	case len(below) > 1:
		mend = "; write " + strings.Join(below[:len(below)-1], ", ") + " and " + below[len(below)-1] + " below it"
	case strings.Contains(d.required, "required") && isScalarKind(t):
		mend = "; write " + firstSentence(d.about)
	}
	if !strings.Contains(d.required, "required") || unreadBy(platform, path) {
		mend += ", or remove it"
	}
	return field.Required(p, "nothing stands there"+mend)
}

// unreadBy tells whether a platform does not read an object of the configuration.
func unreadBy(platform any, object string) bool {
	name, _ := platform.(string)
	on, known := platforms[name]
	return known && platformObjects[object] != nil && !slices.Contains(on.objects, object)
}

// firstSentence is that of a description, as a part of another sentence: a name such as EKS keeps its capitals.
func firstSentence(text string) string {
	text, _, _ = strings.Cut(text, ". ")
	text = strings.TrimSuffix(text, ".")
	if letters := []rune(text); len(letters) > 1 && !unicode.IsUpper(letters[1]) {
		letters[0] = unicode.ToLower(letters[0])
		return string(letters)
	}
	return text
}
