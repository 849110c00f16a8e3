package component

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// BeforeUpdate asks changed before each update of a resource, in a preview, too. It sees the inputs of before and after, and its error
// stops the update. name is the hook's, once a stack.
func BeforeUpdate(ctx *pulumi.Context, name string, changed pulumi.ResourceHookFunction) (pulumi.ResourceOption, error) {
	hook, err := ctx.RegisterResourceHook(name, changed, &pulumi.ResourceHookOptions{OnDryRun: true})
	if err != nil {
		return nil, err
	}
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeUpdate: []*pulumi.ResourceHook{hook}}), nil
}

// BeforeCreate asks made before the creation of a resource, in a preview, too. It sees the inputs, and its error stops the creation. name
// is the hook's, once a stack.
func BeforeCreate(ctx *pulumi.Context, name string, made pulumi.ResourceHookFunction) (pulumi.ResourceOption, error) {
	hook, err := ctx.RegisterResourceHook(name, made, &pulumi.ResourceHookOptions{OnDryRun: true})
	if err != nil {
		return nil, err
	}
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{BeforeCreate: []*pulumi.ResourceHook{hook}}), nil
}

// OnFailure lets explain speak when an operation on a child fails; nil leaves the failure to speak for itself. Nothing is tried again.
// Error hooks need a Pulumi CLI of 3.218 or newer.
func (s Scope) OnFailure(name string, explain func(*pulumi.ErrorHookArgs) error) (pulumi.ResourceOption, error) {
	hook, err := s.Ctx.RegisterErrorHook(s.Child(name), func(failed *pulumi.ErrorHookArgs) (bool, error) {
		return false, explain(failed)
	})
	if err != nil {
		return nil, s.Failed("error hook", err)
	}
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{OnError: []*pulumi.ErrorHook{hook}}), nil
}

// OnFailedCreate is OnFailure for creations, of which the provider tells why they failed.
func (s Scope) OnFailedCreate(name string, explain func(*pulumi.ErrorHookArgs) error) (pulumi.ResourceOption, error) {
	return s.OnFailure(name, func(failed *pulumi.ErrorHookArgs) error {
		if failed.FailedOperation != "create" || len(failed.Errors) == 0 {
			return nil
		}
		return explain(failed)
	})
}

// Explaining is the scope with children of which each failure is explained.
func (s Scope) Explaining(name string, explain func(*pulumi.ErrorHookArgs) error) (Scope, error) {
	explained, err := s.OnFailure(name, explain)
	if err != nil {
		return s, err
	}
	s.every = append(slices.Clone(s.every), explained)
	return s, nil
}
