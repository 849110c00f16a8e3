package live

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
)

// state is how far an object is on its way to what was asked for.
type state struct {
	ready bool
	// failed says that it will not become ready any more.
	failed bool
	// reasons are why it is not ready.
	reasons []string
}

// waits are the kinds that the provider waits for (pulumi-kubernetes 4.32, pkg/await).
var waits = map[string]func(context.Context, *Cluster, Object) (state, error){
	"Job": jobState, "Deployment": deploymentState, "StatefulSet": statefulSetState, "Service": serviceState,
	"PersistentVolumeClaim": claimState, "Ingress": ingressState,
}

// Await waits until the object is what was asked for, and returns how it is then, with the reasons why it is not ready. A timeout
// of zero looks once. An error is that of the server, or of an interrupted wait; the object may then be nil.
func (c *Cluster) Await(ctx context.Context, r Ref, kind string, timeout time.Duration) (Object, []string, error) {
	var live Object
	var now state
	// Looks are not cut off by the timeout: the last one tells why.
	look := func(context.Context) (bool, error) {
		found, err := c.Get(ctx, r)
		if timeout > 0 && passes(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if found == nil {
			return false, fmt.Errorf("%s %s was deleted while it was waited for", kind, r.Name)
		}
		live = found
		stateOf := waits[kind]
		if stateOf == nil {
			return true, nil
		}
		seen, err := stateOf(ctx, c, live)
		if timeout > 0 && passes(err) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		now = seen
		return now.ready || now.failed, nil
	}
	if timeout == 0 {
		_, err := look(ctx)
		if len(now.reasons) > 0 {
			now.reasons = append([]string{fmt.Sprintf("Resource '%s' was created but failed to initialize", r.Name)}, now.reasons...)
		}
		return live, now.reasons, err
	}
	err := wait.PollUntilContextTimeout(ctx, c.pause, timeout, true, look)
	switch {
	case err != nil && ctx.Err() != nil:
		return live, append([]string{fmt.Sprintf("Resource operation was cancelled for %q", r.Name)}, now.reasons...), nil
	case wait.Interrupted(err):
		return live, append([]string{fmt.Sprintf("'%s' timed out waiting to be Ready", r.Name)}, now.reasons...), nil
	case now.failed:
		return live, append([]string{fmt.Sprintf("Resource '%s' was created but failed to initialize", r.Name)}, now.reasons...), err
	}
	return live, now.reasons, err
}

// jobState: a Job is Complete or Failed (Kubernetes, "Jobs", terminal conditions).
func jobState(ctx context.Context, c *Cluster, live Object) (state, error) {
	job, err := decode[batchv1.Job](live)
	if err != nil {
		return state{}, err
	}
	for _, condition := range job.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		switch condition.Type {
		case batchv1.JobComplete:
			return state{ready: true}, nil
		case batchv1.JobFailed:
			words, err := c.podWords(ctx, job.Namespace, job.Spec.Selector)
			return state{failed: true, reasons: append([]string{fmt.Sprintf("[%s] %s", condition.Reason, condition.Message)},
				words...)}, err
		}
	}
	words, err := c.podWords(ctx, job.Namespace, job.Spec.Selector)
	return state{reasons: append([]string{"the Job is not complete"}, words...)}, err
}

// deploymentState: as kubectl rollout status decides it (k8s.io/kubectl, pkg/polymorphichelpers/rollout_status.go).
func deploymentState(ctx context.Context, c *Cluster, live Object) (state, error) {
	d, err := decode[appsv1.Deployment](live)
	if err != nil {
		return state{}, err
	}
	want := int32(1)
	if d.Spec.Replicas != nil {
		want = *d.Spec.Replicas
	}
	s := d.Status
	if s.ObservedGeneration >= d.Generation && s.UpdatedReplicas == want && s.Replicas == want && s.AvailableReplicas == want {
		return state{ready: true}, nil
	}
	reasons := []string{fmt.Sprintf("%d of %d replicas are up to date, and %d of these %d are available", s.UpdatedReplicas, want,
		s.AvailableReplicas, s.Replicas)}
	for _, condition := range d.Status.Conditions {
		bad := condition.Type == appsv1.DeploymentReplicaFailure && condition.Status == corev1.ConditionTrue ||
			condition.Type == appsv1.DeploymentProgressing && condition.Status == corev1.ConditionFalse
		if bad {
			reasons = append(reasons, fmt.Sprintf("%s: %s", condition.Reason, condition.Message))
		}
	}
	words, err := c.podWords(ctx, d.Namespace, d.Spec.Selector)
	return state{reasons: append(reasons, words...)}, err
}

// statefulSetState: as kubectl rollout status decides it; an update strategy OnDelete rolls nothing.
func statefulSetState(ctx context.Context, c *Cluster, live Object) (state, error) {
	set, err := decode[appsv1.StatefulSet](live)
	if err != nil {
		return state{}, err
	}
	want := int32(1)
	if set.Spec.Replicas != nil {
		want = *set.Spec.Replicas
	}
	s := set.Status
	rolled := s.CurrentRevision == s.UpdateRevision || set.Spec.UpdateStrategy.Type == appsv1.OnDeleteStatefulSetStrategyType
	if s.ObservedGeneration >= set.Generation && s.Replicas == want && s.ReadyReplicas == want && rolled {
		return state{ready: true}, nil
	}
	reasons := []string{fmt.Sprintf("%d of %d replicas are up to date, and %d of these %d are ready", s.UpdatedReplicas, want,
		s.ReadyReplicas, s.Replicas)}
	words, err := c.podWords(ctx, set.Namespace, set.Spec.Selector)
	return state{reasons: append(reasons, words...)}, err
}

