package kubernetes_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

const (
	ingressType    = "kubernetes:networking.k8s.io/v1:Ingress"
	routeType      = "kubernetes:gateway.networking.k8s.io/v1:HTTPRoute"
	definitionType = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition"

	certificate = "arn:aws:acm:us-east-1:111122223333:certificate/0123"
)

func TestService(t *testing.T) {
	t.Parallel()
	g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Annotations = map[string]string{"a": "all"}
		a.Service = &kubernetes.WorkloadServiceArgs{
			Type: "LoadBalancer",
			Port: 443, Annotations: map[string]string{"service.beta.kubernetes.io/aws-load-balancer-ssl-cert": certificate},
			SourceRanges: []string{"10.0.0.0/8"},
		}
		a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{From: []kubernetes.NetworkPeer{{Cidr: "10.0.0.0/8"}}}
	})
	service := g.One(t, "kubernetes:core/v1:Service")
	require.Equal(t, map[string]any{
		"type": "LoadBalancer", "selector": map[string]any{"app": "bifrost"}, "loadBalancerSourceRanges": []any{"10.0.0.0/8"},
		"ports": []any{map[string]any{"name": "http", "port": 443.0, "targetPort": 8080.0, "protocol": "TCP"}},
	}, service.Input(t, "spec"))
	require.Equal(t, map[string]any{"a": "all", "service.beta.kubernetes.io/aws-load-balancer-ssl-cert": certificate},
		service.Input(t, "metadata.annotations"))
}

// TestIngress: each controller has the certificate and the stream's time in its own words.
func TestIngress(t *testing.T) {
	t.Parallel()
	nginx := func(more map[string]any) map[string]any {
		all := map[string]any{
			"nginx.ingress.kubernetes.io/proxy-read-timeout": "3600", "nginx.ingress.kubernetes.io/proxy-send-timeout": "3600",
			"nginx.ingress.kubernetes.io/proxy-body-size": "100m", "nginx.ingress.kubernetes.io/proxy-buffering": "off",
			"nginx.ingress.kubernetes.io/ssl-redirect": "true", "nginx.ingress.kubernetes.io/whitelist-source-range": "10.0.0.0/8,fd00::/8",
		}
		for k, v := range more {
			all["nginx.ingress.kubernetes.io/"+k] = v
		}
		return all
	}
	alb := func(more map[string]any) map[string]any {
		all := map[string]any{
			"alb.ingress.kubernetes.io/scheme": "internal", "alb.ingress.kubernetes.io/target-type": "ip",
			"alb.ingress.kubernetes.io/backend-protocol": "HTTP", "alb.ingress.kubernetes.io/healthcheck-path": "/health",
			"alb.ingress.kubernetes.io/load-balancer-attributes": "idle_timeout.timeout_seconds=3600,routing.http.drop_invalid_header_fields.enabled=true",
			"alb.ingress.kubernetes.io/target-group-attributes":  "deregistration_delay.timeout_seconds=75",
		}
		for k, v := range more {
			all["alb.ingress.kubernetes.io/"+k] = v
		}
		return all
	}
	secure := map[string]any{
		"listen-ports": `[{"HTTPS":443}]`, "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
		"certificate-arn": certificate,
	}
	hosts := []string{"llm.example.com", "*.llm.example.com"}
	anybody, inside := []string{"0.0.0.0/0"}, []string{"10.0.0.0/8", "fd00::/8"}
	for name, c := range map[string]struct {
		args        kubernetes.WorkloadIngressArgs
		class       string
		annotations map[string]any
	}{
		"alb": {kubernetes.WorkloadIngressArgs{Controller: "alb", Hosts: hosts, CertificateArn: certificate}, "alb", alb(secure)},
		"alb without tls, public": {
			kubernetes.WorkloadIngressArgs{Controller: "alb", Hosts: hosts, AllowHttp: true, Public: true, AllowedCidrs: anybody,
				StreamTimeoutSeconds: 600}, "alb",
			alb(map[string]any{
				"listen-ports": `[{"HTTP":80}]`, "scheme": "internet-facing", "inbound-cidrs": "0.0.0.0/0",
				"load-balancer-attributes": "idle_timeout.timeout_seconds=600,routing.http.drop_invalid_header_fields.enabled=true",
			}),
		},
		"nginx": {kubernetes.WorkloadIngressArgs{Controller: "nginx", Hosts: hosts, TlsSecret: "tls", AllowedCidrs: inside}, "nginx",
			nginx(nil)},
		"nginx, all set": {
			kubernetes.WorkloadIngressArgs{
				Controller: "nginx", Hosts: hosts, ClassName: "inner", AllowHttp: true, StreamTimeoutSeconds: 7200, BodySize: "0",
				AllowedCidrs: anybody,
				Annotations:  map[string]string{"nginx.ingress.kubernetes.io/proxy-buffering": "on"},
			}, "inner",
			nginx(map[string]any{"proxy-read-timeout": "7200", "proxy-send-timeout": "7200", "proxy-body-size": "0",
				"proxy-buffering": "on",
				"ssl-redirect":    "false", "whitelist-source-range": "0.0.0.0/0"}),
		},
		"app routing": {
			kubernetes.WorkloadIngressArgs{Controller: "appRouting", Hosts: hosts, TlsSecret: "keyvault-bifrost", AllowedCidrs: inside},
			"webapprouting.kubernetes.azure.com",
			nginx(nil),
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
				a.Ingress = &c.args
				a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{FromAnywhere: true}
			})
			ingress := g.One(t, ingressType)
			require.Equal(t, "bifrost", ingress.Input(t, "metadata.name"))
			require.Equal(t, c.class, ingress.Input(t, "spec.ingressClassName"))
			require.Equal(t, c.annotations, ingress.Input(t, "metadata.annotations"))
			if c.args.TlsSecret == "" {
				require.False(t, ingress.Has("spec.tls"))
			} else {
				require.Equal(t, []any{map[string]any{"hosts": []any{"llm.example.com", "*.llm.example.com"},
					"secretName": c.args.TlsSecret}},
					ingress.Input(t, "spec.tls"))
			}
			require.Len(t, ingress.Input(t, "spec.rules"), 2)
			require.Equal(t, map[string]any{"host": "llm.example.com", "http": map[string]any{"paths": []any{map[string]any{
				"path": "/", "pathType": "Prefix",
				"backend": map[string]any{"service": map[string]any{"name": "bifrost", "port": map[string]any{"name": "http"}}},
			}}}}, ingress.Input(t, "spec.rules[0]"))
			require.True(t, g.DependsOn(ingress, g.One(t, "kubernetes:core/v1:Service")))
		})
	}
}

