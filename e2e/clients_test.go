package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"bifrost/e2e/upstream"
)

// tallied is what the load generator counts of each kind of requests.
type tallied struct {
	Asked, Failed, Again int
	Slowest              int64 `json:"slowest_ms"`
}

// clients are a pod that asks the gateway's Service for completions, all the time.
type clients struct {
	s     *site
	name  string
	began time.Time
	ended chan error

	mu       sync.Mutex
	counts   map[string]tallied
	failures []string
}

const loadImage = "registry.test/load:1"

// startClients starts the load on a node, and waits until every kind of requests is under way.
func (s *site) startClients(t *testing.T, node string) *clients {
	t.Helper()
	service, err := s.client.CoreV1().Services(namespace).Get(t.Context(), gateway, metav1.GetOptions{})
	require.NoError(t, err)
	pod, err := s.client.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "load-", Labels: map[string]string{"app": "load"}},
		Spec: corev1.PodSpec{
			NodeName: node, RestartPolicy: corev1.RestartPolicyNever, AutomountServiceAccountToken: ptr.To(false),
			TerminationGracePeriodSeconds: ptr.To(int64(120)),
			SecurityContext:               restrictedPod(65532),
			Containers: []corev1.Container{{
				Name: "load", Image: loadImage,
				Args:            []string{"-url", fmt.Sprintf("http://%s:%d", service.Spec.ClusterIP, service.Spec.Ports[0].Port), "-key", loadKey, "-model", "openai/" + upstream.Model},
				SecurityContext: restrictedContainer(),
			}},
		},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { s.gone(t, pod) })
	l := &clients{s: s, name: pod.Name, ended: make(chan error, 1)}
	eventually(t, "the load generator runs", func(ctx context.Context) error {
		now, err := s.client.CoreV1().Pods(namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err == nil && now.Status.Phase != corev1.PodRunning {
			err = fmt.Errorf("%s: %s", now.Status.Phase, s.words(ctx))
		}
		return err
	})
	go func() { l.ended <- l.follow(context.Background()) }()
	eventually(t, "requests are under way", func(context.Context) error { return l.moved(map[string]tallied{}) })
	l.mu.Lock()
	defer l.mu.Unlock()
	require.Empty(t, l.failures, "before anything happens")
	l.began = time.Now()
	return l
}

// restrictedPod and restrictedContainer meet the Pod Security Standard restricted.
func restrictedPod(user int64) *corev1.PodSecurityContext {
	return &corev1.PodSecurityContext{
		RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To(user),
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

func restrictedContainer() *corev1.SecurityContext {
	return &corev1.SecurityContext{AllowPrivilegeEscalation: ptr.To(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
}

// moved tells whether requests of every kind were answered since.
func (l *clients) moved(since map[string]tallied) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.counts) == 0 {
		return errors.New("nothing was counted")
	}
	for kind, count := range l.counts {
		if count.Asked-since[kind].Asked < 2 {
			return fmt.Errorf("%s: %+v", kind, count)
		}
	}
	return nil
}

// follow reads what the pod writes, to its end.
func (l *clients) follow(ctx context.Context) error {
	logs, err := l.s.client.CoreV1().Pods(namespace).GetLogs(l.name, &corev1.PodLogOptions{Follow: true}).Stream(ctx)
	if err != nil {
		return err
	}
	defer logs.Close()
	for said := json.NewDecoder(logs); ; {
		var line struct {
			Kind, Error string
			Counts      map[string]tallied
			Ended       bool
		}
		if err := said.Decode(&line); err != nil {
			return fmt.Errorf("the load generator did not come to its end: %w", err)
		}
		l.mu.Lock()
		if line.Error != "" {
			l.failures = append(l.failures, line.Kind+": "+line.Error)
		}
		if line.Counts != nil {
			l.counts = line.Counts
		}
		l.mu.Unlock()
		if line.Ended {
			return nil
		}
	}
}

// stop waits for requests that come after whatever has happened, and for those under way; none may have failed. It is a row of the report.
func (l *clients) stop(t *testing.T, event string) {
	t.Helper()
	l.end(t, event)
	require.Empty(t, l.failures, "%s: %+v", event, l.counts)
}

// refused is what becomes of a request whose pod has just ended, without serving on until nobody sends it any.
var refused = regexp.MustCompile("connection refused|connection reset by peer|EOF$")

// stopBut is stop where pods end at once: some requests may have met one that has just ended, and nothing else may have failed.
func (l *clients) stopBut(t *testing.T, event string) {
	t.Helper()
	l.end(t, event)
	asked := 0
	for _, count := range l.counts {
		asked += count.Asked
	}
	require.Less(t, len(l.failures), asked/4, "%v", l.failures)
	for _, failure := range l.failures {
		require.Regexp(t, refused, failure)
	}
}

func (l *clients) end(t *testing.T, event string) {
	t.Helper()
	l.mu.Lock()
	since := maps.Clone(l.counts)
	l.mu.Unlock()
	eventually(t, "requests go on", func(context.Context) error { return l.moved(since) })
	took := time.Since(l.began)
	require.NoError(t, l.s.client.CoreV1().Pods(namespace).Delete(t.Context(), l.name, metav1.DeleteOptions{}))
	require.NoError(t, <-l.ended)
	moves.add(event, took, l.counts)
}

// movements are what clients noticed while pods came and went.
type movements struct {
	mu   sync.Mutex
	rows []string
}

var moves movements

func (m *movements) add(event string, took time.Duration, counts map[string]tallied) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := fmt.Sprintf("%s\t%.0f s", event, took.Seconds())
	slowest, again := int64(0), 0
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		count := counts[kind]
		row += fmt.Sprintf("\t%d", count.Asked)
		slowest, again = max(slowest, count.Slowest), again+count.Again
	}
	failed := 0
	for _, count := range counts {
		failed += count.Failed
	}
	m.rows = append(m.rows, row+fmt.Sprintf("\t%d\t%d\t%d ms", again, failed, slowest))
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\ttook\t"+strings.Join(slices.Sorted(maps.Keys(counts)), "\t")+"\tasked again\tfailed\tslowest")
	for _, row := range m.rows {
		fmt.Fprintln(w, row)
	}
	_ = w.Flush()
	report.add("Requests during rollouts and drains", table.String())
}
