package kubernetes

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"
	apiresource "k8s.io/apimachinery/pkg/api/resource"

	"bifrost/internal/component"
)

// ClaimGuardType is the type token of the part that remembers whether the gateway's data is on a claim that is made here.
const ClaimGuardType = "bifrost:index:ClaimGuard"

// claimGuard remembers it, and the StatefulSet itself the rest. A StatefulSet cannot change its claim templates: the provider replaces it
// for them (pulumi-kubernetes v4.32, provider/pkg/provider/diff.go, statefulSet), and the claim, which its new pod finds by its name, keeps
// size and class. No hook of a replacement sees former inputs. So the templates stay as they were made, unless the claim moves, an
// annotation makes an update of another size or class, and the hook of that update compares with the templates of before: those of a stack
// that an earlier program made, too.
type claimGuard struct {
	pulumi.ResourceState
	// moved tells that a claim made here gives way to one that exists, or the other way round.
	moved bool
}

const (
	claimNamespace resource.PropertyKey = "namespace"
	claimSize      resource.PropertyKey = "size"
	claimClass     resource.PropertyKey = "className"
	claimExisting  resource.PropertyKey = "existingClaim"

	// claimTemplates is where a StatefulSet has them, and claimAnnotation what changes with them.
	claimTemplates  = "spec.volumeClaimTemplates"
	claimAnnotation = "storage/claim"
)

