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
func wholeBalancer(in component.Scope) ([]pulumi.ResourceOption, error) {
	explained, err := in.OnFailedCreate("lb-half-made", func(failed *pulumi.ErrorHookArgs) error {
		if !strings.Contains(strings.Join(failed.Errors, " "), "attributes") {
			return nil
		}
		// The engine shows the provider's error, and not one of the hook.
		return in.Ctx.Log.Error(errHalfMade.Error(), nil)
	})
	if err != nil {
		return nil, err
	}
	stopped, err := stopUpdate(in, "lb-repeated", func(update *pulumi.ResourceHookArgs) error {
		if !neverRead(update) {
			return nil
		}
		return errHalfMade
	})
	return []pulumi.ResourceOption{explained, stopped}, err
}

// stopUpdate keeps an `up` from an update against which why has an error. A preview warns of it: an `up` may follow that changes more.
func stopUpdate(in component.Scope, name string, why func(*pulumi.ResourceHookArgs) error) (pulumi.ResourceOption, error) {
	stopped, err := component.BeforeUpdate(in.Ctx, in.Child(name), func(update *pulumi.ResourceHookArgs) error {
		err := why(update)
		if err == nil || !in.Ctx.DryRun() {
			return err
		}
		return in.Ctx.Log.Warn(err.Error(), nil)
	})
	if err != nil {
		return nil, in.Failed("hook", err)
	}
	return stopped, nil
}

// neverRead tells whether the provider has never read the load balancer: it reads the DNS name once the attributes are set.
func neverRead(update *pulumi.ResourceHookArgs) bool {
	name, _ := component.KnownText(update.OldOutputs["dnsName"])
	return name == ""
}
