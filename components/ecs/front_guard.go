package ecs

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// EcsFrontGuardType is the type token of the part that remembers what stands in front of the tasks.
const EcsFrontGuardType = "bifrost:index:EcsFrontGuard"

// ecsFrontGuard remembers what stands in front of the tasks.
type ecsFrontGuard struct{ pulumi.ResourceState }

// The guard's inputs.
const (
	guardedFront      = "front"
	guardedBalancer   = "loadBalancer"
	guardedDeletion   = "deletionProtection"
	guardedService    = "service"
	nothingInFront    = "nothing"
	targetsInFront    = "target group"
	protectedBalancer = "protected"
)

// frontKind tells whether a target group stands in front of the tasks. Which one it is, ECS can change.
func (a *EcsServiceArgs) frontKind() string {
	if a.behindTargetGroup() {
		return targetsInFront
	}
	return nothingInFront
}

// newFrontGuard says in the preview what a changed front costs, and stops an `up` that AWS would stop half way.
func (a *EcsServiceArgs) newFrontGuard(in component.Scope) error {
	watched, err := component.BeforeUpdate(in.Ctx, in.Child("front-change"), func(change *pulumi.ResourceHookArgs) error {
		if err := keepProtected(change); err != nil {
			return err
		}
		if warning := replacedService(change); warning != "" {
			return in.Ctx.Log.Warn(warning, nil)
		}
		return nil
	})
	if err != nil {
		return in.Failed("front guard", err)
	}
	inputs := pulumi.Map{guardedService: pulumi.String(a.name()), guardedFront: pulumi.String(a.frontKind())}
	if a.LoadBalancer != nil {
		inputs[guardedBalancer] = pulumi.String(cmp.Or(a.LoadBalancer.Scheme, SchemeInternal) + " in " + a.VpcId)
	}
	if a.LoadBalancer != nil && a.LoadBalancer.DeletionProtection {
		inputs[guardedDeletion] = pulumi.String(protectedBalancer)
	}
	guard := &ecsFrontGuard{}
	if err := component.Remember(in.Ctx, EcsFrontGuardType, in.Child("front"), inputs, guard, in.Options(watched)...); err != nil {
		return in.Failed("front guard", err)
	}
	return nil
}

// guarded are an input of the guard before and after.
func guarded(change *pulumi.ResourceHookArgs, input string) (before, after string) {
	before, _ = component.KnownText(change.OldInputs[resource.PropertyKey(input)])
	after, _ = component.KnownText(change.NewInputs[resource.PropertyKey(input)])
	return before, after
}

// keepProtected refuses what deletes a load balancer that is protected from deletion: Elastic Load Balancing refuses it at the end of the
// `up`, when all else is done.
func keepProtected(change *pulumi.ResourceHookArgs) error {
	protected, _ := guarded(change, guardedDeletion)
	before, after := guarded(change, guardedBalancer)
	if protected == "" || before == after {
		return nil
	}
	return fmt.Errorf("the load balancer, %s, is protected from deletion, and would be deleted: set loadBalancer.deletionProtection (of "+
		"a stack ecs.loadBalancer.deletionProtection) to false, leave the rest as it was and run `pulumi up`; then make this change",
		before)
}

// replacedService says what it costs that the service becomes another one; "" where it does not.
func replacedService(change *pulumi.ResourceHookArgs) string {
	before, after := guarded(change, guardedFront)
	if before == after {
		return ""
	}
	name, _ := guarded(change, guardedService)
	return fmt.Sprintf("Amazon ECS can neither give a living service its first target group nor take the last one. The service %s is "+
		"deleted, which lets its tasks finish their streams, and made again: no task serves until the new ones are healthy, some minutes "+
		"later",
		name)
}
