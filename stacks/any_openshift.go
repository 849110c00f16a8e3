package stacks

import (
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// OpenShift's DNS listens on a port of its own behind the Service, and policies see the port behind (OpenShift Container Platform, "DNS
// Operator"; openshift/cluster-dns-operator, assets/dns/daemonset.yaml).
const (
	openshiftDns     = "openshift-dns"
	openshiftDnsPort = 5353
)

// namespaceUserIds tells whether the namespace gives the pods their users and groups.
func (c *Config) namespaceUserIds() bool { return c.Kubernetes != nil && c.Kubernetes.Openshift }

// dnsEgress leads to OpenShift's DNS; nil elsewhere, where DNS has its own port.
func (c *Config) dnsEgress() networkingv1.NetworkPolicyEgressRuleArray {
	if !c.namespaceUserIds() {
		return nil
	}
	rule := &networkingv1.NetworkPolicyEgressRuleArgs{
		To: networkingv1.NetworkPolicyPeerArray{&networkingv1.NetworkPolicyPeerArgs{NamespaceSelector: &metav1.LabelSelectorArgs{
			MatchLabels: pulumi.StringMap{"kubernetes.io/metadata.name": pulumi.String(openshiftDns)},
		}}},
	}
	var ports networkingv1.NetworkPolicyPortArray
	for _, protocol := range []string{"UDP", "TCP"} {
		ports = append(ports, &networkingv1.NetworkPolicyPortArgs{Port: pulumi.Int(openshiftDnsPort), Protocol: pulumi.String(protocol)})
	}
	rule.Ports = ports
	return networkingv1.NetworkPolicyEgressRuleArray{rule}
}
