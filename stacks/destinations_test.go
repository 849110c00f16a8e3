package stacks_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func block(cidr string) any { return map[string]any{"ipBlock": map[string]any{"cidr": cidr}} }

func namespace(name string) any {
	return map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": name}}}
}

var anybody = []any{
	map[string]any{"ipBlock": map[string]any{"cidr": "0.0.0.0/0", "except": []any{"169.254.0.0/16", "168.63.129.16/32"}}},
	map[string]any{"namespaceSelector": map[string]any{}},
}

// wayOut is a rule for one port.
func wayOut(port float64, peers ...any) any {
	return map[string]any{"to": peers, "ports": []any{map[string]any{"protocol": "TCP", "port": port}}}
}

// TestDestinations: a collector and a database have their own address in the network policy where the configuration tells it, and their port
// alone where it does not.
func TestDestinations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		key   string
		value any
		want  []any
	}{
		"a collector in the cluster":    {"gateway.otel.collectorUrl", "collector.otel.svc.cluster.local:4317", []any{wayOut(4317, namespace("otel"))}},
		"a collector's address":         {"gateway.otel.collectorUrl", "10.1.2.3:4317", []any{wayOut(4317, block("10.1.2.3/32"))}},
		"a collector's address of IPv6": {"gateway.otel.collectorUrl", "http://[fd00::7]:4318", []any{wayOut(4318, block("fd00::7/128"))}},
		"a collector outside":           {"gateway.otel.collectorUrl", "collector.example.com:4317", []any{wayOut(4317, anybody...)}},
		"a URL without a port":          {"gateway.otel.collectorUrl", "http://collector.otel.svc", []any{wayOut(80, namespace("otel"))}},
		"HTTPS, which is open":          {"gateway.otel.collectorUrl", "https://collector.example.com/v1", nil},
		"a reference":                   {"gateway.otel.collectorUrl", "env.OTEL_ENDPOINT", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stackFile(t, "azure-dev").set("gateway.clustering.enabled", false).set("gateway.networkPolicy", map[string]any{"databasePorts": []any{5432}}).
				set("secrets.env.OTEL_ENDPOINT", "collector.example.com:4317").set(c.key, c.value)
			rules := gatewayPolicy(t, s)
			require.Contains(t, rules, wayOut(5432, anybody...), "ports of databases that are given are open to any address")
			require.ElementsMatch(t, c.want, rules[3:])
		})
	}
	t.Run("databases", func(t *testing.T) {
		t.Parallel()
		database := func(host string) map[string]any {
			return map[string]any{"enabled": true, "type": "postgres", "config": map[string]any{
				"host": host, "port": "6432", "user": "bifrost", "password": "env.PG_PASSWORD", "db_name": "bifrost", "ssl_mode": "require",
			}}
		}
		s := stackFile(t, "azure-dev").set("gateway.clustering.enabled", false).set("secrets.env.PG_PASSWORD", canary)
		s.set("gateway.config.config_store", database("10.1.2.3")).set("gateway.config.logs_store", database("pg.data.svc"))
		require.ElementsMatch(t, []any{wayOut(6432, block("10.1.2.3/32")), wayOut(6432, namespace("data"))}, gatewayPolicy(t, s)[2:])
	})
}

// gatewayPolicy are the ways out of the gateway's pods; the first two are DNS and HTTPS.
func gatewayPolicy(t *testing.T, s settings) []any {
	t.Helper()
	return record(t, "azure-dev", s).Named(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "aks-gateway-network-policy").
		Input(t, "spec.egress").([]any)
}

// TestMetadataDisabled: a gateway on EKS does not take the rights of its node, unless the stack file says so.
func TestMetadataDisabled(t *testing.T) {
	t.Parallel()
	variable := func(s settings) any {
		d := record(t, "aws-dev", s).Named(t, "kubernetes:apps/v1:Deployment", "eks-gateway-deployment")
		for _, v := range d.Input(t, "spec.template.spec.containers[0].env").([]any) {
			if e := v.(map[string]any); e["name"] == "AWS_EC2_METADATA_DISABLED" {
				return e["value"]
			}
		}
		return nil
	}
	require.Equal(t, "true", variable(stackFile(t, "aws-dev")))
	require.Equal(t, "false", variable(stackFile(t, "aws-dev").set("gateway.env.AWS_EC2_METADATA_DISABLED", "false")))
}
