package checks_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/verify/checks"
)

// TestWaitsFor: a pod that is not made says why, in its status or in its newest warning.
func TestWaitsFor(t *testing.T) {
	t.Parallel()
	pod := func(reason, message string) *corev1.Pod {
		waiting := &corev1.ContainerStateWaiting{Reason: reason, Message: message}
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "a"}, Status: corev1.PodStatus{
			ContainerStatuses: []corev1.ContainerStatus{{State: corev1.ContainerState{Waiting: waiting}}}}}
	}
	warning := func(about, message string, minute int) corev1.Event {
		return corev1.Event{Type: corev1.EventTypeWarning, Message: message, InvolvedObject: corev1.ObjectReference{Kind: "Pod", Name: about},
			LastTimestamp: metav1.NewTime(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC))}
	}
	require.Equal(t, `secret "llm-keys" not found`, checks.WaitsFor(pod("CreateContainerConfigError", `secret "llm-keys" not found`), nil))
	require.Equal(t, "newer", checks.WaitsFor(pod("ContainerCreating", ""), []corev1.Event{warning("a", "newer", 2), warning("a", "older", 1), warning("b", "other", 3)}))
	require.Empty(t, checks.WaitsFor(pod("CrashLoopBackOff", "back-off 10s"), nil), "the check of restarts tells of it")
}
