// Package report prints what checks have found: a table, its short form, or JSON.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"bifrost/bifrostctl/verify/check"
)

// Format is a form of output.
type Format string

// The forms.
const (
	Table Format = "table"
	Short Format = "short"
	JSON  Format = "json"
)

// Formats are all of them.
var Formats = []Format{Table, Short, JSON}

// page is where the codes are explained.
const page = "docs/verify.md#"

var marks = map[check.Status]string{check.OK: "√", check.Warning: "‼", check.Failed: "×", check.Skipped: "-",
	check.Unknown: "?"}

// Print writes the reports about a stack as text.
func Print(w io.Writer, format Format, stack string, reports []check.Report) error {
	switch format {
	case Table:
		return printText(w, text(stack, reports, func(check.Outcome) bool { return true }))
	case Short:
		return printText(w, text(stack, reports, bad))
	}
	return fmt.Errorf("there is no output %q of text, but %s and %s", format, Table, Short)
}

func printText(w io.Writer, text string) error {
	_, err := io.WriteString(w, text)
	return err
}

func bad(o check.Outcome) bool {
	return o.Status == check.Failed || o.Status == check.Warning || o.Status == check.Unknown
}

// alike is from how many on checks of a category that are skipped for one reason are one line.
const alike = 3

// text is the outcomes to show, below the headings of their categories, and the verdict.
func text(stack string, reports []check.Report, show func(check.Outcome) bool) string {
	var b strings.Builder
	for _, report := range reports {
		shown := slices.DeleteFunc(slices.Clone(report.Outcomes), func(o check.Outcome) bool { return !show(o) })
		if len(shown) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s\n%s\n", report.Name, strings.Repeat("-", len(report.Name)))
		skipped := map[string]int{}
		for _, o := range shown {
			if o.Status == check.Skipped {
				skipped[o.Error]++
			}
		}
		for _, o := range shown {
			switch n := skipped[o.Error]; {
			case o.Status != check.Skipped || n > 0 && n < alike:
				line(&b, o)
			case n >= alike:
				fmt.Fprintf(&b, "%s %d checks: skipped: %s\n", marks[check.Skipped], n, o.Error)
				skipped[o.Error] = 0 // the others are told of
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString(verdict(stack, reports))
	return b.String()
}

func line(b *strings.Builder, o check.Outcome) {
	fmt.Fprintf(b, "%s %s", marks[o.Status], o.Description)
	switch {
	case o.Status == check.Skipped:
		fmt.Fprintf(b, ": skipped: %s", o.Error)
	case o.Status == check.OK && o.Evidence != "":
		fmt.Fprintf(b, ": %s", o.Evidence)
	}
	b.WriteByte('\n')
	if !bad(o) {
		return
	}
	fmt.Fprintf(b, "    %s\n", indent(o.Error))
	if o.Hint != "" {
		fmt.Fprintf(b, "    %s: %s\n", hints[o.Status], indent(o.Hint))
	}
	fmt.Fprintf(b, "    see %s%s\n", page, o.Code)
}

var hints = map[check.Status]string{check.Failed: "to mend it", check.Warning: "to mend it", check.Unknown: "to ask it"}

func indent(text string) string { return strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    ") }

// verdict is the last line.
func verdict(stack string, reports []check.Report) string {
	counts := map[check.Status]int{}
	for _, report := range reports {
		for _, o := range report.Outcomes {
			counts[o.Status]++
		}
	}
	if check.Worst(reports) == check.OK {
		return fmt.Sprintf("Stack %s is fine: %s.\n", stack, tally(counts, check.OK, check.Skipped))
	}
	return fmt.Sprintf("Stack %s: %s.\n", stack, tally(counts, check.Failed, check.Unknown, check.Warning, check.OK, check.Skipped))
}

var words = map[check.Status][2]string{
	check.OK: {"check is good", "checks are good"}, check.Failed: {"check failed", "checks failed"},
	check.Warning: {"warning", "warnings"}, check.Skipped: {"skipped", "skipped"},
	check.Unknown: {"check could not be asked", "checks could not be asked"},
}

func tally(counts map[check.Status]int, statuses ...check.Status) string {
	var parts []string
	for _, status := range statuses {
		switch n := counts[status]; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+words[status][0])
		default:
			parts = append(parts, fmt.Sprintf("%d %s", n, words[status][1]))
		}
	}
	return strings.Join(parts, ", ")
}

// Document are the fields of the JSON document.
type Document struct {
	Stack string `json:"stack"`
	// Success says that every check could be asked, and none failed. Warnings do not count.
	Success    bool       `json:"success"`
	Categories []Category `json:"categories"`
}

// Category is one of a Document's.
type Category struct {
	Name   string  `json:"name"`
	Checks []Check `json:"checks"`
}

// Check is one of a Category's. Result is ok, warning, failed, skipped or unknown; Error is the reason of all but the first.
type Check struct {
	Code        string       `json:"code"`
	Description string       `json:"description"`
	Result      check.Status `json:"result"`
	Error       string       `json:"error"`
	Hint        string       `json:"hint"`
}

// DocumentOf is what the form json has of the reports about a stack.
func DocumentOf(stack string, reports []check.Report) Document {
	worst := check.Worst(reports)
	d := Document{Stack: stack, Success: worst != check.Failed && worst != check.Unknown, Categories: []Category{}}
	for _, report := range reports {
		category := Category{Name: report.Name, Checks: []Check{}}
		for _, o := range report.Outcomes {
			category.Checks = append(category.Checks, Check{o.Code, o.Description, o.Status, o.Error, o.Hint})
		}
		d.Categories = append(d.Categories, category)
	}
	return d
}
