package kubernetes

import (
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/apiserver"
	"bifrost/bifrostctl/world"
)

// awaitStatefulSet makes the claims of a StatefulSet and starts its pods.
func awaitStatefulSet(c *double.Call, r *world.Resource) []string {
	set, err := decode[appsv1.StatefulSet](r.State)
	if err != nil {
		return []string{err.Error()}
	}
	problems := makeClaims(c, r, set)
	if len(problems) == 0 {
		problems = podProblems(c, r)
	}
	replicas := replicasOf(r)
	if replicas == 0 {
		problems = nil
	}
	revision := set.Name + "-" + world.Hex(10, fmt.Sprint(double.Map(r.State, "spec.template")))
	status := double.Object{
		"observedGeneration": double.Get(r.State, "metadata.generation"), "replicas": replicas, "collisionCount": 0.0,
		"currentRevision": revision, "updateRevision": revision, "currentReplicas": replicas, "updatedReplicas": replicas,
		"readyReplicas": 0.0, "availableReplicas": 0.0,
	}
	if len(problems) == 0 {
		status["readyReplicas"], status["availableReplicas"] = replicas, replicas
	}
	r.State["status"] = status
	if skipAwait(r) {
		return nil
	}
	return problems
}

// claimNames are the names of the claims that a StatefulSet makes: one of each template for each of its pods.
func claimNames(set appsv1.StatefulSet) map[string]corev1.PersistentVolumeClaim {
	names := map[string]corev1.PersistentVolumeClaim{}
	for _, template := range set.Spec.VolumeClaimTemplates {
		for i := range *set.Spec.Replicas {
			names[fmt.Sprintf("%s-%s-%d", template.Name, set.Name, i)] = template
		}
	}
	return names
}

// makeClaims makes the claims that a StatefulSet lacks, and returns why they are not bound.
func makeClaims(c *double.Call, owner *world.Resource, set appsv1.StatefulSet) []string {
	var problems []string
	for name, template := range claimNames(set) {
		id := objectID(namespaceOf(owner), name)
		claim := c.World.Get(pulumitype.KubernetesVolumeClaim, server(c), id)
		if claim == nil {
			live, err := encode(template)
			if err != nil {
				return []string{err.Error()}
			}
			live["apiVersion"], live["kind"] = "v1", "PersistentVolumeClaim"
			delete(live, "status")
			live["metadata"] = double.Object{
				"name": name, "namespace": namespaceOf(owner), "labels": double.Map(owner.State, "spec.selector.matchLabels"),
				"uid":               world.GUID(server(c), pulumitype.KubernetesVolumeClaim, id, c.World.Next()),
				"creationTimestamp": time.Now().UTC().Format(time.RFC3339),
			}
			touch(c.World, live)
			stored, err := apiserver.Create(live)
			if err != nil {
				return []string{"FailedCreate: " + err.Error()}
			}
			claim = &world.Resource{Type: pulumitype.KubernetesVolumeClaim, Scope: server(c), ID: id, Inputs: double.Object{},
				State: stored}
			c.World.Put(claim)
		}
		if problem := bind(c, claim); problem != "" {
			problems = append(problems, problem)
		}
	}
	return problems
}

// leaveClaims keeps the claims of a StatefulSet that goes, unless its retention policy says otherwise.
func leaveClaims(c *double.Call, r *world.Resource) {
	set, err := decode[appsv1.StatefulSet](r.State)
	policy := set.Spec.PersistentVolumeClaimRetentionPolicy
	if err != nil || policy == nil || policy.WhenDeleted != appsv1.DeletePersistentVolumeClaimRetentionPolicyType {
		return
	}
	for name := range claimNames(set) {
		if claim := c.World.Get(pulumitype.KubernetesVolumeClaim, server(c), objectID(namespaceOf(r), name)); claim != nil {
			c.World.Remove(claim)
		}
	}
}

// awaitClaim: a claim of a class that waits for the first pod is ready as it is; others have to be bound.
func awaitClaim(c *double.Call, r *world.Resource) []string {
	if double.Get(r.State, "status.phase") == string(corev1.ClaimBound) {
		return nil
	}
	class := classOf(c, r)
	if class != nil && double.Get(class.State, "volumeBindingMode") == "WaitForFirstConsumer" {
		r.State["status"] = double.Object{"phase": string(corev1.ClaimPending)}
		return nil
	}
	problem := bind(c, r)
	if problem == "" || skipAwait(r) {
		return nil
	}
	return []string{problem}
}

const defaultStorageClass = "storageclass.kubernetes.io/is-default-class"

// classOf returns the StorageClass of a claim, or the default one where it names none; nil where there is no such class.
func classOf(c *double.Call, claim *world.Resource) *world.Resource {
	if name := double.Get(claim.State, "spec.storageClassName"); name != nil {
		return c.World.Get(pulumitype.KubernetesStorageClass, server(c), fmt.Sprint(name))
	}
	return defaultOf(c, pulumitype.KubernetesStorageClass, defaultStorageClass)
}

// bind gives a claim a volume, and returns why there is none, in the words of the controllers' events.
func bind(c *double.Call, claim *world.Resource) string {
	if double.Get(claim.State, "status.phase") == string(corev1.ClaimBound) {
		return ""
	}
	class := classOf(c, claim)
	if class != nil {
		double.Set(claim.State, "spec.storageClassName", class.ID)
		double.Set(claim.State, "spec.volumeName", "pvc-"+fmt.Sprint(double.Get(claim.State, "metadata.uid")))
		claim.State["status"] = double.Object{
			"phase": string(corev1.ClaimBound), "accessModes": double.Get(claim.State, "spec.accessModes"),
			"capacity": double.Map(claim.State, "spec.resources.requests"),
		}
		return ""
	}
	claim.State["status"] = double.Object{"phase": string(corev1.ClaimPending)}
	reason := "no persistent volumes available for this claim and no storage class is set"
	if name := double.Get(claim.State, "spec.storageClassName"); name != nil {
		reason = fmt.Sprintf("storageclass.storage.k8s.io %q not found", name)
	}
	return fmt.Sprintf("pod has unbound immediate PersistentVolumeClaims: persistentvolumeclaim %q: %s", claim.ID, reason)
}
