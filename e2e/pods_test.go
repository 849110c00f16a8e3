package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/controlplane"
)

// serving is the cluster on which the gateway's pods are looked at: what their specification promises, and what clients notice while pods
// come and go.
var serving = &site{index: 5, stack: "aws-dev", issuer: "https://oidc.eks.us-east-1.amazonaws.com/id/E2E0123456789ABCDEF0123456789AB3"}

const (
	// loadKey is the virtual key of the load generator.
	loadKey = "sk-bf-load-0123456789"
	// servingPods is how many there are: a mesh that survives the loss of one.
	servingPods = 3
	// preStop is the default of gateway.preStopSeconds.
	preStop = 15 * time.Second
)

// servingStack are the settings of its stack: three pods over two zones, with limits that are reached soon. Nobody asks who pulls.
var servingStack = []string{
	"ecs=null", "registry.mirror=true", "registry.image=registry.internal.example.com/mirror/acme-hub:2.1.0",
	"gateway.replicas=3", "gateway.cpuRequest=100m", "gateway.memoryRequest=64Mi", "gateway.memoryLimit=256Mi",
	"gateway.networkPolicy.from=[{namespace: bifrost}, {cidr: 172.20.5.1/32}]", // its namespace, and the test itself
	"gateway.ephemeralStorageRequest=8Mi", "gateway.ephemeralStorageLimit=32Mi", "gateway.scheduling.topologySpread.zone=DoNotSchedule",
	`gateway.config.providers.openai.keys=[{name: openai, value: env.OPENAI_API_KEY, models: ["*"], weight: 1}]`,
	`gateway.config.governance.virtual_keys=[{id: load, name: load, value: env.LOAD_KEY,
	provider_configs: [{provider: openai, allowed_models: ["*"], key_ids: ["*"], weight: 1}]}]`,
	"secrets.env.OPENAI_API_KEY=sk-0123456789", "secrets.env.LOAD_KEY=" + loadKey,
}

// TestPods looks at the pods of one stack, one after the other: each look leaves three pods that are ready.
func TestPods(t *testing.T) {
	t.Parallel()
	t.Cleanup(serving.stop)
	s := serving.started(t)
	s.fresh(t)
	s.pace.Store(int64(time.Second))
	before := inventory(t, s)
	s.must(t, "up", set(servingStack)...)
	for _, look := range []struct {
		name string
		look func(*testing.T, *site)
		long bool // not run by make e2e without LONG
	}{
		{"as made", testAsMade, false},
		{"mesh", testMesh, true},
		{"rollout", testRollout, false},
		{"rollout that fails", testFailingRollout, true},
		{"drain", testDrain, false},
		{"outage of the database", testOutage, true},
		{"slow start", testSlowStart, true},
		{"stream at the end", testStreamAtTheEnd, true},
		{"deaf", testDeaf, true},
		{"out of memory", testOutOfMemory, true},
		{"out of disk", testOutOfDisk, true},
	} {
		if look.long && testing.Short() {
			continue
		}
		s.servingReady(t)
		if !t.Run(look.name, func(t *testing.T) { look.look(t, s) }) && !s.recovers(t) {
			break
		}
	}
	s.must(t, "destroy")
	leftNothing(t, s, before)
}

// recovers tells whether three pods are ready after a look that failed.
func (s *site) recovers(t *testing.T) bool {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	return poll(ctx, func(ctx context.Context) error { _, err := s.ready(ctx); return err }) == nil
}

// ready returns the gateway's pods once three are ready and no other is left.
func (s *site) ready(ctx context.Context) ([]corev1.Pod, error) {
	list, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + gateway})
	if err != nil {
		return nil, err
	}
	var states []string
	wellOff := 0
	for _, pod := range list.Items {
		if isReady(&pod) {
			wellOff++
		}
		states = append(states, fmt.Sprintf("%s on %s: %s, ready %t", pod.Name, pod.Spec.NodeName, pod.Status.Phase, isReady(&pod)))
	}
	if wellOff != servingPods || len(list.Items) != servingPods {
		return nil, fmt.Errorf("%s\n%s", strings.Join(states, "\n"), s.words(ctx))
	}
	return list.Items, nil
}

func isReady(pod *corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

func (s *site) servingReady(t *testing.T) []corev1.Pod {
	t.Helper()
	var pods []corev1.Pod
	eventually(t, "three pods are ready, and no other is left", func(ctx context.Context) (err error) {
		pods, err = s.ready(ctx)
		return err
	})
	return pods
}

// in runs a command in the gateway's container.
func (s *site) in(t *testing.T, pod string, words ...string) string {
	t.Helper()
	return s.kubectl(t, controlplane.AdminUser, append([]string{"exec", pod, "-c", gateway, "--"}, words...)...)
}

// restarts of a pod's gateway, and how the last one came.
func restarts(pod *corev1.Pod) (int32, *corev1.ContainerStateTerminated) {
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == gateway {
			return status.RestartCount, status.LastTerminationState.Terminated
		}
	}
	return 0, nil
}

// unmoved: the same pods, which were never restarted since, nor out of the Service for a moment.
func (s *site) unmoved(t *testing.T, before []corev1.Pod) {
	t.Helper()
	after := s.servingReady(t)
	look := func(pods []corev1.Pod) []string {
		var states []string
		for _, pod := range pods {
			n, _ := restarts(&pod)
			for _, c := range pod.Status.Conditions {
				if c.Type == corev1.PodReady {
					states = append(states, fmt.Sprintf("%s, %d restarts, ready since %s", pod.UID, n, c.LastTransitionTime))
				}
			}
		}
		slices.Sort(states)
		return states
	}
	require.Equal(t, look(before), look(after))
}

// spread is how many pods there are in each zone.
func (s *site) spread(t *testing.T, pods []corev1.Pod) map[string]int {
	t.Helper()
	zones := map[string]int{}
	for _, pod := range pods {
		node, err := s.client.CoreV1().Nodes().Get(t.Context(), pod.Spec.NodeName, metav1.GetOptions{})
		require.NoError(t, err)
		zones[node.Labels[corev1.LabelTopologyZone]]++
	}
	return zones
}

// onNode are the pods of a node.
func onNode(pods []corev1.Pod, node string) []corev1.Pod {
	return slices.DeleteFunc(slices.Clone(pods), func(pod corev1.Pod) bool { return pod.Spec.NodeName != node })
}

var errNotYet = errors.New("not yet")
