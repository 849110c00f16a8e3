package changes

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/internal/effects"
	"bifrost/internal/gateway/secretkeys"
)

// Kinds of differences.
const (
	Added   = "add"
	Removed = "delete"
	Changed = "update"
)

// Diff is a value that changes: the smallest one that differs. Texts that hold JSON are compared as what they say, and members of lists by
// their names.
type Diff struct {
	// Path is as in spec.template.spec.containers[bifrost].image; Names are its steps.
	Path  string
	Names effects.Path
	// Kind is Added, Removed or Changed.
	Kind string
	// Old and New are nil where there is nothing; of a plan Old is nil, too.
	Old, New any
	// Replaces says that the resource is replaced for this value's sake.
	Replaces bool
	// Shown is the change in one line, as `2 → 3`, `added: "x"`, `[secret] → another [secret]`. Before and After are its two sides; empty
	// where there is nothing, or no single value.
	Shown, Before, After string
}

// differences are those of a step's inputs, or of what is there where a refresh found them. kinds are the provider's own, by their paths:
// they alone tell of a secret that is another one, and what replaces the resource.
func differences(step Step, kinds map[string]string) []Diff {
	was, is := step.Old.Inputs, step.New.Inputs
	if step.Op == Refresh {
		was, is = step.Old.Outputs, step.New.Outputs
	}
	before, after := properties(was), properties(is)
	moved, others := sources(leaves(nil, effects.Differences(resource.NewProperty(before), resource.NewProperty(after))))
	var all []Diff
	for path, change := range moved {
		all = append(all, Diff{Path: path, Kind: Changed, Shown: change})
	}
	for _, d := range others {
		all = append(all, Diff{
			Path: d.Path.String(), Names: d.Path, Kind: kindOf(d), Old: shownValue(d.Path, d.Before), New: shownValue(d.Path, d.After),
			Shown: d.Shown(hidden), Before: side(d.Path, d.Before), After: side(d.Path, d.After),
		})
	}
	for path, kind := range kinds {
		parsed, err := resource.ParsePropertyPath(path)
		if err == nil && hides(parsed, before) && hides(parsed, after) {
			all = append(all, hiddenDiff(path, kind))
		}
	}
	for i := range all {
		all[i].Replaces = replaces(all[i].Path, kinds)
	}
	slices.SortStableFunc(all, func(a, b Diff) int { return strings.Compare(a.Path, b.Path) })
	return all
}

// hidden tells whether a text is a secret that nobody marked: somebody wrote it by hand into config.json, or into a container's
// environment.
func hidden(path effects.Path, text string) bool {
	return text == Masked || secretkeys.InClear(path.Keys(), text) ||
		secretkeys.Variable(variable(path)) && !secretkeys.IsReference(text)
}

// variable is the name of the environment variable whose value is at a path, also in a ConfigMap; empty where it is none's.
func variable(path effects.Path) string {
	last := len(path) - 1
	switch {
	case last < 1:
		return ""
	case path[last] == ofValue:
		name, _ := path[last-1].(effects.Member)
		return string(name)
	case path[last-1] == "data":
		name, _ := path[last].(string)
		return name
	}
	return ""
}

func kindOf(d effects.Difference) string {
	switch {
	case d.Before.IsNull():
		return Added
	case d.After.IsNull():
		return Removed
	}
	return Changed
}

// hiddenDiff is what the provider says of a value that nobody may see.
func hiddenDiff(path, kind string) Diff {
	d := Diff{Path: path, Kind: Changed, Old: Masked, New: Masked, Shown: Masked + " → another " + Masked}
	if parsed, err := resource.ParsePropertyPath(path); err == nil {
		d.Names = effects.Path(parsed)
	}
	switch apitype.DiffKind(kind) {
	case apitype.DiffAdd, apitype.DiffAddReplace:
		d.Kind, d.Old, d.Shown = Added, nil, "added: "+Masked
	case apitype.DiffDelete, apitype.DiffDeleteReplace:
		d.Kind, d.New, d.Shown = Removed, nil, "removed: "+Masked
	}
	return d
}

