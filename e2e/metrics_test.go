package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/controlplane"
)

const metricsAPI = "metrics.k8s.io/v1beta1"

// load is a metrics server that tells of each pod what the test says: thousandths of a core that every container uses.
type load struct{ milli atomic.Int64 }

// metrics registers a metrics server in the cluster's API, behind the real aggregator, until the test ends. The real autoscaler asks it.
func (s *site) metrics(t *testing.T) *load {
	t.Helper()
	l := &load{}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer, err := s.answer(r, l)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	// The aggregator follows a Service of type ExternalName to this machine.
	file := filepath.Join(t.TempDir(), "metrics.yaml")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, `
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec: {type: ExternalName, externalName: localhost}
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: metrics-server, namespace: kube-system, port: %s}
`, address.Port()), 0o600))
	// An API that nobody answers for keeps every namespace from going.
	t.Cleanup(func() {
		out, err := s.tryKubectl(context.Background(), s.plane.KubeconfigOf(controlplane.AdminUser), "--namespace=kube-system", "delete", "--ignore-not-found", "-f", file)
		require.NoError(t, err, out)
	})
	s.kubectl(t, controlplane.AdminUser, "--namespace=kube-system", "apply", "-f", file)
	eventually(t, "the metrics API", func(ctx context.Context) error {
		return s.client.Discovery().RESTClient().Get().AbsPath("/apis/" + metricsAPI).Do(ctx).Error()
	})
	return l
}

// answer is what a metrics server says (k8s.io/metrics, v1beta1).
func (s *site) answer(r *http.Request, l *load) (any, error) {
	path := strings.TrimPrefix(r.URL.Path, "/apis/"+metricsAPI)
	if path == "" {
		return metav1.APIResourceList{
			TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: metricsAPI,
			APIResources: []metav1.APIResource{{Name: "pods", Kind: "PodMetrics", Namespaced: true, Verbs: []string{"get", "list"}}},
		}, nil
	}
	var of string
	if _, err := fmt.Sscanf(strings.ReplaceAll(path, "/", " "), " namespaces %s pods", &of); err != nil {
		return nil, errors.New("only lists of a namespace's pods")
	}
	pods, err := s.client.CoreV1().Pods(of).List(r.Context(), metav1.ListOptions{LabelSelector: r.URL.Query().Get("labelSelector")})
	if err != nil {
		return nil, err
	}
	items := []any{}
	for _, pod := range pods.Items {
		containers := []any{}
		for _, c := range pod.Spec.Containers {
			containers = append(containers, map[string]any{"name": c.Name, "usage": map[string]any{"cpu": fmt.Sprintf("%dm", l.milli.Load()), "memory": "64Mi"}})
		}
		items = append(items, map[string]any{
			"metadata": map[string]any{"name": pod.Name, "namespace": pod.Namespace, "labels": pod.Labels}, "timestamp": metav1.NewTime(time.Now()), "window": "10s", "containers": containers,
		})
	}
	return map[string]any{"kind": "PodMetricsList", "apiVersion": metricsAPI, "metadata": map[string]any{}, "items": items}, nil
}

// testAutoscaler: under load the real autoscaler scales the real Deployment, an up reverts nothing, and when the load goes the pods stay for
// the time that the configuration asks for.
func testAutoscaler(t *testing.T, s *site, settings []string) {
	l := s.metrics(t)
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
	condition := func(typ autoscalingv2.HorizontalPodAutoscalerConditionType, reason string) func(context.Context) error {
		return func(ctx context.Context) error {
			found := autoscaler(ctx)
			for _, c := range found.Status.Conditions {
				if c.Type == typ && c.Reason == reason {
					return nil
				}
			}
			return fmt.Errorf("%+v", found.Status.Conditions)
		}
	}
	least, most := *autoscaler(t.Context()).Spec.MinReplicas, autoscaler(t.Context()).Spec.MaxReplicas
	require.Equal(t, least, replicas(t.Context()))

	request := s.gatewayRequest(t, corev1.ResourceCPU).MilliValue()
	l.milli.Store(2 * request)
	eventually(t, "more pods under load", func(ctx context.Context) error {
		if n := replicas(ctx); n != most {
			return fmt.Errorf("%d replicas, %+v", n, autoscaler(ctx).Status)
		}
		return nil
	})
	eventually(t, "pods are ready", func(ctx context.Context) error {
		d, err := s.client.AppsV1().Deployments(namespace).Get(ctx, gateway, metav1.GetOptions{})
		if err == nil && d.Status.AvailableReplicas != most {
			err = fmt.Errorf("%d", d.Status.AvailableReplicas)
		}
		return err
	})
	pods := gatewayPods(t, s)
	unchanged(t, s.must(t, "up", settings...))
	require.Equal(t, pods, gatewayPods(t, s), "an unchanged up reverts nothing")
	s.must(t, "up", append(settings, "--set", "gateway.annotations.note=x")...)
	require.Equal(t, most, replicas(t.Context()), "nor does one that changes the Deployment")

	l.milli.Store(request / 100)
	eventually(t, "the autoscaler sees the load go", condition(autoscalingv2.AbleToScale, "ScaleDownStabilized"))
	require.Equal(t, most, replicas(t.Context()), "streams are not cut as soon as the load goes")
	report.add("The real HorizontalPodAutoscaler on "+s.stack, fmt.Sprintf(
		"%d replicas without load, %d at %d m of %d m requested; still %d after an unchanged up and after one that changes the Deployment, and with the load gone (ScaleDownStabilized)\nThe load came from a stand-in metrics server behind the real aggregator.\n",
		least, most, 2*request, request, most))
}
