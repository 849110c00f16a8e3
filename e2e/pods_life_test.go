package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/controlplane"
	"bifrost/e2e/upstream"
)

// migrations is the lock that gateways hold while they change the tables of their log; others wait for it up to 5 minutes (Bifrost,
// framework/logstore/migrations.go).
const migrations = 1000011

// testSlowStart: a gateway that waits for another one's migrations is neither restarted nor asked for anything until it has started. Those
// that run go on.
func testSlowStart(t *testing.T, s *site) {
	pods := s.servingReady(t)
	db, err := s.database.Connect(t.Context(), "bifrost")
	require.NoError(t, err)
	defer db.Close(context.Background()) // lets the lock go
	_, err = db.Exec(t.Context(), "SELECT pg_advisory_lock($1)", migrations)
	require.NoError(t, err)
	clients := s.startClients(t, s.nodes[0].Name)
	require.NoError(t, s.client.CoreV1().Pods(namespace).Delete(t.Context(), pods[0].Name, metav1.DeleteOptions{}))
	var slow *corev1.Pod
	eventually(t, "the startup probe of the successor has failed three times", func(ctx context.Context) error {
		events, err := s.client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=Unhealthy"})
		if err != nil {
			return err
		}
		for _, e := range events.Items {
			known := slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return pod.Name == e.InvolvedObject.Name })
			if !known && strings.HasPrefix(e.Message, "Startup probe failed") && e.Count >= 3 {
				slow, err = s.client.CoreV1().Pods(namespace).Get(ctx, e.InvolvedObject.Name, metav1.GetOptions{})
				if err == nil {
					return nil // others are of pods that are gone
				}
			}
		}
		return errNotYet
	})
	n, _ := restarts(slow)
	require.Zero(t, n)
	require.False(t, isReady(slow))
	_, err = db.Exec(t.Context(), "SELECT pg_advisory_unlock($1)", migrations)
	require.NoError(t, err)
	for _, pod := range s.servingReady(t) {
		n, _ := restarts(&pod)
		require.Zero(t, n, pod.Name)
	}
	clients.stop(t, "a pod's successor that starts slowly")
}

// testStreamAtTheEnd: a pod that is asked to go serves on for preStopSeconds, is out of the Service, and lets a stream end that lasts
// longer, with its row in the log.
func testStreamAtTheEnd(t *testing.T, s *site) {
	// Three chunks: the first before the pod is asked to go, the last after SIGTERM.
	pace := 2 * preStop / 3
	s.pace.Store(int64(pace))
	defer s.pace.Store(int64(time.Second))
	pod := s.servingReady(t)[0]
	rows, err := s.accounted(t.Context())
	require.NoError(t, err)
	r, err := to(t.Context(), &pod, loadKey, http.MethodPost, completions,
		strings.NewReader(`{"model": "openai/`+upstream.Model+`", "stream": true, "messages": [{"role": "user", "content": "count"}]}`))
	require.NoError(t, err)
	answer, err := (&http.Client{Transport: &http.Transport{}}).Do(r) // without a limit
	require.NoError(t, err)
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	next := func(text string) {
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
		t.Fatalf("the stream ended before %q: %v", text, lines.Err())
	}
	next(strings.TrimSpace(upstream.Chunks[0]))
	require.NoError(t, s.client.CoreV1().Pods(namespace).Delete(t.Context(), pod.Name, metav1.DeleteOptions{}))
	asked := time.Now()
	eventually(t, "the pod is out of the Service", func(ctx context.Context) error { return s.served(ctx, pod.Status.PodIP, false) })
	status, _, err := ask(t.Context(), &pod, "", http.MethodGet, "/health", "")
	require.NoError(t, err, "and serves those who have not heard of it")
	require.Equal(t, http.StatusOK, status)
	next(strings.TrimSpace(upstream.Chunks[1]))
	next(strings.TrimSpace(upstream.Chunks[2]))
	next("[DONE]")
	ended := time.Since(asked)
	require.Greater(t, ended, preStop, "after SIGTERM")
	eventually(t, "by then nobody else is served", func(ctx context.Context) error {
		if _, _, err := ask(ctx, &pod, "", http.MethodGet, "/health", ""); err == nil {
			return errNotYet
		}
		return nil
	})
	eventually(t, "the stream is accounted for", func(ctx context.Context) error { return s.accounts(ctx, rows) })
	s.servingReady(t)
	report.add("A stream at a pod's end", fmt.Sprintf("whole, and accounted for, %.0f s after the pod was asked to go (preStopSeconds %.0f)\n",
		ended.Seconds(), preStop.Seconds()))
}

