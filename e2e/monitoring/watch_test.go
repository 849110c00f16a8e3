package monitoring

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"bifrost/e2e/addons"
	"bifrost/e2e/controlplane"
)

const (
	namespace = "bifrost"
	example   = "eks-production"
	cronJob   = "refresh-ecr-secret"
	login     = "bifrost-metrics-login"
	password  = "fake-admin-password"
)

// limit is how long a test waits for what others do on a busy machine.
const limit = 4 * time.Minute

// eventually asks until there is no error.
func eventually(t *testing.T, what string, check func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("not within %s: %s: %v\n%s", limit, what, err, site.operator.Tail())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (c *cluster) apply(t *testing.T, texts ...[]byte) {
	t.Helper()
	for _, text := range texts {
		require.NoError(t, addons.Apply(t.Context(), c.Plane.As(controlplane.AdminUser), string(text)))
	}
}

func testdata(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return text
}

// TestWatched: a Prometheus of the operator signs in to the gateway and has its metrics, and the alerts of the refresher follow what
// kube-state-metrics says of its Jobs.
func TestWatched(t *testing.T) {
	c := started(t)
	for _, name := range []string{namespace, "monitoring"} {
		_, err := c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		require.NoError(t, err)
	}
	_, err := c.Client.CoreV1().Secrets(namespace).Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: login}, Type: corev1.SecretTypeBasicAuth,
		StringData: map[string]string{"username": "admin", "password": password}}, metav1.CreateOptions{})
	require.NoError(t, err)
	c.apply(t, testdata(t, "watchers.yaml"), testdata(t, "gateway.yaml"))
	for _, made := range []struct{ kind, name string }{{"Service", "bifrost"}, {"ServiceMonitor", "bifrost"}, {"PrometheusRule", "bifrost-refresh"}, {"CronJob", cronJob}} {
		c.apply(t, manifest(t, example, made.kind, made.name))
	}
	prometheus := c.prometheus(t)
	t.Run("metrics", func(t *testing.T) { testMetrics(t, c, prometheus) })
	t.Run("alerts", func(t *testing.T) { testAlerts(t, c, prometheus) })
	t.Run("login", func(t *testing.T) { testLogin(t, c, prometheus) })
}

// api asks a Prometheus.
type api struct{ base string }

// prometheus is the one that the operator made, once its pod is ready.
func (c *cluster) prometheus(t *testing.T) api {
	t.Helper()
	var address string
	eventually(t, "a Prometheus", func(ctx context.Context) error {
		var err error
		address, err = c.ready(ctx, "monitoring", "prometheus-main-0")
		return err
	})
	return api{"http://" + address + ":9090/api/v1/"}
}

// ready is the address of a pod that is ready.
func (c *cluster) ready(ctx context.Context, namespace, name string) (string, error) {
	pod, err := c.Client.CoreV1().Pods(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return "", err
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
			return pod.Status.PodIP, nil
		}
	}
	return "", fmt.Errorf("pod %s is not ready: %+v", name, pod.Status.ContainerStatuses)
}

func (a api) get(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, response.Status, text)
	}
	var envelope struct{ Data json.RawMessage }
	if err := json.Unmarshal(text, &envelope); err != nil {
		return err
	}
	return json.Unmarshal(envelope.Data, into)
}

type target struct {
	Labels            map[string]string
	ScrapePool        string
	ScrapeURL         string
	LastError, Health string
}

// gateway is the one target that comes of the example's ServiceMonitor.
func (a api) gateway(ctx context.Context) (target, error) {
	var found struct{ ActiveTargets []target }
	if err := a.get(ctx, "targets?state=active&scrapePool="+url.QueryEscape("serviceMonitor/bifrost/bifrost/0"), &found); err != nil {
		return target{}, err
	}
	if len(found.ActiveTargets) != 1 {
		return target{}, fmt.Errorf("%d targets: %+v", len(found.ActiveTargets), found.ActiveTargets)
	}
	return found.ActiveTargets[0], nil
}

type sample struct {
	Metric map[string]string
	Value  [2]any // the time, and the number as a text
}

func (a api) query(ctx context.Context, expression string) ([]sample, error) {
	var found struct{ Result []sample }
	err := a.get(ctx, "query?query="+url.QueryEscape(expression), &found)
	return found.Result, err
}

