package checks

import (
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// place is one where a stack runs the gateway: what there is to check of its identities and its cluster. A further place is a row in
// places.
type place struct {
	used func(*stacks.Config) bool
	// trust are the checks of who pulls there; the objects are nil before there is a workload.
	trust func(Stack, service.Clouds, *objects) []check.Check
	// before are the checks of the cluster before the first up, and active the code of the one without which there is no way to it; empty
	// where the way is a kubeconfig's.
	before func(before) []check.Check
	active string
	// inside are those that the cluster itself is asked once it is reached, before the first up; nil where there are none.
	inside func(before) []check.Check
	// pods tells whether it is a cluster of Kubernetes, and enforcement what its cloud says of its network policies.
	pods        bool
	enforcement toldEnforcement
	// pullNeeds are the codes of checks without which the registry cannot give the image.
	pullNeeds func(*stacks.Config) []string
}

var places = []place{
	{
		used: func(c *stacks.Config) bool { return c.Eks != nil }, trust: Stack.eksTrust,
		before: before.eks, active: "eks-cluster", pods: true, enforcement: eksEnforcement,
		pullNeeds: func(*stacks.Config) []string { return []string{"eks-role", "eks-policy-pull"} },
	},
	{
		used: func(c *stacks.Config) bool { return c.Ecs != nil }, trust: Stack.ecsTrust,
		before: before.ecs, active: "pre-ecs-cluster",
	},
	{
		used: func(c *stacks.Config) bool { return c.Aks != nil }, trust: Stack.aksTrust,
		before: before.aksChecks, active: "aks-cluster", pods: true, enforcement: aksEnforcement,
		pullNeeds: func(c *stacks.Config) []string {
			if c.Gcp == nil || c.Gcp.Federation == nil {
				return nil
			}
			return []string{"gcp-repository"}
		},
	},
	{
		used: func(c *stacks.Config) bool { return c.Gke != nil }, trust: Stack.gkeTrust,
		before: before.gke, active: "gke-cluster", pods: true, enforcement: gkeEnforcement,
		pullNeeds: func(c *stacks.Config) []string {
			if c.Gke.Auth == stacks.GkeSignInPrincipal {
				return nil
			}
			return []string{"gke-account"}
		},
	},
	{
		used: func(c *stacks.Config) bool { return c.Kubernetes != nil }, trust: Stack.anyTrust,
		inside: before.any, pods: true, enforcement: anyEnforcement,
		pullNeeds: func(c *stacks.Config) []string {
			if c.Gcp == nil || c.Gcp.Federation == nil {
				return nil
			}
			return []string{"gcp-repository"}
		},
	},
}

// places are those of the stack, in the order in which they are checked.
func (s Stack) places() []place {
	var used []place
	for _, at := range places {
		if at.used(s.Config) {
			used = append(used, at)
		}
	}
	return used
}

// pods is the stack's one place with pods; a zero one where it has none.
func (s Stack) pods() place {
	for _, at := range s.places() {
		if at.pods {
			return at
		}
	}
	return place{}
}
