package kubernetes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	resourcehelper "k8s.io/component-helpers/resource"
	schedulinghelper "k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
	"bifrost/image"
)

// unscheduled returns why a pod of an owner finds no node, in the words of the scheduler's event, and otherwise why the image of one does
// not run on the node that it found; nothing where all run, or where nobody has described the cluster's nodes.
func unscheduled(c *double.Call, owner *world.Resource, template corev1.PodTemplateSpec) []string {
	nodes := nodesOf(c.World, server(c))
	if len(nodes) == 0 {
		return nil
	}
	s := &scheduler{}
	for _, node := range nodes {
		s.nodes = append(s.nodes, &placed{Node: node})
	}
	for _, other := range slices.Concat(c.World.List(pulumitype.KubernetesDeployment, server(c)),
		c.World.List(pulumitype.KubernetesStatefulSet, server(c))) {
		of, err := decode[corev1.PodTemplateSpec](double.Map(other.State, "spec.template"))
		if other.Key() == owner.Key() || !available(other) || err != nil {
			continue
		}
		for range int(replicasOf(other)) {
			s.place(podFrom(other, of))
		}
	}
	count := 1
	if owner.Type != pulumitype.KubernetesJob && owner.Type != pulumitype.KubernetesCronJob {
		count = int(replicasOf(owner))
	}
	var problems []string
	for range count {
		node, why := s.place(podFrom(owner, template))
		if node == nil {
			return []string{"FailedScheduling: " + why + mendOf(why)}
		}
		problems = append(problems, otherProcessor(c, template.Spec, node)...)
	}
	slices.Sort(problems)
	return slices.Compact(problems)
}

func podFrom(owner *world.Resource, template corev1.PodTemplateSpec) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespaceOf(owner), Labels: template.Labels}, Spec: template.Spec}
}

// otherProcessor: containerd finds no image for the node's processor in the list of an image's platforms (containerd, core/images/image.go,
// Manifest).
func otherProcessor(c *double.Call, spec corev1.PodSpec, node *placed) []string {
	var problems []string
	for _, container := range append(slices.Clone(spec.InitContainers), spec.Containers...) {
		reference, err := image.Parse(container.Image)
		known := c.World.Get(world.ImageType, server(c), reference.Host+"/"+reference.Path)
		if err != nil || known == nil {
			continue
		}
		built, on := double.List(known.State, "architectures"), node.Labels[corev1.LabelArchStable]
		if len(built) > 0 && !slices.Contains(built, any(on)) {
			problems = append(problems, fmt.Sprintf("Failed to pull image %q: rpc error: code = NotFound desc = failed to pull and unpack "+
				"image: no match for platform in manifest: not found (node %s is %s; the image is built for %s)", container.Image,
				node.Name, on, fmt.Sprint(built...)))
		}
	}
	return problems
}

// placed is a node with the pods on it.
type placed struct {
	corev1.Node
	pods []*corev1.Pod
}

// scheduler places pods, one after the other.
type scheduler struct{ nodes []*placed }

// refusal is why a node takes no pod. Whether pods that went would help decides about preemption's words.
type refusal struct {
	reasons []string
	helps   bool
}

// place puts a pod on the node that has fewest of its like in its zone, and on itself; nil and the scheduler's words where there is none.
func (s *scheduler) place(pod *corev1.Pod) (*placed, string) {
	var fit []*placed
	var refusals []refusal
	for _, node := range s.nodes {
		if refused := s.refuses(node, pod); refused != nil {
			refusals = append(refusals, *refused)
			continue
		}
		fit = append(fit, node)
	}
	if len(fit) == 0 {
		return nil, unschedulable(refusals)
	}
	like := labels.SelectorFromSet(pod.Labels)
	zones := map[string]int{}
	for _, node := range s.nodes {
		zones[node.Labels[corev1.LabelTopologyZone]] += node.matching(pod.Namespace, like)
	}
	best := slices.MinFunc(fit, func(a, b *placed) int {
		return cmp.Or(cmp.Compare(zones[a.Labels[corev1.LabelTopologyZone]], zones[b.Labels[corev1.LabelTopologyZone]]),
			cmp.Compare(a.matching(pod.Namespace, like), b.matching(pod.Namespace, like)), cmp.Compare(a.Name, b.Name))
	})
	best.pods = append(best.pods, pod)
	return best, ""
}

// unschedulable are the words of the scheduler's event (kubernetes 1.34, pkg/scheduler/framework/types.go, FitError.Error, and
// preemption/preemption.go, Preempt).
func unschedulable(refusals []refusal) string {
	filters, preemption := map[string]int{}, map[string]int{}
	for _, refused := range refusals {
		for _, reason := range refused.reasons {
			filters[reason]++
		}
		if refused.helps {
			preemption["No preemption victims found for incoming pod"]++
			continue
		}
		preemption["Preemption is not helpful for scheduling"]++
	}
	return histogram(filters, len(refusals)) + " preemption: " + histogram(preemption, len(refusals))
}

func histogram(counts map[string]int, nodes int) string {
	var reasons []string
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		reasons = append(reasons, fmt.Sprintf("%d %s", counts[reason], reason))
	}
	slices.Sort(reasons)
	return fmt.Sprintf("0/%d nodes are available: %s.", nodes, strings.Join(reasons, ", "))
}

