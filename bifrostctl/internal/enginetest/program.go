package enginetest

import (
	"fmt"

	"github.com/pulumi/pulumi/pkg/v3/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Resource is a resource of a program that Program makes: its properties need not be ones that an SDK would allow.
type Resource struct {
	Type, Name string
	Props      pulumi.Map
	Options    []pulumi.ResourceOption
}

// Program returns a program that registers a provider and, through it, the resources, each dependent on the one before.
func Program(provider func(*pulumi.Context) (pulumi.ProviderResource, error), resources ...Resource) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		p, err := provider(ctx)
		if err != nil {
			return err
		}
		var before []pulumi.Resource
		for _, r := range resources {
			var made pulumi.CustomResourceState
			options := append([]pulumi.ResourceOption{pulumi.Provider(p), pulumi.DependsOn(before)}, r.Options...)
			if err := ctx.RegisterResource(r.Type, r.Name, r.Props, &made, options...); err != nil {
				return fmt.Errorf("%s: %w", r.Name, err)
			}
			before = []pulumi.Resource{&made}
		}
		return nil
	}
}

// Resource returns the state of the resource of that logical name; nil where there is none.
func (r *Result) Resource(name string) *resource.State {
	if r.Snapshot == nil {
		return nil
	}
	for _, state := range r.Snapshot.Resources {
		if state.URN.Name() == name {
			return state
		}
	}
	return nil
}

// Plan returns the steps as texts; see Step.String.
func (r *Result) Plan() []string {
	var texts []string
	for _, s := range r.Steps {
		texts = append(texts, s.String())
	}
	return texts
}

// Messages returns the diagnostics and the sandbox's warnings as one text.
func (r *Result) Messages() string { return fmt.Sprint(r.Diagnostics, r.Err, r.Warnings) }
