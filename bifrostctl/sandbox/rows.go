package sandbox

import (
	"regexp"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Rows of the CLI's progress, without colours. The CLI prints one for each thing that it hears of a resource, and all messages again
// below, under Diagnostics.
var (
	// begun is a row that says that something begins; behind it may be a message.
	begun = regexp.MustCompile(`\w+ing( replacement| original| failed)? \(\d+s\)\s*(\[diff: [^]]*\])?\s*(\S.*)?$`)
	// running is the stack's row with a message, while the program runs.
	running = regexp.MustCompile(`pulumi:pulumi:Stack \S+ running\s+\S`)
	// failing is a row with the error that failed it.
	failing = regexp.MustCompile(`(\*\*[a-z ]*failed\*\*).*? error: `)
	// telling is a row of a preview with a message.
	telling = regexp.MustCompile(`; (error|warning|info): .*$`)
	// component is the row of one that begins: no row says that it has ended, and the CLI's numbers below count it.
	component = regexp.MustCompile(`^ (?:\+|~|-|\+-)\s+\S+:index:\w+ \S+ (?:creat|updat|delet)ing \(\d+s\)`)
	// changing is a row of something that changes.
	changing = regexp.MustCompile(`^ [+~-]`)
	// halves are the two halves of a replacement, which has a row of its own.
	halves = regexp.MustCompile(`^ (\+\+|--) .* (create replacement|delete original)\b`)
	// dots are what the CLI prints where nothing happens.
	dots = regexp.MustCompile(`^@ \w+ing\.+$`)
	// heading begins the messages of a resource under Diagnostics.
	heading = regexp.MustCompile(`^  \S+ \(.*\):$`)
)

// echo is what the engine says of the stack besides the errors that it has told of.
var echo = regexp.MustCompile(`^\s+error: (update|preview|destroy|refresh) failed$`)

// rows leaves of the CLI's lines those that say something new. slow keeps the beginnings, for what takes its time.
type rows struct {
	slow bool
	// waiting is the heading of messages of which none came yet.
	waiting string
	// diagnosing is set below the rows.
	diagnosing bool
}

// of are the lines that stand for one of the CLI's; none, as a rule one, or a heading with its first message.
func (r *rows) of(line string) string {
	plain := strings.TrimRight(ansi.Strip(line), " \r\n")
	r.diagnosing = r.diagnosing || plain == "Diagnostics:"
	switch {
	case startsUnwanted(plain), echo.MatchString(plain):
		return ""
	case !r.diagnosing:
		return r.row(line, plain)
	case heading.MatchString(plain):
		r.waiting = line
		return ""
	case r.waiting != "" && plain == "":
		r.waiting = ""
		return ""
	}
	line, r.waiting = r.waiting+line, ""
	return line
}

func (r *rows) row(line, plain string) string {
	if running.MatchString(plain) || dots.MatchString(plain) || halves.MatchString(plain) {
		return ""
	}
	if found := telling.FindStringSubmatch(plain); found != nil {
		if found[1] == "error" || !changing.MatchString(plain) {
			return ""
		}
		return telling.ReplaceAllString(plain, "") + "\n" // the number below counts it
	}
	if begins := component.FindString(plain); begins != "" {
		return begins[:strings.LastIndex(begins, "ing (")] + "ed\n"
	}
	if found := begun.FindStringSubmatch(plain); found != nil && (found[3] != "" || !r.slow) {
		return ""
	}
	if failing.MatchString(plain) {
		end := strings.Index(line, "failed**") + len("failed**")
		if line != ansi.Strip(line) {
			return line[:end] + ansi.ResetStyle + "\n"
		}
		return line[:end] + "\n"
	}
	return line
}

func startsUnwanted(plain string) bool {
	for _, start := range unwanted {
		if strings.HasPrefix(plain, start) {
			return true
		}
	}
	return false
}
