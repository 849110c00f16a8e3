package saved

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/version"
	discovery "k8s.io/client-go/discovery/fake"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/judge/token"
	"bifrost/bifrostctl/sandbox/cloud"
	sandbox "bifrost/bifrostctl/sandbox/cloud/kubernetes"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/crds"
	"bifrost/bifrostctl/verify/service"
	"bifrost/bifrostctl/world"
)

// kubernetesOf returns a client of the cluster at server, over a copy of what the world holds of it.
func kubernetesOf(w *cloud.World, server string) func(context.Context) (kubernetes.Interface, error) {
	return func(ctx context.Context) (kubernetes.Interface, error) {
		w.Lock()
		defer w.Unlock()
		if w.Clusters[server] == nil {
			return nil, fmt.Errorf("the API server %q: %w", server, service.ErrNotFound)
		}
		objects, err := objectsOf(ctx, w, server)
		if err != nil {
			return nil, err
		}
		client := fake.NewClientset(objects...)
		known := client.Discovery().(*discovery.FakeDiscovery)
		known.Resources, known.FakedServerVersion = resources(w, server), &version.Info{GitVersion: "v" + w.Version(server)}
		return client, nil
	}
}

// objectsOf are the objects of a cluster, and those that follow from them: pods, endpoints, the status of disruption budgets.
func objectsOf(ctx context.Context, w *cloud.World, server string) ([]runtime.Object, error) {
	var objects, following []runtime.Object
	var pods []*corev1.Pod
	for _, r := range w.Resources {
		if r.Scope != server || r.Deleted || !strings.HasPrefix(r.Type, "kubernetes:") {
			continue
		}
		object, err := decode(r)
		if err != nil {
			return nil, err
		}
		switch object := object.(type) {
		case nil:
			continue // of a kind that no check asks for
		case *corev1.Secret:
			recordApply(object)
		case *appsv1.Deployment:
			made, events := podsOf(ctx, w, r, object.Spec.Template, object.Status.Replicas, object.Status.ReadyReplicas)
			pods, following = append(pods, made...), append(following, events...)
		case *appsv1.StatefulSet:
			made, events := podsOf(ctx, w, r, object.Spec.Template, object.Status.Replicas, object.Status.ReadyReplicas)
			pods, following = append(pods, made...), append(following, events...)
		}
		objects = append(objects, object)
	}
	for _, object := range objects {
		switch object := object.(type) {
		case *corev1.Service:
			following = append(following, endpointsOf(object, pods))
		case *policyv1.PodDisruptionBudget:
			measure(object, pods)
		}
	}
	for _, pod := range pods {
		following = append(following, pod)
	}
	return append(append(objects, following...), policyEngine(w, server)...), nil
}

// decode returns a saved object in its Go type; nil for a kind that client-go does not know.
func decode(r *world.Resource) (runtime.Object, error) {
	text, err := json.Marshal(r.State)
	if err != nil {
		return nil, err
	}
	object, _, err := scheme.Codecs.UniversalDeserializer().Decode(text, nil, nil)
	if runtime.IsNotRegisteredError(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", r.Type, r.ID, err)
	}
	return object, nil
}

// refresher is the field manager of the refresher's kubectl apply.
const refresher = "bifrost-pull"

// recordApply tells when the refresher has written a pull Secret, as an API server records it: when the token was given.
func recordApply(secret *corev1.Secret) {
	var document struct {
		Auths map[string]struct{ Auth string }
	}
	if json.Unmarshal(secret.Data[corev1.DockerConfigJsonKey], &document) != nil {
		return
	}
	for _, login := range document.Auths {
		text, err := base64.StdEncoding.DecodeString(login.Auth)
		if err != nil {
			continue
		}
		_, password, _ := strings.Cut(string(text), ":")
		claims, err := token.Claims(password)
		given, known := claims["iat"].(float64)
		if err != nil || !known {
			continue
		}
		secret.ManagedFields = []metav1.ManagedFieldsEntry{{
			Manager: refresher, Operation: metav1.ManagedFieldsOperationApply, APIVersion: "v1",
			Time: &metav1.Time{Time: time.Unix(int64(given), 0)},
		}}
	}
}

