package saved

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

// policyEngine are the objects by which a cluster shows what enforces its network policies. Names, containers and arguments are those of
// the engines' own manifests: aws/amazon-vpc-cni-k8s, config/master/aws-k8s-cni.yaml; Azure/azure-container-networking,
// npm/azure-npm.yaml; cilium/cilium, install/kubernetes/cilium; the Tigera operator; Amazon EKS user guide, "Use Network Policies with EKS
// Auto Mode"; Google Kubernetes Engine, "About GKE Dataplane V2" (anetd) and "Control communication between Pods" (Calico).
func policyEngine(w *cloud.World, server string) []runtime.Object {
	engine, of := w.PolicyEngine(server)
	switch engine {
	case world.Cilium:
		return []runtime.Object{daemonSet("kube-system", "cilium", "cilium-agent")}
	case world.AzureManager:
		return []runtime.Object{daemonSet("kube-system", "azure-npm", "azure-npm")}
	case world.SelfManaged:
		return []runtime.Object{awsNode("true")}
	case world.SelfManagedOff:
		return []runtime.Object{awsNode("false")}
	case world.AutoMode:
		return []runtime.Object{&corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: "kube-system", Name: "amazon-vpc-cni"},
			Data:       map[string]string{"enable-network-policy-controller": "true"},
		}}
	case world.AutoModeOff, world.Unknown:
		return nil
	}
	return byCloud(engine, of)
}

func byCloud(engine world.PolicyEngine, of string) []runtime.Object {
	calico := daemonSet("calico-system", "calico-node", "calico-node")
	switch {
	case of == "eks" && engine == world.Calico:
		return []runtime.Object{awsNode("false"), calico}
	case of == "eks" && engine == world.NoEngine:
		return []runtime.Object{awsNode("false")}
	case of == "eks":
		return []runtime.Object{awsNode("true")}
	case of == "gke" && engine == world.Calico:
		return []runtime.Object{daemonSet("kube-system", "calico-node", "calico-node")}
	case of == "gke" && engine == "":
		return []runtime.Object{daemonSet("kube-system", "anetd", "cilium-agent")}
	case engine == world.Calico:
		return []runtime.Object{calico}
	case engine == world.NoEngine:
		return nil
	}
	return []runtime.Object{daemonSet("kube-system", "cilium", "cilium-agent")}
}

func awsNode(enforces string) *appsv1.DaemonSet {
	d := daemonSet("kube-system", "aws-node", "aws-node")
	agent := corev1.Container{Name: "aws-eks-nodeagent", Args: []string{"--enable-ipv6=false", "--enable-network-policy=" + enforces}}
	d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers, agent)
	return d
}

func daemonSet(namespace, name, container string) *appsv1.DaemonSet {
	d := &appsv1.DaemonSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	d.Spec.Template.Spec.Containers = []corev1.Container{{Name: container}}
	return d
}
