package effects

import (
	"regexp"
	"strings"
)

// aLine is what Tell and Watch have a preview say: the name of what it is about, and what becomes of it.
var aLine = regexp.MustCompile(`^([A-Za-z0-9._-]+): (.+)$`)

// aValue is what Watch says of a value of config.json: its path, and what Shown says.
var aValue = regexp.MustCompile(`^[^ :]+: (added|removed|another one, |not known before the up|.* → )|values of config\.json change$`)

// Lines are what previews say of workloads and of config.json, in the order in which they said it.
type Lines struct{ Workloads, Values []NamedLine }

// NamedLine is a line of a preview, about what has the name.
type NamedLine struct{ Name, Says string }

// ReadLines takes the lines that Tell and Watch had a preview say out of its messages; others is what is left.
func ReadLines(messages []string) (lines Lines, others []string) {
	for _, message := range messages {
		found := aLine.FindStringSubmatch(strings.TrimSpace(message))
		switch {
		case found == nil || strings.Contains(found[2], "\n"):
			others = append(others, message)
		case saysEffect.MatchString(found[2]):
			lines.Workloads = append(lines.Workloads, NamedLine{found[1], found[2]})
		case aValue.MatchString(found[2]):
			lines.Values = append(lines.Values, NamedLine{found[1], found[2]})
		default:
			others = append(others, message)
		}
	}
	return lines, others
}

// saysEffect are the beginnings of all that Of says.
var saysEffect = regexp.MustCompile(`^(no (pod|task) is (touched|made anew)|scales from \d|rolls |` +
	`may (roll|replace|start|end) |counts (the|no) (pod|task)|replaces: |starts |made anew: |\d+ (pods?|tasks?) go|` +
	`runs (once|anew), |goes with its pods|does not run again)`)
