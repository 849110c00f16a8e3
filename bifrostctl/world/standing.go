package world

import (
	"cmp"

	"bifrost/bifrostctl/internal/pulumitype"
)

// Standing is a cluster that stood before the stack, of any cloud: what the sandbox's commands list and change.
type Standing struct {
	// Type is its Pulumi type token, or one of the sandbox's own. Scope and ID are as `sandbox state` shows them.
	Type, Scope, ID string
	// Names are those by which `sandbox change` finds it.
	Names []string
	// State is what is known of it.
	State map[string]any
	// Cluster points to it in the world: its fields, by their names in JSON, can be changed.
	Cluster any
	// Pods are what a cluster of Kubernetes has; nil for one of ECS.
	Pods *Pods
}

// Pods is a standing cluster of Kubernetes.
type Pods struct {
	// Cloud is as in Cluster.Cloud, Server the URL of its API server.
	Cloud, Server, Version string
	// API is the real API server that is the cluster's; nil for one of the sandbox's own.
	API *APIServer
	// NetworkPolicies is what enforces network policies.
	NetworkPolicies PolicyEngine
}

// Standing lists the clusters that stood before the stack. The caller holds the lock, or knows that nobody else has the world.
func (w *World) Standing() []Standing {
	var all []Standing
	for _, account := range w.AWS {
		all = append(all, account.standing()...)
	}
	for _, subscription := range w.Azure {
		all = append(all, subscription.standing()...)
	}
	for _, project := range w.GCP {
		all = append(all, project.standing()...)
	}
	for _, cluster := range w.Kubernetes {
		all = append(all, cluster.standing())
	}
	return all
}

// pods finds the standing cluster of Kubernetes at a server; nil where there is none.
func (w *World) pods(server string) *Pods {
	for _, standing := range w.Standing() {
		if standing.Pods != nil && standing.Pods.Server == server {
			return standing.Pods
		}
	}
	return nil
}

// API returns the real API server that was the world's cluster the last time; nil where the cluster is of the sandbox's own.
func (w *World) API() *APIServer {
	for _, standing := range w.Standing() {
		if standing.Pods != nil && standing.Pods.API != nil {
			return standing.Pods.API
		}
	}
	return nil
}

// Version is that of the cluster of Kubernetes at server; empty where there is none.
func (w *World) Version(server string) string {
	if found := w.pods(server); found != nil {
		return found.Version
	}
	return ""
}

// PolicyEngine returns what enforces network policies in the cluster at server, and the cluster's cloud.
func (w *World) PolicyEngine(server string) (engine PolicyEngine, cloud string) {
	if found := w.pods(server); found != nil {
		return found.NetworkPolicies, found.Cloud
	}
	return Unknown, ""
}

func (a *AWSAccount) standing() []Standing {
	var all []Standing
	for i := range a.EKS {
		c := &a.EKS[i]
		all = append(all, Standing{
			Type: pulumitype.AwsEksCluster, Scope: a.ID + "/" + c.Region, ID: c.Name, Names: []string{c.Name}, Cluster: c,
			State: map[string]any{
				"version": c.Version, "endpoint": c.Endpoint(a.ID), "issuer": c.Issuer(a.ID), "nodeRoles": c.NodeRoles,
				"podIdentityAgent": c.PodIdentityAgent, "credentialProvider": c.CredentialProvider,
				"networkPolicies": cmp.Or(c.NetworkPolicies, "vpc-cni"),
			},
			Pods: &Pods{Cloud: "eks", Server: c.Endpoint(a.ID), Version: c.Version, API: c.API, NetworkPolicies: c.NetworkPolicies},
		})
	}
	for i := range a.ECS {
		c := &a.ECS[i]
		all = append(all, Standing{
			Type: pulumitype.AwsEcsCluster, Scope: a.ID + "/" + c.Region, ID: c.ARN(a.ID), Names: []string{c.Name}, Cluster: c,
		})
	}
	return all
}

// standing: a cluster of AKS may have its resource group in front of its name.
func (s *AzureSubscription) standing() []Standing {
	var all []Standing
	for i := range s.AKS {
		c := &s.AKS[i]
		id := c.ResourceGroup + "/" + c.Name
		all = append(all, Standing{
			Type: pulumitype.AzureManagedCluster, Scope: s.ID, ID: id, Names: []string{c.Name, id}, Cluster: c,
			State: map[string]any{
				"version": c.Version, "fqdn": c.FQDN(s.Tenant), "issuer": c.Issuer(s.Tenant),
				"networkPolicies": cmp.Or(c.NetworkPolicies, "cilium dataplane"),
			},
			Pods: &Pods{Cloud: "aks", Server: c.Endpoint(s.Tenant), Version: c.Version, API: c.API, NetworkPolicies: c.NetworkPolicies},
		})
	}
	return all
}
