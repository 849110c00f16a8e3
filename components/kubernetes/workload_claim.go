package kubernetes

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	apiresource "k8s.io/apimachinery/pkg/api/resource"

	"bifrost/internal/component"
)

// ClaimGuardType is the type token of the part that remembers which claim the gateway's data is on.
const ClaimGuardType = "bifrost:index:ClaimGuard"

// claimGuard remembers the claim's size, class and name. A StatefulSet cannot change its claim templates: the
// provider replaces it for them (pulumi-kubernetes v4.32, provider/pkg/provider/diff.go, statefulSet), and the claim, which its new pod
// finds by its name, keeps size and class. A hook of a replacement sees no former inputs; one of this part's update sees both.
type claimGuard struct{ pulumi.ResourceState }

const (
	claimNamespace resource.PropertyKey = "namespace"
	claimSize      resource.PropertyKey = "size"
	claimClass     resource.PropertyKey = "className"
	claimExisting  resource.PropertyKey = "existingClaim"
)

// newClaimGuard stops an `up`, and its preview, that would replace the StatefulSet for the sake of a size or a class.
func (a *BifrostWorkloadArgs) newClaimGuard(s component.Scope) (*claimGuard, error) {
	app := a.application()
	kept, err := component.BeforeUpdate(s.Ctx, s.Child("claim-kept"), func(args *pulumi.ResourceHookArgs) error {
		name := fmt.Sprintf("%s-%s-0", dataVolume, app.name)
		if moved := claimMoved(args.OldInputs, args.NewInputs); moved != "" {
			return s.Ctx.Log.Warn(moved, nil)
		}
		return KeepClaim(name, args.OldInputs, args.NewInputs)
	})
	if err != nil {
		return nil, fmt.Errorf("claim guard: %w", err)
	}
	guard := &claimGuard{}
	inputs := pulumi.Map{
		string(claimNamespace): a.Namespace, string(claimSize): pulumi.String(""), string(claimClass): pulumi.String(a.Storage.ClassName),
		string(claimExisting): pulumi.String(a.Storage.ExistingClaim),
	}
	if a.Storage.ExistingClaim == "" {
		inputs[string(claimSize)] = pulumi.String(a.Storage.ClaimSize())
	}
	if err := component.Remember(s.Ctx, ClaimGuardType, s.Child("claim"), inputs, guard, pulumi.Parent(s.Parent), kept); err != nil {
		return nil, fmt.Errorf("claim guard: %w", err)
	}
	return guard, nil
}

// after hands a text on once the guard has let the claim pass, so that an `up` without a preview replaces nothing first.
func (g *claimGuard) after(text string) pulumi.StringOutput {
	return g.URN().ApplyT(func(pulumi.URN) string { return text }).(pulumi.StringOutput)
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
