package providers

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// reason explains differences: those of a provider of ours in some moves whose line matches. All are regular expressions.
type reason struct{ moves, provider, line, why string }

func (r reason) explains(d difference) bool {
	whole := func(pattern, text string) bool { return regexp.MustCompile("^(" + pattern + ")$").MatchString(text) }
	return whole(r.moves, d.move) && whole(r.provider, d.provider) && regexp.MustCompile(r.line).MatchString(d.line)
}

// explanation is the number of a difference's reason, from 1 on; 0 where there is none.
func explanation(d difference) int {
	return slices.IndexFunc(reasons, func(r reason) bool { return r.explains(d) }) + 1
}

// unexplained are the differences that no reason explains.
func unexplained(rows []row) []difference {
	var left []difference
	for _, r := range rows {
		left = append(left, slices.DeleteFunc(r.differences(), func(d difference) bool { return explanation(d) > 0 })...)
	}
	return left
}

// unused are the reasons that explain no difference.
func unused(rows []row) []reason {
	used := map[int]bool{}
	for _, r := range rows {
		for _, d := range r.differences() {
			used[explanation(d)] = true
		}
	}
	var left []reason
	for i, r := range reasons {
		if !used[i+1] {
			left = append(left, r)
		}
	}
	return left
}

const begin, end = "<!-- written by make provider UPDATE=1 -->\n", "<!-- end -->\n"

// withTable puts the table in the place of the page's.
func withTable(page string, rows []row) string {
	before, rest, _ := strings.Cut(page, begin)
	_, after, _ := strings.Cut(rest, end)
	return before + begin + table(rows) + end + after
}

// table has a line for each move, and the reasons below it.
func table(rows []row) string {
	var text strings.Builder
	text.WriteString("| Step | Pulumi's provider | The double | The live one |\n|---|---|---|---|\n")
	for _, r := range rows {
		ours := map[string]string{double: "the same", live: "the same"}
		if r.move.notDouble != "" {
			ours[double] = "not asked: " + r.move.notDouble
		}
		numbers := map[string][]int{}
		for _, d := range r.differences() {
			if n := explanation(d); !slices.Contains(numbers[d.provider], n) {
				numbers[d.provider] = append(numbers[d.provider], n)
			}
		}
		for provider, found := range numbers {
			slices.Sort(found)
			ours[provider] = "but for " + strings.Trim(strings.ReplaceAll(fmt.Sprint(found), " ", ", "), "[]")
		}
		fmt.Fprintf(&text, "| %s | %s | %s | %s |\n", r.move.name, summary(r.did[real]), ours[double], ours[live])
	}
	text.WriteString("\n")
	for i, r := range reasons {
		fmt.Fprintf(&text, "%d. %s\n", i+1, r.why)
	}
	return text.String()
}

var paths = regexp.MustCompile(` \{[^}]*\}`)

// summary tells what was done, the kinds of one fate together, without properties and words.
func summary(lines []string) string {
	var operations []string
	fates := map[string]map[string][]string{}
	fails := map[string]bool{}
	for _, line := range lines {
		operation, rest, _ := strings.Cut(line, ": ")
		if fates[operation] == nil {
			fates[operation], operations = map[string][]string{}, append(operations, operation)
		}
		name, fate, isStep := strings.Cut(rest, ": ")
		switch {
		case rest == failing:
			fails[operation] = true
		case isStep && name != "error" && name != "warning":
			fate, kind := paths.ReplaceAllString(fate, ""), strings.Fields(name)[0]
			fates[operation][fate] = append(fates[operation][fate], kind)
		}
	}
	var told []string
	for _, operation := range operations {
		var done []string
		for _, fate := range slices.Sorted(maps.Keys(fates[operation])) {
			done = append(done, fate+" "+counted(fates[operation][fate]))
		}
		if len(done) == 0 {
			done = []string{"nothing"}
		}
		if fails[operation] {
			operation += " fails"
		}
		told = append(told, operation+": "+strings.Join(done, "; "))
	}
	return strings.Join(told, ". ")
}

// counted are kinds, each once, with their number.
func counted(kinds []string) string {
	slices.Sort(kinds)
	var all []string
	for _, kind := range slices.Compact(slices.Clone(kinds)) {
		n := 0
		for _, k := range kinds {
			if k == kind {
				n++
			}
		}
		if n > 1 {
			kind = fmt.Sprintf("%s (%d)", kind, n)
		}
		all = append(all, kind)
	}
	return strings.Join(all, ", ")
}
