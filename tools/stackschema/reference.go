package main

import (
	_ "embed" // the beginning of the page
	"fmt"
	"regexp"
	"strings"
)

//go:embed heading.md
var heading string

// reference is the page: a table for each object, a key a row.
func (c *configuration) reference() []byte {
	var b strings.Builder
	b.WriteString(heading)
	c.walk("", func(path string, s *structure) {
		if path == "" {
			b.WriteString("\n## The stack\n\n")
		} else {
			level := "##"
			if strings.Contains(path, ".") || strings.Contains(path, "[") {
				level = "###"
			}
			fmt.Fprintf(&b, "\n%s %s\n\n", level, path)
		}
		b.WriteString("| Key | Type | Default | Description |\n|---|---|---|---|\n")
		for _, k := range s.keys {
			at := strings.TrimPrefix(path+"."+k.name, ".")
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", at, k.typ.words(at), k.defaultWords(), cell(k.description))
		}
	})
	return []byte(b.String())
}

// words are the type of a key, with a link to what an object holds.
func (t *valueType) words(path string) string {
	switch t.kind {
	case text:
		if len(t.values) > 0 {
			return "`" + strings.Join(t.values, "`, `") + "`"
		}
	case list:
		return "list of " + t.of.words(path+"[]")
	case mapping:
		if t.of.kind == free {
			return "object, as it is"
		}
		return "map of " + t.of.words(path+".NAME")
	case object:
		if t.object.link != "" {
			return fmt.Sprintf("[%s](%s)", kubernetesName(t.object.name), t.object.link)
		}
		return fmt.Sprintf("[object](#%s)", anchor(path))
	case free:
		return "anything"
	}
	return t.kind
}

func kubernetesName(full string) string { return full[strings.LastIndex(full, ".")+1:] }

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(".[]", r) {
			return -1
		}
		return r
	}, strings.ToLower(heading))
}

// defaultWords are the third column.
func (k *key) defaultWords() string {
	switch {
	case k.required:
		return "**required**"
	case k.requiredIf != "":
		return "required " + cell(k.requiredIf)
	case k.literal != "":
		return "`" + k.literal + "`"
	}
	return cell(k.words)
}

var page = regexp.MustCompile(`\bdocs/([a-z0-9/-]+\.md)`)

// cell keeps a text in its column: what means something in Markdown stands for itself, outside of code, and pages of docs are links.
func cell(text string) string {
	parts := strings.Split(text, "`")
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], "|", `\|`)
		if i%2 == 0 {
			parts[i] = page.ReplaceAllString(strings.ReplaceAll(parts[i], "*", `\*`), "[$1](../$1)")
		}
	}
	return strings.Join(parts, "`")
}