// newClaimGuard tells, once it is there, whether the claim moves.
func (a *BifrostWorkloadArgs) newClaimGuard(s component.Scope) (*claimGuard, error) {
	guard := &claimGuard{}
	watched, err := component.BeforeUpdate(s.Ctx, s.Child("claim-moves"), func(args *pulumi.ResourceHookArgs) error {
		moved := claimMoved(args.OldInputs, args.NewInputs)
		guard.moved = moved != ""
		if guard.moved {
			return s.Ctx.Log.Warn(moved, nil)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("claim guard: %w", err)
	}
	inputs := pulumi.Map{string(claimExisting): pulumi.String(a.Storage.ExistingClaim)}
	if err := component.Remember(s.Ctx, ClaimGuardType, s.Child("claim"), inputs, guard, pulumi.Parent(s.Parent), watched); err != nil {
		return nil, fmt.Errorf("claim guard: %w", err)
	}
	_, err = internals.UnsafeAwaitOutput(s.Ctx.Context(), guard.URN())
	return guard, err
}

// keepsClaim are the options of a StatefulSet whose claim stays, and stop an `up`, and its preview, with another size or class.
func (a *BifrostWorkloadArgs) keepsClaim(s component.Scope) (pulumi.ResourceOption, error) {
	name := fmt.Sprintf("%s-%s-0", dataVolume, a.application().name)
	kept, err := component.BeforeUpdate(s.Ctx, s.Child("claim-kept"), func(args *pulumi.ResourceHookArgs) error {
		before, own := claimOf(args.OldInputs)
		if own != (a.Storage.ExistingClaim == "") {
			return errClaimMovesUnseen
		}
		after := resource.PropertyMap{claimNamespace: before[claimNamespace]}
		if own {
			after[claimSize], after[claimClass] = resource.NewProperty(a.Storage.ClaimSize()), resource.NewProperty(a.Storage.ClassName)
		}
		return KeepClaim(name, before, after)
	})
	return pulumi.Composite(pulumi.IgnoreChanges([]string{claimTemplates}), kept), err
}

// errClaimMovesUnseen: this program has not seen the stack before, and cannot replace what it is not sure of.
var errClaimMovesUnseen = errors.New("storage.existingClaim (of a stack gateway.storage.existingClaim) comes or goes in the first up of " +
	"this program: run one `pulumi up` with the former storage, and change it then")

// claimOf is the claim that a StatefulSet was made with, as KeepClaim takes it; false where it has none of its own.
func claimOf(set resource.PropertyMap) (claim resource.PropertyMap, own bool) {
	claim = resource.PropertyMap{claimNamespace: at(set, "metadata.namespace")}
	claim[claimClass] = at(set, claimTemplates+"[0].spec.storageClassName")
	size := textOf(at(set, claimTemplates+"[0].spec.resources.requests.storage"))
	claim[claimSize] = resource.NewProperty(sizeOf(size))
	return claim, size != ""
}

// at is what is at a path; null where nothing is.
func at(in resource.PropertyMap, path string) resource.PropertyValue {
	parsed, err := resource.ParsePropertyPath(path)
	if err != nil {
		return resource.NewNullProperty()
	}
	found, _ := parsed.Get(resource.NewProperty(in))
	return found
}

// claimNote is the annotation's value: it changes with what the claim is made with.
func (a *WorkloadStorageArgs) claimNote() string {
	if a.ExistingClaim != "" {
		return a.ExistingClaim
	}
	return strings.TrimSpace(a.ClaimSize() + " " + a.ClassName)
}

// claimMoved tells what a move between a claim made here and one that exists does; empty where there is none.
func claimMoved(before, after resource.PropertyMap) string {
	was, is := textOf(before[claimExisting]), textOf(after[claimExisting])
	if (was == "") == (is == "") {
		return ""
	}
	return "storage.existingClaim (of a stack gateway.storage.existingClaim) comes or goes: the StatefulSet is made anew, nothing " +
		"answers until its pod is ready, and the gateway sees what is on the other volume; both claims stay"
}

// KeepClaim refuses another size or class of the claim than before. In another namespace there is another claim.
func KeepClaim(name string, before, after resource.PropertyMap) error {
	namespace := textOf(after[claimNamespace])
	if textOf(before[claimNamespace]) != namespace {
		return nil
	}
	const elsewhere = "copy the data to a claim that is as it should be, and name that one in storage.existingClaim (of a stack " +
		"gateway.storage.existingClaim)"
	var errs []error
	if was, is := textOf(before[claimClass]), textOf(after[claimClass]); was != is {
		errs = append(errs, fmt.Errorf("storage.className (of a stack gateway.storage.className) was %q and is %q: the claim %s keeps the "+
			"class that it has; restore the former one, or %s", was, is, name, elsewhere))
	}
	switch was, is := textOf(before[claimSize]), textOf(after[claimSize]); {
	case was == is || was == "" || is == "":
	case larger(is, was):
		errs = append(errs, fmt.Errorf("storage.size (of a stack gateway.storage.size) was %[1]s and is %[2]s: the claim %[3]s does not "+
			"follow it. Let the claim grow: `kubectl patch persistentvolumeclaim %[3]s -n %[4]s --type merge -p "+
			`'{"spec":{"resources":{"requests":{"storage":"%[2]s"}}}}'`+"`, which takes a storage class with allowVolumeExpansion: true; "+
			"then restore size: %[1]s, and write what the claim has now as storage.grownTo: %[2]s (of a stack gateway.storage.grownTo: "+
			"%[2]s)", was, is, name, cmp.Or(namespace, "NAMESPACE")))
	default:
		errs = append(errs, fmt.Errorf("storage.size (of a stack gateway.storage.size) was %s and is %s: claims never shrink; restore the "+
			"former one, or %s", was, is, elsewhere))
	}
	return errors.Join(errs...)
}

// ClaimSize is the size that the claim is made with, as the API server writes it.
func (a *WorkloadStorageArgs) ClaimSize() string { return sizeOf(cmp.Or(a.Size, DefaultStorageSize)) }

// sizeOf is a size as the API server writes it: a StatefulSet would be replaced for 10240Mi instead of 10Gi.
func sizeOf(size string) string {
	q, err := apiresource.ParseQuantity(size)
	if err != nil {
		return size // refused by Validate
	}
	return q.String()
}

// larger tells whether a size is above another one.
func larger(size, than string) bool {
	a, err1 := apiresource.ParseQuantity(size)
	b, err2 := apiresource.ParseQuantity(than)
	return err1 == nil && err2 == nil && a.Cmp(b) > 0
}

func textOf(v resource.PropertyValue) string {
	text, _ := component.KnownText(v)
	return text
}
