package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// depend adds what resources depend on to the steps of a preview: the engine's events do not tell it. What is to be is in the plan that the
// CLI has saved, what is there in the stack's state.
func (e *engine) depend(ctx context.Context, stack auto.Stack, result *Result) error {
	after, err := readPlanned(e.plan)
	if err != nil {
		return err
	}
	exported, err := stack.Export(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(exported.Deployment, &deployment); err != nil {
		return fmt.Errorf("read the stack's resources: %w", err)
	}
	before := map[resource.URN]apitype.ResourceV3{}
	for _, state := range deployment.Resources {
		before[state.URN] = state
	}
	for i := range result.Steps {
		step := &result.Steps[i]
		if goal := after[step.URN].Goal; step.NewState != nil && goal != nil {
			step.NewState.Dependencies, step.NewState.PropertyDependencies = goal.Dependencies, goal.PropertyDependencies
		}
		if state, there := before[step.URN]; step.OldState != nil && there {
			step.OldState.Dependencies, step.OldState.PropertyDependencies = state.Dependencies, state.PropertyDependencies
		}
	}
	return nil
}

// readPlanned reads the plan of a preview; none where the preview failed.
func readPlanned(path string) (map[resource.URN]apitype.ResourcePlanV1, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var plan apitype.DeploymentPlanV1
	err = json.Unmarshal(text, &plan)
	return plan.ResourcePlans, err
}
