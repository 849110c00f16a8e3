package node

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const twoContainers = `
restartPolicy: Never
initContainers: [{name: first, image: ` + awsImage + `, command: [sh, -c, "exit $(CODE)"], env: [{name: CODE, value: "0"}], terminationMessagePolicy: FallbackToLogsOnError}]
containers: [{name: second, image: ` + awsImage + `, command: [sh, -c, "echo the reason; exit $(CODE)"], env: [{name: CODE, value: "0"}], terminationMessagePolicy: FallbackToLogsOnError}]
`

// phases are those that were written, without repetitions.
func phases(statuses []corev1.PodStatus) []corev1.PodPhase {
	var all []corev1.PodPhase
	for _, s := range statuses {
		all = append(all, s.Phase)
	}
	return slices.Compact(all)
}

func condition(s corev1.PodStatus, kind corev1.PodConditionType) corev1.ConditionStatus {
	for _, c := range s.Conditions {
		if c.Type == kind {
			return c.Status
		}
	}
	return corev1.ConditionUnknown
}

// live lives a pod to its end and returns its last status.
func live(a *Agent, served *api, p *corev1.Pod) corev1.PodStatus {
	newWorker(a, p).live()
	served.mu.Lock()
	defer served.mu.Unlock()
	return served.statuses[len(served.statuses)-1]
}

func TestJobPod(t *testing.T) {
	a, served := agent(t, nil)
	p := pod(t, twoContainers)
	p.UID = "uid-1"
	last := live(a, served, p)
	require.Equal(t, []corev1.PodPhase{corev1.PodPending, corev1.PodRunning, corev1.PodSucceeded}, phases(served.statuses))
	require.Equal(t, corev1.ConditionTrue, condition(last, corev1.PodInitialized))
	require.Equal(t, corev1.ConditionFalse, condition(last, corev1.PodReady))
	require.Equal(t, "Completed", last.ContainerStatuses[0].State.Terminated.Reason)

	served.statuses = nil
	p.Spec.Containers[0].Env[0].Value = "3"
	last = live(a, served, p)
	require.Equal(t, corev1.PodFailed, last.Phase)
	require.EqualValues(t, 3, last.ContainerStatuses[0].State.Terminated.ExitCode)
	require.Equal(t, "the reason\n", last.ContainerStatuses[0].State.Terminated.Message)

	served.statuses = nil
	p.Spec.InitContainers[0].Env[0].Value = "4"
	last = live(a, served, p)
	require.Equal(t, []corev1.PodPhase{corev1.PodPending, corev1.PodFailed}, phases(served.statuses))
	require.EqualValues(t, 4, last.InitContainerStatuses[0].State.Terminated.ExitCode)
	require.NotNil(t, last.ContainerStatuses[0].State.Waiting, "it never ran")
}

func TestRestartOnFailure(t *testing.T) {
	a, served := agent(t, nil)
	p := pod(t, "restartPolicy: OnFailure\nvolumes: [{name: work, emptyDir: {}}]\ncontainers: [{name: c, image: '"+awsImage+"', command: [sh, -c, '[ -e /work/second ] || { echo x > /work/second; exit 1; }'], volumeMounts: [{name: work, mountPath: /work}]}]")
	last := live(a, served, p)
	require.Equal(t, corev1.PodSucceeded, last.Phase)
	require.EqualValues(t, 1, last.ContainerStatuses[0].RestartCount)
	require.EqualValues(t, 1, last.ContainerStatuses[0].LastTerminationState.Terminated.ExitCode)
	require.True(t, slices.ContainsFunc(served.statuses, func(s corev1.PodStatus) bool {
		w := s.ContainerStatuses[0].State.Waiting
		return w != nil && w.Reason == "CrashLoopBackOff" && s.Phase == corev1.PodRunning
	}))
}

// TestMissing: what is missing holds a container back, and lets it go when it comes.
func TestMissing(t *testing.T) {
	const path = "/api/v1/namespaces/place/secrets/late"
	a, served := agent(t, nil)
	p := pod(t, "restartPolicy: Never\ncontainers: [{name: c, image: '"+awsImage+"', command: [sh, -c, 'echo $(LATE); exit 1'], terminationMessagePolicy: FallbackToLogsOnError, env: [{name: LATE, valueFrom: {secretKeyRef: {name: late, key: key}}}]}]")
	served.wrote = func(s corev1.PodStatus) {
		if w := s.ContainerStatuses[0].State.Waiting; w != nil && w.Reason == "CreateContainerConfigError" {
			served.objects[path] = corev1.Secret{Data: map[string][]byte{"key": []byte("has come")}}
		}
	}
	require.Equal(t, "has come\n", live(a, served, p).ContainerStatuses[0].State.Terminated.Message)
}

// TestServerPod: a server waits for its image, is ready with it, and goes when its pod is deleted.
func TestServerPod(t *testing.T) {
	password, requests := "good", 0
	network := registry(t, &password, &requests)
	a, served := agent(t, func(c *Config) { c.Network = func() (Network, error) { return network, nil } })
	p := pod(t, "restartPolicy: Always\nimagePullSecrets: [{name: pull}]\ncontainers: [{name: c, image: '"+privateImage+"', imagePullPolicy: IfNotPresent}]")
	p.UID = "uid-1"
	w := newWorker(a, p)
	var reasons []string
	served.wrote = func(s corev1.PodStatus) {
		if state := s.ContainerStatuses[0].State.Waiting; state != nil {
			reasons = append(reasons, state.Reason)
			if state.Reason == "ImagePullBackOff" {
				served.objects["/api/v1/namespaces/place/secrets/pull"] = pullSecret("1", "good")
			}
		}
		if condition(s, corev1.PodReady) == corev1.ConditionTrue {
			w.delete()
		}
	}
	w.run()
	require.Equal(t, []string{"ContainerCreating", "ErrImagePull", "ImagePullBackOff"}, slices.Compact(reasons))
	require.Equal(t, []corev1.PodPhase{corev1.PodPending, corev1.PodRunning, corev1.PodSucceeded}, phases(served.statuses))
	require.Len(t, served.removed, 1)
	require.EqualValues(t, 0, *served.removed[0].GracePeriodSeconds)
	require.Equal(t, metav1.NewUIDPreconditions("uid-1"), served.removed[0].Preconditions)
}

// TestDeletedJobPod: its process is killed, and its end is written before the pod goes.
func TestDeletedJobPod(t *testing.T) {
	a, served := agent(t, nil)
	p := pod(t, "restartPolicy: Never\ncontainers: [{name: c, image: '"+awsImage+"', command: [sh, -c, 'while :; do :; done']}]")
	w := newWorker(a, p)
	served.wrote = func(s corev1.PodStatus) {
		if s.Phase == corev1.PodRunning {
			w.delete()
		}
	}
	w.run()
	last := served.statuses[len(served.statuses)-1]
	require.Equal(t, corev1.PodFailed, last.Phase)
	require.EqualValues(t, 137, last.ContainerStatuses[0].State.Terminated.ExitCode)
	require.Len(t, served.removed, 1)
}
