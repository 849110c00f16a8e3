package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"bifrost/e2e/controlplane"
)

// testRollout: a changed configuration makes new pods, and no client notices.
func testRollout(t *testing.T, s *site) {
	before := s.servingReady(t)
	clients := s.startClients(t, s.nodes[0].Name)
	s.must(t, "up", set(append(servingStack, "gateway.config.client.log_retention_days=30"))...)
	after := s.servingReady(t)
	clients.stop(t, "rollout")
	for _, pod := range after {
		require.False(t, slices.ContainsFunc(before, func(b corev1.Pod) bool { return b.UID == pod.UID }), "all are new")
	}
	require.Len(t, s.spread(t, after), 2, "over both zones")
	s.must(t, "up", set(servingStack)...)
}

// testFailingRollout: a gateway that cannot start takes no pod's place; the former configuration ends the rollout, and no client notices.
func testFailingRollout(t *testing.T, s *site) {
	before := s.servingReady(t)
	clients := s.startClients(t, s.nodes[0].Name)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	rollout := s.command(ctx, "up", set(append(servingStack, "secrets.env.PG_PASSWORD=wrong"))...)
	var said strings.Builder
	rollout.Stdout, rollout.Stderr = &said, &said
	require.NoError(t, rollout.Start())
	var exits int32
	eventually(t, "the new gateway exits again and again", func(ctx context.Context) error {
		list, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + gateway})
		if err != nil {
			return err
		}
		for _, pod := range list.Items {
			if n, last := restarts(&pod); n >= 2 && last != nil && last.ExitCode == 1 {
				exits = n
				return nil
			}
		}
		return fmt.Errorf("%d pods: %s", len(list.Items), s.words(ctx))
	})
	interrupt()
	require.Error(t, rollout.Wait(), "%s", &said)
	// After an interruption the provider cannot read the Deployment any more: the state has the former one.
	s.must(t, "up", append(set(servingStack), "--refresh")...)
	s.unmoved(t, before)
	clients.stop(t, fmt.Sprintf("rollout that fails (%d exits), and back", exits))
}

// testDrain: a node is drained as people do it, and opened again. The budget keeps two pods, the others get successors on the other node,
// and no client notices.
func testDrain(t *testing.T, s *site) {
	before := s.servingReady(t)
	drained, stays := s.nodes[0].Name, s.nodes[1].Name
	if len(onNode(before, drained)) < len(onNode(before, stays)) {
		drained, stays = stays, drained
	}
	require.Len(t, onNode(before, drained), 2)
	clients := s.startClients(t, stays)
	fewest, stopWatching := s.fewestReady(t)
	s.kubectl(t, controlplane.AdminUser, "drain", drained, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=5m")
	uncordon := func() {
		_, err := s.client.CoreV1().Nodes().Patch(context.Background(), drained, types.StrategicMergePatchType,
			[]byte(`{"spec":{"unschedulable":false}}`), metav1.PatchOptions{})
		require.NoError(t, err)
	}
	t.Cleanup(uncordon)
	after := s.servingReady(t)
	require.Empty(t, onNode(after, drained))
	stopWatching()
	require.GreaterOrEqual(t, *fewest, servingPods-1, "the budget lets one pod go at a time")
	clients.stop(t, "drain of the node with two pods")
	uncordon()
	// The next rollout spreads them again.
	s.kubectl(t, controlplane.AdminUser, "rollout", "restart", "deployment/"+gateway)
	s.kubectl(t, controlplane.AdminUser, "rollout", "status", "deployment/"+gateway, "--timeout=5m")
	require.Len(t, s.spread(t, s.servingReady(t)), 2)
}

// fewestReady looks at the pods until the watch is stopped.
func (s *site) fewestReady(t *testing.T) (fewest *int, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done, least := make(chan struct{}), servingPods
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			list, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + gateway})
			if err != nil {
				continue
			}
			n := 0
			for _, pod := range list.Items {
				if isReady(&pod) {
					n++
				}
			}
			least = min(least, n)
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return &least, func() {
		cancel()
		<-done
	}
}

// outage is how long the database is away. A pod that took notice would be out of the Service after 20 s, three times 5 s and the last
// request's 5 s, and restarted after 65 s, six times 10 s and 5 s; make e2e-all waits for that, too.
func outage() time.Duration {
	if everything {
		return 75 * time.Second
	}
	return 24 * time.Second
}

// testOutage: while the database hangs, and then is gone, the gateways serve from memory, stay in the Service and are not restarted.
func testOutage(t *testing.T, s *site) {
	before := s.servingReady(t)
	clients := s.startClients(t, s.nodes[0].Name)
	rows, err := s.accounted(t.Context())
	require.NoError(t, err)
	began := time.Now()
	require.NoError(t, s.database.Freeze())
	time.Sleep(outage() / 2)
	require.NoError(t, s.database.Thaw())
	require.NoError(t, s.database.Stop())
	time.Sleep(outage() / 2)
	require.NoError(t, s.database.Start())
	took := time.Since(began)
	eventually(t, "requests are accounted for again", func(ctx context.Context) error { return s.accounts(ctx, rows) })
	s.unmoved(t, before)
	clients.stop(t, fmt.Sprintf("%.0f s without the database: half of them it hangs, half of them it is gone", took.Seconds()))
}

// accounted is how many completions have a row in the log.
func (s *site) accounted(ctx context.Context) (n int, err error) {
	db, err := s.database.Connect(ctx, "bifrost")
	if err != nil {
		return 0, err
	}
	defer db.Close(ctx)
	table := "standin_logs"
	if isReal() {
		table = "logs"
	}
	return n, db.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&n)
}

// accounts tells whether there are other rows than before.
func (s *site) accounts(ctx context.Context, before int) error {
	n, err := s.accounted(ctx)
	if err == nil && n == before {
		err = errNotYet
	}
	return err
}

// isReal tells whether a real gateway is in the stand-in's place.
func isReal() bool { return os.Getenv("BIFROST_IMAGE") != "" || os.Getenv("BIFROST_BINARY") != "" }
