package component

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Remember makes a part of a stack that has what must be remembered as its inputs, and no children. A component is compared by its inputs
// alone, on every platform: what is another one is an update, in a preview, too, whose hook sees before and after (BeforeUpdate).
func Remember(
	ctx *pulumi.Context, typ, name string, inputs pulumi.Map, part pulumi.ComponentResource, opts ...pulumi.ResourceOption,
) error {
	if err := ctx.RegisterComponentResourceV2(typ, name, inputs, part, opts...); err != nil {
		return err
	}
	return ctx.RegisterResourceOutputs(part, pulumi.Map{})
}
