package kubernetes

import (
	"cmp"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
)

// DefaultStorageSize is that of the data folder's volume.
const DefaultStorageSize = "10Gi"

func (a *BifrostWorkloadArgs) validateStorage() field.ErrorList {
	if a.Storage == nil {
		return nil
	}
	p := field.NewPath("storage")
	var errs field.ErrorList
	if a.Replicas != 1 {
		errs = append(errs, field.Invalid(field.NewPath("replicas"), a.Replicas, "exactly 1 with storage: SQLite allows one process"))
	}
	if a.Autoscaling != nil {
		errs = append(errs, field.Forbidden(field.NewPath("autoscaling"), "not with storage: SQLite allows one process"))
	}
	errs = append(errs, check.Quantity(p.Child("size"), a.Storage.Size)...)
	if a.Storage.ClassName != "" {
		errs = append(errs, check.Subdomain(p.Child("className"), a.Storage.ClassName)...)
	}
	if a.Storage.ExistingClaim == "" {
		return errs
	}
	errs = append(errs, check.Subdomain(p.Child("existingClaim"), a.Storage.ExistingClaim)...)
	if a.Storage.Size != "" || a.Storage.ClassName != "" {
		errs = append(errs, field.Forbidden(p.Child("existingClaim"), "it has its own size and class; remove size and className"))
	}
	return errs
}

// newStatefulSet runs one pod. A StatefulSet never makes a pod before the former one of its name is gone, so that two never hold
// the volume. With management Parallel a revision that does not become ready is replaced by the next one, and not waited for
// (Kubernetes, StatefulSets, "Forced rollback"). The claim stays when the StatefulSet goes.
func (w *workload) newStatefulSet() error {
	pod := w.template()
	// A large volume's files are not all visited at every start.
	spec := pod.Spec.(*corev1.PodSpecArgs)
	spec.SecurityContext.(*corev1.PodSecurityContextArgs).FsGroupChangePolicy = pulumi.String("OnRootMismatch")
	set, err := appsv1.NewStatefulSet(w.ctx, w.prefix+"-stateful-set", &appsv1.StatefulSetArgs{
		Metadata: w.meta(w.name()),
		Spec: &appsv1.StatefulSetSpecArgs{
			ServiceName:         pulumi.String(w.peersName()),
			Replicas:            pulumi.Int(w.Replicas),
			Selector:            &metav1.LabelSelectorArgs{MatchLabels: component.Merge(w.selector())},
			PodManagementPolicy: pulumi.String("Parallel"),
			UpdateStrategy:      &appsv1.StatefulSetUpdateStrategyArgs{Type: pulumi.String("RollingUpdate")},
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicyArgs{
				WhenDeleted: pulumi.String("Retain"), WhenScaled: pulumi.String("Retain"),
			},
			Template:             pod,
			VolumeClaimTemplates: w.claims(),
		},
	}, w.podsOptions()...)
	if err != nil {
		return err
	}
	w.pods, w.podsName = set, set.Metadata.Name().Elem()
	return nil
}

// claims are none where the volume exists already.
func (w *workload) claims() corev1.PersistentVolumeClaimTypeArray {
	if w.Storage.ExistingClaim != "" {
		return nil
	}
	return corev1.PersistentVolumeClaimTypeArray{&corev1.PersistentVolumeClaimTypeArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(dataVolume), Labels: component.Merge(w.selector())},
		Spec: &corev1.PersistentVolumeClaimSpecArgs{
			AccessModes:      pulumi.StringArray{pulumi.String("ReadWriteOnce")},
			StorageClassName: component.OptionalString(w.Storage.ClassName),
			Resources: &corev1.VolumeResourceRequirementsArgs{
				Requests: pulumi.StringMap{"storage": pulumi.String(cmp.Or(w.Storage.Size, DefaultStorageSize))},
			},
		},
	}}
}