func TestHttpRoute(t *testing.T) {
	t.Parallel()
	g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.HttpRoute = &kubernetes.WorkloadHttpRouteArgs{
			Gateway: "shared", GatewayNamespace: "infra", Section: "https", Hosts: []string{"llm.example.com"}, Path: "/v1",
			RequestTimeoutSeconds: 900,
			Annotations:           map[string]string{"a": "b"},
		}
	})
	route := g.One(t, routeType)
	require.Equal(t, map[string]any{
		"parentRefs": []any{map[string]any{"name": "shared", "namespace": "infra", "sectionName": "https"}},
		"hostnames":  []any{"llm.example.com"},
		"rules": []any{map[string]any{
			"matches":     []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/v1"}}},
			"timeouts":    map[string]any{"request": "900s", "backendRequest": "900s"},
			"backendRefs": []any{map[string]any{"name": "bifrost", "port": 80.0}},
		}},
	}, route.Input(t, "spec"))
	require.Equal(t, map[string]any{"a": "b"}, route.Input(t, "metadata.annotations"))
	requireDefinition(t, g, route, "httproutes.gateway.networking.k8s.io")

	open := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.HttpRoute = &kubernetes.WorkloadHttpRouteArgs{Gateway: "own", AllowHttp: true, Hosts: []string{"llm.example.com"}}
	})
	require.Equal(t, []any{map[string]any{"name": "own"}}, open.One(t, routeType).Input(t, "spec.parentRefs"))
}

// requireDefinition: the kind's definition is read before the object is made, from the same cluster.
func requireDefinition(t *testing.T, g *graphtest.Graph, object graphtest.Resource, definition string) {
	t.Helper()
	read := g.One(t, definitionType)
	require.Equal(t, definition, read.Reads)
	require.Equal(t, object.Provider, read.Provider)
	require.True(t, g.DependsOn(object, read))
}

