package ecs

import (
	"errors"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// errHalfMade says how a load balancer gets its attributes whose creation failed at them, as with a bucket that does not let it write.
var errHalfMade = errors.New("the load balancer exists, without its attributes: the idle timeout, deletion protection and access logs. " +
	"The state says that it has them, so that a plain `pulumi up` would set none: mend what AWS refused and run `pulumi up --refresh`")

// wholeBalancer keeps an `up` from taking a load balancer for done that was made without its attributes: the provider answers a creation
// that failed at them as if they were set, and calls the next update, for which it finds nothing to do, a success (terraform-provider-aws
// 5.x, load_balancer.go, resourceLoadBalancerCreate and resourceLoadBalancerUpdate).
func wholeBalancer(in component.Scope) (pulumi.ResourceOption, error) {
	failed, err := in.Ctx.RegisterErrorHook(in.Child("lb-half-made"), func(failed *pulumi.ErrorHookArgs) (bool, error) {
		if failed.FailedOperation != "create" || !strings.Contains(strings.Join(failed.Errors, " "), "attributes") {
			return false, nil
		}
		// The engine shows the provider's error, and not one of the hook. Nothing is tried again.
		return false, in.Ctx.Log.Error(errHalfMade.Error(), nil)
	})
	if err != nil {
		return nil, in.Failed("error hook", err)
	}
	repeated, err := in.Ctx.RegisterResourceHook(in.Child("lb-repeated"), func(update *pulumi.ResourceHookArgs) error {
		if !neverRead(update) {
			return nil
		}
		if in.Ctx.DryRun() {
			return in.Ctx.Log.Warn(errHalfMade.Error(), nil)
		}
		return errHalfMade
	}, &pulumi.ResourceHookOptions{OnDryRun: true})
	if err != nil {
		return nil, in.Failed("hook", err)
	}
	return pulumi.ResourceHooks(&pulumi.ResourceHookBinding{
		OnError: []*pulumi.ErrorHook{failed}, BeforeUpdate: []*pulumi.ResourceHook{repeated},
	}), nil
}

// neverRead tells whether the provider has never read the load balancer: it reads the DNS name once the attributes are set.
func neverRead(update *pulumi.ResourceHookArgs) bool {
	name, _ := component.KnownText(update.OldOutputs["dnsName"])
	return name == ""
}
