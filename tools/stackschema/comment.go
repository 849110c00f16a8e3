package main

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// comment is what a field's comment says. A sentence "Default 10Gi." gives the default, "Default: the cluster's own." tells it in
// words, and "Required." or "Required with pull node." tells that the key must be there.
type comment struct {
	// doc is the whole text, description what is left without the sentences of default and need.
	doc, description string
	// literal is a default that is a value, words one that is told.
	literal, words string
	// required at every stack that has the object; requiredIf tells when it is needed otherwise.
	required   bool
	requiredIf string
}

var (
	sentence       = regexp.MustCompile(`\. +`)
	literalDefault = regexp.MustCompile(`^Default (\S+)$`)
)

// readComment takes the comment of a field apart.
func readComment(doc, field string) comment {
	doc = withoutName(oneLine(doc), field)
	c := comment{doc: doc}
	var rest []string
	for _, s := range sentences(doc) {
		bare := strings.TrimSuffix(s, ".")
		switch literal := literalDefault.FindStringSubmatch(bare); {
		case literal != nil:
			c.literal = strings.Trim(literal[1], `"`)
		case strings.HasPrefix(bare, "Default"):
			c.words = strings.TrimLeft(strings.TrimPrefix(bare, "Default"), ": ")
		case bare == "Required":
			c.required = true
		case strings.HasPrefix(bare, "Required "):
			c.requiredIf = strings.TrimPrefix(bare, "Required ")
		default:
			rest = append(rest, s)
		}
	}
	c.description = strings.Join(rest, " ")
	return c
}

// sentences end with a full stop before a space and a capital letter, a quote or a backtick.
func sentences(doc string) []string {
	var all []string
	begin := 0
	for _, at := range sentence.FindAllStringIndex(doc, -1) {
		if next := rune(doc[at[1]]); unicode.IsUpper(next) || next == '`' || next == '"' {
			all = append(all, doc[begin:at[0]+1])
			begin = at[1]
		}
	}
	return append(all, doc[begin:])
}

// prepositions follow a name that belongs to the sentence.
var prepositions = []string{"and", "at", "by", "for", "from", "in", "of", "on", "or", "to", "where", "with"}

// withoutName takes away the name that a comment of Go begins with, for a reader who sees the key: "ClassName is the class" becomes "The
// class", "AllowHttp leaves TLS out" becomes "Leaves TLS out", "RoleName of the role" becomes "Role name of the role".
func withoutName(doc, field string) string {
	rest, begins := strings.CutPrefix(doc, field)
	next := strings.TrimLeft(rest, ": ")
	if !begins || next == rest {
		return doc
	}
	word, after, _ := strings.Cut(next, " ")
	switch {
	case slices.Contains(prepositions, word):
		return spelled(field) + rest
	case word == "is" || word == "are":
		next = after
	}
	return strings.ToUpper(next[:1]) + next[1:]
}

// spelled writes a name as words: ClassName becomes Class name.
func spelled(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
