package saved

import (
	"context"
	"errors"

	"bifrost/bifrostctl/sandbox"
	"bifrost/bifrostctl/verify/service"
)

// Open opens a stack of the sandbox for verify. A cluster of the sandbox's own catches up first: see CatchUp.
func Open(ctx context.Context, r service.RehearsalRequest) (*service.Rehearsal, error) {
	look, err := sandbox.Open(ctx, sandbox.Request{Stack: r.Stack, Dir: r.Dir, State: r.State, Kubeconfig: r.Kubeconfig,
		Self: "bifrostctl"})
	if err != nil {
		return nil, err
	}
	if r.Kubeconfig == "" {
		if err := CatchUp(ctx, look.World, look.Server); err != nil {
			return nil, errors.Join(err, look.Close())
		}
	}
	return &service.Rehearsal{Name: look.Name, Config: look.Config, Outputs: look.Outputs, State: look.State,
		Called: look.Called, Sets: look.Sets, Removed: look.Removed(), Clouds: Clouds(look.World, look.Server),
		Close: look.Close}, nil
}