// TestWhoMayComeIn: what the internet may reach names its clients, in the key that is for it.
func TestWhoMayComeIn(t *testing.T) {
	t.Parallel()
	ingress := func(change func(*kubernetes.WorkloadIngressArgs)) func(*kubernetes.BifrostWorkloadArgs) {
		return func(a *kubernetes.BifrostWorkloadArgs) {
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{FromAnywhere: true}
			a.Ingress = &kubernetes.WorkloadIngressArgs{Controller: "alb", Hosts: []string{"llm.example.com"}, CertificateArn: certificate}
			change(a.Ingress)
		}
	}
	service := func(annotations map[string]string, ranges ...string) func(*kubernetes.BifrostWorkloadArgs) {
		return func(a *kubernetes.BifrostWorkloadArgs) {
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{FromAnywhere: true}
			a.Service = &kubernetes.WorkloadServiceArgs{Type: "LoadBalancer", AllowHttp: true, Annotations: annotations,
				SourceRanges: ranges}
		}
	}
	for name, c := range map[string]struct {
		change func(*kubernetes.BifrostWorkloadArgs)
		wrong  string
	}{
		"internal alb": {ingress(func(*kubernetes.WorkloadIngressArgs) {}), ""},
		"public alb":   {ingress(func(a *kubernetes.WorkloadIngressArgs) { a.Public = true }), "ingress.allowedCidrs: Required"},
		"public, named": {ingress(func(a *kubernetes.WorkloadIngressArgs) { a.Public, a.AllowedCidrs = true, []string{"192.0.2.0/24"} }),
			""},
		"public by an annotation": {ingress(func(a *kubernetes.WorkloadIngressArgs) {
			a.Annotations = map[string]string{"alb.ingress.kubernetes.io/scheme": "internet-facing"}
		}), "write ingress.public instead"},
		"clients by an annotation": {ingress(func(a *kubernetes.WorkloadIngressArgs) {
			a.Annotations = map[string]string{"alb.ingress.kubernetes.io/inbound-cidrs": "0.0.0.0/0"}
		}), "write ingress.allowedCidrs instead"},
		"port 80 beside a certificate, by an annotation": {ingress(func(a *kubernetes.WorkloadIngressArgs) {
			a.Annotations = map[string]string{"alb.ingress.kubernetes.io/listen-ports": `[{"HTTP": 80}, {"HTTPS": 443}]`}
		}), "ingress.annotations[alb.ingress.kubernetes.io/listen-ports]: Invalid"},
		"another port for TLS": {ingress(func(a *kubernetes.WorkloadIngressArgs) {
			a.Annotations = map[string]string{"alb.ingress.kubernetes.io/listen-ports": `[{"HTTPS": 8443}]`}
		}), ""},
		"other ports in clear, where that is meant": {ingress(func(a *kubernetes.WorkloadIngressArgs) {
			a.CertificateArn, a.AllowHttp = "", true
			a.Annotations = map[string]string{"alb.ingress.kubernetes.io/listen-ports": `[{"HTTP": 8080}]`}
		}), ""},
		"clear text served beside TLS": {ingress(func(a *kubernetes.WorkloadIngressArgs) {
			a.Controller, a.CertificateArn, a.TlsSecret, a.AllowedCidrs = "nginx", "", "tls", []string{"10.0.0.0/8"}
			a.Annotations = map[string]string{"nginx.ingress.kubernetes.io/ssl-redirect": "false"}
		}), "ingress.annotations[nginx.ingress.kubernetes.io/ssl-redirect]: Invalid"},
		"a block with bits behind it": {ingress(func(a *kubernetes.WorkloadIngressArgs) { a.AllowedCidrs = []string{"10.0.0.1/8"} }),
			"ingress.allowedCidrs[0]"},
		"nginx": {ingress(func(a *kubernetes.WorkloadIngressArgs) {
			a.Controller, a.CertificateArn, a.TlsSecret = "nginx", "", "tls"
		}), "ingress.allowedCidrs: Required"},
		"a load balancer":          {service(nil), "service.sourceRanges: Required"},
		"a load balancer for some": {service(nil, "192.0.2.0/24"), ""},
		"internal on AWS":          {service(map[string]string{"service.beta.kubernetes.io/aws-load-balancer-scheme": "internal"}), ""},
		"internal on Azure":        {service(map[string]string{"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}), ""},
		"internal in other words": {service(map[string]string{"service.beta.kubernetes.io/azure-load-balancer-internal": "yes"}),
			"service.sourceRanges: Required"},
		"facing the internet, on AWS": {service(map[string]string{"service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing"}), "service.sourceRanges: Required"},
	} {
		t.Run(name, func(t *testing.T) {
			args := workloadArgs()
			c.change(args)
			problems := args.Validate(nil)
			if c.wrong == "" {
				require.Empty(t, problems)
				return
			}
			require.ErrorContains(t, problems.ToAggregate(), c.wrong)
			require.Len(t, problems, 1)
		})
	}
}
