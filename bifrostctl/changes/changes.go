// Package changes reads what a preview foresees into one model, whoever made the preview: `pulumi preview --json` of any CLI, a plan that
// `pulumi preview --save-plan` wrote, the events of `pulumi up --json` and of --event-log, or `bifrostctl sandbox preview --json`.
//
// No secret is in the model: what is secret in the input reads "[secret]", and what a preview cannot know "[unknown]".
package changes

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Source is what a set was read from.
type Source string

// The sources.
const (
	// Digest is what `pulumi preview --json` prints. It leaves out what stays the same, unless --show-sames asks for it.
	Digest Source = "preview"
	// Plan is a file that `pulumi preview --save-plan` wrote. It has new values alone, and whole properties.
	Plan Source = "plan"
	// Events are those of an operation, one JSON object a line. They do not tell what depends on what.
	Events Source = "events"
	// Sandbox is what `bifrostctl sandbox preview --json` prints.
	Sandbox Source = "sandbox"
)

// Set is what an operation changes, or would change.
type Set struct {
	Source Source
	// Project and Stack are empty where nothing tells them, such as in a preview that failed before its first step.
	Project, Stack string
	// Steps are in the engine's order. A resource has one step, also where it is replaced.
	Steps []Step
	// Diagnostics are what the engine and the program said, without colours.
	Diagnostics []Diagnostic
	// Counts are resources by operation as the engine's summary has them, with its words ("create", "same"); empty where the operation
	// failed.
	Counts map[string]int
	// Failed says that the operation did.
	Failed bool
	// Seconds is how long all of it took; 0 where nothing tells.
	Seconds float64
}

// Op is what becomes of a resource, in the engine's word. The steps of a replacement are one Replace.
type Op string

// The operations that are told apart here; others stay as the engine writes them.
const (
	Create  Op = "create"
	Update  Op = "update"
	Replace Op = "replace"
	Delete  Op = "delete"
	Same    Op = "same"
	ReadOp  Op = "read"
	Import  Op = "import"
	// Refresh is a resource that was found other than it had been left.
	Refresh Op = "refresh"
)

// Step is what becomes of one resource.
type Step struct {
	Op Op
	// URN names the resource; Type, Name and Parent's URN are parts of what it says.
	URN, Type, Name, Parent string
	// Old is nil of what is made, New of what is deleted. A plan has no Old values.
	Old, New *State
	// Diff are the values that change, in the order of their paths; empty where all is new or goes.
	Diff []Diff
	// ReplaceReasons are the properties for whose sake a resource is replaced.
	ReplaceReasons []string
	// Protection says that nothing but the protection against deletion changes where Op is Same, or that it changes besides.
	Protection bool
	// Seconds is how long the step took; 0 in a preview, and where nothing tells.
	Seconds float64
	// Failed says that the step did.
	Failed bool
}

// State is a resource before or after a step.
type State struct {
	URN, ID, Provider, Parent string
	// Inputs are what the program asks for, Outputs what is there.
	Inputs, Outputs map[string]any
	// Dependencies and PropertyDependencies are URNs; both are empty where the source does not tell them.
	Dependencies         []string
	PropertyDependencies map[string][]string
	Protect, Custom      bool
	External             bool
}

// Diagnostic is a message of the engine or the program. URN is empty where it is about no resource.
type Diagnostic struct{ Severity, Message, URN string }

// IsError tells whether it says why something failed.
func (d Diagnostic) IsError() bool { return d.Severity == "error" }

// Changes tells whether something becomes of a resource: it is neither the same nor only read.
func (s Step) Changes() bool {
	return s.Protection || !slices.Contains([]Op{Same, ReadOp, "read-replacement", "discard", "discard-replaced"}, s.Op)
}

// State is the resource's state after the step, or before where it goes.
func (s Step) State() *State {
	if s.New != nil {
		return s.New
	}
	return s.Old
}

// IsStack tells whether the step is of the stack itself, whose outputs are the stack's.
func (s Step) IsStack() bool { return s.Type == string(resource.RootStackType) }

// IsProvider tells whether the step is of one of Pulumi's providers.
func (s Step) IsProvider() bool { return strings.HasPrefix(s.Type, "pulumi:providers:") }

// Custom tells whether a provider has the resource; components and the stack itself are only there to group.
func (s Step) Custom() bool {
	state := s.State()
	return state != nil && state.Custom
}

// Outputs are the stack's outputs before and after; nil where the source does not tell them.
func (s *Set) Outputs() (before, after map[string]any) {
	for _, step := range s.Steps {
		if !step.IsStack() {
			continue
		}
		if step.Old != nil {
			before = step.Old.Outputs
		}
		if step.New != nil {
			after = step.New.Outputs
		}
	}
	return before, after
}

// Find returns the step of a resource.
func (s *Set) Find(urn string) (Step, bool) {
	i := slices.IndexFunc(s.Steps, func(step Step) bool { return step.URN == urn })
	if i < 0 {
		return Step{}, false
	}
	return s.Steps[i], true
}

// parts of a replacement, in the engine's words; a replacement is one step here.
var replacing = []apitype.OpType{apitype.OpReplace, apitype.OpCreateReplacement, apitype.OpDeleteReplaced, apitype.OpImportReplacement}

// add adds a step, or makes it one with another of the same resource.
func (s *Set) add(step Step) {
	if slices.Contains(replacing, apitype.OpType(step.Op)) {
		step.Op = Replace
	}
	i := slices.IndexFunc(s.Steps, func(known Step) bool { return known.URN == step.URN })
	if i < 0 {
		s.Steps = append(s.Steps, step)
		return
	}
	s.Steps[i] = s.Steps[i].with(step)
}

// with is two steps of one resource as one. What is made anew counts more than what a refresh found, and that more than nothing.
func (s Step) with(other Step) Step {
	if !s.Changes() || s.Op == Refresh && other.Changes() || s.Op == Delete && other.Op != Same {
		s, other = other, s
	}
	if s.Old == nil {
		s.Old = other.Old
	}
	if s.New == nil && s.Op != Delete {
		s.New = other.New
	}
	if len(s.Diff) == 0 {
		s.Diff = other.Diff
	}
	for _, reason := range other.ReplaceReasons {
		if !slices.Contains(s.ReplaceReasons, reason) {
			s.ReplaceReasons = append(s.ReplaceReasons, reason)
		}
	}
	slices.Sort(s.ReplaceReasons)
	s.Protection = s.Protection || other.Protection
	s.Seconds += other.Seconds
	s.Failed = s.Failed || other.Failed
	return s
}

// settle fills in what all steps tell together.
func (s *Set) settle() {
	for _, step := range s.Steps {
		urn := resource.URN(step.URN)
		if urn.IsValid() && s.Stack == "" {
			s.Stack, s.Project = urn.Stack().String(), string(urn.Project())
		}
	}
	for _, d := range s.Diagnostics {
		urn := resource.URN(d.URN)
		if urn.IsValid() && s.Stack == "" {
			s.Stack, s.Project = urn.Stack().String(), string(urn.Project())
		}
		s.Failed = s.Failed || d.IsError()
	}
	for _, step := range s.Steps {
		s.Failed = s.Failed || step.Failed
	}
}
