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

// Ports that pods reach outside.
const (
	dnsPort   = 53
	httpsPort = 443
	// apiServerPort is where an API server may listen behind the Service kubernetes, which has port 443: policies see the port behind.
	apiServerPort = 6443
)

// nodeAgent runs on every node and gives its pods credentials of a cloud.
type nodeAgent struct {
	cidrs []string
	port  int
}

var (
	// podIdentityAgents is the EKS Pod Identity Agent (Amazon EKS user guide, "Set up the Amazon EKS Pod Identity Agent").
	podIdentityAgents = []nodeAgent{{[]string{"169.254.170.23/32", "fd00:ec2::23/128"}, 80}}
	// metadataServers are GKE's metadata server, as a policy of Calico sees it, and as one of Dataplane V2 does (Google Kubernetes Engine,
	// "About Workload Identity Federation for GKE", network policy).
	metadataServers = []nodeAgent{{[]string{"169.254.169.252/32"}, 988}, {[]string{"169.254.169.254/32"}, 80}}
)

// Validate reports every problem of the peer, at p and below it.
func (n NetworkPeer) Validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if !check.ExactlyOne(n.Namespace != "", n.Cidr != "", len(n.NamespaceLabels) > 0 || len(n.PodLabels) > 0) {
		errs = append(errs, field.Required(p, "exactly one of namespace, cidr, and namespaceLabels with or without podLabels"))
	}
	errs = append(errs, check.IfSet(p.Child("namespace"), n.Namespace, check.Label)...)
	errs = append(errs, check.IfSet(p.Child("cidr"), n.Cidr, check.Cidr)...)
	errs = append(errs, check.Labels(p.Child("namespaceLabels"), n.NamespaceLabels)...)
	return append(errs, check.Labels(p.Child("podLabels"), n.PodLabels)...)
}

func (n NetworkPeer) args() *networkingv1.NetworkPolicyPeerArgs {
	switch {
	case n.Cidr != "":
		return &networkingv1.NetworkPolicyPeerArgs{IpBlock: &networkingv1.IPBlockArgs{Cidr: pulumi.String(n.Cidr)}}
	case n.Namespace != "":
		return &networkingv1.NetworkPolicyPeerArgs{NamespaceSelector: &metav1.LabelSelectorArgs{
			MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(n.Namespace)},
		}}
	}
	peer := &networkingv1.NetworkPolicyPeerArgs{}
	if len(n.NamespaceLabels) > 0 {
		peer.NamespaceSelector = &metav1.LabelSelectorArgs{MatchLabels: component.Merge(n.NamespaceLabels)}
	}
	if len(n.PodLabels) > 0 {
		peer.PodSelector = &metav1.LabelSelectorArgs{MatchLabels: component.Merge(n.PodLabels)}
	}
	return peer
}

func podsWith(labels map[string]string) *networkingv1.NetworkPolicyPeerArgs {
	return &networkingv1.NetworkPolicyPeerArgs{PodSelector: &metav1.LabelSelectorArgs{MatchLabels: component.OptionalMap(labels)}}
}

func tcp(ports ...int) networkingv1.NetworkPolicyPortArray {
	var all networkingv1.NetworkPolicyPortArray
	for _, port := range ports {
		all = append(all, policyPort("TCP", port))
	}
	return all
}

func policyPort(protocol string, port int) *networkingv1.NetworkPolicyPortArgs {
	return &networkingv1.NetworkPolicyPortArgs{Protocol: pulumi.String(protocol), Port: pulumi.Int(port)}
}

// nodeServices are addresses at which a node or its cloud answers whoever asks from there: the metadata service with the node's credentials
// and user data, agents on the node, and Azure's own host (Microsoft, "What is IP address 168.63.129.16?"; Amazon EC2 user guide, "Use the
// Instance Metadata Service"). No gateway needs them by itself.
var nodeServices = map[string][]string{
	gateway.IPv4: {"169.254.0.0/16", "168.63.129.16/32"},
	gateway.IPv6: {"fd00:ec2::/32", "fe80::/10"},
}

// anywhere are all addresses but those of the nodes' services. A network plugin may not count pods among addresses (Cilium), therefore they
// are named besides. Blocks of IPv6 are left out where nobody asked for it: not every plugin takes them.
func anywhere(ipFamily string) networkingv1.NetworkPolicyPeerArray {
	blocks := []struct{ all, family string }{{"0.0.0.0/0", gateway.IPv4}}
	if ipFamily == gateway.IPv6 {
		blocks = append(blocks, struct{ all, family string }{"::/0", gateway.IPv6})
	}
	var peers networkingv1.NetworkPolicyPeerArray
	for _, block := range blocks {
		peers = append(peers, &networkingv1.NetworkPolicyPeerArgs{IpBlock: &networkingv1.IPBlockArgs{
			Cidr: pulumi.String(block.all), Except: pulumi.ToStringArray(nodeServices[block.family]),
		}})
	}
	return append(peers, &networkingv1.NetworkPolicyPeerArgs{NamespaceSelector: &metav1.LabelSelectorArgs{}})
}

// toAnywhere opens TCP ports of all but the nodes' services.
func toAnywhere(ipFamily string, ports ...int) *networkingv1.NetworkPolicyEgressRuleArgs {
	return &networkingv1.NetworkPolicyEgressRuleArgs{To: anywhere(ipFamily), Ports: tcp(ports...)}
}

// outward are the ways out that every pod here has: DNS, to any address because a node's own cache may answer, and HTTPS. Pods that get
// their credentials from agents on the node reach those, too.
func outward(ipFamily string, agents []nodeAgent) networkingv1.NetworkPolicyEgressRuleArray {
	dns := networkingv1.NetworkPolicyPortArray{policyPort("UDP", dnsPort), policyPort("TCP", dnsPort)}
	rules := networkingv1.NetworkPolicyEgressRuleArray{
		&networkingv1.NetworkPolicyEgressRuleArgs{Ports: dns}, toAnywhere(ipFamily, httpsPort),
	}
	for _, agent := range agents {
		var addresses networkingv1.NetworkPolicyPeerArray
		for _, cidr := range agent.cidrs {
			addresses = append(addresses, NetworkPeer{Cidr: cidr}.args())
		}
		rules = append(rules, &networkingv1.NetworkPolicyEgressRuleArgs{To: addresses, Ports: tcp(agent.port)})
	}
	return rules
}
