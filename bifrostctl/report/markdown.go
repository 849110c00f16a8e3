package report

import (
	"fmt"
	"slices"
	"strings"

	"bifrost/bifrostctl/changes"
)

// CommentLimit is how long a comment on GitHub may be ("Body is too long (maximum is 65536 characters)"). Bytes are counted here, of which
// there are as many or more.
const CommentLimit = 65536

// mostOpen is how many values of a resource are shown before they are folded away.
const mostOpen = 8

// section is a part of the report. The parts with a rank are cut where the whole is too long, those of a lower rank first.
type section struct {
	text string
	// brief takes the place of text, and what names what is lost.
	brief, what string
	rank        int
}

// Ranks: what is cut first comes first.
const (
	never = iota
	cutGraph
	cutMessages
	cutValues
	cutChanges
	cutConfig
	cutWorkloads
	cutWarnings
)

// Markdown is the report for a pull request, of at most limit bytes where limit is not 0. What does not fit is cut in this order: the
// graph, messages, the values of resources from the last group to the first, the resources of groups likewise, config.json, workloads,
// warnings. The end says what was cut; whole says where the whole report is.
func (r *Report) Markdown(limit int, whole string) string {
	all := r.sections()
	total := 0
	for _, s := range all {
		total += len(s.text)
	}
	var lost []string
	fits := func() bool { return limit == 0 || total+len(ending(lost, whole)) <= limit }
	for rank := cutGraph; rank <= cutWarnings && !fits(); rank++ {
		for i := len(all) - 1; i >= 0 && !fits(); i-- {
			if all[i].rank != rank || all[i].text == all[i].brief {
				continue
			}
			total += len(all[i].brief) - len(all[i].text)
			all[i].text = all[i].brief
			if !slices.Contains(lost, all[i].what) {
				lost = append(lost, all[i].what)
			}
		}
	}
	if !fits() {
		return r.heading() + ending([]string{"everything else"}, whole)
	}
	var text strings.Builder
	for _, s := range all {
		text.WriteString(s.text)
	}
	return text.String() + ending(lost, whole)
}

// ending says what was cut.
func ending(lost []string, whole string) string {
	if len(lost) == 0 {
		return ""
	}
	if whole == "" {
		whole = "`bifrostctl report --limit 0` prints the whole report."
	}
	return fmt.Sprintf("\n> [!NOTE]\n> Cut to fit into a comment: %s. %s\n", strings.Join(lost, ", "), whole)
}

func (r *Report) heading() string {
	name := "the stack"
	if r.Stack != "" {
		name = code(r.Stack)
	}
	return fmt.Sprintf("## %s: %s\n\n", name, r.Verdict)
}

func (r *Report) sections() []section {
	all := []section{{text: r.heading()}}
	all = append(all, r.errors(), r.alarms(), r.told(), r.cautions(), r.running(), r.values())
	for _, g := range r.Groups {
		all = append(all, g.sections()...)
	}
	return append(all, r.messages(), r.diagram())
}

func (r *Report) errors() section {
	var text strings.Builder
	for _, d := range r.Diagnostics {
		if d.Severity == "error" {
			text.WriteString(about(d) + d.Message + "\n")
		}
	}
	if text.Len() == 0 {
		return section{}
	}
	const most = 8000
	said, cut := text.String(), ""
	if len(said) > most {
		said, cut = strings.ToValidUTF8(said[:most], ""), "\n… and more.\n"
	}
	return section{text: "> [!CAUTION]\n> The preview failed. What is below is as far as it came.\n\n" + block("text", said, "") + cut +
		"\n"}
}

// about names what a message is about.
func about(d Diagnostic) string {
	if u := urn(d.URN); u.IsValid() && u.Type() != "pulumi:pulumi:Stack" {
		return fmt.Sprintf("%s %s: ", u.Type(), u.Name())
	}
	return ""
}

func (r *Report) alarms() section {
	if len(r.Warnings) == 0 {
		return section{}
	}
	var text strings.Builder
	text.WriteString("> [!WARNING]\n")
	const most = 20
	for i, w := range r.Warnings {
		if i == most {
			fmt.Fprintf(&text, "> - … and %d more\n", len(r.Warnings)-most)
			break
		}
		fmt.Fprintf(&text, "> - %s\n", w.Says)
	}
	brief := fmt.Sprintf("> [!WARNING]\n> %s.\n\n", plural(len(r.Warnings), "warning"))
	return section{text: text.String() + "\n", brief: brief, what: "the warnings", rank: cutWarnings}
}

func (r *Report) told() section {
	if len(r.Vendor.Tell) == 0 {
		return section{}
	}
	var text strings.Builder
	text.WriteString("### The vendor must be told\n\n")
	for _, says := range r.Vendor.Tell {
		text.WriteString("- " + says + "\n")
	}
	fmt.Fprintf(&text, "\nAfter the up, `bifrostctl handoff %s` prints the letter.\n\n", strings.Trim(code(r.Stack), "`"))
	return section{text: text.String()}
}

func (r *Report) running() section {
	all := r.touched()
	if len(all) == 0 {
		return section{}
	}
	return lines("### Pods and tasks", all, "pods and tasks", cutWorkloads)
}

