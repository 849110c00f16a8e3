// Package enforcement judges what a cloud says of a cluster: whether its network policies are enforced. A cluster keeps policies that
// nothing enforces like any others. All functions are pure.
package enforcement

import (
	"strings"

	"sigs.k8s.io/yaml"
)

// Verdict has one part that is not empty.
type Verdict struct {
	// By enforces the policies.
	By string
	// Lacking is why nothing does, and Unknown why nobody can say.
	Lacking, Unknown string
}

// What enforces policies.
const (
	Cilium = "Cilium"
	Calico = "Calico"
	// AzureManager is Azure Network Policy Manager.
	AzureManager = "Azure Network Policy Manager"
	VpcCni       = "the Amazon VPC CNI"
	AutoMode     = "EKS Auto Mode"
)

// AKS judges the network profile of a managed cluster: networkPlugin, networkPolicy and networkDataplane, in any case. An engine is
// installed where networkPolicy names one, and the dataplane Cilium needs none besides (Microsoft, "Secure traffic between pods by using
// network policies in AKS" and "Configure Azure CNI Powered by Cilium", Network Policy Enforcement). What a plugin of the customer's own
// does Azure does not know ("Bring your own Container Network Interface plugin").
func AKS(plugin, policy, dataplane string) Verdict {
	engines := map[string]string{"azure": AzureManager, "calico": Calico, "cilium": Cilium}
	plugin, policy, dataplane = strings.ToLower(plugin), strings.ToLower(policy), strings.ToLower(dataplane)
	switch {
	case engines[policy] != "":
		return Verdict{By: engines[policy]}
	case dataplane == "cilium" && policy == "":
		return Verdict{By: Cilium}
	case plugin == "" || plugin == "none":
		return Verdict{Unknown: "the cluster has a network plugin that Azure does not know"}
	case dataplane == "cilium" || policy != "" && policy != "none":
		return Verdict{Unknown: "Azure says networkPolicy " + policy + " and networkDataplane " + dataplane}
	}
	return Verdict{Lacking: "its network policy engine is none"}
}

// EKSAddon is the add-on that networks the pods of EKS clusters without Auto Mode.
const EKSAddon = "vpc-cni"

// EKS judges the configuration of EKSAddon, JSON or YAML: enableNetworkPolicy, a text or a boolean, which is false by default (Amazon EKS
// user guide, "Restrict Pod network traffic with Kubernetes network policies"; aws/amazon-vpc-cni-k8s, charts/aws-vpc-cni/README.md).
func EKS(configuration string) Verdict {
	var values struct {
		EnableNetworkPolicy any `json:"enableNetworkPolicy"`
	}
	if err := yaml.Unmarshal([]byte(configuration), &values); err != nil {
		return Verdict{Unknown: "the configuration of the add-on " + EKSAddon + " does not parse"}
	}
	switch on := values.EnableNetworkPolicy.(type) {
	case bool:
		if on {
			return Verdict{By: VpcCni}
		}
	case string:
		if strings.EqualFold(on, "true") {
			return Verdict{By: VpcCni}
		}
	}
	return Verdict{Lacking: "its add-on " + EKSAddon + " has not enableNetworkPolicy"}
}
