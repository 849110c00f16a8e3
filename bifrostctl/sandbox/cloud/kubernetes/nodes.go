package kubernetes

import (
	"cmp"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// Node describes nodes of a cluster that are all alike.
type Node struct {
	// Count is how many there are. Default 1.
	Count int `json:"count"`
	// Zone and Architecture are labels that every node has. Default: no zone, amd64.
	Zone         string `json:"zone"`
	Architecture string `json:"architecture"`
	// Labels are further labels.
	Labels map[string]string `json:"labels"`
	// Taints keep pods away that do not tolerate them.
	Taints []corev1.Taint `json:"taints"`
	// CPU and Memory are what pods may request of one node in all (allocatable). Default 4 and 16Gi.
	CPU    string `json:"cpu"`
	Memory string `json:"memory"`
}

// What a node takes where nothing is said. nodePods is the kubelet's default (maxPods).
const nodePods, nodeCPU, nodeMemory = "110", "4", "16Gi"

// Check returns what is wrong with a node, with its key.
func (n Node) Check() error {
	for _, each := range [][2]string{{"cpu", cmp.Or(n.CPU, nodeCPU)}, {"memory", cmp.Or(n.Memory, nodeMemory)}} {
		if _, err := resource.ParseQuantity(each[1]); err != nil {
			return fmt.Errorf("%s: %q is no quantity of Kubernetes, such as 4 or 16Gi", each[0], each[1])
		}
	}
	effects := []corev1.TaintEffect{corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}
	for i, taint := range n.Taints {
		if taint.Key == "" || !slices.Contains(effects, taint.Effect) {
			return fmt.Errorf("taints[%d]: write key and effect, which is NoSchedule, PreferNoSchedule or NoExecute", i)
		}
	}
	if n.Count < 0 {
		return fmt.Errorf("count: %d is not 1 or more", n.Count)
	}
	return nil
}

// object is a node of that name, as the API server knows it.
func (n Node) object(name string) corev1.Node {
	labels := map[string]string{corev1.LabelHostname: name, corev1.LabelOSStable: "linux",
		corev1.LabelArchStable: cmp.Or(n.Architecture, "amd64")}
	if n.Zone != "" {
		labels[corev1.LabelTopologyZone] = n.Zone
	}
	for key, value := range n.Labels {
		labels[key] = value
	}
	amounts := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cmp.Or(n.CPU, nodeCPU)),
		corev1.ResourceMemory: resource.MustParse(cmp.Or(n.Memory, nodeMemory)), corev1.ResourcePods: resource.MustParse(nodePods)}
	return corev1.Node{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec: corev1.NodeSpec{Taints: n.Taints},
		Status: corev1.NodeStatus{
			Allocatable: amounts, Capacity: amounts,
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
			NodeInfo:   corev1.NodeSystemInfo{Architecture: labels[corev1.LabelArchStable], OperatingSystem: "linux"},
		},
	}
}

// nodes settles the nodes of a cluster, and takes away those that are described no more.
func (f furnisher) nodes(described []Node) {
	stand := map[string]bool{}
	for i, node := range described {
		for j := range max(node.Count, 1) {
			name := fmt.Sprintf("node-%d-%d", i+1, j+1)
			stand[name] = true
			object, err := encode(node.object(name))
			if err != nil {
				panic(err) // an object of Kubernetes always encodes
			}
			f.put(pulumitype.KubernetesNode, "v1", Name{Name: name}, double.Object{"spec": object["spec"], "status": object["status"]}).
				State["metadata"].(double.Object)["labels"] = double.Map(object, "metadata.labels")
		}
	}
	for _, r := range f.world.List(pulumitype.KubernetesNode, f.server) {
		if r.Seeded && !r.Edited && !stand[r.ID] {
			f.world.Remove(r)
		}
	}
}

// nodesOf are the nodes of a cluster; none where nobody has described any.
func nodesOf(w *served.World, server string) []corev1.Node {
	var nodes []corev1.Node
	for _, r := range w.List(pulumitype.KubernetesNode, server) {
		if node, err := decode[corev1.Node](r.State); err == nil {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

// image settles for which processors the gateway's image is built.
func (f furnisher) image(reference string, architectures []string) {
	if reference == "" {
		return
	}
	built := []any{}
	for _, architecture := range architectures {
		built = append(built, architecture)
	}
	f.world.Settle(&world.Resource{Type: world.ImageType, Scope: f.server, ID: reference, Inputs: double.Object{},
		State: double.Object{"architectures": built}})
}
