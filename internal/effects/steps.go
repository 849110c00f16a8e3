package effects

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Step is one of the engine's plan, as `pulumi preview --json` writes it.
type Step struct {
	Op  string       `json:"op"`
	URN resource.URN `json:"urn"`
	Old *State       `json:"oldState"`
	New *State       `json:"newState"`
	// Diff are the paths that the provider says change.
	Diff map[string]any `json:"detailedDiff"`
}

// State is a resource in a step. Secrets are masked.
type State struct {
	Type   string         `json:"type"`
	Inputs map[string]any `json:"inputs"`
}

// Line is what becomes of the pods or tasks of one workload.
type Line struct {
	URN    resource.URN
	Effect string
}

// ReadPreview reads what `pulumi preview --json` printed.
func ReadPreview(r io.Reader) ([]Step, error) {
	var digest struct {
		Steps []Step `json:"steps"`
	}
	if err := json.NewDecoder(r).Decode(&digest); err != nil {
		return nil, fmt.Errorf("no output of pulumi preview --json: %w", err)
	}
	return digest.Steps, nil
}

// operations are what the engine's steps come to. A replacement has several, in either order.
var operations = map[string]Op{
	"create": Create, "update": Update, "same": Same, "delete": Delete, "replace": Replace, "create-replacement": Replace,
	"delete-replaced": Replace,
}

// OfSteps are the effects of a plan, in the order of its steps. A plan that leaves out what stays the same has no line for it.
func OfSteps(steps []Step) []Line {
	var lines []Line
	for _, s := range steps {
		state := s.New
		if state == nil {
			state = s.Old
		}
		op, known := operations[s.Op]
		if state == nil || !known || s.Op == "delete-replaced" {
			continue
		}
		effect := Of(Change{
			Type: state.Type, Op: op, Before: s.Old.properties(), After: s.New.properties(), Diff: slices.Sorted(maps.Keys(s.Diff)),
		})
		said := slices.ContainsFunc(lines, func(l Line) bool { return l.URN == s.URN })
		if effect != "" && !said {
			lines = append(lines, Line{s.URN, effect})
		}
	}
	return lines
}

// properties are the inputs with what is not known marked as such; nil of a state that is not there.
func (s *State) properties() resource.PropertyMap {
	if s == nil {
		return nil
	}
	return resource.NewPropertyMapFromMapRepl(s.Inputs, nil, func(v any) (resource.PropertyValue, bool) {
		return resource.MakeComputed(resource.NewProperty("")), v == plugin.UnknownStringValue
	})
}
