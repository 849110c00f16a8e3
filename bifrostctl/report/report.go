// Package report says for a pull request what a preview foresees: what a reviewer must know of identities, of who may do what, and of the
// pods or tasks that run, without reading the program.
package report

import (
	"slices"
	"strings"

	"bifrost/bifrostctl/changes"
	"bifrost/internal/effects"
)

// Report is what is said of one preview. No secret is in it.
type Report struct {
	Stack   string `json:"stack"`
	Project string `json:"project"`
	// Source is what the preview was read from: preview, plan, events or sandbox.
	Source changes.Source `json:"source"`
	// Verdict is the whole in one line.
	Verdict string `json:"verdict"`
	// Failed says that the preview did.
	Failed bool `json:"failed"`
	// Counts are resources by what becomes of them; components and Pulumi's providers do not count.
	Counts Counts `json:"counts"`
	// Warnings are what hurts, the worst first.
	Warnings []Warning `json:"warnings"`
	// Vendor is what the vendor must be told.
	Vendor Vendor `json:"vendor"`
	// Workloads are what becomes of pods or tasks.
	Workloads []Line `json:"workloads"`
	// Config are the values of config.json that change.
	Config []Line `json:"config"`
	// Groups are the changes, in the order in which a person checks them.
	Groups []Group `json:"groups"`
	// Diagnostics are what else the engine and the program said.
	Diagnostics []Diagnostic `json:"diagnostics"`
	// Graph is the touched part as a Mermaid diagram; empty where nothing is touched.
	Graph string `json:"graph,omitempty"`
}

// Counts are numbers of resources.
type Counts struct {
	Create  int `json:"create"`
	Update  int `json:"update"`
	Replace int `json:"replace"`
	Delete  int `json:"delete"`
	// Others are imports, and what a refresh found other than it had been left.
	Others int `json:"others"`
}

// Sum is the number of resources that change.
func (c Counts) Sum() int { return c.Create + c.Update + c.Replace + c.Delete + c.Others }

// Line is what a preview says of one thing, by its name.
type Line struct {
	Name string `json:"name"`
	Says string `json:"says"`
}

// Diagnostic is a message, of the resource with a URN where there is one.
type Diagnostic struct {
	Severity string `json:"severity"`
	Message  string `json:"message"`
	URN      string `json:"urn,omitempty"`
}

// New makes the report of a preview. graph is the touched part as a Mermaid diagram, which may be empty.
func New(set *changes.Set, graph string) *Report {
	r := &Report{
		Stack: set.Stack, Project: set.Project, Source: set.Source, Failed: set.Failed, Graph: graph,
		Warnings: []Warning{}, Workloads: []Line{}, Config: []Line{}, Groups: groups(set), Diagnostics: []Diagnostic{},
	}
	r.count(set)
	r.listen(set)
	r.Vendor = vendor(set)
	r.Warnings = append(r.Warnings, warnings(set, r.Workloads)...)
	r.Verdict = r.verdict()
	return r
}

// counted tells whether a step is of a resource that people would count.
func counted(step changes.Step) bool { return step.Changes() && step.Custom() && !step.IsProvider() }

func (r *Report) count(set *changes.Set) {
	for _, step := range set.Steps {
		if !counted(step) {
			continue
		}
		switch step.Op {
		case changes.Create:
			r.Counts.Create++
		case changes.Update, changes.Same: // the same but for its protection
			r.Counts.Update++
		case changes.Replace:
			r.Counts.Replace++
		case changes.Delete:
			r.Counts.Delete++
		default:
			r.Counts.Others++
		}
	}
}

// listen sorts what the preview says into what becomes of workloads, what changes in config.json, and the rest.
func (r *Report) listen(set *changes.Set) {
	var told []string
	for _, d := range set.Diagnostics {
		if strings.HasPrefix(d.Severity, "info") {
			told = append(told, d.Message)
			continue
		}
		r.Diagnostics = append(r.Diagnostics, Diagnostic(d))
	}
	lines, others := effects.ReadLines(told)
	for _, line := range lines.Values {
		r.Config = append(r.Config, Line(line))
	}
	for _, line := range lines.Workloads {
		r.Workloads = append(r.Workloads, Line(line))
	}
	for _, message := range others {
		r.Diagnostics = append(r.Diagnostics, Diagnostic{Severity: "info", Message: message})
	}
	for _, line := range effects.OfSteps(plain(set)) {
		name := line.URN.Name()
		if !slices.ContainsFunc(r.Workloads, func(said Line) bool { return said.Name == name }) {
			r.Workloads = append(r.Workloads, Line{name, line.Effect})
		}
	}
	byName := func(a, b Line) int { return strings.Compare(a.Name, b.Name) }
	slices.SortStableFunc(r.Workloads, byName)
	slices.SortStableFunc(r.Config, byName)
	slices.SortStableFunc(r.Diagnostics, func(a, b Diagnostic) int { return strings.Compare(a.Message, b.Message) })
}

// plain are the steps in the form in which their effects are judged. A plan lacks what was there before.
func plain(set *changes.Set) []effects.Step {
	if set.Source == changes.Plan {
		return nil
	}
	var all []effects.Step
	for _, step := range set.Steps {
		each := effects.Step{Op: string(step.Op), URN: urn(step.URN), Old: state(step, step.Old), New: state(step, step.New),
			Diff: map[string]any{}}
		for _, d := range step.Diff {
			each.Diff[d.Path] = nil
		}
		all = append(all, each)
	}
	return all
}

func state(step changes.Step, of *changes.State) *effects.State {
	if of == nil {
		return nil
	}
	return &effects.State{Type: step.Type, Inputs: of.Inputs}
}