// replaces tells whether the provider replaces a resource for what is at a path, around it or below it.
func replaces(path string, kinds map[string]string) bool {
	for at, kind := range kinds {
		if strings.HasSuffix(kind, "-replace") && (strings.HasPrefix(path, at) || strings.HasPrefix(at, path)) {
			return true
		}
	}
	return false
}

// side is one side of a difference in one line.
func side(path effects.Path, v resource.PropertyValue) string {
	if v.IsNull() {
		return ""
	}
	_, text, _ := strings.Cut(effects.Difference{Path: path, Before: resource.NewNullProperty(), After: v}.Shown(hidden), "added: ")
	return text
}

// shownValue is a value as JSON has it, without what is hidden.
func shownValue(path effects.Path, v resource.PropertyValue) any {
	switch {
	case v.IsNull():
		return nil
	case v.IsComputed(), v.IsOutput():
		return Unknown
	case v.IsString() && hidden(path, v.StringValue()):
		return Masked
	case v.IsObject():
		object := map[string]any{}
		for key, child := range v.ObjectValue() {
			object[string(key)] = shownValue(append(slices.Clone(path), string(key)), child)
		}
		return object
	case v.IsArray():
		list := []any{}
		for i, child := range v.ArrayValue() {
			list = append(list, shownValue(append(slices.Clone(path), i), child))
		}
		return list
	}
	return v.Mappable()
}

// leaves are differences below a path, with every value of an object or a list that is added or removed. The name of a list's member is
// in its path already.
func leaves(path effects.Path, differences []effects.Difference) []effects.Difference {
	var all []effects.Difference
	for _, d := range differences {
		d.Path = append(slices.Clone(path), d.Path...)
		before, after := d.Before, d.After
		switch {
		case before.IsNull():
			before = emptyLike(after)
		case after.IsNull():
			after = emptyLike(before)
		}
		if before.IsNull() || after.IsNull() || !d.Before.IsNull() && !d.After.IsNull() {
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

// emptyLike is an object, a list or a document of JSON without what it holds; null for other values. In a document, too, there may be
// secrets.
func emptyLike(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsObject():
		return resource.NewProperty(resource.PropertyMap{})
	case v.IsArray():
		return resource.NewProperty([]resource.PropertyValue{})
	case v.IsString() && strings.HasPrefix(strings.TrimSpace(v.StringValue()), "{") && json.Valid([]byte(v.StringValue())):
		return resource.NewProperty("{}")
	}
	return resource.NewNullProperty()
}

func isNameOf(member effects.Path, d effects.Difference) bool {
	if len(member) == 0 || len(d.Path) != 1 || d.Path[0] != "name" {
		return false
	}
	_, is := member[len(member)-1].(effects.Member)
	return is
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
	return value.IsString() && value.StringValue() == Masked
}

// Properties are inputs or outputs of a state as the engine has them, with what is not known marked as such.
func (s *State) Properties(of map[string]any) resource.PropertyMap { return properties(of) }

func properties(of map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMapRepl(of, nil, func(v any) (resource.PropertyValue, bool) {
		return resource.MakeComputed(resource.NewProperty("")), v == Unknown
	})
}

// goalDifferences are those of a plan, which names whole properties and has their new values alone.
func goalDifferences(typ string, diff apitype.PlanDiffV1) []Diff {
	var all []Diff
	add := func(kind, shown string, values map[string]any) {
		masked := maskOf(typ, values)
		for _, name := range slices.Sorted(maps.Keys(masked)) {
			all = append(all, Diff{Path: name, Names: effects.Path{name}, Kind: kind, New: masked[name],
				Shown: shown + effects.Difference{Path: effects.Path{name}, Before: resource.NewNullProperty(),
					After: properties(map[string]any{"v": masked[name]})["v"]}.Shown(hidden)})
		}
	}
	add(Added, "", diff.Adds)
	add(Changed, "set again: ", diff.Updates)
	for _, name := range diff.Deletes {
		all = append(all, Diff{Path: name, Names: effects.Path{name}, Kind: Removed, Shown: "removed"})
	}
	slices.SortStableFunc(all, func(a, b Diff) int { return strings.Compare(a.Path, b.Path) })
	return all
}
