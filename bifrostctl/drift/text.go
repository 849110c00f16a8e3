package drift

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"

	"bifrost/bifrostctl/changes"
)

func plain(text string) string { return strings.TrimSpace(colors.Never.Colorize(text)) }

// style is how a text is written: for a terminal, or as Markdown.
type style struct{ heading, code string }

var (
	terminal = style{}
	markdown = style{"### ", "`"}
)

// quote marks a value. In Markdown a backtick within it would end it.
func (s style) quote(text string) string {
	if s.code == "" {
		return text
	}
	fence := s.code
	for strings.Contains(text, fence) {
		fence += s.code
	}
	if len(fence) > 1 {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}

// longest is how much is shown of one value, in characters: config.json is one value.
const longest = 200

// Text is what differs, and what to do about it. up is the command that takes it back.
func (d *Drift) Text(s style, stack, up string) string {
	var b strings.Builder
	if d.None() {
		fmt.Fprintf(&b, "Stack %s is as the last up left it: %s compared, nothing differs.\n", s.quote(stack), count(d.Compared,
			"resource"))
		return b.String()
	}
	fmt.Fprintf(&b, "Stack %s is not as the last up left it: of %s compared, %s.\n", s.quote(stack), count(d.Compared, "resource"),
		d.verdict())
	section(&b, s, "Changed", d.Changed)
	section(&b, s, "Gone", d.Gone)
	fmt.Fprintf(&b, "\n%sWhat to do\n\n", s.heading)
	fmt.Fprintf(&b, "- To take all of it back, run %s. Read its preview first: what is gone is made anew, and an identity that is "+
		"made anew is another one, which the vendor must allowlist again.\n", s.quote(up))
	b.WriteString("- To keep a change, write it into the stack file, and run the same: the preview has no step for it then.\n")
	b.WriteString("- Ask who changed it: the cloud's audit log has the time and the user (CloudTrail, Activity Log, Cloud Audit " +
		"Logs, the cluster's audit log).\n")
	return b.String()
}

func (d *Drift) verdict() string {
	var parts []string
	if len(d.Changed) > 0 {
		parts = append(parts, fmt.Sprintf("%d changed", len(d.Changed)))
	}
	if len(d.Gone) > 0 {
		parts = append(parts, fmt.Sprintf("%d gone", len(d.Gone)))
	}
	return strings.Join(parts, " and ")
}

func section(b *strings.Builder, s style, heading string, steps []changes.Step) {
	if len(steps) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s%s\n\n", s.heading, heading)
	for _, step := range steps {
		fmt.Fprintf(b, "- %s %s", s.quote(step.Type), s.quote(step.Name))
		if step.Old != nil && step.Old.ID != "" && step.Old.ID != step.Name {
			fmt.Fprintf(b, " (%s)", s.quote(step.Old.ID))
		}
		b.WriteByte('\n')
		if step.Op == changes.Delete {
			continue
		}
		for _, diff := range step.Diff {
			fmt.Fprintf(b, "  - %s: %s\n", s.quote(diff.Path), s.quote(short(diff.Shown)))
		}
	}
}

func short(text string) string {
	text = strings.ReplaceAll(text, "\n", " ")
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
