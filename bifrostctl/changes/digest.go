package changes

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/pkg/v3/display"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// PlannedStep is a step as Pulumi's digest of a preview has it, with the time that it took where it was taken.
type PlannedStep struct {
	display.PreviewStep
	Seconds float64 `json:"seconds,omitempty"`
}

// Planned is the part of Pulumi's digest of a preview that the sandbox's document has, too.
type Planned struct {
	Steps       []PlannedStep               `json:"steps"`
	Diagnostics []display.PreviewDiagnostic `json:"diagnostics,omitempty"`
}

// PlannedOf is a step of an event in the form of the digest. An event does not tell what the resource depends on.
func PlannedOf(m apitype.StepEventMetadata) PlannedStep {
	step := PlannedStep{PreviewStep: display.PreviewStep{
		Op: display.StepOp(m.Op), URN: resource.URN(m.URN), Provider: m.Provider, OldState: resourceOf(m.Old), NewState: resourceOf(m.New),
		DiffReasons: propertyKeys(m.Diffs), ReplaceReasons: propertyKeys(m.Keys),
	}}
	if m.DetailedDiff != nil {
		step.DetailedDiff = map[string]display.PropertyDiff{}
	}
	for path, diff := range m.DetailedDiff {
		step.DetailedDiff[path] = display.PropertyDiff{Kind: string(diff.Kind), InputDiff: diff.InputDiff}
	}
	return step
}

func propertyKeys(names []string) []resource.PropertyKey {
	keys := make([]resource.PropertyKey, len(names))
	for i, name := range names {
		keys[i] = resource.PropertyKey(name)
	}
	return keys
}

func resourceOf(state *apitype.StepEventStateMetadata) *apitype.ResourceV3 {
	if state == nil {
		return nil
	}
	return &apitype.ResourceV3{
		URN: resource.URN(state.URN), Type: tokens.Type(state.Type), ID: resource.ID(state.ID), Custom: state.Custom,
		Parent: resource.URN(state.Parent), Provider: state.Provider, Protect: state.Protect, External: state.External,
		Delete: state.Delete,
		Inputs: maskOf(state.Type, state.Inputs), Outputs: maskOf(state.Type, state.Outputs), InitErrors: state.InitErrors,
	}
}

// OfPlanned are the steps of a document that is at hand.
func OfPlanned(planned Planned) *Set {
	set := &Set{Source: Sandbox, Counts: map[string]int{}}
	set.take(planned)
	set.settle()
	return set
}

// digest is what `pulumi preview --json` prints.
type digest struct {
	Planned
	Duration      time.Duration           `json:"duration"`
	ChangeSummary display.ResourceChanges `json:"changeSummary"`
}

// rehearsed is what `bifrostctl sandbox preview --json` prints.
type rehearsed struct {
	Planned
	Stack   string         `json:"stack"`
	Result  string         `json:"result"`
	Error   string         `json:"error"`
	Changes map[string]int `json:"changes"`
	Outputs map[string]any `json:"outputs"`
	Seconds float64        `json:"seconds"`
}

func readDigest(text []byte) (*Set, error) {
	var read digest
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, err
	}
	set := &Set{Source: Digest, Counts: map[string]int{}, Seconds: read.Duration.Seconds()}
	set.take(read.Planned)
	for op, count := range read.ChangeSummary {
		set.Counts[string(op)] = count
	}
	return set, nil
}

func readSandbox(text []byte) (*Set, error) {
	var read rehearsed
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, err
	}
	set := &Set{Source: Sandbox, Stack: read.Stack, Counts: map[string]int{}, Seconds: read.Seconds, Failed: read.Result == "failed"}
	set.take(read.Planned)
	for op, count := range read.Changes {
		if count > 0 {
			set.Counts[op] = count
		}
	}
	said := func(d Diagnostic) bool { return d.IsError() }
	if read.Error != "" && !slices.ContainsFunc(set.Diagnostics, said) {
		set.Diagnostics = append(set.Diagnostics, Diagnostic{Severity: "error", Message: read.Error})
	}
	return set, nil
}

func (s *Set) take(planned Planned) {
	for _, step := range planned.Steps {
		s.addPlanned(step)
	}
	for _, d := range planned.Diagnostics {
		s.say(string(d.Severity), d.Prefix+d.Message, string(d.URN))
	}
}

// say adds a message, once.
func (s *Set) say(severity, message, urn string) {
	text := strings.TrimSpace(colors.Never.Colorize(message))
	d := Diagnostic{severity, strings.TrimSpace(strings.TrimPrefix(text, severity+":")), urn} // the digest has the prefix in its messages
	if severity != "debug" && d.Message != "" && !slices.Contains(s.Diagnostics, d) {
		s.Diagnostics = append(s.Diagnostics, d)
	}
}

func (s *Set) addPlanned(planned PlannedStep) {
	urn := planned.URN
	step := Step{
		Op: Op(planned.Op), URN: string(urn), Seconds: planned.Seconds, Old: stateOf(planned.OldState), New: stateOf(planned.NewState),
		Type: typeOf(planned.OldState, planned.NewState, urn), Name: nameOf(urn),
	}
	for _, reason := range planned.ReplaceReasons {
		step.ReplaceReasons = append(step.ReplaceReasons, string(reason))
	}
	slices.Sort(step.ReplaceReasons)
	kinds := map[string]string{}
	for path, diff := range planned.DetailedDiff {
		kinds[path] = diff.Kind
	}
	if state := step.State(); state != nil {
		step.Parent = state.Parent
	}
	if step.Old != nil && step.New != nil {
		step.Protection = step.Old.Protect != step.New.Protect
		step.Diff = differences(step, kinds)
	}
	if step.Op == Refresh && len(step.Diff) == 0 {
		step.Op = Same
	}
	s.add(step)
}

func typeOf(before, after *apitype.ResourceV3, urn resource.URN) string {
	for _, state := range []*apitype.ResourceV3{after, before} {
		if state != nil && state.Type != "" {
			return string(state.Type)
		}
	}
	if !urn.IsValid() {
		return ""
	}
	return string(urn.Type())
}

func nameOf(urn resource.URN) string {
	if !urn.IsValid() {
		return string(urn)
	}
	return urn.Name()
}

func stateOf(state *apitype.ResourceV3) *State {
	if state == nil {
		return nil
	}
	typ := string(state.Type)
	read := &State{
		URN: string(state.URN), ID: Known(string(state.ID)), Provider: state.Provider, Parent: string(state.Parent),
		Inputs: maskOf(typ, state.Inputs), Outputs: maskOf(typ, state.Outputs),
		Dependencies: texts(state.Dependencies), PropertyDependencies: map[string][]string{},
		Protect: state.Protect, Custom: state.Custom, External: state.External,
	}
	for property, urns := range state.PropertyDependencies {
		read.PropertyDependencies[string(property)] = texts(urns)
	}
	return read
}

func texts(urns []resource.URN) []string {
	all := make([]string, len(urns))
	for i, urn := range urns {
		all[i] = string(urn)
	}
	return all
}
