package effects

import (
	"fmt"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// Teller has a preview say what becomes of a workload's pods or tasks, whoever runs the preview.
type Teller struct {
	scope component.Scope
	name  string

	mu     sync.Mutex
	change Change
}

// Tell watches the workload of a type that will be the scope's child of this name, and returns options for it. In an `up` there are none:
// its preview has said it.
func Tell(s component.Scope, typ, what string) (*Teller, []pulumi.ResourceOption, error) {
	t := &Teller{scope: s, name: s.Child(what), change: Change{Type: typ, Op: Same}}
	if !s.Ctx.DryRun() {
		return t, nil, nil
	}
	updated, err := component.BeforeUpdate(s.Ctx, s.Hook(what+"-effect"), t.see(Update))
	if err != nil {
		return nil, nil, fmt.Errorf("effect on %s: %w", t.name, err)
	}
	made, err := component.BeforeCreate(s.Ctx, s.Hook(what+"-made"), t.see(Create))
	if err != nil {
		return nil, nil, fmt.Errorf("effect on %s: %w", t.name, err)
	}
	return t, []pulumi.ResourceOption{updated, made}, nil
}

func (t *Teller) see(op Op) pulumi.ResourceHookFunction {
	return func(args *pulumi.ResourceHookArgs) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.change.Op, t.change.Before, t.change.After = op, args.OldInputs, args.NewInputs
		return nil
	}
}

// Say says it once the engine has planned the workload: neither hook has seen one that stays as it is. always says that the component has
// such a workload at any time, and autoscaled that an autoscaler counts its pods or tasks.
func (t *Teller) Say(workload pulumi.Resource, always, autoscaled bool) {
	if !t.scope.Ctx.DryRun() {
		return
	}
	workload.URN().ApplyT(func(pulumi.URN) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		c := t.change
		c.Causes, c.Autoscaled = t.scope.Seen.Causes(), autoscaled
		if c.Op == Create && always && !t.scope.Seen.Made() {
			c.Op = Anew
		}
		says := Of(c)
		if says == "" {
			return nil
		}
		return t.scope.Ctx.Log.Info(t.name+": "+says, nil)
	})
}
