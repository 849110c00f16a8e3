package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/addons"
	"bifrost/e2e/controlplane"
	"bifrost/e2e/reach"
)

// metrics has the real metrics server in the cluster until the test ends. The real autoscaler asks it.
func (s *site) metrics(t *testing.T) {
	t.Helper()
	admin := s.plane.As(controlplane.AdminUser)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), pollLimit)
		defer cancel()
		require.NoError(t, addons.StopMetricsServer(ctx, admin))
	})
	ctx, cancel := context.WithTimeout(t.Context(), pollLimit)
	defer cancel()
	require.NoError(t, addons.StartMetricsServer(ctx, admin))
}

// crowd asks the gateway all the time, as a balancer does: at its pods' addresses, from an address of its own.
type crowd struct {
	http     http.Client
	stop     context.CancelFunc
	running  sync.WaitGroup
	pods     atomic.Pointer[[]string]
	answered atomic.Int64
	calmed   atomic.Bool
}

// concurrency is how many requests are under way: more than two cores have time for. A crowd that has calmed down waits a while between two.
const (
	concurrency = 16
	calmPause   = 20 * time.Millisecond
)

// load starts such a crowd. It asks until the test ends, or until stop is called.
func (s *site) load(t *testing.T, from netip.Addr) *crowd {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0)), Timeout: time.Second}
	c := &crowd{http: http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: concurrency}, Timeout: 10 * time.Second}, stop: cancel}
	t.Cleanup(c.end)
	c.pods.Store(&[]string{})
	c.running.Go(func() {
		for ctx.Err() == nil {
			list, err := s.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + gateway})
			if err == nil {
				addresses := readyAddresses(list.Items)
				c.pods.Store(&addresses)
			}
			pause(ctx, time.Second)
		}
	})
	for n := range concurrency {
		c.running.Go(func() {
			for ; ctx.Err() == nil; n++ {
				c.ask(ctx, n)
				if c.calmed.Load() {
					pause(ctx, calmPause)
				}
			}
		})
	}
	return c
}

func readyAddresses(pods []corev1.Pod) []string {
	var addresses []string
	for _, pod := range pods {
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				addresses = append(addresses, pod.Status.PodIP)
			}
		}
	}
	return addresses
}

// ask is one request. What becomes of it is nobody's concern here: pods go while they are asked.
func (c *crowd) ask(ctx context.Context, n int) {
	pods := *c.pods.Load()
	if len(pods) == 0 {
		pause(ctx, 100*time.Millisecond)
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+pods[n%len(pods)]+":8080/health", http.NoBody)
	if err != nil {
		return
	}
	response, err := c.http.Do(request)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	if response.StatusCode == http.StatusOK {
		c.answered.Add(1)
	}
}

// pause waits, and no longer than the context lasts.
func pause(ctx context.Context, long time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(long):
	}
}

// calm leaves the machine time for what is looked at under load: pods that come, and their probes.
func (c *crowd) calm() { c.calmed.Store(true) }

func (c *crowd) end() {
	c.stop()
	c.running.Wait()
	c.http.CloseIdleConnections()
}

// testAutoscaler: under load the real autoscaler scales the real Deployment by what the pods really use, an up reverts nothing, and when the
// load goes the pods stay for the time that the configuration asks for.
func testAutoscaler(t *testing.T, s *site, balancer reach.Place, settings []string) {
	s.metrics(t)
	autoscaler := func(ctx context.Context) (*autoscalingv2.HorizontalPodAutoscaler, error) {
		return s.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(ctx, gateway, metav1.GetOptions{})
	}
	utilization := func(found *autoscalingv2.HorizontalPodAutoscaler) (int32, error) {
		for _, metric := range found.Status.CurrentMetrics {
			if metric.Resource != nil && metric.Resource.Name == corev1.ResourceCPU && metric.Resource.Current.AverageUtilization != nil {
				return *metric.Resource.Current.AverageUtilization, nil
			}
		}
		return 0, fmt.Errorf("%+v", found.Status)
	}
	made, err := autoscaler(t.Context())
	require.NoError(t, err)
	most, target := made.Spec.MaxReplicas, *made.Spec.Metrics[0].Resource.Target.AverageUtilization
	var now, busy int32
	idles := func(ctx context.Context) error {
		found, err := autoscaler(ctx)
		if err != nil {
			return err
		}
		if now, err = utilization(found); err == nil && now >= target {
			err = fmt.Errorf("%d%%", now)
		}
		return err
	}
	eventually(t, "the autoscaler knows what idle pods use", idles)
	idle := now
	// What pods use at their start may have made it more than the least.
	least := *s.deployment(t).Spec.Replicas
	require.Less(t, least, most)

	began := time.Now()
	l := s.load(t, balancer.Address)
	eventually(t, "more pods under load", func(ctx context.Context) error {
		found, err := autoscaler(ctx)
		if err != nil {
			return err
		}
		now, err = utilization(found)
		busy = max(busy, now)
		if err == nil && found.Status.DesiredReplicas != most {
			err = fmt.Errorf("%d replicas after %d answers, %+v", found.Status.DesiredReplicas, l.answered.Load(), found.Status)
		}
		return err
	})
	l.calm()
	took, answered := time.Since(began), l.answered.Load()
	s.readyPods(t, namespace, most)
	pods := gatewayPods(t, s)
	unchanged(t, s.must(t, "up", settings...))
	require.Equal(t, pods, gatewayPods(t, s), "an unchanged up reverts nothing")
	s.must(t, "up", append(settings, "--set", "gateway.annotations.note=x")...)
	require.Equal(t, most, *s.deployment(t).Spec.Replicas, "nor does one that changes the Deployment")

	l.end()
	eventually(t, "no load is left", idles)
	eventually(t, "the autoscaler leaves the pods for a while", func(ctx context.Context) error {
		found, err := autoscaler(ctx)
		if err != nil {
			return err
		}
		for _, c := range found.Status.Conditions {
			if c.Type == autoscalingv2.AbleToScale && c.Reason == "ScaleDownStabilized" {
				return nil
			}
		}
		return fmt.Errorf("%+v", found.Status.Conditions)
	})
	require.Equal(t, most, *s.deployment(t).Spec.Replicas, "streams are not cut as soon as the load goes")
	report.add("The real HorizontalPodAutoscaler and metrics-server on "+s.stack, fmt.Sprintf(
		"%d replicas at %d%% of the requested CPU, %d within %.0f s under load (up to %d%%, %d requests answered); still %d after an unchanged up and after one that changes the Deployment, and with the load gone (ScaleDownStabilized)\n",
		least, idle, most, took.Seconds(), busy, answered, most))
}
