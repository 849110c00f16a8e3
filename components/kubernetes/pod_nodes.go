package kubernetes

import (
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
)

// Processors that nodes of EKS and AKS have.
const (
	ArchitectureAmd64 = "amd64"
	ArchitectureArm64 = "arm64"
)

// fitting are the conditions on a node that can run a pod of Linux images. A node without the label of its system is taken: NotIn holds
// there, too (Kubernetes, "Assigning Pods to Nodes", "Operators"). One without the label of its processor is not, where processors are
// named.
func fitting(architectures []string) []corev1.NodeSelectorRequirement {
	all := []corev1.NodeSelectorRequirement{{Key: "kubernetes.io/os", Operator: "NotIn", Values: []string{"windows"}}}
	if len(architectures) > 0 {
		all = append(all, corev1.NodeSelectorRequirement{Key: "kubernetes.io/arch", Operator: "In", Values: architectures})
	}
	return all
}

// affinityWith is the given affinity, if any, with conditions that every node must meet besides.
func affinityWith(given corev1.AffinityPtrInput, conditions []corev1.NodeSelectorRequirement) corev1.AffinityPtrInput {
	if given == nil {
		given = &corev1.AffinityArgs{}
	}
	return given.ToAffinityPtrOutput().ApplyT(func(given *corev1.Affinity) *corev1.Affinity {
		affinity := corev1.Affinity{}
		if given != nil {
			affinity = *given
		}
		nodes := corev1.NodeAffinity{}
		if affinity.NodeAffinity != nil {
			nodes = *affinity.NodeAffinity
		}
		// A node must meet one of the terms.
		terms := []corev1.NodeSelectorTerm{{}}
		if required := nodes.RequiredDuringSchedulingIgnoredDuringExecution; required != nil && len(required.NodeSelectorTerms) > 0 {
			terms = slices.Clone(required.NodeSelectorTerms)
		}
		for i := range terms {
			terms[i].MatchExpressions = slices.Concat(terms[i].MatchExpressions, conditions)
		}
		nodes.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{NodeSelectorTerms: terms}
		affinity.NodeAffinity = &nodes
		return &affinity
	}).(corev1.AffinityPtrOutput)
}
