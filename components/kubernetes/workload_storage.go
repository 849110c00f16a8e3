package kubernetes

import (
	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/effects"
)

// DefaultStorageSize is that of the data folder's volume.
const DefaultStorageSize = "10Gi"

// validateStorage: one process may use the volume.
func (a *BifrostWorkloadArgs) validateStorage(p *field.Path) field.ErrorList {
	if a.Storage == nil {
		return nil
	}
	var errs field.ErrorList
	if a.Replicas != 1 {
		errs = append(errs, field.Invalid(p.Child("replicas"), a.Replicas, "exactly 1 with storage: SQLite allows one process"))
	}
	if a.Autoscaling != nil {
		errs = append(errs, field.Forbidden(p.Child("autoscaling"), "not with storage: SQLite allows one process"))
	}
	return append(errs, a.Storage.Validate(p.Child("storage"))...)
}

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadStorageArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	errs := check.Bytes(p.Child("size"), a.Size)
	errs = append(errs, check.IfSet(p.Child("className"), a.ClassName, check.Subdomain)...)
	errs = append(errs, check.IfSet(p.Child("existingClaim"), a.ExistingClaim, check.Subdomain)...)
	errs = append(errs, check.Bytes(p.Child("grownTo"), a.GrownTo)...)
	if a.ExistingClaim != "" && (a.Size != "" || a.ClassName != "" || a.GrownTo != "") {
		errs = append(errs, field.Forbidden(p.Child("existingClaim"), "it has its own size and class; remove size, grownTo and className"))
	}
	if len(errs) == 0 && a.GrownTo != "" && sizeOf(a.GrownTo) != a.ClaimSize() && !larger(a.GrownTo, a.ClaimSize()) {
		errs = append(errs, field.Invalid(p.Child("grownTo"), a.GrownTo, "less than the size that the claim was made with, "+a.ClaimSize()))
	}
	return errs
}

// newStatefulSet runs one pod. A StatefulSet never makes a pod before the former one of its name is gone, so that two never hold
// the volume. With management Parallel a revision that does not become ready is replaced by the next one, and not waited for
// (Kubernetes, StatefulSets, "Forced rollback"). The claim stays when the StatefulSet goes.
func (a *BifrostWorkloadArgs) newStatefulSet(s component.Scope, needs []pulumi.Resource) (object, error) {
	app := a.application()
	claim, err := a.newClaimGuard(s)
	if err != nil {
		return object{}, err
	}
	teller, told, err := effects.Tell(s, effects.StatefulSet, "stateful-set")
	if err != nil {
		return object{}, err
	}
	options := append(a.podsOptions(s, needs), told...)
	if !claim.moved {
		kept, err := a.keepsClaim(s)
		if err != nil {
			return object{}, err
		}
		options = append(options, kept)
	}
	set, err := appsv1.NewStatefulSet(s.Ctx, s.Child("stateful-set"), &appsv1.StatefulSetArgs{
		Metadata: app.annotated(app.name, pulumi.StringMap{claimAnnotation: pulumi.String(a.Storage.claimNote())}),
		Spec: &appsv1.StatefulSetSpecArgs{
			ServiceName:         pulumi.String(app.child(peers)),
			Replicas:            pulumi.Int(a.Replicas),
			Selector:            app.pods(),
			PodManagementPolicy: pulumi.String("Parallel"),
			UpdateStrategy:      &appsv1.StatefulSetUpdateStrategyArgs{Type: pulumi.String("RollingUpdate")},
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs{
				WhenDeleted: pulumi.String("Retain"), WhenScaled: pulumi.String("Retain"),
			},
			Template:             a.template(),
			VolumeClaimTemplates: a.Storage.claims(app.selector()),
		},
	}, options...)
	if err != nil {
		return object{}, err
	}
	teller.Say(set, true, false)
	return object{set.Metadata.Name().Elem(), []pulumi.Resource{set}}, nil
}

// claims are none where the volume exists already.
func (a *WorkloadStorageArgs) claims(labels map[string]string) corev1.PersistentVolumeClaimTypeArray {
	if a.ExistingClaim != "" {
		return nil
	}
	return corev1.PersistentVolumeClaimTypeArray{&corev1.PersistentVolumeClaimTypeArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(dataVolume), Labels: component.Merge(labels)},
		Spec: &corev1.PersistentVolumeClaimSpecArgs{
			AccessModes:      pulumi.StringArray{pulumi.String("ReadWriteOnce")},
			StorageClassName: component.OptionalString(a.ClassName),
			Resources: &corev1.VolumeResourceRequirementsArgs{
				Requests: pulumi.StringMap{"storage": pulumi.String(a.ClaimSize())},
			},
		},
	}}
}
