package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// testEviction: while a node is drained one pod may go, and no other before it has a successor.
func testEviction(t *testing.T, s *site) {
	pods := func(ctx context.Context) []corev1.Pod {
		list, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + gateway})
		require.NoError(t, err)
		return list.Items
	}
	evict := func(ctx context.Context, pod string) error {
		return s.client.PolicyV1().Evictions(namespace).Evict(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod, Namespace: namespace}})
	}
	// As kubectl drain does: an eviction is refused, too, while the budget's controller has not seen its last change.
	evicted := func(pod string) {
		eventually(t, "an eviction of "+pod, func(ctx context.Context) error { return evict(ctx, pod) })
	}
	budget := func(allowed int32) {
		eventually(t, fmt.Sprintf("the budget allows %d", allowed), func(ctx context.Context) error {
			found, err := s.client.PolicyV1().PodDisruptionBudgets(namespace).Get(ctx, gateway, metav1.GetOptions{})
			if err == nil && (found.Status.DisruptionsAllowed != allowed || found.Status.ObservedGeneration != found.Generation) {
				err = fmt.Errorf("%+v", found.Status)
			}
			return err
		})
	}
	s.readyPods(t, namespace, 3)
	before := pods(t.Context())
	budget(1)
	s.cordon(t, true) // the successor waits for another node
	uncordoned := false
	defer func() {
		if !uncordoned {
			s.cordon(t, false)
		}
	}()
	evicted(before[0].Name)
	budget(0)
	refused := evict(t.Context(), before[1].Name)
	require.True(t, apierrors.IsTooManyRequests(refused), "%v", refused)
	require.ErrorContains(t, refused, "disruption budget")
	s.cordon(t, false)
	uncordoned = true
	budget(1)
	evicted(before[1].Name) // the successor is there
	s.readyPods(t, namespace, 3)
	report.add("Evictions on a cordoned node, "+s.stack, fmt.Sprintf("3 pods: the first evicted, the second refused (%v); once the first had a successor it was evicted\n", refused))
}
