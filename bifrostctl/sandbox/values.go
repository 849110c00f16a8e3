package sandbox

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"bifrost/internal/effects"
)

// printValues shows the inputs that a plan changes, from what to what. The engine has masked the secrets: where both sides are, the
// provider's own list of paths tells that they differ.
func printValues(w io.Writer, plan []apitype.StepEventMetadata) {
	var steps []string
	for _, step := range plan {
		if lines := changedValues(step); len(lines) > 0 {
			steps = append(steps, title(step)+"\n"+strings.Join(lines, "\n")+"\n")
		}
	}
	isOld := func(step apitype.StepEventMetadata) bool {
		return step.Op != apitype.OpCreate && step.Op != apitype.OpRead
	}
	if len(plan) > 0 && !slices.ContainsFunc(plan, isOld) {
		return // a first preview: all is new
	}
	if len(steps) == 0 {
		fmt.Fprintln(w, "Values: none changes.")
		return
	}
	fmt.Fprintf(w, "Values that change:\n%s\n", strings.Join(steps, ""))
}

func isMasked(_ effects.Path, text string) bool { return text == masked }

// hiddenChange is what the provider says of a value that nobody may see.
func hiddenChange(kind apitype.DiffKind) string {
	switch kind {
	case apitype.DiffAdd, apitype.DiffAddReplace:
		return "added: " + masked
	case apitype.DiffDelete, apitype.DiffDeleteReplace:
		return "removed: " + masked
	}
	return masked + " → another " + masked
}

func title(step apitype.StepEventMetadata) string {
	typ := tokens.Type(step.Type)
	name := fmt.Sprintf("%s %s", typ.Name(), resource.URN(step.URN).Name())
	if step.Op != apitype.OpReplace {
		return "  ~  " + name
	}
	keys := step.Keys
	if len(keys) == 0 {
		keys = step.Diffs // what is not known yet may replace it, too
	}
	if len(keys) == 0 {
		return " +-  " + name + ", replaced"
	}
	return " +-  " + name + ", replaced for " + strings.Join(keys, ", ")
}

// changedValues are the lines of a step, one a value; none of one that changes no value.
func changedValues(step apitype.StepEventMetadata) []string {
	if step.Op != apitype.OpUpdate && step.Op != apitype.OpReplace || step.Old == nil || step.New == nil {
		return nil
	}
	before, after := properties(step.Old.Inputs), properties(step.New.Inputs)
	var lines []string
	moved, others := sources(leaves(nil, effects.Differences(resource.NewProperty(before), resource.NewProperty(after))))
	for path, change := range moved {
		lines = append(lines, short(fmt.Sprintf("       %s: %s", path, change)))
	}
	for _, d := range others {
		lines = append(lines, short(fmt.Sprintf("       %s: %s", d.Path, d.Shown(isMasked))))
	}
	for path, diff := range step.DetailedDiff {
		if parsed, err := resource.ParsePropertyPath(path); err == nil && hides(parsed, before) && hides(parsed, after) {
			lines = append(lines, fmt.Sprintf("       %s: %s", path, hiddenChange(diff.Kind)))
		}
	}
	slices.SortFunc(lines, cmp.Compare)
	return lines
}

// leaves are differences below a path, with every value of an object or a list that is added or removed. The name of a list's member is
// in its path already.
func leaves(path effects.Path, differences []effects.Difference) []effects.Difference {
	var all []effects.Difference
	for _, d := range differences {
		d.Path = append(slices.Clone(path), d.Path...)
		before, after := d.Before, d.After
		empty := resource.NewProperty(resource.PropertyMap{})
		if before.IsArray() || after.IsArray() {
			empty = resource.NewProperty([]resource.PropertyValue{})
		}
		switch {
		case before.IsNull() && (after.IsObject() || after.IsArray()):
			before = empty
		case after.IsNull() && (before.IsObject() || before.IsArray()):
			after = empty
		default:
			all = append(all, d)
			continue
		}
		below := slices.DeleteFunc(effects.Differences(before, after), func(b effects.Difference) bool { return isNameOf(d.Path, b) })
		if len(below) == 0 {
			all = append(all, d)
			continue
		}
		all = append(all, leaves(d.Path, below)...)
	}
	return all
}

func isNameOf(member effects.Path, d effects.Difference) bool {
	if len(member) == 0 || len(d.Path) != 1 || d.Path[0] != "name" {
		return false
	}
	_, is := member[len(member)-1].(effects.Member)
	return is
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

// hides tells whether what is at a path is masked, or something on the way to it.
func hides(path resource.PropertyPath, inputs resource.PropertyMap) bool {
	value := resource.NewProperty(inputs)
	for _, step := range path {
		next, there := resource.PropertyPath{step}.Get(value)
		if !there {
			break
		}
		value = next
	}
	return value.IsString() && value.StringValue() == masked
}

// properties are inputs as an event has them, with what is not known marked as such.
func properties(inputs map[string]any) resource.PropertyMap {
	shown, _ := mask(inputs).(map[string]any)
	return resource.NewPropertyMapFromMapRepl(shown, nil, func(v any) (resource.PropertyValue, bool) {
		return resource.MakeComputed(resource.NewProperty("")), v == unknown
	})
}