func (r *Report) values() section {
	if len(r.Config) == 0 {
		return section{}
	}
	return lines("### config.json", r.Config, "config.json", cutConfig)
}

func lines(title string, all []Line, what string, rank int) section {
	var text strings.Builder
	for _, line := range all {
		fmt.Fprintf(&text, "%s: %s\n", line.Name, line.Says)
	}
	brief := fmt.Sprintf("%s\n\n%s.\n\n", title, plural(len(all), "line"))
	return section{text: title + "\n\n" + block("text", text.String(), "") + "\n", brief: brief, what: what, rank: rank}
}

// verbs are what has become of a resource, for a list.
var verbs = map[changes.Op]string{
	changes.Create: "create", changes.Update: "update", changes.Replace: "**replace**", changes.Delete: "**delete**",
	changes.Same:   "update",
	changes.Import: "import", changes.Refresh: "found other than it was left:",
}

// sections of a group: its title, and two for each change, of which the values are cut first.
func (g Group) sections() []section {
	title := fmt.Sprintf("### %s\n\n", g.Concern)
	all := []section{{text: title}}
	for _, c := range g.Changes {
		all = append(all,
			section{text: c.line(), what: "resources of " + string(g.Concern), rank: cutChanges},
			section{text: c.shownValues(), what: "values of " + string(g.Concern), rank: cutValues})
	}
	return append(all, section{text: "\n"})
}

func (c Change) line() string {
	verb, known := verbs[c.Op]
	if !known {
		verb = code(string(c.Op))
	}
	text := fmt.Sprintf("- %s %s %s", verb, kindOf(c.Type), code(c.Name))
	if c.Component != "" {
		text += " of " + code(c.Component)
	}
	if len(c.ReplacedFor) > 0 {
		text += ", replaced for " + names(strings.Join(c.ReplacedFor, separator))
	}
	text += "\n"
	for _, says := range c.Gains {
		text += "  - ➕ " + says + "\n"
	}
	for _, says := range c.Loses {
		text += "  - ➖ " + says + "\n"
	}
	if c.access.Unknown {
		text += "  - Not all of it is known before the up.\n"
	}
	return text
}

func (c Change) shownValues() string {
	if len(c.Values) == 0 {
		return ""
	}
	var text strings.Builder
	for _, v := range c.Values {
		text.WriteString(v.lines())
	}
	shown := "\n" + block("diff", text.String(), "  ") + "\n"
	if len(c.Values) <= mostOpen {
		return shown
	}
	return fmt.Sprintf("\n  <details><summary>%d values</summary>\n%s  </details>\n\n", len(c.Values), shown)
}

// lines are a value before and after, in the form of a diff.
func (v Value) lines() string {
	mark := ""
	if v.Replaces {
		mark = "  (replaces)"
	}
	hides := v.Old == changes.Masked && v.New == changes.Masked
	if v.before != "" && v.after != "" && v.before != v.after && !hides {
		return fmt.Sprintf("- %s: %s\n+ %s: %s%s\n", v.Path, v.before, v.Path, v.after, mark)
	}
	signs := map[string]string{changes.Added: "+", changes.Removed: "-"}
	signed, known := signs[v.Kind]
	if !known {
		signed = "!"
	}
	shown := v.Shown
	if v.after != "" && v.Kind == changes.Added {
		shown = v.after
	}
	if v.before != "" && v.Kind == changes.Removed {
		shown = v.before
	}
	return fmt.Sprintf("%s %s: %s%s\n", signed, v.Path, shown, mark)
}

// cautions are the warnings of the program and the engine, such as what stops the up.
func (r *Report) cautions() section {
	text, n := r.said("warning")
	if n == 0 {
		return section{}
	}
	brief := fmt.Sprintf("### What the program warns of\n\n%s.\n\n", plural(n, "warning"))
	return section{text: "### What the program warns of\n\n" + block("text", text, "") + "\n", brief: brief,
		what: "the program's warnings", rank: cutWarnings}
}

// cautioned is how many warnings the program and the engine have.
func (r *Report) cautioned() int {
	_, n := r.said("warning")
	return n
}

// said are the messages of a severity, and how many there are.
func (r *Report) said(severity string) (string, int) {
	var text strings.Builder
	n := 0
	for _, d := range r.Diagnostics {
		if strings.HasPrefix(d.Severity, severity) {
			text.WriteString(about(d) + d.Message + "\n")
			n++
		}
	}
	return text.String(), n
}

func (r *Report) messages() section {
	text, n := r.said("info")
	if n == 0 {
		return section{}
	}
	shown := fmt.Sprintf("<details><summary>%s</summary>\n\n%s\n</details>\n\n", plural(n, "message"), block("text", text, ""))
	return section{text: shown, what: "the messages", rank: cutMessages}
}

func (r *Report) diagram() section {
	if r.Graph == "" {
		return section{}
	}
	return section{
		text: "<details><summary>What is touched</summary>\n\n" + block("mermaid", r.Graph, "") + "\n</details>\n",
		what: "the graph", rank: cutGraph,
	}
}