// podsOf are the pods of a Deployment or StatefulSet: as many ready ones as its status says, the others with the reason that they would
// have now.
func podsOf(ctx context.Context, w *cloud.World, r *world.Resource, template corev1.PodTemplateSpec, replicas,
	readyReplicas int32) (pods []*corev1.Pod, events []runtime.Object) {
	var problems []string
	if readyReplicas < replicas {
		problems = sandbox.PodProblems(ctx, w, r)
	}
	namespace, owner, _ := strings.Cut(r.ID, "/")
	for i := range replicas {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: owner + "-" + world.Hex(5, r.ID, i), Labels: template.Labels, Annotations: template.Annotations,
		}, Spec: template.Spec}
		ready := i < readyReplicas
		pod.Status = podStatus(pod.Spec, ready)
		pods = append(pods, pod)
		for j, problem := range problems {
			if ready {
				continue
			}
			reason := "Failed"
			if why, waits := strings.CutPrefix(problem, failedScheduling+": "); waits {
				reason, problem = failedScheduling, why
				wait(pod, why)
			}
			events = append(events, &corev1.Event{
				ObjectMeta:     metav1.ObjectMeta{Namespace: namespace, Name: fmt.Sprintf("%s.%d", pod.Name, j)},
				InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: pod.Name},
				Type:           corev1.EventTypeWarning, Reason: reason, Message: problem,
			})
		}
	}
	return pods, events
}

// failedScheduling is the reason of the scheduler's event.
const failedScheduling = "FailedScheduling"

// wait is what a pod says for which there is no node: no container of it has a status (kubernetes, pkg/scheduler/schedule_one.go,
// handleSchedulingFailure).
func wait(pod *corev1.Pod, why string) {
	pod.Status = corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: why},
	}}
}

func podStatus(spec corev1.PodSpec, ready bool) corev1.PodStatus {
	status := corev1.PodStatus{Phase: corev1.PodPending,
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}}}
	state := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
	if ready {
		status.Phase, status.Conditions[0].Status = corev1.PodRunning, corev1.ConditionTrue
		state = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	}
	for _, c := range spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses,
			corev1.ContainerStatus{Name: c.Name, Image: c.Image, Ready: ready, State: state})
	}
	return status
}

func isReady(pod *corev1.Pod) bool { return pod.Status.Phase == corev1.PodRunning }

// endpointsOf are the ready pods behind a Service.
func endpointsOf(s *corev1.Service, pods []*corev1.Pod) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.Namespace, Name: s.Name + "-1",
			Labels: map[string]string{discoveryv1.LabelServiceName: s.Name}},
		AddressType: discoveryv1.AddressTypeIPv4,
	}
	for i, pod := range pods {
		if pod.Namespace == s.Namespace && len(s.Spec.Selector) > 0 &&
			labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(pod.Labels)) && isReady(pod) {
			ready := true
			slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
				Addresses: []string{fmt.Sprintf("10.0.0.%d", i+1)}, Conditions: discoveryv1.EndpointConditions{Ready: &ready},
				TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name},
			})
		}
	}
	return slice
}

// measure fills the status of a disruption budget, as its controller does.
func measure(budget *policyv1.PodDisruptionBudget, pods []*corev1.Pod) {
	selector, err := metav1.LabelSelectorAsSelector(budget.Spec.Selector)
	if err != nil {
		return // the API server refuses it
	}
	status := &budget.Status
	for _, pod := range pods {
		if pod.Namespace == budget.Namespace && selector.Matches(labels.Set(pod.Labels)) {
			status.ExpectedPods++
			if isReady(pod) {
				status.CurrentHealthy++
			}
		}
	}
	scaled := func(v *intstr.IntOrString) int32 {
		n, _ := intstr.GetScaledValueFromIntOrPercent(v, int(status.ExpectedPods), true) // validated by the API server
		return int32(n)
	}
	if budget.Spec.MaxUnavailable != nil {
		status.DesiredHealthy = status.ExpectedPods - scaled(budget.Spec.MaxUnavailable)
	} else if budget.Spec.MinAvailable != nil {
		status.DesiredHealthy = scaled(budget.Spec.MinAvailable)
	}
	status.DisruptionsAllowed = max(0, status.CurrentHealthy-status.DesiredHealthy)
}

// resources are the kinds that a cluster's API server knows: custom ones by their definitions. The caller holds the world's lock.
func resources(w *cloud.World, server string) []*metav1.APIResourceList {
	unknown := map[string]bool{}
	for name, definition := range crds.All() {
		spec, _ := definition["spec"].(map[string]any)
		names, _ := spec["names"].(map[string]any)
		unknown[fmt.Sprint(spec["group"], names["kind"])] = w.Get(pulumitype.KubernetesDefinition, server, name) == nil
	}
	byVersion := map[string]*metav1.APIResourceList{}
	var lists []*metav1.APIResourceList
	for typ := range sandbox.Provider().Types {
		parts := strings.Split(typ, ":") // kubernetes:apps/v1:Deployment
		version := strings.TrimPrefix(parts[1], "core/")
		if group, _, _ := strings.Cut(version, "/"); unknown[group+parts[2]] {
			continue
		}
		if byVersion[version] == nil {
			byVersion[version] = &metav1.APIResourceList{GroupVersion: version}
			lists = append(lists, byVersion[version])
		}
		byVersion[version].APIResources = append(byVersion[version].APIResources,
			metav1.APIResource{Name: strings.ToLower(parts[2]), Kind: parts[2]})
	}
	return lists
}
