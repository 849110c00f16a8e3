package node

import (
	"encoding/json"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func waiting(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

// begin writes the status of a pod that the node has just taken.
func (w *worker) begin(ip string) {
	reason := "ContainerCreating"
	if len(w.pod.Spec.InitContainers) > 0 {
		reason = "PodInitializing"
	}
	w.change(func() {
		now := metav1.Now()
		w.status.StartTime, w.status.ObservedGeneration = &now, w.pod.Generation
		w.status.HostIP, w.status.HostIPs = hostIP, []corev1.HostIP{{IP: hostIP}}
		w.status.PodIP, w.status.PodIPs = ip, []corev1.PodIP{{IP: ip}}
		w.status.InitContainerStatuses = statuses(w.pod.Spec.InitContainers, "PodInitializing")
		w.status.ContainerStatuses = statuses(w.pod.Spec.Containers, reason)
	})
}

func statuses(containers []corev1.Container, reason string) []corev1.ContainerStatus {
	var made []corev1.ContainerStatus
	for _, c := range containers {
		down := false
		made = append(made, corev1.ContainerStatus{Name: c.Name, Image: c.Image, State: waiting(reason, ""), Started: &down})
	}
	return made
}

// wait writes why a container does not run yet.
func (w *worker) wait(status *corev1.ContainerStatus, reason, message string) {
	if s := status.State.Waiting; s != nil && s.Reason == reason && s.Message == message {
		return
	}
	w.change(func() { status.State = waiting(reason, message) })
}

// end writes the status of a pod whose containers have all ended, one that was ended before they started included.
func (w *worker) end() {
	w.change(func() {
		if w.ctx.Err() == nil {
			return
		}
		for _, list := range [][]corev1.ContainerStatus{w.status.InitContainerStatuses, w.status.ContainerStatuses} {
			for i := range list {
				if list[i].State.Terminated == nil {
					// The kubelet's words for a container that was not there when its pod was deleted.
					list[i].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
						ExitCode: 137, Reason: "ContainerStatusUnknown", Message: "The container could not be located when the pod was " +
							"terminated",
					}}
				}
			}
		}
	})
}

// change changes the status and writes it, until the API server has it or the pod is gone.
func (w *worker) change(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
	w.status.Phase = w.phase()
	w.setConditions()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": w.pod.UID}, "status": w.status})
	if err != nil {
		w.agent.config.Logf("status of pod %s/%s: %v", w.pod.Namespace, w.pod.Name, err)
		return
	}
	for n := 0; ; n++ {
		_, err := w.agent.client.CoreV1().Pods(w.pod.Namespace).Patch(w.agent.ctx, w.pod.Name, types.MergePatchType, patch,
			metav1.PatchOptions{},
			"status")
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) || w.agent.ctx.Err() != nil {
			return
		}
		w.agent.config.Logf("status of pod %s/%s: %v", w.pod.Namespace, w.pod.Name, err)
		if apierrors.IsInvalid(err) || !pause(w.agent.ctx, min(backOff(n), time.Second)) {
			return
		}
	}
}

// phase follows from the containers (Kubernetes documentation, "Pod phase").
func (w *worker) phase() corev1.PodPhase {
	all := w.status.ContainerStatuses
	ended := func(c corev1.ContainerStatus) bool { return c.State.Terminated != nil }
	failed := func(c corev1.ContainerStatus) bool { return ended(c) && c.State.Terminated.ExitCode != 0 }
	switch {
	case slices.ContainsFunc(w.status.InitContainerStatuses, failed):
		return corev1.PodFailed
	case !slices.ContainsFunc(all, func(c corev1.ContainerStatus) bool { return !ended(c) }):
		if slices.ContainsFunc(all, failed) {
			return corev1.PodFailed
		}
		return corev1.PodSucceeded
	case slices.ContainsFunc(all, func(c corev1.ContainerStatus) bool { return c.State.Waiting == nil || c.RestartCount > 0 }):
		return corev1.PodRunning
	}
	return corev1.PodPending
}

// setConditions keeps conditions that others have set.
func (w *worker) setConditions() {
	unready := func(c corev1.ContainerStatus) bool { return !c.Ready }
	ready, reason := !slices.ContainsFunc(w.status.ContainerStatuses, unready), "ContainersNotReady"
	initialised, initReason := !slices.ContainsFunc(w.status.InitContainerStatuses, unready), "ContainersNotInitialized"
	if w.status.Phase == corev1.PodSucceeded {
		reason = "PodCompleted"
	}
	w.setCondition(corev1.PodScheduled, true, "")
	w.setCondition(corev1.PodReadyToStartContainers, w.status.Phase != corev1.PodSucceeded && w.status.Phase != corev1.PodFailed, "")
	w.setCondition(corev1.PodInitialized, initialised, initReason)
	w.setCondition(corev1.ContainersReady, ready, reason)
	w.setCondition(corev1.PodReady, ready, reason)
}

func (w *worker) setCondition(kind corev1.PodConditionType, is bool, reason string) {
	c := corev1.PodCondition{Type: kind, Status: corev1.ConditionTrue, ObservedGeneration: w.pod.Generation,
		LastTransitionTime: metav1.Now()}
	if !is {
		c.Status, c.Reason = corev1.ConditionFalse, reason
	}
	i := slices.IndexFunc(w.status.Conditions, func(old corev1.PodCondition) bool { return old.Type == kind })
	if i < 0 {
		w.status.Conditions = append(w.status.Conditions, c)
		return
	}
	if old := w.status.Conditions[i]; old.Status == c.Status {
		c.LastTransitionTime = old.LastTransitionTime
	}
	w.status.Conditions[i] = c
}
