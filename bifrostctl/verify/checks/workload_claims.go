package checks

import (
	"cmp"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"bifrost/bifrostctl/verify/check"
	"bifrost/components/kubernetes"
)

// claims looks at the volumes that the pods wait for.
func (r runs) claims(ctx context.Context) check.Result {
	w, err := r.objects.workload(ctx)
	if err != nil {
		return r.failedWorkload(r.objects, err)
	}
	client, err := r.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, r.clusterLogin())
	}
	for _, name := range w.claimNames() {
		claim, err := client.CoreV1().PersistentVolumeClaims(w.Namespace).Get(ctx, name, metav1.GetOptions{})
		look := fmt.Sprintf("kubectl describe persistentvolumeclaim %s -n %s", name, w.Namespace)
		switch {
		case apierrors.IsNotFound(err) && len(w.claims) > 0:
			return check.Fail(fmt.Sprintf("kubectl delete pod %s-0 -n %s, whose StatefulSet makes the claim again, empty; or restore the "+
				"volume first", w.Name, w.Namespace),
				"there is no PersistentVolumeClaim %s in namespace %s: the data of the SQLite stores is gone", name, w.Namespace)
		case apierrors.IsNotFound(err):
			return check.Fail("make the claim, or write another one into gateway.storage.existingClaim, then "+r.up(),
				"there is no PersistentVolumeClaim %s in namespace %s", name, w.Namespace)
		case err != nil:
			return unreadable("PersistentVolumeClaim "+name, err, r.clusterLogin())
		case claim.Status.Phase != corev1.ClaimBound:
			return check.Fail(look+"; kubectl get storageclass shows what gateway.storage.className may be",
				"PersistentVolumeClaim %s is %s: the pods wait for it",
				name, cmp.Or(claim.Status.Phase, corev1.ClaimPending))
		}
		if len(w.claims) == 0 {
			continue
		}
		if other := r.otherClaim(claim); other.Status != check.OK {
			return other
		}
	}
	return check.Pass("%s", quoted(w.claimNames()))
}

// otherClaim compares a claim with the configuration. A volume may have more than was asked for: clouds round up.
func (r runs) otherClaim(claim *corev1.PersistentVolumeClaim) check.Result {
	storage := ptr.Deref(r.Config.Gateway.Storage, kubernetes.WorkloadStorageArgs{})
	if class := ptr.Deref(claim.Spec.StorageClassName, ""); storage.ClassName != "" && class != storage.ClassName {
		return check.Fail("write what the claim has, or copy the data to another claim and name it in gateway.storage.existingClaim",
			"PersistentVolumeClaim %s has the class %q, and gateway.storage.className is %s", claim.Name, class, storage.ClassName)
	}
	key, size := "gateway.storage.size", storage.ClaimSize()
	if storage.GrownTo != "" {
		key, size = "gateway.storage.grownTo", storage.GrownTo
	}
	want, err := resource.ParseQuantity(size)
	if err != nil {
		return check.Fail(r.up(), "%s: %v", key, err)
	}
	asked, has := claim.Spec.Resources.Requests[corev1.ResourceStorage], claim.Status.Capacity[corev1.ResourceStorage]
	switch {
	case asked.Cmp(want) < 0:
		return check.Fail(fmt.Sprintf(`kubectl patch persistentvolumeclaim %s -n %s --type merge -p '{"spec":{"resources":{"requests":`+
			`{"storage":"%s"}}}}'; its storage class needs allowVolumeExpansion`, claim.Name, claim.Namespace, size),
			"PersistentVolumeClaim %s asks for %s, and %s is %s", claim.Name, asked.String(), key, size)
	case has.Cmp(asked) < 0:
		return check.Fail(fmt.Sprintf("kubectl describe persistentvolumeclaim %s -n %s; some volumes grow once the pod is made anew: "+
			"kubectl rollout restart statefulset -n %[2]s", claim.Name, claim.Namespace),
			"PersistentVolumeClaim %s has %s of the %s that it asks for", claim.Name, has.String(), asked.String())
	case storage.GrownTo == "" && asked.Cmp(want) > 0:
		return check.Warn("write gateway.storage.grownTo: "+asked.String(),
			"PersistentVolumeClaim %s has grown to %s, and %s is %s", claim.Name, asked.String(), key, size)
	}
	return check.Pass("")
}
