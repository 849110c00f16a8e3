package component

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Register registers a component whose arguments have been found right, and returns what its children are made with.
func Register(
	ctx *pulumi.Context, typ, name string, c pulumi.ComponentResource, opts ...pulumi.ResourceOption,
) (Scope, error) {
	seen, kind := &Seen{}, typ[strings.LastIndex(typ, ":")+1:]
	watched, err := seen.watch(ctx, kind+"-"+name)
	if err != nil {
		return Scope{}, fmt.Errorf("registering %s %s: %w", typ, name, err)
	}
	if err := ctx.RegisterComponentResource(typ, name, c, slices.Concat(opts, watched)...); err != nil {
		return Scope{}, fmt.Errorf("registering %s %s: %w", typ, name, err)
	}
	given, err := pulumi.NewResourceOptions(opts...)
	if err != nil {
		return Scope{}, fmt.Errorf("options of %s %s: %w", typ, name, err)
	}
	return Scope{Ctx: ctx, Name: name, Parent: c, kind: kind, Seen: seen, providers: given.Providers}, nil
}

// Failed says which component could not be made, and at which step.
func (s Scope) Failed(step string, err error) error {
	return fmt.Errorf("%s: %s: %w", s.Name, step, err)
}
