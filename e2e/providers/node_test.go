package providers

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// node says of pods what a step wants of them. A kubelet would say it, too, but not on demand, and what the providers are judged by is what
// they make of an object's status, whoever wrote it. It also gives Ingresses their address and claims their volumes.
type node struct {
	client kubernetes.Interface
	stop   context.CancelFunc
	group  sync.WaitGroup

	mu sync.Mutex
	// held kinds stay as they are: Job, Pod (of anything but a Job), Ingress.
	held map[string]bool
	// failing says that the pods of Jobs fail.
	failing bool
}

const nodeName = "node"

func startNode(t *testing.T, client kubernetes.Interface) *node {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	n := &node{client: client, stop: stop, held: map[string]bool{}}
	room := corev1.ResourceList{"cpu": resource.MustParse("64"), "memory": resource.MustParse("256Gi"), "pods": resource.MustParse("110"),
		"ephemeral-storage": resource.MustParse("1Ti")}
	_, err := client.CoreV1().Nodes().Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: nodeName, Labels: map[string]string{"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
			"kubernetes.io/hostname": nodeName, "topology.kubernetes.io/zone": "a"}},
		Status: corev1.NodeStatus{Capacity: room, Allocatable: room},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	n.group.Go(func() {
		for ctx.Err() == nil {
			n.look(ctx)
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	return n
}

// hold leaves these kinds as they are until the next call.
func (n *node) hold(kinds ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.held = map[string]bool{}
	for _, kind := range kinds {
		n.held[kind] = true
	}
}

func (n *node) fail(failing bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.failing = failing
}

func (n *node) state() (held map[string]bool, failing bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.held), n.failing
}

// look goes over all that there is, once. What it misses, because the API server is away or an object has changed, the next look finds.
func (n *node) look(ctx context.Context) {
	held, failing := n.state()
	n.heartbeat(ctx)
	pods, err := n.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=" + nodeName})
	if err != nil {
		return
	}
	for i := range pods.Items {
		n.pod(ctx, &pods.Items[i], held, failing)
	}
	n.giveUp(ctx)
	n.volumes(ctx)
	ingresses, err := n.client.NetworkingV1().Ingresses("").List(ctx, metav1.ListOptions{})
	for i := 0; err == nil && i < len(ingresses.Items) && !held["Ingress"]; i++ {
		if ingress := &ingresses.Items[i]; len(ingress.Status.LoadBalancer.Ingress) == 0 {
			ingress.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{Hostname: "balancer.example.com"}}
			_, _ = n.client.NetworkingV1().Ingresses(ingress.Namespace).UpdateStatus(ctx, ingress, metav1.UpdateOptions{})
		}
	}
}

// heartbeat keeps the node ready: without one its pods are evicted after a while.
func (n *node) heartbeat(ctx context.Context) {
	patch := fmt.Sprintf(`{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Told","lastHeartbeatTime":%q}]}}`,
		time.Now().UTC().Format(time.RFC3339))
	_, _ = n.client.CoreV1().Nodes().Patch(ctx, nodeName, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{}, "status")
}

func (n *node) pod(ctx context.Context, pod *corev1.Pod, held map[string]bool, failing bool) {
	api := n.client.CoreV1().Pods(pod.Namespace)
	owner := metav1.GetControllerOf(pod)
	ofJob := owner != nil && owner.Kind == "Job"
	switch {
	case pod.DeletionTimestamp != nil:
		now := int64(0)
		_ = api.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now})
	case pod.Status.Phase != corev1.PodPending, ofJob && held["Job"], !ofJob && held["Pod"]:
	case ofJob && failing:
		finish(pod, corev1.PodFailed, 1, "Error")
		_, _ = api.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	case ofJob:
		n.token(ctx, pod)
		finish(pod, corev1.PodSucceeded, 0, "Completed")
		_, _ = api.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	default:
		run(pod)
		_, _ = api.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	}
}

