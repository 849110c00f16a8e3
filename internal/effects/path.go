package effects

import (
	"fmt"
	"regexp"
	"strings"
)

// Path leads to a value: keys of objects as texts, indices of lists as numbers, members of lists that have names as Member.
type Path []any

// Member is the name of a list's member.
type Member string

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_$/-]+$`)

// String writes a.b[0].c, containers[bifrost].image, data["config.json"].
func (p Path) String() string {
	var text strings.Builder
	for i, step := range p {
		switch step := step.(type) {
		case string:
			if !plainKey.MatchString(step) {
				fmt.Fprintf(&text, "[%q]", step)
				continue
			}
			if i > 0 {
				text.WriteByte('.')
			}
			text.WriteString(step)
		default:
			fmt.Fprintf(&text, "[%v]", step)
		}
	}
	return text.String()
}

// Keys are the keys of objects alone.
func (p Path) Keys() []string {
	var keys []string
	for _, step := range p {
		if key, is := step.(string); is {
			keys = append(keys, key)
		}
	}
	return keys
}
