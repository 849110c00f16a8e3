package world

// PolicyEngine is what enforces network policies in a cluster. Empty is the cloud's own good choice: the add-on vpc-cni on EKS, Cilium's
// dataplane on AKS, Dataplane V2 on GKE.
type PolicyEngine string

// The other engines.
const (
	// NoEngine enforces nothing, as clusters are by default: the add-on is there, and its switch is off.
	NoEngine PolicyEngine = "none"
	Calico   PolicyEngine = "calico"
	Cilium   PolicyEngine = "cilium"
	// AzureManager is Azure Network Policy Manager.
	AzureManager PolicyEngine = "azure"
	// SelfManaged and SelfManagedOff are a VPC CNI without an add-on, with its switch on and off.
	SelfManaged    PolicyEngine = "self-managed"
	SelfManagedOff PolicyEngine = "self-managed-off"
	// AutoMode and AutoModeOff are EKS Auto Mode, with its ConfigMap and without.
	AutoMode    PolicyEngine = "auto-mode"
	AutoModeOff PolicyEngine = "auto-mode-off"
	// Unknown is a network plugin that nobody here knows.
	Unknown PolicyEngine = "unknown"
)

// Automatic tells whether the cluster is one of EKS Auto Mode.
func (c EKSCluster) Automatic() bool {
	return c.NetworkPolicies == AutoMode || c.NetworkPolicies == AutoModeOff
}

// HasVpcCni tells whether the cluster has the add-on vpc-cni, and with which configuration. Calico enforces policies beside it.
func (c EKSCluster) HasVpcCni() (configuration string, has bool) {
	switch c.NetworkPolicies {
	case "":
		return `{"enableNetworkPolicy":"true"}`, true
	case NoEngine, Calico:
		return "", true
	}
	return "", false
}

// NetworkProfile is what Azure says of the cluster's network: networkPlugin, networkPolicy and networkDataplane. An engine that the
// customer has installed, on a plugin of their own, it does not know.
func (c AKSCluster) NetworkProfile() (plugin, policy, dataplane string) {
	switch c.NetworkPolicies {
	case "":
		return "azure", "cilium", "cilium"
	case NoEngine:
		return "azure", "none", "azure"
	case AzureManager, Calico:
		return "azure", string(c.NetworkPolicies), "azure"
	}
	return "none", "", ""
}