// token fills the pull Secrets of the pod's namespace, as the refresher does.
func (n *node) token(ctx context.Context, pod *corev1.Pod) {
	secrets, err := n.client.CoreV1().Secrets(pod.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "type=" + string(corev1.SecretTypeDockerConfigJson)})
	for i := 0; err == nil && i < len(secrets.Items); i++ {
		login := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, `{"auths":{"example.com":{"auth":%q}}}`, pod.UID))
		body := fmt.Sprintf(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":%q},"type":%q,"data":{%q:%q}}`, secrets.Items[i].Name,
			corev1.SecretTypeDockerConfigJson, corev1.DockerConfigJsonKey, login)
		force := true
		_, _ = n.client.CoreV1().Secrets(pod.Namespace).Patch(ctx, secrets.Items[i].Name, types.ApplyPatchType, []byte(body),
			metav1.PatchOptions{FieldManager: "bifrost-refresher", Force: &force})
	}
}

// giveUp ends Jobs whose first pod has failed, in the job controller's words: it would wait for minutes between its tries.
func (n *node) giveUp(ctx context.Context) {
	jobs, err := n.client.BatchV1().Jobs("").List(ctx, metav1.ListOptions{})
	for i := 0; err == nil && i < len(jobs.Items); i++ {
		job := &jobs.Items[i]
		if job.Status.Failed == 0 || job.Status.Active > 0 || len(job.Status.Conditions) > 0 {
			continue
		}
		for _, condition := range []batchv1.JobConditionType{batchv1.JobFailureTarget, batchv1.JobFailed} {
			job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{Type: condition, Status: corev1.ConditionTrue,
				Reason: batchv1.JobReasonBackoffLimitExceeded, Message: "Job has reached the specified backoff limit"})
		}
		_, _ = n.client.BatchV1().Jobs(job.Namespace).UpdateStatus(ctx, job, metav1.UpdateOptions{})
	}
}

func finish(pod *corev1.Pod, phase corev1.PodPhase, code int32, reason string) {
	now := metav1.Now()
	ended := corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, StartedAt: now, FinishedAt: now}}
	pod.Status.Phase, pod.Status.StartTime, pod.Status.ContainerStatuses = phase, &now, statuses(pod.Spec.Containers, ended, false)
}

func run(pod *corev1.Pod) {
	now := metav1.Now()
	pod.Status.Phase, pod.Status.StartTime = corev1.PodRunning, &now
	pod.Status.PodIP, pod.Status.PodIPs = "10.1.2.3", []corev1.PodIP{{IP: "10.1.2.3"}}
	pod.Status.ContainerStatuses = statuses(pod.Spec.Containers, corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: now}}, true)
	for _, condition := range []corev1.PodConditionType{corev1.PodInitialized, corev1.ContainersReady, corev1.PodReady} {
		pod.Status.Conditions = slices.DeleteFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == condition })
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{Type: condition, Status: corev1.ConditionTrue, LastTransitionTime: now})
	}
}

func statuses(containers []corev1.Container, state corev1.ContainerState, ready bool) []corev1.ContainerStatus {
	var all []corev1.ContainerStatus
	for _, c := range containers {
		all = append(all, corev1.ContainerStatus{Name: c.Name, Image: c.Image, ImageID: c.Image, State: state, Ready: ready, Started: &ready})
	}
	return all
}

// volumes gives each claim a volume that it is bound to.
func (n *node) volumes(ctx context.Context) {
	claims, err := n.client.CoreV1().PersistentVolumeClaims("").List(ctx, metav1.ListOptions{})
	for i := 0; err == nil && i < len(claims.Items); i++ {
		claim := &claims.Items[i]
		if claim.Spec.VolumeName != "" || claim.Spec.StorageClassName == nil {
			continue
		}
		_, _ = n.client.CoreV1().PersistentVolumes().Create(ctx, &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: string(claim.UID)},
			Spec: corev1.PersistentVolumeSpec{
				Capacity: claim.Spec.Resources.Requests, AccessModes: claim.Spec.AccessModes, StorageClassName: *claim.Spec.StorageClassName,
				PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
				PersistentVolumeSource:        corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/nowhere"}},
				ClaimRef:                      &corev1.ObjectReference{Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID},
			},
		}, metav1.CreateOptions{})
	}
}
