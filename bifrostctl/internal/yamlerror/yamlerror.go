// Package yamlerror says where in a stack file YAML is wrong. The parser of the Pulumi CLI and of the sandbox counts from where the object
// begins in which it stops.
package yamlerror

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"bifrost/stacks"
)

const noBlank = "a colon and a blank are missing between key and value"

// mends are what to write where the parser only says what it does not take.
var mends = map[string]string{
	"found character '\t' that cannot start any token": "a tab: YAML is indented with blanks alone",

	"unexpected key name":                          noBlank + ", or the indent fits no line above it",
	"non-map value is specified":                   noBlank,
	"mapping value is not allowed in this context": "the next line is indented deeper than its key, or a value with a colon needs quotes",
}

// Explain returns the error with line, column and the lines around; the error itself where nothing better is known. What stands below the
// secrets is not repeated.
func Explain(text []byte, err error) error {
	_, parsed := parser.ParseBytes(text, 0)
	var wrong yaml.Error
	if !errors.As(parsed, &wrong) || wrong.GetToken() == nil {
		return err
	}
	at, message := wrong.GetToken().Position, wrong.GetMessage()
	if mend := mends[message]; mend != "" {
		message = mend
	}
	lines, first := strings.Split(string(text), "\n"), at.Line-1
	if strings.HasPrefix(message, ofIndent) {
		first = ofFault(lines, at.Line)
		message = fmt.Sprintf("its indent fits no line above it (look at lines %d to %d), or the line above has no colon", first, at.Line)
	}
	return fmt.Errorf("line %d, column %d: %s\n%s", at.Line, at.Column, message, around(lines, max(first, at.Line-mostQuoted), at.Line))
}

// ofIndent is how the parser begins what it says of a key that it meets behind the end of its map: often another line is wrong than the
// one that it names.
const ofIndent = "value is not allowed in this context"

// mostQuoted is how many lines before the one that the parser names are quoted.
const mostQuoted = 6

// ofFault is the line from which on the indents differ: the first below the key to which a line belongs, where that has another indent, and
// otherwise that key.
func ofFault(lines []string, line int) int {
	indent, first := indentOf(lines[line-1]), line
	for n := line - 1; n > 0; n-- {
		text := strings.TrimSpace(lines[n-1])
		switch of := indentOf(lines[n-1]); {
		case text == "" || text[0] == '#':
		case of >= indent:
			first = n
		case first < line && indentOf(lines[first-1]) != indent:
			return first
		default:
			return n
		}
	}
	return first
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// around quotes a line with those from the first on, and the next.
func around(lines []string, first, line int) string {
	var quoted []string
	for n := max(1, first); n <= min(len(lines), line+1); n++ {
		mark := " "
		if n == line {
			mark = ">"
		}
		text := strings.TrimRight(lines[n-1], "\r")
		if inSecrets(lines[:n]) {
			text = "(secrets are not shown)"
		}
		quoted = append(quoted, strings.TrimRight(fmt.Sprintf("%s %d | %s", mark, n, text), " "))
	}
	return strings.Join(quoted, "\n")
}

// Keys in a line: secrets, with the project's prefix or without, wherever the line has it; and one that has the prefix, at any indent.
var (
	secretsKey = regexp.MustCompile(`\bsecrets["']?\s*:`)
	ourKey     = regexp.MustCompile(`^\s*["']?` + stacks.Project + `:\w`)
)

// inSecrets tells whether the last of some lines stands at or below the key of the secrets. In a file without prefixes all that comes
// behind them counts.
func inSecrets(lines []string) bool {
	for i := len(lines) - 1; i >= 0; i-- {
		switch {
		case secretsKey.MatchString(lines[i]):
			return true
		case ourKey.MatchString(lines[i]):
			return false
		}
	}
	return false
}
