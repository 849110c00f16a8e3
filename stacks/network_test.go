package stacks_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http/httpproxy"

	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

const proxyURL = "http://10.9.8.7:3128"

var (
	proxied = map[string]any{"proxy": proxyURL, "noProxy": []any{".vpce.amazonaws.com"}}

	proxyRule = map[string]any{
		"to":    []any{map[string]any{"ipBlock": map[string]any{"cidr": "10.9.8.7/32"}}},
		"ports": []any{map[string]any{"protocol": "TCP", "port": 3128.0}},
	}
)

// variablesOf are the plain variables of a container of pods.
func variablesOf(t *testing.T, r graphtest.Resource, container string) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, v := range r.Input(t, container+".env").([]any) {
		variable := v.(map[string]any)
		all[variable["name"].(string)] = variable["value"]
	}
	return all
}

// taskVariables are the plain variables of the gateway's container in its task.
func taskVariables(t *testing.T, g *graphtest.Graph) map[string]any {
	t.Helper()
	var containers []struct {
		Name        string
		Environment []struct{ Name, Value string }
	}
	text := g.Named(t, "aws:ecs/taskDefinition:TaskDefinition", "ecs-task-definition").Input(t, "containerDefinitions").(string)
	require.NoError(t, json.Unmarshal([]byte(text), &containers))
	all := map[string]any{}
	for _, c := range containers {
		if c.Name == "bifrost" {
			for _, v := range c.Environment {
				all[v.Name] = v.Value
			}
		}
	}
	return all
}

// TestProxy: one setting reaches the gateway and the refresher, and opens their policies, wherever they run.
func TestProxy(t *testing.T) {
	t.Parallel()
	const serving, fetching = "spec.template.spec.containers[0]", "spec.template.spec.initContainers[0]"
	requireProxy := func(t *testing.T, variables map[string]any) {
		t.Helper()
		require.Equal(t, proxyURL, variables["HTTPS_PROXY"])
		require.Equal(t, proxyURL, variables["HTTP_PROXY"])
		require.Contains(t, variables["NO_PROXY"], ",.vpce.amazonaws.com")
		require.NotContains(t, variables, "http_proxy", "the check of ECS, wget, would ask the proxy for the gateway itself")
	}
	for stack, place := range map[string]string{"aws-dev": "eks", "azure-dev": "aks"} {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			g := record(t, stack, stackFile(t, stack).set("network", proxied))
			requireProxy(t, variablesOf(t, g.Named(t, "kubernetes:apps/v1:Deployment", place+"-gateway-deployment"), serving))
			requireProxy(t, variablesOf(t, g.Named(t, "kubernetes:batch/v1:Job", place+"-pull-first-run"), fetching))
			for _, policy := range []string{place + "-gateway-network-policy", place + "-pull-network-policy"} {
				require.Contains(t, g.Named(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy", policy).Input(t, "spec.egress"), proxyRule, policy)
			}
			if place == "eks" {
				requireProxy(t, taskVariables(t, g))
			}
		})
	}
	require.NotContains(t, taskVariables(t, record(t, "aws-dev", stackFile(t, "aws-dev"))), "NO_PROXY")
}

// TestNoProxy: what is inside is reached without the proxy, and what is outside with it, as Go's own clients decide.
func TestNoProxy(t *testing.T) {
	t.Parallel()
	s := stackFile(t, "aws-dev").set("network", proxied).set("gateway.clustering.type", "broker").set("secrets.brokerToken", canary)
	config := s.parsed(t, "aws-dev")
	for place, at := range map[string]stacks.Target{"ecs": stacks.OnEcs, "eks": stacks.OnEks} {
		config := httpproxy.Config{HTTPSProxy: proxyURL, HTTPProxy: proxyURL, NoProxy: config.EnvAt(at)["NO_PROXY"]}
		by := config.ProxyFunc()
		for target, direct := range map[string]bool{
			"http://169.254.170.23/v1/credentials":                  true, // EKS Pod Identity
			"http://169.254.170.2/v2/credentials":                   true, // the role of a task
			"http://169.254.169.254/latest/meta-data":               true,
			"http://[fd00:ec2::254]/latest/meta-data":               true,
			"http://168.63.129.16/metadata":                         true,
			"https://172.20.0.1/api":                                true, // the API server's Service
			"https://10.0.3.4:10102":                                true, // a pod or a task
			"https://bifrost-broker.bifrost.svc:50051":              true,
			"http://collector.otel.svc.cluster.local":               true,
			"http://localhost:8080/health":                          true,
			"https://sts.vpce.amazonaws.com":                        true,
			"https://api.openai.com/v1":                             false,
			"https://sts.us-east-1.amazonaws.com":                   false,
			"https://10.example.com":                                false,
			"https://8.8.8.8":                                       false,
			"https://notreally.svc.example.com":                     false,
			"https://bifrost-broker.aws-dev.bifrost.internal:50051": place == "ecs",
		} {
			u, err := url.Parse(target)
			require.NoError(t, err)
			proxy, err := by(u)
			require.NoError(t, err)
			require.Equal(t, direct, proxy == nil, "%s: %s", place, target)
		}
	}
}

