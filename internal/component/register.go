package component

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Register refuses arguments that have problems, and then registers nothing. Otherwise it registers the component and returns what its
// children are made with.
func Register(
	ctx *pulumi.Context, typ, name string, c pulumi.ComponentResource, problems field.ErrorList, opts ...pulumi.ResourceOption,
) (Scope, error) {
	if err := Refuse(typ, name, problems); err != nil {
		return Scope{}, err
	}
	if err := ctx.RegisterComponentResource(typ, name, c, opts...); err != nil {
		return Scope{}, fmt.Errorf("registering %s %s: %w", typ, name, err)
	}
	return Scope{Ctx: ctx, Name: name, Parent: c}, nil
}

// Failed says which component could not be made, and at which step.
func (s Scope) Failed(step string, err error) error {
	return fmt.Errorf("%s: %s: %w", s.Name, step, err)
}
