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
	DataplaneV2  = "GKE Dataplane V2"
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

// GKE judges the datapath of a cluster and whether its network policies are switched on. Dataplane V2, which Autopilot always has, is
// Cilium and enforces them by itself; otherwise Calico does, where it is switched on (Google Kubernetes Engine, "GKE Dataplane V2" and
// "Control communication between Pods and Services using network policies").
func GKE(datapathProvider string, enabled bool) Verdict {
	switch {
	case datapathProvider == "ADVANCED_DATAPATH":
		return Verdict{By: DataplaneV2}
	case enabled:
		return Verdict{By: Calico}
	}
	return Verdict{Lacking: "it has neither Dataplane V2 nor network policy enforcement"}
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
