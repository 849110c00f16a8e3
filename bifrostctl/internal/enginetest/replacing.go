package enginetest

import (
	"github.com/pulumi/pulumi/pkg/v3/engine"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// PreviewReplacing plans an update in which resources are made anew, each after its deletion: `pulumi preview --replace` of resources with
// the option deleteBeforeReplace.
func (e *Engine) PreviewReplacing(urns ...resource.URN) *Result {
	e.t.Helper()
	e.replace, e.deletesFirst = urns, true
	defer func() { e.replace, e.deletesFirst = nil, false }()
	return e.run(engine.Update, true)
}

// UpReplacing makes resources anew: `pulumi up --replace`.
func (e *Engine) UpReplacing(urns ...resource.URN) *Result {
	e.t.Helper()
	e.replace = urns
	defer func() { e.replace = nil }()
	return e.Up()
}

// deletingFirst is the program with the option deleteBeforeReplace for all of its resources.
func deletingFirst(program pulumi.RunFunc) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		err := ctx.RegisterStackTransformation(func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
			return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: append(args.Opts, pulumi.DeleteBeforeReplace(true))}
		})
		if err != nil {
			return err
		}
		return program(ctx)
	}
}
