// Package transforms changes what no configuration key says: a transform meets every resource of the stack before it is registered.
package transforms

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Register makes the gateway's Deployment keep three old revisions instead of ten, and its pods look up names of the internet without
// trying the cluster's own domains first. Call it before stacks.Deploy.
func Register(ctx *pulumi.Context) error {
	return ctx.RegisterResourceTransform(func(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
		if args.Type != "kubernetes:apps/v1:Deployment" {
			return nil
		}
		spec, err := object(args.Props, "spec")
		if err != nil {
			return failed(ctx, err)
		}
		pod, err := object(spec, "template", "spec")
		if err != nil {
			return failed(ctx, err)
		}
		spec["revisionHistoryLimit"] = pulumi.Int(3)
		pod["dnsConfig"] = pulumi.Map{"options": pulumi.Array{pulumi.Map{"name": pulumi.String("ndots"), "value": pulumi.String("1")}}}
		return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
	})
}

// object is the object at a path of keys. What is not known yet, or is secret as a whole, is an output and cannot be changed in place.
func object(properties pulumi.Map, path ...string) (pulumi.Map, error) {
	for _, key := range path {
		below, ok := properties[key].(pulumi.Map)
		if !ok {
			return nil, fmt.Errorf("%s of the Deployment is %T, not an object", key, properties[key])
		}
		properties = below
	}
	return properties, nil
}

// failed tells of a transform that no longer fits, and leaves the resource as it is.
func failed(ctx *pulumi.Context, err error) *pulumi.ResourceTransformResult {
	_ = ctx.Log.Error("examples/transforms: "+err.Error(), nil)
	return nil
}