// TestProxyOfProviders: the gateway's provider clients look at no variable unless config.json says so. One that says something itself is left
// alone.
func TestProxyOfProviders(t *testing.T) {
	t.Parallel()
	keys := func(name string) []any {
		return []any{map[string]any{"name": name, "value": "env.OPENAI_API_KEY", "models": []any{"*"}, "weight": 1}}
	}
	own := map[string]any{"type": "none"}
	for stack, at := range map[string]stacks.Target{"aws-dev": stacks.OnEcs, "azure-dev": stacks.OnAks} {
		s := stackFile(t, stack).set("secrets.env.OPENAI_API_KEY", canary).set("gateway.config.providers", map[string]any{
			"openai": map[string]any{"keys": keys("a")}, "anthropic": map[string]any{"keys": keys("b"), "proxy_config": own},
		})
		providers := func() map[string]any { return s.parsed(t, stack).DocumentAt(at)["providers"].(map[string]any) }
		require.NotContains(t, providers()["openai"], "proxy_config")
		s.set("network.proxy", proxyURL)
		require.Equal(t, map[string]any{"type": "environment"}, providers()["openai"].(map[string]any)["proxy_config"])
		require.Equal(t, own, providers()["anthropic"].(map[string]any)["proxy_config"])
	}
}

// TestProxyLogin: a secret variable takes the place of the plain one, for the gateway and for the refresher.
func TestProxyLogin(t *testing.T) {
	t.Parallel()
	s := stackFile(t, "aws-dev").set("network", proxied).set("secrets.env.HTTPS_PROXY", canary).set("gateway.existingNamespace", true).
		set("refresher.secretRefs.HTTPS_PROXY", map[string]any{"secret": "proxy", "key": "url"})
	g := record(t, "aws-dev", s)
	require.NotContains(t, variablesOf(t, g.Named(t, "kubernetes:apps/v1:Deployment", "eks-gateway-deployment"), "spec.template.spec.containers[0]"), "HTTPS_PROXY")
	require.NotContains(t, taskVariables(t, g), "HTTPS_PROXY")
	require.Contains(t, graphtest.Plain(g.Named(t, "kubernetes:core/v1:Secret", "eks-gateway-env").Inputs).Mappable()["data"], "HTTPS_PROXY")
	g.Named(t, "aws:secretsmanager/secret:Secret", "ecs-secret-HTTPS_PROXY")
	require.Contains(t, g.Named(t, "kubernetes:batch/v1:Job", "eks-pull-first-run").Input(t, "spec.template.spec.initContainers[0].env"), map[string]any{
		"name": "HTTPS_PROXY", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "proxy", "key": "url"}},
	})
	second := stackFile(t, "aws-dev").set("network", proxied).set("gateway.env.https_proxy", "http://other:3128").
		set("ecs.env.NO_PROXY", "x").set("refresher.env.HTTP_PROXY", "http://other:3128")
	require.Equal(t, []string{
		`ecs.env[NO_PROXY]: Forbidden: network.noProxy says it; write it there`,
		`gateway.env[https_proxy]: Forbidden: network.proxy says it; remove one of them`,
		`refresher.env[HTTP_PROXY]: Forbidden: network.proxy says it; remove one of them`,
	}, problemsOf(t, "aws-dev", second))
}

// TestNetworkAuthorities: one file reaches the gateway and the refresher, wherever they run.
func TestNetworkAuthorities(t *testing.T) {
	t.Parallel()
	for stack, place := range map[string]string{"aws-dev": "eks", "azure-dev": "aks"} {
		g := record(t, stack, stackFile(t, stack).set("network.caFile", "examples/eks-production/rds-ca.pem"))
		for _, configMap := range []string{place + "-gateway-network-ca", place + "-pull-network-ca"} {
			require.Contains(t, g.Named(t, "kubernetes:core/v1:ConfigMap", configMap).Input(t, `data["network-ca.pem"]`), "BEGIN CERTIFICATE", configMap)
		}
		if place == "eks" {
			require.Equal(t, "/app/data/network-ca", taskVariables(t, g)["SSL_CERT_DIR"])
			g.Named(t, "aws:secretsmanager/secret:Secret", "ecs-network-ca")
		}
	}
	const unknown = "no authority is made known"
	verified := stackFile(t, "azure-dev").set("gateway.config.config_store.config.ssl_mode", "verify-full").set("gateway.existingNamespace", true)
	require.Contains(t, strings.Join(verified.parsed(t, "azure-dev").DatabaseWarnings(), "\n"), unknown)
	require.NotContains(t, strings.Join(verified.set("network.caConfigMap", map[string]any{"name": "ca", "key": "ca.crt"}).
		parsed(t, "azure-dev").DatabaseWarnings(), "\n"), unknown, "the database's may be among them")
	g := record(t, "azure-dev", stackFile(t, "azure-dev").set("gateway.existingNamespace", true).set("network.caConfigMap", map[string]any{"name": "ca", "key": "ca.crt"}))
	require.Contains(t, g.Named(t, "kubernetes:batch/v1:CronJob", "aks-pull-cron-job").Input(t, "spec.jobTemplate.spec.template.spec.volumes"),
		map[string]any{"name": "network-ca", "configMap": map[string]any{"name": "ca", "items": []any{map[string]any{"key": "ca.crt", "path": "network-ca.pem"}}}})
	require.Equal(t, []string{"network: Forbidden: SSL_CERT_DIR is set, too; keep one of them"}, problemsOf(t, "azure-dev",
		stackFile(t, "azure-dev").set("network.caFile", "examples/eks-production/rds-ca.pem").set("gateway.env.SSL_CERT_DIR", "/x")))
}
