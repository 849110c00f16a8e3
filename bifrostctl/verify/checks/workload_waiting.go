package checks

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// because says for what a pod of the workload waits, after a colon; empty where nobody tells.
func (r runs) because(ctx context.Context) string {
	pods, err := r.objects.pods(ctx)
	if err != nil {
		return ""
	}
	client, err := r.objects.client(ctx)
	if err != nil {
		return ""
	}
	for _, pod := range pods {
		if isReady(&pod) {
			continue
		}
		events, err := client.CoreV1().Events(pod.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + pod.Name})
		if err != nil {
			events = &corev1.EventList{} // the status may tell, too
		}
		if why := WaitsFor(&pod, events.Items); why != "" {
			return fmt.Sprintf(": pod %s waits: %s", pod.Name, why)
		}
	}
	return ""
}

// unmade are the reasons of a container that waits which say nothing by themselves (kubelet, kuberuntime_manager.go and kubelet_pods.go).
var unmade = []string{"ContainerCreating", "PodInitializing", "CrashLoopBackOff"}

// WaitsFor is why a pod is not made, in the words of a container's status or of its newest warning; empty where neither tells.
func WaitsFor(pod *corev1.Pod, events []corev1.Event) string {
	for _, c := range append(slices.Clone(pod.Status.InitContainerStatuses), pod.Status.ContainerStatuses...) {
		if w := c.State.Waiting; w != nil && w.Message != "" && !slices.Contains(unmade, w.Reason) {
			return w.Message
		}
	}
	var newest corev1.Event
	for _, e := range events {
		about := e.InvolvedObject.Kind == "Pod" && e.InvolvedObject.Name == pod.Name && e.Type == corev1.EventTypeWarning
		if about && !e.LastTimestamp.Before(&newest.LastTimestamp) {
			newest = e
		}
	}
	return newest.Message
}