// schedulingMends are the keys of the stack file that decide what the scheduler gives as a reason.
var schedulingMends = []struct{ reason, mend string }{
	{"untolerated taint", "gateway.scheduling.tolerations lets pods onto tainted nodes, and those of the refresher, where they have " +
		"other nodes, refresher.scheduling.tolerations"},
	{"node affinity/selector", "gateway.scheduling.nodeSelector, affinity and architectures say on which nodes pods may run, and those " +
		"of refresher.scheduling where it is given"},
	{"Insufficient", "gateway.cpuRequest and gateway.memoryRequest say how much of a node a pod of the gateway asks for"},
	{"topology spread constraints", "gateway.scheduling.topologySpread says how strictly the pods are spread"},
}

// mendOf names the keys by which pods find a node; empty where more nodes are the mend.
func mendOf(why string) string {
	var mends []string
	for _, m := range schedulingMends {
		if strings.Contains(why, m.reason) {
			mends = append(mends, m.mend)
		}
	}
	if len(mends) == 0 {
		return ""
	}
	return " In the stack file " + strings.Join(mends, "; ")
}

// refuses tells why a node does not take a pod, in the order and the words of the scheduler's plugins (kubernetes 1.34,
// pkg/scheduler/framework/plugins: nodeunschedulable, tainttoleration, nodeaffinity, noderesources, podtopologyspread); nil where it does.
func (s *scheduler) refuses(node *placed, pod *corev1.Pod) *refusal {
	tolerations := pod.Spec.Tolerations
	unschedulable := corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule}
	if node.Spec.Unschedulable && !schedulinghelper.TolerationsTolerateTaint(klog.Background(), tolerations, &unschedulable, false) {
		return &refusal{reasons: []string{"node(s) were unschedulable"}}
	}
	taint, untolerated := schedulinghelper.FindMatchingUntoleratedTaint(klog.Background(), node.Spec.Taints, tolerations, keepsAway, false)
	if untolerated {
		return &refusal{reasons: []string{fmt.Sprintf("node(s) had untolerated taint {%s: %s}", taint.Key, taint.Value)}}
	}
	if match, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(&node.Node); err != nil || !match {
		return &refusal{reasons: []string{"node(s) didn't match Pod's node affinity/selector"}}
	}
	if short := node.short(pod); len(short) > 0 {
		return &refusal{short, true}
	}
	for _, constraint := range pod.Spec.TopologySpreadConstraints {
		if refused := s.spread(node, pod, constraint); refused != nil {
			return refused
		}
	}
	return nil
}

func keepsAway(taint *corev1.Taint) bool { return taint.Effect != corev1.TaintEffectPreferNoSchedule }

// short are the resources that a node has too little of. A resource that it does not tell is not counted.
func (n *placed) short(pod *corev1.Pod) []string {
	var short []string
	if most, told := n.Status.Allocatable[corev1.ResourcePods]; told && int64(len(n.pods)) >= most.Value() {
		short = append(short, "Too many pods")
	}
	requests := resourcehelper.PodRequests(pod, resourcehelper.PodResourcesOptions{})
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		left, told := n.Status.Allocatable[name]
		if !told {
			continue
		}
		left = left.DeepCopy()
		for _, other := range n.pods {
			left.Sub(resourcehelper.PodRequests(other, resourcehelper.PodResourcesOptions{})[name])
		}
		if asked := requests[name]; asked.Cmp(left) > 0 {
			short = append(short, "Insufficient "+string(name))
		}
	}
	return short
}

func (n *placed) matching(namespace string, like labels.Selector) int {
	count := 0
	for _, pod := range n.pods {
		if pod.Namespace == namespace && like.Matches(labels.Set(pod.Labels)) {
			count++
		}
	}
	return count
}

// spread holds a node against a constraint that may not be broken. Domains are those of the nodes that the pod's affinity allows, whatever
// their taints, unless the constraint says otherwise (Kubernetes, "Pod Topology Spread Constraints", nodeAffinityPolicy, nodeTaintsPolicy).
func (s *scheduler) spread(node *placed, pod *corev1.Pod, constraint corev1.TopologySpreadConstraint) *refusal {
	if constraint.WhenUnsatisfiable != corev1.DoNotSchedule {
		return nil
	}
	const broken = "node(s) didn't match pod topology spread constraints"
	at, has := node.Labels[constraint.TopologyKey]
	if !has {
		return &refusal{reasons: []string{broken + " (missing required label)"}}
	}
	like, err := metav1.LabelSelectorAsSelector(constraint.LabelSelector)
	if err != nil {
		return &refusal{reasons: []string{err.Error()}}
	}
	domains := map[string]int{}
	for _, each := range s.nodes {
		if domain, in := each.Labels[constraint.TopologyKey]; in && each.counts(pod, constraint) {
			domains[domain] += each.matching(pod.Namespace, like)
		}
	}
	fewest := 0
	if constraint.MinDomains == nil || len(domains) >= int(*constraint.MinDomains) {
		fewest = slices.Min(append(slices.Collect(maps.Values(domains)), domains[at]))
	}
	itself := 0
	if like.Matches(labels.Set(pod.Labels)) {
		itself = 1
	}
	if domains[at]+itself-fewest > int(constraint.MaxSkew) {
		return &refusal{[]string{broken}, true}
	}
	return nil
}

// counts tells whether a constraint looks at the node.
func (n *placed) counts(pod *corev1.Pod, constraint corev1.TopologySpreadConstraint) bool {
	if p := constraint.NodeAffinityPolicy; p == nil || *p == corev1.NodeInclusionPolicyHonor {
		if match, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(&n.Node); err != nil || !match {
			return false
		}
	}
	if p := constraint.NodeTaintsPolicy; p != nil && *p == corev1.NodeInclusionPolicyHonor {
		_, untolerated := schedulinghelper.FindMatchingUntoleratedTaint(klog.Background(), n.Spec.Taints, pod.Spec.Tolerations, keepsAway,
			false)
		return !untolerated
	}
	return true
}
