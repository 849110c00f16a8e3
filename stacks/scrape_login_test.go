package stacks_test

import (
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/internal/gateway"
	"bifrost/internal/graphtest"
)

const serviceMonitorType = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"

// TestScrapeLogin: a ServiceMonitor signs in with what the gateway asks for.
func TestScrapeLogin(t *testing.T) {
	t.Parallel()
	made := func(key string) map[string]any { return map[string]any{"name": "bifrost-metrics-login", "key": key} }
	theirs := func(key string) map[string]any { return map[string]any{"name": "login", "key": key} }
	from := func(key string) map[string]any { return map[string]any{"secret": "login", "key": key} }
	encoded := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for name, c := range map[string]struct {
		s      map[string]any
		auth   map[string]any
		secret map[string]any
	}{
		"as configured":            {nil, map[string]any{"username": made("username"), "password": made("password")}, map[string]any{"username": encoded("admin"), "password": encoded(canary + "-admin")}},
		"another name":             {map[string]any{"gateway.adminUsername": "root"}, map[string]any{"username": made("username"), "password": made("password")}, map[string]any{"username": encoded("root"), "password": encoded(canary + "-admin")}},
		"a name in config.json":    {map[string]any{"gateway.config.auth_config": owner("root", "env.BIFROST_ADMIN_PASSWORD")}, map[string]any{"username": made("username"), "password": made("password")}, map[string]any{"username": encoded("root"), "password": encoded(canary + "-admin")}},
		"a name of a variable":     {map[string]any{"gateway.config.auth_config": owner("env.ROOT", "env.BIFROST_ADMIN_PASSWORD"), "gateway.env.ROOT": "root"}, map[string]any{"username": made("username"), "password": made("password")}, map[string]any{"username": encoded("root"), "password": encoded(canary + "-admin")}},
		"a password of a Secret":   {map[string]any{"secrets.adminPassword": nil, "gateway.secretRefs": map[string]any{"BIFROST_ADMIN_PASSWORD": from("p")}}, map[string]any{"username": made("username"), "password": theirs("p")}, map[string]any{"username": encoded("admin")}},
		"both of a Secret":         {map[string]any{"secrets.adminPassword": nil, "gateway.secretRefs": map[string]any{"BIFROST_ADMIN_PASSWORD": from("p"), "BIFROST_ADMIN_USERNAME": from("u")}}, map[string]any{"username": theirs("u"), "password": theirs("p")}, nil},
		"said otherwise":           {map[string]any{"gateway.monitoring.basicAuth": map[string]any{"username": from("u"), "password": from("p")}}, map[string]any{"username": theirs("u"), "password": theirs("p")}, nil},
		"open":                     {map[string]any{"secrets.adminPassword": nil, "gateway.openAdministration": true}, nil, nil},
		"open metrics":             {map[string]any{"gateway.config.client.whitelisted_routes": []any{"/metrics"}}, nil, nil},
		"an existing config.json":  {map[string]any{"gateway": map[string]any{"existingConfigSecret": "theirs", "existingNamespace": true, "monitoring": map[string]any{"serviceMonitor": true}}}, map[string]any{"username": made("username"), "password": made("password")}, map[string]any{"username": encoded("admin"), "password": encoded(canary + "-admin")}},
		"one that nothing says of": {map[string]any{"secrets.adminPassword": nil, "gateway": map[string]any{"existingConfigSecret": "theirs", "existingNamespace": true, "monitoring": map[string]any{"serviceMonitor": true}}}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := stackFile(t, "azure-dev").set("gateway.monitoring.serviceMonitor", true).set("gateway.existingNamespace", true)
			for path, value := range c.s {
				s.set(path, value)
			}
			g := record(t, "azure-dev", s)
			endpoint := g.One(t, serviceMonitorType).Input(t, "spec.endpoints[0]").(map[string]any)
			if c.auth == nil {
				require.NotContains(t, endpoint, "basicAuth")
			} else {
				require.Equal(t, c.auth, endpoint["basicAuth"])
			}
			var secret map[string]any
			for _, r := range g.Of("kubernetes:core/v1:Secret") {
				require.Empty(t, graphtest.Leaks(r.Inputs, base64.StdEncoding.EncodeToString([]byte(canary))[:8]), r.URN)
				if r.Name == "aks-gateway-metrics-login" {
					require.Equal(t, "kubernetes.io/basic-auth", r.Input(t, "type"))
					require.Equal(t, "bifrost", r.Input(t, "metadata.namespace"))
					secret = r.Input(t, "data").(map[string]any)
				}
			}
			require.Equal(t, c.secret, secret)
		})
	}
}

// TestOnlyOpenPathsAreAsked: probes, checks of containers and of target groups, and alarms ask for what no login closes.
func TestOnlyOpenPathsAreAsked(t *testing.T) {
	t.Parallel()
	for name, s := range everyStack(t) {
		t.Run(name, func(t *testing.T) {
			asked := 0
			for _, r := range record(t, name, s).Resources {
				text, err := json.Marshal(resource.NewObjectProperty(graphtest.Plain(r.Inputs)).Mappable())
				require.NoError(t, err)
				switch r.Type {
				case "kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet", "aws:ecs/taskDefinition:TaskDefinition", "aws:lb/targetGroup:TargetGroup":
					require.Contains(t, string(text), gateway.HealthPath)
					asked++
				case serviceMonitorType:
					require.Contains(t, string(text), gateway.MetricsPath)
					require.Contains(t, string(text), "basicAuth")
					continue
				}
				require.NotContains(t, string(text), `"`+gateway.MetricsPath, r.URN)
				require.NotContains(t, string(text), "/api/", r.URN)
			}
			require.Positive(t, asked)
		})
	}
}