// served: an address is, or is not, one that the Service leads to.
func (s *site) served(ctx context.Context, address string, want bool) error {
	of := metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + gateway}
	found, err := s.client.DiscoveryV1().EndpointSlices(namespace).List(ctx, of)
	if err != nil {
		return err
	}
	for _, slice := range found.Items {
		for _, e := range slice.Endpoints {
			if e.Addresses[0] == address && e.Conditions.Ready != nil && *e.Conditions.Ready {
				if want {
					return nil
				}
				return fmt.Errorf("the Service leads to %s", address)
			}
		}
	}
	if want {
		return fmt.Errorf("the Service does not lead to %s", address)
	}
	return nil
}

// testDeaf: a gateway whose port nobody reaches is taken out of the Service, and after a minute restarted; make e2e-all waits for that.
func testDeaf(t *testing.T, s *site) {
	pod := s.servingReady(t)[0]
	rule := func(verb string) {
		processes, err := s.processes(t.Context(), &pod, gateway)
		require.NoError(t, err)
		out, err := exec.CommandContext(context.Background(), "nsenter", "--net", "--target", strconv.Itoa(processes[0]),
			"iptables", verb, "INPUT", "-p", "tcp", "--dport", "8080", "-j", "DROP").CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	rule("-A")
	began := time.Now()
	eventually(t, "it is out of the Service", func(ctx context.Context) error { return s.served(ctx, pod.Status.PodIP, false) })
	said := fmt.Sprintf("out of the Service after %.0f s", time.Since(began).Seconds())
	if everything {
		eventually(t, "it is restarted", func(ctx context.Context) error {
			now, err := s.client.CoreV1().Pods(namespace).Get(ctx, pod.Name, metav1.GetOptions{})
			if err != nil {
				return err
			}
			if n, _ := restarts(now); n == 0 {
				return errNotYet
			}
			return nil
		})
		said += fmt.Sprintf(", restarted after %.0f s", time.Since(began).Seconds())
	}
	rule("-D")
	eventually(t, "it is back in the Service", func(ctx context.Context) error { return s.served(ctx, pod.Status.PodIP, true) })
	report.add("A gateway that nobody reaches", said+"\n")
}

// testOutOfMemory: a gateway that takes more memory than its limit is killed, and started again; the others go on.
func testOutOfMemory(t *testing.T, s *site) {
	pods := s.servingReady(t)
	hit := pods[0]
	// 60 MB, of the 100 MB that the gateway takes by default: it holds a request whole.
	long := `{"model": "openai/` + upstream.Model + `", "messages": [{"role": "user", "content": "` + strings.Repeat("x", 60<<20) + `"}]}`
	ctx, stop := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	for range 8 {
		asking.Go(func() {
			for ctx.Err() == nil {
				_, _, _ = ask(ctx, &hit, loadKey, http.MethodPost, completions, long) // what becomes of it is not the question
			}
		})
	}
	enough := func() {
		stop()
		asking.Wait()
	}
	defer enough()
	before, _ := restarts(&hit)
	var last *corev1.ContainerStateTerminated
	eventually(t, "it is killed", func(ctx context.Context) error {
		now, err := s.client.CoreV1().Pods(namespace).Get(ctx, hit.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		n, how := restarts(now)
		if last = how; n == before || how == nil {
			return errNotYet
		}
		return nil
	})
	enough()
	require.Equal(t, "OOMKilled", last.Reason)
	require.EqualValues(t, 137, last.ExitCode)
	after := s.servingReady(t)
	for i, pod := range pods {
		was, _ := restarts(&pod)
		now, _ := restarts(&after[i])
		require.Equal(t, pod.UID, after[i].UID)
		require.Equal(t, pod.UID == hit.UID, now > was, "the others go on")
	}
	report.add("Out of memory", fmt.Sprintf("limit 256Mi: %s, exit code %d, started again in the same pod\n", last.Reason, last.ExitCode))
}

// testOutOfDisk: a pod that fills its folder is evicted, and has a successor.
func testOutOfDisk(t *testing.T, s *site) {
	hit := s.servingReady(t)[0]
	// The pod may be gone before the last byte.
	_, _ = s.tryKubectl(t.Context(), s.plane.KubeconfigOf(controlplane.AdminUser), "exec", hit.Name, "-c", gateway, "--",
		"dd", "if=/dev/zero", "of=/tmp/full", "bs=1048576", "count=48")
	var said string
	eventually(t, "it is evicted", func(ctx context.Context) error {
		events, err := s.client.CoreV1().Events(namespace).List(ctx, metav1.ListOptions{
			FieldSelector: "reason=Evicted,involvedObject.name=" + hit.Name,
		})
		if err != nil || len(events.Items) == 0 {
			return fmt.Errorf("%w: %w", errNotYet, err)
		}
		said = events.Items[0].Message
		return nil
	})
	require.Contains(t, said, `EmptyDir volume "tmp" exceeds the limit "32Mi"`)
	// The pod that failed stays, as a record of it.
	require.NoError(t, s.client.CoreV1().Pods(namespace).Delete(t.Context(), hit.Name, metav1.DeleteOptions{}))
	s.servingReady(t)
	report.add("Out of disk", strings.TrimSpace(said)+"\n")
}
