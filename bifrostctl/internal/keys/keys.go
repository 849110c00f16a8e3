// Package keys is the configuration reference: the keys of a stack file, in their order, and what they mean.
package keys

import (
	"regexp"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"bifrost/docs/reference"
)

// Key is a key of the configuration reference.
type Key struct {
	Path, Description string
	// Choices are the values that it may have; empty where any will do.
	Choices []string
	// Object has keys of its own below it.
	Object bool
}

var (
	linked = regexp.MustCompile(`\[([^]]+)\]\(([^)]+)\)`)
	choice = regexp.MustCompile("`([^`]+)`")
)

// All are those of the reference, in its order.
var All = sync.OnceValue(func() []Key {
	var all []Key
	for _, row := range reference.Rows() {
		k := Key{
			Path: row.Path, Description: linked.ReplaceAllStringFunc(row.Description, plainLink),
			Object: strings.HasPrefix(row.Type, "[object]"),
		}
		for _, value := range choice.FindAllStringSubmatch(row.Type, -1) {
			k.Choices = append(k.Choices, value[1])
		}
		if row.Type == "boolean" {
			k.Choices = []string{"true", "false"}
		}
		all = append(all, k)
	}
	return all
})

// plainLink writes a link of the reference for a reader of the stack file, who stands in the project's folder.
func plainLink(link string) string {
	parts := linked.FindStringSubmatch(link)
	target, _, _ := strings.Cut(parts[2], "#")
	target = strings.TrimPrefix(target, "../")
	if target == "" {
		return parts[1]
	}
	return "docs/" + target
}

var byPath = sync.OnceValue(func() map[string]int {
	index := map[string]int{}
	for i, k := range All() {
		index[k.Path] = i
	}
	return index
})

// Order is where a key stands in the reference; negative for what it does not know.
func Order(path string) int {
	if i, known := byPath()[path]; known {
		return i
	}
	return -1
}

// longest is how long a remark may be: what is longer is cut behind a sentence.
const longest = 180

// Remark is the beginning of what the reference says of a key; empty for what it does not know.
func Remark(path string) string {
	i := Order(path)
	if i < 0 {
		return ""
	}
	text := All()[i].Description
	for len(text) > longest {
		cut := strings.LastIndex(text[:len(text)-1], ". ")
		if cut < 0 {
			break
		}
		text = text[:cut+1]
	}
	return text
}

// CompleteSetting completes path=value of a flag --set: the keys of the reference, and the values of those that have few.
func CompleteSetting(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	path, _, valued := strings.Cut(typed, "=")
	var found []cobra.Completion
	for _, k := range All() {
		switch {
		case k.Object || strings.Contains(k.Path, "[]") || strings.HasPrefix(k.Path, "secrets"):
		case valued && k.Path == path:
			for _, value := range k.Choices {
				found = append(found, path+"="+value)
			}
			return found, cobra.ShellCompDirectiveNoFileComp
		case !valued && strings.HasPrefix(k.Path, path):
			found = append(found, k.Path+"=")
		}
	}
	return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