// claimState: a claim is bound, or its class waits for the first pod that uses it.
func claimState(ctx context.Context, c *Cluster, live Object) (state, error) {
	claim, err := decode[corev1.PersistentVolumeClaim](live)
	if err != nil || claim.Status.Phase == corev1.ClaimBound {
		return state{ready: err == nil}, err
	}
	if name := claim.Spec.StorageClassName; name != nil && *name != "" {
		found, err := c.Get(ctx, Ref{Resource: storagev1.SchemeGroupVersion.WithResource("storageclasses"), Name: *name})
		if err != nil {
			return state{}, err
		}
		if found["volumeBindingMode"] == string(storagev1.VolumeBindingWaitForFirstConsumer) {
			return state{ready: true}, nil
		}
	}
	return state{reasons: []string{fmt.Sprintf("the claim is %s and not bound to a volume", claim.Status.Phase)}}, nil
}

// ingressState: clusters to throw away have no controller that would give an Ingress an address. It is waited for only where the program
// says so, with the annotation pulumi.com/skipAwait: "false".
func ingressState(_ context.Context, _ *Cluster, live Object) (state, error) {
	ingress, err := decode[networkingv1.Ingress](live)
	if err != nil {
		return state{}, err
	}
	if ingress.Annotations["pulumi.com/skipAwait"] != "false" || len(ingress.Status.LoadBalancer.Ingress) > 0 {
		return state{ready: true}, nil
	}
	return state{reasons: []string{"Ingress .status.loadBalancer field was not updated with a hostname/IP address"}}, nil
}

// serviceState: no pod of a Service that selects some and has an address of its own is on its way; where there are none it waits for none
// (pulumi-kubernetes 4.32, pkg/await/service.go). The provider waits for an address of a LoadBalancer, too, and 10 seconds after each
// change of the endpoints; as with an Ingress there is nobody here to give one.
func serviceState(ctx context.Context, c *Cluster, live Object) (state, error) {
	service, err := decode[corev1.Service](live)
	if err != nil {
		return state{}, err
	}
	spec := service.Spec
	if len(spec.Selector) == 0 || spec.ClusterIP == corev1.ClusterIPNone || spec.Type == corev1.ServiceTypeExternalName {
		return state{ready: true}, nil
	}
	slices, err := c.list(ctx, discoveryv1.SchemeGroupVersion.WithResource("endpointslices"), service.Namespace,
		discoveryv1.LabelServiceName+"="+service.Name)
	if err != nil {
		return state{}, err
	}
	for _, o := range slices {
		slice, err := decode[discoveryv1.EndpointSlice](o)
		if err != nil {
			return state{}, err
		}
		for _, endpoint := range slice.Endpoints {
			unready := endpoint.Conditions.Ready != nil && !*endpoint.Conditions.Ready
			ending := endpoint.Conditions.Terminating != nil && *endpoint.Conditions.Terminating
			if unready && !ending {
				return state{reasons: []string{"Service does not target any Pods. Selected Pods may not be ready, or field " +
					"'.spec.selector' may not match labels on any Pods"}}, nil
			}
		}
	}
	return state{ready: true}, nil
}

// podWords returns what the containers of the selected pods wait for or died of.
func (c *Cluster) podWords(ctx context.Context, namespace string, selector *metav1.LabelSelector) ([]string, error) {
	if selector == nil {
		return nil, nil
	}
	pods, err := c.list(ctx, corev1.SchemeGroupVersion.WithResource("pods"), namespace, metav1.FormatLabelSelector(selector))
	var words []string
	for _, o := range pods {
		pod, err := decode[corev1.Pod](o)
		if err != nil {
			return nil, err
		}
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
				words = append(words, fmt.Sprintf("pod %s: %s: %s", pod.Name, condition.Reason, condition.Message))
			}
		}
		for _, container := range append(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses...) {
			if word := containerWords(container); word != "" {
				words = append(words, fmt.Sprintf("pod %s: container %s: %s", pod.Name, container.Name, word))
			}
		}
	}
	return words, err
}

// quiet are the reasons for waiting that say nothing of a fault.
var quiet = map[string]bool{"": true, "PodInitializing": true, "ContainerCreating": true}

func containerWords(container corev1.ContainerStatus) string {
	died := container.State.Terminated
	if died == nil {
		died = container.LastTerminationState.Terminated
	}
	var words string
	if waiting := container.State.Waiting; waiting != nil && !quiet[waiting.Reason] {
		words = waiting.Reason + ": " + waiting.Message
	}
	if died == nil || died.ExitCode == 0 {
		return words
	}
	if words != "" {
		words += "; "
	}
	return words + fmt.Sprintf("%s with exit code %d: %s", died.Reason, died.ExitCode, died.Message)
}
