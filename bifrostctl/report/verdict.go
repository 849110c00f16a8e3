package report

import (
	"fmt"
	"strings"
)

// verdict is the report in one line.
func (r *Report) verdict() string {
	if r.Failed {
		return "the preview failed: nothing can be deployed"
	}
	parts := []string{r.changed()}
	if running := r.runs(); running != "" {
		parts = append(parts, running)
	}
	switch nothing := r.Counts.Sum() == 0 && len(r.Warnings) == 0; {
	case len(r.Vendor.Tell) > 0:
		parts = append(parts, "**the vendor must be told**")
	case !nothing:
		parts = append(parts, "nothing that the vendor must be told")
	}
	if n := len(r.Warnings) + r.cautioned(); n > 0 {
		parts = append(parts, "**"+plural(n, "warning")+"**")
	}
	return strings.Join(parts, "; ")
}

func (r *Report) changed() string {
	var kinds []string
	for _, kind := range []struct {
		count int
		done  string
	}{
		{r.Counts.Create, "created"}, {r.Counts.Update, "updated"}, {r.Counts.Replace, "replaced"}, {r.Counts.Delete, "deleted"},
		{r.Counts.Others, "imported or read anew"},
	} {
		if kind.count > 0 {
			kinds = append(kinds, fmt.Sprintf("%d %s", kind.count, kind.done))
		}
	}
	switch sum := r.Counts.Sum(); {
	case sum == 0 && len(r.Groups) > 0:
		return "no resource changes"
	case sum == 0:
		return "nothing changes"
	case sum == 1 && r.Counts.Others == 0:
		return "one resource is " + kinds[0][len("1 "):]
	case len(kinds) == 1:
		return fmt.Sprintf("%d resources are %s", sum, kinds[0][strings.Index(kinds[0], " ")+1:])
	default:
		return fmt.Sprintf("%d resources change (%s)", sum, strings.Join(kinds, ", "))
	}
}

// untouched begin lines of workloads that go on as they are.
var untouched = []string{"no pod is touched", "no task is touched", "does not run again", "no pod is made anew",
	"no task is made anew"}

// touched are the workloads whose pods or tasks do not all go on as they are.
func (r *Report) touched() []Line {
	var all []Line
	for _, line := range r.Workloads {
		if !begins(line.Says, untouched) {
			all = append(all, line)
		}
	}
	return all
}

func begins(text string, beginnings []string) bool {
	for _, b := range beginnings {
		if strings.HasPrefix(text, b) {
			return true
		}
	}
	return false
}

// runs is what becomes of what runs: the line of the one workload that is touched, or how many are.
func (r *Report) runs() string {
	all := r.touched()
	switch {
	case len(all) == 0 && len(r.Workloads) == 0:
		return ""
	case len(all) == 0:
		return "no pod or task is touched"
	case len(all) == 1:
		says, _, _ := strings.Cut(all[0].Says, " (")
		return fmt.Sprintf("%s %s", code(all[0].Name), strings.TrimSuffix(says, ":"))
	}
	kinds := map[string]int{}
	var order []string
	for _, line := range all {
		if begins(line.Says, scheduled) {
			continue
		}
		word, _, _ := strings.Cut(line.Says, " ")
		word = strings.TrimSuffix(word, ":")
		if _, plural := several[word]; !plural {
			word = "changes"
		}
		if kinds[word] == 0 {
			order = append(order, word)
		}
		kinds[word]++
	}
	var said []string
	for _, word := range order {
		thing := "workload"
		if word == "runs" {
			thing = "Job"
		}
		if kinds[word] == 1 {
			said = append(said, "one "+thing+" "+word)
			continue
		}
		said = append(said, fmt.Sprintf("%d %ss %s", kinds[word], thing, several[word]))
	}
	return strings.Join(said, ", ")
}

// scheduled begin lines of CronJobs, which touch no pod that runs, and of autoscalers that come or go.
var scheduled = []string{"starts pods at ", "starts no pod ", "counts the ", "counts no "}

// several are the words of what one workload does, and of what more than one do.
var several = map[string]string{
	"rolls": "roll", "replaces": "replace their pods or tasks", "scales": "scale", "starts": "start", "runs": "run once",
	"changes": "change",
}

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// PlainVerdict is the verdict without Markdown.
func (r *Report) PlainVerdict() string { return unmarked(r.Verdict) }

// PlainWarnings are the warnings without Markdown.
func (r *Report) PlainWarnings() []string {
	all := make([]string, len(r.Warnings))
	for i, w := range r.Warnings {
		all[i] = unmarked(w.Says)
	}
	return all
}

func unmarked(text string) string { return strings.NewReplacer("**", "", "`", "").Replace(text) }
