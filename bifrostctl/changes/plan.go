package changes

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// readPlan reads what --save-plan writes. The plan has no order but that of its names, and of former values only their names.
func readPlan(text []byte) (*Set, error) {
	var plan apitype.DeploymentPlanV1
	if err := json.Unmarshal(text, &plan); err != nil {
		return nil, err
	}
	set := &Set{Source: Plan, Counts: map[string]int{}}
	for _, urn := range slices.Sorted(maps.Keys(plan.ResourcePlans)) {
		for _, step := range planned(urn, plan.ResourcePlans[urn]) {
			set.add(step)
		}
		step, _ := set.Find(string(urn))
		set.Counts[string(step.Op)]++
	}
	return set, nil
}

func planned(urn resource.URN, plan apitype.ResourcePlanV1) []Step {
	step := Step{URN: string(urn), Name: nameOf(urn), Type: typeOf(nil, nil, urn)}
	if plan.Goal != nil {
		step.Parent = string(plan.Goal.Parent)
		step.New = goalOf(step.Type, plan)
	}
	var steps []Step
	for _, op := range plan.Steps {
		each := step
		each.Op = Op(op)
		switch {
		case op == apitype.OpDelete, op == apitype.OpDeleteReplaced, plan.Goal == nil:
			each.New = nil
		case op == apitype.OpCreate:
		default:
			each.Diff = goalDifferences(step.Type, plan.Goal.InputDiff)
		}
		if op == apitype.OpUpdate && step.Type == string(resource.RootStackType) && len(each.Diff) == 0 {
			each.Op = Same // the stack's outputs alone
		}
		steps = append(steps, each)
	}
	return steps
}

func goalOf(typ string, plan apitype.ResourcePlanV1) *State {
	goal := plan.Goal
	inputs := maps.Clone(goal.InputDiff.Adds)
	if inputs == nil {
		inputs = map[string]any{}
	}
	maps.Copy(inputs, goal.InputDiff.Updates)
	outputs := maps.Clone(plan.Outputs)
	if outputs == nil {
		outputs = map[string]any{}
	}
	maps.Copy(outputs, goal.OutputDiff.Adds)
	maps.Copy(outputs, goal.OutputDiff.Updates)
	state := &State{
		ID: Known(string(goal.ID)), Provider: goal.Provider, Parent: string(goal.Parent),
		Inputs: maskOf(typ, inputs), Outputs: maskOf(typ, outputs),
		Dependencies: texts(goal.Dependencies), PropertyDependencies: map[string][]string{}, Protect: goal.Protect, Custom: goal.Custom,
	}
	for property, urns := range goal.PropertyDependencies {
		state.PropertyDependencies[string(property)] = texts(urns)
	}
	return state
}
