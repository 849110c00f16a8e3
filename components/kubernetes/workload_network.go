package kubernetes

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

const postgresPort = 5432

// Validate reports every problem of the arguments, at p and below it. Nil has none, and neither has a policy that is not made.
func (a *WorkloadNetworkPolicyArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil || a.Disabled {
		return nil
	}
	var errs field.ErrorList
	for i, peer := range a.From {
		errs = append(errs, peer.Validate(p.Child("from").Index(i))...)
	}
	for i, peer := range a.MetricsFrom {
		errs = append(errs, peer.Validate(p.Child("metricsFrom").Index(i))...)
	}
	for i, port := range a.DatabasePorts {
		errs = append(errs, check.Port(p.Child("databasePorts").Index(i), port)...)
	}
	for i, destination := range a.Destinations {
		errs = append(errs, destination.Validate(p.Child("destinations").Index(i))...)
	}
	if a.FromAnywhere && len(a.From) > 0 {
		errs = append(errs, field.Forbidden(p.Child("fromAnywhere"), "from says who; remove one of them"))
	}
	return errs
}

// validateNetwork also asks who the clients are, where they are not in the cluster.
func (a *BifrostWorkloadArgs) validateNetwork(p *field.Path) field.ErrorList {
	errs, policy := a.NetworkPolicy.Validate(p), a.networkPolicy()
	if policy.Disabled || policy.FromAnywhere || len(policy.From) > 0 {
		return errs
	}
	service := a.Service.resolved()
	switch from := p.Child("from"); {
	case service.Type != clusterIp:
		errs = append(errs, field.Required(from, "a Service of type "+service.Type+" is reached from outside the cluster: "+
			"name the clients' cidr, or set networkPolicy.fromAnywhere"))
	case a.Ingress != nil && ingressControllers[a.Ingress.Controller].outside != "":
		errs = append(errs, field.Required(from, ingressControllers[a.Ingress.Controller].outside+
			", or set networkPolicy.fromAnywhere"))
	}
	return errs
}

func (a *BifrostWorkloadArgs) networkPolicy() WorkloadNetworkPolicyArgs {
	return ptr.Deref(a.NetworkPolicy, WorkloadNetworkPolicyArgs{})
}

// newNetworkPolicy lets in who is named and out what a gateway needs. Kubelets reach the pods of their node whatever it says.
func (a *BifrostWorkloadArgs) newNetworkPolicy(s component.Scope) error {
	if a.networkPolicy().Disabled {
		return nil
	}
	app := a.application()
	_, err := networkingv1.NewNetworkPolicy(s.Ctx, s.Child("network-policy"), &networkingv1.NetworkPolicyArgs{
		Metadata: app.meta(app.name),
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: a.policySelector(),
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Ingress:     a.policyIngress(),
			Egress:      a.policyEgress(),
		},
	}, s.Options()...)
	return err
}

// policySelector picks the gateway's pods, and those that migrate: they need the same ways out.
func (a *BifrostWorkloadArgs) policySelector() *metav1.LabelSelectorArgs {
	if !a.MigrationJob {
		return a.application().pods()
	}
	apps := []string{a.application().own()[appLabel], a.migrationApp()}
	return &metav1.LabelSelectorArgs{MatchExpressions: metav1.LabelSelectorRequirementArray{&metav1.LabelSelectorRequirementArgs{
		Key: pulumi.String(appLabel), Operator: pulumi.String("In"), Values: pulumi.ToStringArray(apps),
	}}}
}

func (a *BifrostWorkloadArgs) policyIngress() networkingv1.NetworkPolicyIngressRuleArray {
	clients := &networkingv1.NetworkPolicyIngressRuleArgs{Ports: tcp(gateway.Port)}
	// A rule without peers is open to all.
	if !a.networkPolicy().FromAnywhere {
		clients.From = a.clients()
	}
	rules := networkingv1.NetworkPolicyIngressRuleArray{clients}
	if scrapers := a.networkPolicy().MetricsFrom; len(scrapers) > 0 {
		rules = append(rules, &networkingv1.NetworkPolicyIngressRuleArgs{From: peersOf(scrapers), Ports: tcp(gateway.Port)})
	}
	if a.Clustering != nil {
		rules = append(rules, &networkingv1.NetworkPolicyIngressRuleArgs{
			From: networkingv1.NetworkPolicyPeerArray{podsWith(a.application().selector())}, Ports: peerPolicyPorts(),
		})
	}
	return rules
}

// clients may use the gateway's port. Where none are named, they are the pods of the namespace, and the proxies that lead to the gateway,
// in the namespaces where those usually are.
func (a *BifrostWorkloadArgs) clients() networkingv1.NetworkPolicyPeerArray {
	policy := a.networkPolicy()
	if len(policy.From) > 0 {
		return peersOf(policy.From)
	}
	proxies := networkingv1.NetworkPolicyPeerArray{podsWith(nil)}
	if a.Ingress != nil {
		proxies = append(proxies, NetworkPeer{Namespace: ingressControllers[a.Ingress.Controller].namespace}.args())
	}
	if a.HttpRoute != nil && a.HttpRoute.GatewayNamespace != "" {
		proxies = append(proxies, NetworkPeer{Namespace: a.HttpRoute.GatewayNamespace}.args())
	}
	return proxies
}

func peersOf(named []NetworkPeer) networkingv1.NetworkPolicyPeerArray {
	var all networkingv1.NetworkPolicyPeerArray
	for _, peer := range named {
		all = append(all, peer.args())
	}
	return all
}

// Validate reports every problem of the destination, below p.
func (d NetworkDestination) Validate(p *field.Path) field.ErrorList {
	errs := check.Port(p.Child("port"), d.Port)
	if d.Peer != nil {
		errs = append(errs, d.Peer.Validate(p.Child("peer"))...)
	}
	return errs
}

func (d NetworkDestination) rule(ipFamily string) *networkingv1.NetworkPolicyEgressRuleArgs {
	if d.Peer == nil {
		return toAnywhere(ipFamily, d.Port)
	}
	return &networkingv1.NetworkPolicyEgressRuleArgs{To: peersOf([]NetworkPeer{*d.Peer}), Ports: tcp(d.Port)}
}

func (a *BifrostWorkloadArgs) policyEgress() networkingv1.NetworkPolicyEgressRuleArray {
	policy, rules := a.networkPolicy(), outward(a.IpFamily, a.nodeAgents())
	databases := policy.DatabasePorts
	if databases == nil && a.Storage == nil {
		databases = []int{postgresPort}
	}
	if len(databases) > 0 {
		rules = append(rules, toAnywhere(a.IpFamily, databases...))
	}
	for _, destination := range policy.Destinations {
		rules = append(rules, destination.rule(a.IpFamily))
	}
	if a.Clustering != nil {
		rules = append(rules, &networkingv1.NetworkPolicyEgressRuleArgs{
			To: networkingv1.NetworkPolicyPeerArray{podsWith(a.application().selector())}, Ports: peerPolicyPorts(),
		})
	}
	if a.discovers() {
		rules = append(rules, toAnywhere(a.IpFamily, apiServerPort))
	}
	return append(rules, policy.ExtraEgress...)
}
