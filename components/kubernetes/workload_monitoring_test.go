package kubernetes_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

const serviceMonitorType = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"

// TestServiceMonitor: it picks the gateway's Service by its label; the headless one, which has the label too, has no port http.
func TestServiceMonitor(t *testing.T) {
	t.Parallel()
	require.Empty(t, recordWorkload(t, asIs).Of(serviceMonitorType))

	g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Clustering = &kubernetes.WorkloadClusteringArgs{}
		a.Monitoring = &kubernetes.WorkloadMonitoringArgs{
			Labels: map[string]string{"release": "prometheus"},
			BasicAuth: &kubernetes.WorkloadBasicAuthArgs{
				Username: kubernetes.SecretKeyRef{Secret: "admin", Key: "user"}, Password: kubernetes.SecretKeyRef{Secret: "admin", Key: "password"},
			},
		}
	})
	monitor := g.One(t, serviceMonitorType)
	require.Equal(t, map[string]any{"app": "bifrost", "release": "prometheus"}, monitor.Input(t, "metadata.labels"))
	require.Equal(t, map[string]any{
		"selector": map[string]any{"matchLabels": map[string]any{"app": "bifrost"}},
		"endpoints": []any{map[string]any{
			"port": "http", "path": "/metrics", "interval": "30s",
			"basicAuth": map[string]any{
				"username": map[string]any{"name": "admin", "key": "user"}, "password": map[string]any{"name": "admin", "key": "password"},
			},
		}},
	}, monitor.Input(t, "spec"))
	requireDefinition(t, g, monitor, "servicemonitors.monitoring.coreos.com")
	for _, port := range g.Named(t, "kubernetes:core/v1:Service", "x-peers").Input(t, "spec.ports").([]any) {
		require.NotEqual(t, "http", port.(map[string]any)["name"])
	}

	login := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Monitoring = &kubernetes.WorkloadMonitoringArgs{Login: &kubernetes.WorkloadLoginArgs{Username: "admin", Password: graphtest.Secret(graphtest.Canary)}}
	})
	made := login.Named(t, "kubernetes:core/v1:Secret", "x-metrics-login")
	require.Equal(t, "kubernetes.io/basic-auth", made.Input(t, "type"))
	require.Equal(t, map[string]any{
		"username": map[string]any{"name": "bifrost-metrics-login", "key": "username"},
		"password": map[string]any{"name": "bifrost-metrics-login", "key": "password"},
	}, login.One(t, serviceMonitorType).Input(t, "spec.endpoints[0].basicAuth"))
	require.True(t, login.DependsOn(login.One(t, serviceMonitorType), made), "Prometheus looks for the Secret at once")

	plain := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Monitoring = &kubernetes.WorkloadMonitoringArgs{Interval: "1m"}
	})
	require.Equal(t, []any{map[string]any{"port": "http", "path": "/metrics", "interval": "1m"}},
		plain.One(t, serviceMonitorType).Input(t, "spec.endpoints"))
}