func testMetrics(t *testing.T, c *cluster, prometheus api) {
	var address string
	eventually(t, "the gateway", func(ctx context.Context) error {
		var err error
		address, err = c.ready(ctx, namespace, "bifrost")
		return err
	})
	complete(t, address)
	eventually(t, "a scrape of the gateway", func(ctx context.Context) error {
		found, err := prometheus.gateway(ctx)
		if err == nil && found.Health != "up" {
			err = fmt.Errorf("%+v", found)
		}
		return err
	})
	found, err := prometheus.gateway(t.Context())
	require.NoError(t, err)
	require.Equal(t, "http://"+address+":8080/metrics", found.ScrapeURL)
	for label, value := range map[string]string{"namespace": namespace, "service": "bifrost", "pod": "bifrost", "endpoint": "http", "job": "bifrost"} {
		require.Equal(t, value, found.Labels[label], label)
	}
	eventually(t, "the gateway's own metric", func(ctx context.Context) error {
		samples, err := prometheus.query(ctx, `sum(bifrost_upstream_requests_total{namespace="bifrost"})`)
		if err == nil && (len(samples) != 1 || samples[0].Value[1] != "1") {
			err = fmt.Errorf("%+v", samples)
		}
		return err
	})
}

// complete has the gateway ask its provider once.
func complete(t *testing.T, address string) {
	t.Helper()
	const body = `{"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}`
	response, err := http.Post("http://"+address+":8080/v1/chat/completions", "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", text)
}

// states are those of the alerts, by name, as far as Prometheus has tried them.
func (a api) states(ctx context.Context) (map[string]string, error) {
	var found struct {
		Groups []struct {
			Rules []struct{ Name, State, Health, LastError string }
		}
	}
	if err := a.get(ctx, "rules?type=alert", &found); err != nil {
		return nil, err
	}
	states := map[string]string{}
	for _, group := range found.Groups {
		for _, rule := range group.Rules {
			if rule.Health != "ok" {
				return nil, fmt.Errorf("rule %s: %s %s", rule.Name, rule.Health, rule.LastError)
			}
			states[rule.Name] = rule.State
		}
	}
	return states, nil
}

func (a api) awaitStates(t *testing.T, failingState, expiredState string) {
	t.Helper()
	eventually(t, "alerts "+failingState+" and "+expiredState, func(ctx context.Context) error {
		states, err := a.states(ctx)
		if err == nil && (states[failing] != failingState || states[expired] != expiredState) {
			err = fmt.Errorf("%v", states)
		}
		return err
	})
}

// testAlerts: an alert is pending while its condition holds; that it fires after five minutes is TestRules'.
func testAlerts(t *testing.T, c *cluster, prometheus api) {
	eventually(t, "what kube-state-metrics says of the CronJob", func(ctx context.Context) error {
		samples, err := prometheus.query(ctx, fmt.Sprintf("kube_cronjob_created{namespace=%q,cronjob=%q}", namespace, cronJob))
		if err == nil && len(samples) != 1 {
			err = fmt.Errorf("%+v", samples)
		}
		return err
	})
	prometheus.awaitStates(t, "inactive", "inactive")

	cronJobs := c.Client.BatchV1().CronJobs(namespace)
	_, err := cronJobs.Patch(t.Context(), cronJob, types.MergePatchType, []byte(`{"spec": {"suspend": true}}`), metav1.PatchOptions{})
	require.NoError(t, err)
	longAgo := time.Now().Add(-13 * time.Hour).UTC().Format(time.RFC3339)
	_, err = cronJobs.Patch(t.Context(), cronJob, types.MergePatchType, fmt.Appendf(nil, `{"status": {"lastSuccessfulTime": %q}}`, longAgo), metav1.PatchOptions{}, "status")
	require.NoError(t, err)
	prometheus.awaitStates(t, "inactive", "pending")

	c.runJob(t, cronJob+"-29000001", "false")
	prometheus.awaitStates(t, "pending", "pending")

	c.runJob(t, cronJob+"-29000002", "true")
	prometheus.awaitStates(t, "inactive", "inactive")
}

// runJob has a Job of the CronJob run a command.
func (c *cluster) runJob(t *testing.T, name, command string) {
	t.Helper()
	owner, err := c.Client.BatchV1().CronJobs(namespace).Get(t.Context(), cronJob, metav1.GetOptions{})
	require.NoError(t, err)
	_, err = c.Client.BatchV1().Jobs(namespace).Create(t.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, batchv1.SchemeGroupVersion.WithKind("CronJob"))}},
		Spec: batchv1.JobSpec{BackoffLimit: new(int32), Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever,
			Containers: []corev1.Container{{Name: "run", Image: "registry.test/busybox:1", Command: []string{command}}}}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
}

// testLogin: with another password than the gateway's, Prometheus is turned away.
func testLogin(t *testing.T, c *cluster, prometheus api) {
	patch := fmt.Appendf(nil, `{"data": {"password": %q}}`, base64.StdEncoding.EncodeToString([]byte("another")))
	_, err := c.Client.CoreV1().Secrets(namespace).Patch(t.Context(), login, types.MergePatchType, patch, metav1.PatchOptions{})
	require.NoError(t, err)
	eventually(t, "a refused scrape", func(ctx context.Context) error {
		found, err := prometheus.gateway(ctx)
		if err == nil && !strings.Contains(found.LastError, "401") {
			err = fmt.Errorf("%+v", found)
		}
		return err
	})
}
