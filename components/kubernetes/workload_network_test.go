package kubernetes_test

import (
	"testing"

	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
)

const policyType = "kubernetes:networking.k8s.io/v1:NetworkPolicy"

var (
	port8080     = []any{map[string]any{"protocol": "TCP", "port": 8080.0}}
	ownNamespace = map[string]any{"podSelector": map[string]any{}}
	dnsRule      = map[string]any{"ports": []any{map[string]any{"protocol": "UDP", "port": 53.0},
		map[string]any{"protocol": "TCP", "port": 53.0}}}
	// anybody is everyone but the nodes' own services.
	anybody = []any{
		map[string]any{"ipBlock": map[string]any{"cidr": "0.0.0.0/0", "except": []any{"169.254.0.0/16", "168.63.129.16/32"}}},
		map[string]any{"namespaceSelector": map[string]any{}},
	}
	anybodyOnIPv6 = []any{
		anybody[0], map[string]any{"ipBlock": map[string]any{"cidr": "::/0", "except": []any{"fd00:ec2::/32", "fe80::/10"}}}, anybody[1],
	}
	httpsRule     = toPorts(anybody, 443)
	databaseRule  = toPorts(anybody, 5432)
	apiServerRule = toPorts(anybody, 6443)
	agentRule     = map[string]any{
		"to": []any{
			map[string]any{"ipBlock": map[string]any{"cidr": "169.254.170.23/32"}},
			map[string]any{"ipBlock": map[string]any{"cidr": "fd00:ec2::23/128"}},
		},
		"ports": []any{map[string]any{"protocol": "TCP", "port": 80.0}},
	}
)

func toPorts(peers []any, ports ...float64) map[string]any {
	var all []any
	for _, port := range ports {
		all = append(all, map[string]any{"protocol": "TCP", "port": port})
	}
	return map[string]any{"to": peers, "ports": all}
}

func inNamespace(name string) map[string]any {
	return map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": name}}}
}

func TestNetworkPolicy(t *testing.T) {
	t.Parallel()
	policy := recordWorkload(t, asIs).One(t, policyType)
	require.Equal(t, map[string]any{
		"podSelector": map[string]any{"matchLabels": map[string]any{"app": "bifrost"}},
		"policyTypes": []any{"Ingress", "Egress"},
		"ingress":     []any{map[string]any{"from": []any{ownNamespace}, "ports": port8080}},
		"egress":      []any{dnsRule, httpsRule, databaseRule},
	}, policy.Input(t, "spec"))
	without := func(a *kubernetes.BifrostWorkloadArgs) {
		a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{Disabled: true}
	}
	require.Empty(t, recordWorkload(t, without).Of(policyType))
}

func TestNetworkPolicyIngress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*kubernetes.BifrostWorkloadArgs)
		from   any
	}{
		"anywhere": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{FromAnywhere: true}
		}, nil},
		"nginx": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Ingress = &kubernetes.WorkloadIngressArgs{Controller: "nginx", Hosts: []string{"a.b"}, TlsSecret: "t", AllowedCidrs: []string{"10.0.0.0/8"}}
		}, []any{ownNamespace, inNamespace("ingress-nginx")}},
		"app routing": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Ingress = &kubernetes.WorkloadIngressArgs{Controller: "appRouting", Hosts: []string{"a.b"}, TlsSecret: "t", AllowedCidrs: []string{"10.0.0.0/8"}}
		}, []any{ownNamespace, inNamespace("app-routing-system")}},
		"a Gateway elsewhere": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.HttpRoute = &kubernetes.WorkloadHttpRouteArgs{Gateway: "g", GatewayNamespace: "infra", Section: "https", Hosts: []string{"a.b"}}
		}, []any{ownNamespace, inNamespace("infra")}},
		"metrics beside the default": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{MetricsFrom: []kubernetes.NetworkPeer{{Namespace: "monitoring"}}}
		}, []any{ownNamespace}},
		"all forms": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{
				From: []kubernetes.NetworkPeer{
					{Namespace: "apps"}, {Cidr: "10.0.0.0/8"}, {PodLabels: map[string]string{"a": "b"}}, {NamespaceLabels: map[string]string{"c": "d"}},
					{NamespaceLabels: map[string]string{"c": "d"}, PodLabels: map[string]string{"a": "b"}},
				},
				MetricsFrom: []kubernetes.NetworkPeer{{Namespace: "monitoring"}},
			}
		}, []any{
			inNamespace("apps"), map[string]any{"ipBlock": map[string]any{"cidr": "10.0.0.0/8"}},
			map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"a": "b"}}},
			map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"c": "d"}}},
			map[string]any{
				"namespaceSelector": map[string]any{"matchLabels": map[string]any{"c": "d"}},
				"podSelector":       map[string]any{"matchLabels": map[string]any{"a": "b"}},
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			want := map[string]any{"ports": port8080}
			if c.from != nil {
				want["from"] = c.from
			}
			rules := []any{want}
			args := workloadArgs()
			c.change(args)
			if args.NetworkPolicy != nil && args.NetworkPolicy.MetricsFrom != nil {
				rules = append(rules, map[string]any{"from": []any{inNamespace("monitoring")}, "ports": port8080})
			}
			require.Equal(t, rules, recordWorkload(t, c.change).One(t, policyType).Input(t, "spec.ingress"))
		})
	}
}

func TestNetworkPolicyEgress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*kubernetes.BifrostWorkloadArgs)
		want   []any
	}{
		"pod identity": {func(a *kubernetes.BifrostWorkloadArgs) { a.PodIdentity = true }, []any{dnsRule, httpsRule, agentRule, databaseRule}},
		"other database": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{DatabasePorts: []int{6432, 6379}}
		}, []any{dnsRule, httpsRule, toPorts(anybody, 6432, 6379)}},
		"IPv6, too": {func(a *kubernetes.BifrostWorkloadArgs) { a.IpFamily = "IPv6" },
			[]any{dnsRule, toPorts(anybodyOnIPv6, 443), toPorts(anybodyOnIPv6, 5432)}},
		"destinations": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{DatabasePorts: []int{}, Destinations: []kubernetes.NetworkDestination{
				{Port: 5432}, {Peer: &kubernetes.NetworkPeer{Cidr: "10.0.0.7/32"}, Port: 4317}, {Peer: &kubernetes.NetworkPeer{Namespace: "otel"}, Port: 80},
			}}
		}, []any{dnsRule, httpsRule, databaseRule, toPorts([]any{map[string]any{"ipBlock": map[string]any{"cidr": "10.0.0.7/32"}}}, 4317),
			toPorts([]any{inNamespace("otel")}, 80)}},
		"no database": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{DatabasePorts: []int{}}
		},
			[]any{dnsRule, httpsRule}},
		"more": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{ExtraEgress: networkingv1.NetworkPolicyEgressRuleArray{
				&networkingv1.NetworkPolicyEgressRuleArgs{Ports: networkingv1.NetworkPolicyPortArray{
					&networkingv1.NetworkPolicyPortArgs{Port: pulumi.Int(4317)},
				}},
			}}
		}, []any{dnsRule, httpsRule, databaseRule, map[string]any{"ports": []any{map[string]any{"port": 4317.0}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, recordWorkload(t, c.change).One(t, policyType).Input(t, "spec.egress"))
		})
	}
}
