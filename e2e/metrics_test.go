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
}

// concurrency is how many requests are under way: more than two cores have time for.
const concurrency = 16

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
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	})
	for n := range concurrency {
		c.running.Go(func() {
			for ; ctx.Err() == nil; n++ {
				c.ask(ctx, n)
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
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
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

func (c *crowd) end() {
	c.stop()
	c.running.Wait()
	c.http.CloseIdleConnections()
}

// testAutoscaler: under load the real autoscaler scales the real Deployment by what the pods really use, an up reverts nothing, and when the
// load goes the pods stay for the time that the configuration asks for.
func testAutoscaler(t *testing.T, s *site, balancer reach.Place, settings []string) {
	s.metrics(t)
	replicas := func(ctx context.Context) int32 {
		d, err := s.client.AppsV1().Deployments(namespace).Get(ctx, gateway, metav1.GetOptions{})
		require.NoError(t, err)
		return *d.Spec.Replicas
	}
	autoscaler := func(ctx context.Context) *autoscalingv2.HorizontalPodAutoscaler {
		found, err := s.client.AutoscalingV2().HorizontalPodAutoscalers(namespace).Get(ctx, gateway, metav1.GetOptions{})
		require.NoError(t, err)
		return found
	}
	utilization := func(ctx context.Context) (int32, error) {
		found := autoscaler(ctx)
		for _, metric := range found.Status.CurrentMetrics {
			if metric.Resource != nil && metric.Resource.Name == corev1.ResourceCPU && metric.Resource.Current.AverageUtilization != nil {
				return *metric.Resource.Current.AverageUtilization, nil
			}
		}
		return 0, fmt.Errorf("%+v", found.Status)
	}
	least, most := *autoscaler(t.Context()).Spec.MinReplicas, autoscaler(t.Context()).Spec.MaxReplicas
	target := *autoscaler(t.Context()).Spec.Metrics[0].Resource.Target.AverageUtilization
	var idle, busy int32
	eventually(t, "the autoscaler knows what idle pods use", func(ctx context.Context) error {
		var err error
		idle, err = utilization(ctx)
		if err == nil && idle >= target {
			err = fmt.Errorf("%d%%", idle)
		}
		return err
	})
	require.Equal(t, least, replicas(t.Context()))

	began := time.Now()
	l := s.load(t, balancer.Address)
	eventually(t, "more pods under load", func(ctx context.Context) error {
		now, err := utilization(ctx)
		if err != nil {
			return err
		}
		busy = max(busy, now)
		if n := replicas(ctx); n != most {
			return fmt.Errorf("%d replicas after %d answers, %+v", n, l.answered.Load(), autoscaler(ctx).Status)
		}
		return nil
	})
	took, answered := time.Since(began), l.answered.Load()
	s.readyPods(t, namespace, most)
	pods := gatewayPods(t, s)
	unchanged(t, s.must(t, "up", settings...))
	require.Equal(t, pods, gatewayPods(t, s), "an unchanged up reverts nothing")
	s.must(t, "up", append(settings, "--set", "gateway.annotations.note=x")...)
	require.Equal(t, most, replicas(t.Context()), "nor does one that changes the Deployment")

	l.end()
	eventually(t, "the autoscaler sees the load go", func(ctx context.Context) error {
		found := autoscaler(ctx)
		for _, c := range found.Status.Conditions {
			if c.Type == autoscalingv2.AbleToScale && c.Reason == "ScaleDownStabilized" {
				return nil
			}
		}
		return fmt.Errorf("%+v", found.Status.Conditions)
	})
	require.Equal(t, most, replicas(t.Context()), "streams are not cut as soon as the load goes")
	report.add("The real HorizontalPodAutoscaler and metrics-server on "+s.stack, fmt.Sprintf(
		"%d replicas at %d%% of the requested CPU, %d within %.0f s under load (up to %d%%, %d requests answered); still %d after an unchanged up and after one that changes the Deployment, and with the load gone (ScaleDownStabilized)\n",
		least, idle, most, took.Seconds(), busy, answered, most))
}
