package kubernetes

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

const postgresPort = 5432

func (a *BifrostWorkloadArgs) networkPolicy() WorkloadNetworkPolicyArgs {
	if a.NetworkPolicy == nil {
		return WorkloadNetworkPolicyArgs{}
	}
	return *a.NetworkPolicy
}

func (a *BifrostWorkloadArgs) validateNetwork() field.ErrorList {
	policy, p := a.networkPolicy(), field.NewPath("networkPolicy")
	if policy.Disabled {
		return nil
	}
	var errs field.ErrorList
	for i, peer := range policy.From {
		errs = append(errs, peer.validate(p.Child("from").Index(i))...)
	}
	for i, peer := range policy.MetricsFrom {
		errs = append(errs, peer.validate(p.Child("metricsFrom").Index(i))...)
	}
	for i, port := range policy.DatabasePorts {
		errs = append(errs, check.Port(p.Child("databasePorts").Index(i), port)...)
	}
	switch from := p.Child("from"); {
	case policy.FromAnywhere && len(policy.From) > 0:
		errs = append(errs, field.Forbidden(p.Child("fromAnywhere"), "from says who; remove one of them"))
	case policy.FromAnywhere || len(policy.From) > 0:
	case a.serviceType() != "ClusterIP":
		errs = append(errs, field.Required(from, "a Service of type "+a.serviceType()+" is reached from outside the cluster: name the clients' cidr, or set networkPolicy.fromAnywhere"))
	case a.Ingress != nil && a.Ingress.Controller == IngressALB:
		errs = append(errs, field.Required(from, "an ALB is not in the cluster: name the cidr of its subnets, or set networkPolicy.fromAnywhere"))
	}
	return errs
}

// newNetworkPolicy lets in who is named and out what a gateway needs. Kubelets reach the pods of their node whatever it says.
func (w *workload) newNetworkPolicy() error {
	policy := w.networkPolicy()
	if policy.Disabled {
		return nil
	}
	_, err := networkingv1.NewNetworkPolicy(w.ctx, w.prefix+"-network-policy", &networkingv1.NetworkPolicyArgs{
		Metadata: w.meta(w.name()),
		Spec: &networkingv1.NetworkPolicySpecArgs{
			PodSelector: w.policySelector(),
			PolicyTypes: pulumi.ToStringArray([]string{"Ingress", "Egress"}),
			Ingress:     w.policyIngress(policy),
			Egress:      w.policyEgress(policy),
		},
	}, pulumi.Parent(w.parent))
	return err
}

// policySelector picks the gateway's pods, and those that migrate: they need the same ways out.
func (a *BifrostWorkloadArgs) policySelector() *metav1.LabelSelectorArgs {
	if !a.MigrationJob {
		return &metav1.LabelSelectorArgs{MatchLabels: component.Merge(a.selector())}
	}
	return &metav1.LabelSelectorArgs{MatchExpressions: metav1.LabelSelectorRequirementArray{&metav1.LabelSelectorRequirementArgs{
		Key: pulumi.String("app"), Operator: pulumi.String("In"), Values: pulumi.ToStringArray([]string{a.name(), a.migrationApp()}),
	}}}
}

func (a *BifrostWorkloadArgs) policyIngress(policy WorkloadNetworkPolicyArgs) networkingv1.NetworkPolicyIngressRuleArray {
	clients := &networkingv1.NetworkPolicyIngressRuleArgs{Ports: tcp(gateway.Port)}
	// A rule without peers is open to all.
	if !policy.FromAnywhere {
		var peers networkingv1.NetworkPolicyPeerArray
		if len(policy.From) == 0 {
			peers = a.defaultPeers()
		}
		for _, peer := range append(policy.From[:len(policy.From):len(policy.From)], policy.MetricsFrom...) {
			peers = append(peers, peer.args())
		}
		clients.From = peers
	}
	rules := networkingv1.NetworkPolicyIngressRuleArray{clients}
	if a.Clustering != nil {
		rules = append(rules, &networkingv1.NetworkPolicyIngressRuleArgs{
			From: networkingv1.NetworkPolicyPeerArray{podsWith(a.selector())}, Ports: clusterPorts(),
		})
	}
	return rules
}

// defaultPeers are the pods of the namespace, and the proxies that lead to the gateway where they usually are.
func (a *BifrostWorkloadArgs) defaultPeers() networkingv1.NetworkPolicyPeerArray {
	peers := networkingv1.NetworkPolicyPeerArray{podsWith(nil)}
	if a.Ingress != nil {
		peers = append(peers, NetworkPeer{Namespace: ingressControllers[a.Ingress.Controller].namespace}.args())
	}
	if a.HttpRoute != nil && a.HttpRoute.GatewayNamespace != "" {
		peers = append(peers, NetworkPeer{Namespace: a.HttpRoute.GatewayNamespace}.args())
	}
	return peers
}

func (a *BifrostWorkloadArgs) policyEgress(policy WorkloadNetworkPolicyArgs) networkingv1.NetworkPolicyEgressRuleArray {
	rules := outward(a.PodIdentity)
	databases := policy.DatabasePorts
	if databases == nil && a.Storage == nil {
		databases = []int{postgresPort}
	}
	if len(databases) > 0 {
		rules = append(rules, &networkingv1.NetworkPolicyEgressRuleArgs{Ports: tcp(databases...)})
	}
	if a.Clustering != nil {
		rules = append(rules, &networkingv1.NetworkPolicyEgressRuleArgs{
			To: networkingv1.NetworkPolicyPeerArray{podsWith(a.selector())}, Ports: clusterPorts(),
		})
	}
	if a.discovers() {
		rules = append(rules, &networkingv1.NetworkPolicyEgressRuleArgs{Ports: tcp(apiServerPort)})
	}
	return append(rules, policy.ExtraEgress...)
}

func clusterPorts() networkingv1.NetworkPolicyPortArray {
	return networkingv1.NetworkPolicyPortArray{
		policyPort("TCP", gateway.GossipPort), policyPort("UDP", gateway.GossipPort), policyPort("TCP", gateway.GrpcPort),
	}
}
