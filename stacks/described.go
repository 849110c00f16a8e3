package stacks

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/docs/reference"
)

const alwaysRequired = "**required**"

var (
	linkOfPage = regexp.MustCompile(`\[([^]]+)\]\([^)]+\)`)
	anIndex    = regexp.MustCompile(`\[\d+\]`)
)

// described is what the reference says of a key, by its path there; nothing of one that it does not know.
func described(path string) reference.Row {
	for _, row := range reference.Rows() {
		if row.Path == path {
			return row
		}
	}
	return reference.Row{}
}

// requiredBelow are the names of the keys that an object must have; where there is none, of those that it must have under some condition.
func requiredBelow(object string) []string {
	var always, sometimes []string
	for _, row := range reference.Rows() {
		switch parent, name := parentAndName(row.Path); {
		case parent != object:
		case row.Required == alwaysRequired:
			always = append(always, name)
		case strings.HasPrefix(row.Required, "required"):
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
	d := described(path)
	required := strings.Contains(d.Required, "required")
	mend := "; write " + plainly(p, t)
	switch below := requiredBelow(path); {
	case len(below) == 1:
		mend = "; write " + below[0] + " below it: " + firstSentence(described(path+"."+below[0]).Description)
	case len(below) > 1:
		mend = "; write " + strings.Join(below[:len(below)-1], ", ") + " and " + below[len(below)-1] + " below it"
	case required && isScalarKind(t):
		mend = "; write " + firstSentence(d.Description)
	}
	if !required || unreadBy(platform, path) {
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

// firstSentence is that of a description, without its links and as a part of another sentence: a name such as EKS keeps its capitals.
func firstSentence(text string) string {
	text, _, _ = strings.Cut(linkOfPage.ReplaceAllString(text, "$1"), ". ")
	text = strings.TrimSuffix(text, ".")
	if letters := []rune(text); len(letters) > 1 && !unicode.IsUpper(letters[1]) {
		letters[0] = unicode.ToLower(letters[0])
		return string(letters)
	}
	return text
}
