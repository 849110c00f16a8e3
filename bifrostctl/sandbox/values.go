package sandbox

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"bifrost/bifrostctl/changes"
)

// printValues shows the inputs that a plan changes, from what to what.
func printValues(w io.Writer, plan *changes.Set) {
	var steps []string
	for _, step := range plan.Steps {
		if lines := changedValues(step); len(lines) > 0 {
			steps = append(steps, title(step)+"\n"+strings.Join(lines, "\n")+"\n")
		}
	}
	isOld := func(step changes.Step) bool { return step.Op != changes.Create && step.Op != changes.ReadOp }
	if len(plan.Steps) > 0 && !slices.ContainsFunc(plan.Steps, isOld) {
		return // a first preview: all is new
	}
	if len(steps) == 0 {
		fmt.Fprintln(w, "Values: none changes.")
		return
	}
	fmt.Fprintf(w, "Values that change:\n%s\n", strings.Join(steps, ""))
}

func title(step changes.Step) string {
	name := fmt.Sprintf("%s %s", tokens.Type(step.Type).Name(), step.Name)
	switch {
	case step.Op != changes.Replace:
		return "  ~  " + name
	case len(step.ReplaceReasons) == 0:
		return " +-  " + name + ", replaced"
	}
	return " +-  " + name + ", replaced for " + strings.Join(step.ReplaceReasons, ", ")
}

// changedValues are the lines of a step, one a value; none of one that changes no value.
func changedValues(step changes.Step) []string {
	if step.Op != changes.Update && step.Op != changes.Replace {
		return nil
	}
	var lines []string
	for _, d := range step.Diff {
		line := fmt.Sprintf("       %s: %s", d.Path, d.Shown)
		if d.Old != changes.Masked || d.New != changes.Masked {
			line = short(line)
		}
		lines = append(lines, line)
	}
	return lines
}

// longest is the length from which before and after have lines of their own.
const longest = 100

func short(line string) string {
	if len(line) <= longest {
		return line
	}
	const further = "\n         "
	return strings.Replace(strings.Replace(line, ": ", ":"+further, 1), " → ", " →"+further, 1)
}
