package adopt

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// Options are what the user says beside the stack file.
type Options struct {
	// Workload is the name of the gateway's Deployment, where the namespace has more than one of the image.
	Workload string
}

// finder asks the clouds for what a stack would make.
type finder struct {
	ctx     context.Context
	c       *stacks.Config
	clouds  service.Clouds
	options Options
	plan    *Plan
	// known are the names of the resources in the stack's state.
	known map[string]bool
}

// Find asks for everything that the stack would make under a name. state is its state, as `pulumi stack export` prints it.
func Find(ctx context.Context, stack string, c *stacks.Config, state []byte, clouds service.Clouds, options Options) (*Plan, error) {
	known, err := namesIn(state)
	if err != nil {
		return nil, err
	}
	f := &finder{ctx: ctx, c: c, clouds: clouds, options: options, plan: newPlan(stack), known: known}
	if c.Eks != nil {
		f.eks()
	}
	if c.Aks != nil {
		f.aks()
	}
	if c.Ecs != nil {
		if err := f.ecs(); err != nil {
			return nil, err
		}
	}
	if c.Gke != nil {
		f.gke()
	}
	if on, is := c.Cluster(); is {
		if err := f.kubernetes(on.Target); err != nil {
			return nil, err
		}
	}
	return f.plan, nil
}

// namesIn are the names of what a state has.
func namesIn(state []byte) (map[string]bool, error) {
	names := map[string]bool{}
	var exported struct{ Deployment *apitype.DeploymentV3 }
	if err := json.Unmarshal([]byte(cmp.Or(string(state), "{}")), &exported); err != nil {
		return nil, fmt.Errorf("read the state of the stack: %w", err)
	}
	if exported.Deployment == nil {
		return names, nil
	}
	for _, r := range exported.Deployment.Resources {
		if r.Custom && !r.Delete {
			names[r.URN.Name()] = true
		}
	}
	return names, nil
}

// take notes a thing that is there, and tells whether the stack has it not yet.
func (f *finder) take(t Thing) bool {
	if f.known[t.Resource] {
		f.plan.Has = append(f.plan.Has, t.Resource)
		return false
	}
	f.plan.Things = append(f.plan.Things, t)
	return true
}

// there asks a cloud for a thing by its id.
func (f *finder) there(t Thing) bool {
	err := f.clouds.Exists(f.ctx, service.Thing{Type: t.Type, ID: t.ID, Outputs: map[string]any{}})
	return f.found(t.What, err)
}

// found tells whether an answer says that something is there. One that says nothing is noted.
func (f *finder) found(what string, err error) bool {
	switch {
	case err == nil:
		return true
	case !errors.Is(err, service.ErrNotFound):
		f.plan.Unseen = append(f.plan.Unseen, Note{What: what, Why: err.Error()})
	}
	return false
}
