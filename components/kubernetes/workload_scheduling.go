package kubernetes

import (
	"cmp"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"bifrost/internal/check"
	"bifrost/internal/component"
)

// Values of WorkloadTopologySpreadArgs.
const (
	spreadAnyway = "ScheduleAnyway"
	spreadAlways = "DoNotSchedule"
	spreadNone   = "None"
)

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadSchedulingArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	errs := check.Labels(p.Child("nodeSelector"), a.NodeSelector)
	for i, architecture := range a.Architectures {
		errs = append(errs, check.OneOf(p.Child("architectures").Index(i), architecture, ArchitectureAmd64, ArchitectureArm64)...)
	}
	errs = append(errs, check.IfSet(p.Child("priorityClass"), a.PriorityClass, check.Subdomain)...)
	return append(errs, a.TopologySpread.Validate(p.Child("topologySpread"))...)
}

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadTopologySpreadArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	errs := check.OneOf(p.Child("zone"), a.Zone, spreadAnyway, spreadAlways, spreadNone)
	return append(errs, check.OneOf(p.Child("node"), a.Node, spreadAnyway, spreadAlways, spreadNone)...)
}

// place says on which nodes a pod runs: those that can run it, and of these the ones of the arguments, if any.
func (a *WorkloadSchedulingArgs) place(pod *corev1.PodSpecArgs) {
	given := ptr.Deref(a, WorkloadSchedulingArgs{})
	pod.NodeSelector = component.OptionalMap(given.NodeSelector)
	pod.Tolerations = given.Tolerations
	pod.Affinity = affinityWith(given.Affinity, fitting(given.Architectures))
	pod.PriorityClassName = component.OptionalString(given.PriorityClass)
}

// spreadConstraints count the pods of one revision: those of the former one would bend the spread while it goes. They leave out nodes that
// take no pod, which they would count by default: a zone whose nodes are drained, or gone, would hold up the pods that the others have to
// take over (Kubernetes, "Pod Topology Spread Constraints", nodeTaintsPolicy).
func (a *BifrostWorkloadArgs) spreadConstraints() corev1.TopologySpreadConstraintArray {
	if a.Storage != nil {
		return nil
	}
	spread := ptr.Deref(ptr.Deref(a.Scheduling, WorkloadSchedulingArgs{}).TopologySpread, WorkloadTopologySpreadArgs{})
	var constraints corev1.TopologySpreadConstraintArray
	for _, over := range []struct{ key, when string }{
		{"topology.kubernetes.io/zone", cmp.Or(spread.Zone, spreadAnyway)},
		{"kubernetes.io/hostname", cmp.Or(spread.Node, spreadAnyway)},
	} {
		if over.when == spreadNone {
			continue
		}
		constraints = append(constraints, &corev1.TopologySpreadConstraintArgs{
			MaxSkew: pulumi.Int(1), TopologyKey: pulumi.String(over.key), WhenUnsatisfiable: pulumi.String(over.when),
			NodeTaintsPolicy: pulumi.String("Honor"),
			LabelSelector:    a.application().pods(),
			MatchLabelKeys:   pulumi.StringArray{pulumi.String("pod-template-hash")},
		})
	}
	return constraints
}
