package kubernetes

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/kubelet"
	"bifrost/bifrostctl/world"
)

// destination is where a pod wants to go.
type destination struct {
	what     string // for messages
	protocol corev1.Protocol
	port     int
	// namespace is set for pods of the cluster, with the labels of both where they are known.
	namespace            string
	namespaceLabels, pod labels.Set
	// address is set for a known one outside; with neither it is somewhere outside.
	address netip.Addr
}

// kubeDNS are most clusters' DNS servers. Clouds and distributions label CoreDNS so (Kubernetes, "Customizing DNS Service").
var kubeDNS = destination{
	what: "the cluster's DNS (UDP 53, k8s-app=kube-dns in kube-system)", protocol: corev1.ProtocolUDP, port: 53, namespace: "kube-system",
	namespaceLabels: labels.Set{corev1.LabelMetadataName: "kube-system"}, pod: labels.Set{"k8s-app": "kube-dns"},
}

// cloudAPIs are what the refreshers ask: the clouds' token services and the API server.
var cloudAPIs = destination{what: "HTTPS outside the cluster (TCP 443)", protocol: corev1.ProtocolTCP, port: 443}

// apiServers are where an API server listens that no cloud runs. Its Service has port 443, and network policies see the port behind it
// (Kubernetes, "Ports and Protocols").
var apiServers = destination{what: "the API server (TCP 6443)", protocol: corev1.ProtocolTCP, port: 6443}

// apiServer is the API server, where a pod writes to it and the cloud runs none.
func (p *podCheck) apiServer(pod *corev1.PodTemplateSpec) []destination {
	if p.call.World.OnServer(server(p.call)) == nil || !kubelet.RunsKubectl(pod.Spec) {
		return nil
	}
	return []destination{apiServers}
}

// metadataServers are where the packets of a pod's requests to GKE's metadata server go, as network policies see them: Calico after their
// redirection, Dataplane V2 before it (Google Kubernetes Engine, "About Workload Identity Federation for GKE", network policy).
var metadataServers = map[world.PolicyEngine]destination{
	"": {
		what: "GKE's metadata server (TCP 80 of 169.254.169.254)", protocol: corev1.ProtocolTCP, port: 80,
		address: netip.MustParseAddr("169.254.169.254"),
	},
	world.Calico: {
		what: "GKE's metadata server (TCP 988 of 169.254.169.252)", protocol: corev1.ProtocolTCP, port: 988,
		address: netip.MustParseAddr("169.254.169.252"),
	},
}

// metadata is GKE's metadata server, where a pod needs it: its ServiceAccount is to act as a service account of Google, or it runs gcloud
// without a credential configuration.
func (p *podCheck) metadata(pod *corev1.PodTemplateSpec) []destination {
	engine, cloud := p.call.World.PolicyEngine(server(p.call))
	to, enforced := metadataServers[engine]
	if cloud != "gke" || !enforced || !kubelet.AsksMetadata(apiServer{p.call.World, server(p.call)}, p.namespace, pod.Spec) {
		return nil
	}
	return []destination{to}
}

// cutOff returns the destinations that the NetworkPolicies of a namespace keep its pods from.
func (p *podCheck) cutOff(pod *corev1.PodTemplateSpec, wanted ...destination) {
	policies := egressPolicies(p.call, p.namespace, pod.Labels)
	if len(policies) == 0 {
		return
	}
	var names []string
	for _, policy := range policies {
		names = append(names, policy.Name)
	}
	for _, to := range wanted {
		if !reaches(policies, to) {
			p.add("NetworkPolicy %s keeps the pods from %s", strings.Join(names, ", "), to.what)
		}
	}
}

// egressPolicies are those that select pods with such labels for what leaves them.
func egressPolicies(c *double.Call, namespace string, pod map[string]string) []networkingv1.NetworkPolicy {
	var found []networkingv1.NetworkPolicy
	for _, policy := range listed[networkingv1.NetworkPolicy](apiServer{c.World, server(c)}, pulumitype.KubernetesNetworkPolicy) {
		if policy.Namespace != namespace || !matches(&policy.Spec.PodSelector, pod) {
			continue
		}
		for _, direction := range policy.Spec.PolicyTypes {
			if direction == networkingv1.PolicyTypeEgress {
				found = append(found, policy)
			}
		}
	}
	return found
}

// reaches: what any rule of any policy allows is allowed (Kubernetes, "Network Policies", "The two sorts of pod isolation").
func reaches(policies []networkingv1.NetworkPolicy, to destination) bool {
	for _, policy := range policies {
		for _, rule := range policy.Spec.Egress {
			if allowsPort(rule.Ports, to) && allowsPeer(rule.To, policy.Namespace, to) {
				return true
			}
		}
	}
	return false
}

func allowsPort(ports []networkingv1.NetworkPolicyPort, to destination) bool {
	for _, p := range ports {
		if p.Protocol != nil && *p.Protocol != to.protocol || p.Protocol == nil && to.protocol != corev1.ProtocolTCP {
			continue
		}
		if p.Port == nil || p.Port.IntValue() == to.port || p.EndPort != nil && p.Port.IntValue() <= to.port && to.port <= int(*p.EndPort) {
			return true
		}
	}
	return len(ports) == 0
}

func allowsPeer(peers []networkingv1.NetworkPolicyPeer, own string, to destination) bool {
	for _, peer := range peers {
		switch {
		case peer.IPBlock != nil && to.namespace == "":
			if inBlock(peer.IPBlock, to.address) {
				return true
			}
		case peer.IPBlock == nil && to.namespace != "":
			inNamespace := to.namespace == own
			if peer.NamespaceSelector != nil {
				inNamespace = matches(peer.NamespaceSelector, to.namespaceLabels)
			}
			// Labels of pods that nothing is known about may be right.
			if inNamespace && (peer.PodSelector == nil || to.pod == nil || matches(peer.PodSelector, to.pod)) {
				return true
			}
		}
	}
	return len(peers) == 0
}

// inBlock: an address that is not known may be in any block.
func inBlock(block *networkingv1.IPBlock, address netip.Addr) bool {
	if !address.IsValid() {
		return true
	}
	within := func(cidr string) bool {
		prefix, err := netip.ParsePrefix(cidr)
		return err == nil && prefix.Contains(address)
	}
	for _, except := range block.Except {
		if within(except) {
			return false
		}
	}
	return within(block.CIDR)
}

func matches(selector *metav1.LabelSelector, set map[string]string) bool {
	found, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && found.Matches(labels.Set(set))
}

// databases are the PostgreSQL servers in the config.json that a pod mounts, with its environment filled in.
func (p *podCheck) databases(pod *corev1.PodTemplateSpec) []destination {
	var found []destination
	config := p.gatewayConfig(pod)
	for _, key := range []string{"config_store", "logs_store"} {
		store, _ := config[key].(map[string]any)
		settings, _ := store["config"].(map[string]any)
		if store["type"] != "postgres" || store["enabled"] == false {
			continue
		}
		host, port := p.resolve(pod, settings["host"]), p.resolve(pod, settings["port"])
		n, err := strconv.Atoi(cmp.Or(port, "5432"))
		if host == "" || err != nil {
			continue // the component refuses it
		}
		found = append(found, located(fmt.Sprintf("PostgreSQL of %s at %s:%d", key, host, n), host, n))
	}
	return found
}

// located is a TCP port of a host: an address, the Service of a cluster's namespace, or a name somewhere outside.
func located(what, host string, port int) destination {
	to := destination{what: what, protocol: corev1.ProtocolTCP, port: port}
	if address, err := netip.ParseAddr(host); err == nil {
		to.address = address
	} else if name, inCluster := strings.CutSuffix(strings.TrimSuffix(host, ".cluster.local"), ".svc"); inCluster {
		_, to.namespace, _ = strings.Cut(name, ".")
		to.namespaceLabels = labels.Set{corev1.LabelMetadataName: to.namespace}
	}
	return to
}

// gatewayConfig is the document in the volume that holds a config.json; nil where the pod mounts none.
func (p *podCheck) gatewayConfig(pod *corev1.PodTemplateSpec) map[string]any {
	const file = "config.json"
	for _, v := range pod.Spec.Volumes {
		if v.Secret == nil {
			continue
		}
		text := apiServer{p.call.World, server(p.call)}.Data(kubelet.Secret, p.namespace, v.Secret.SecretName)[file]
		var config map[string]any
		if len(text) > 0 && json.Unmarshal(text, &config) == nil {
			return config
		}
	}
	return nil
}

// resolve replaces a reference env.NAME by the variable's value, as the gateway does.
func (p *podCheck) resolve(pod *corev1.PodTemplateSpec, v any) string {
	text, _ := v.(string)
	name, isReference := strings.CutPrefix(text, "env.")
	if !isReference {
		return text
	}
	api := apiServer{p.call.World, server(p.call)}
	for _, container := range pod.Spec.Containers {
		for _, env := range container.Env {
			if env.Name != name {
				continue
			}
			if env.ValueFrom != nil && env.ValueFrom.SecretKeyRef != nil {
				return string(api.Data(kubelet.Secret, p.namespace, env.ValueFrom.SecretKeyRef.Name)[env.ValueFrom.SecretKeyRef.Key])
			}
			return env.Value
		}
		for _, from := range container.EnvFrom {
			if from.SecretRef != nil {
				if value, found := api.Data(kubelet.Secret, p.namespace, from.SecretRef.Name)[name]; found {
					return string(value)
				}
			}
		}
	}
	return ""
}

// multiAttach reports a volume for one node at a time under pods that may be on several (the attach-detach controller's event).
func (p *podCheck) multiAttach(owner *world.Resource, claim *world.Resource) {
	for _, mode := range double.List(claim.State, "spec.accessModes") {
		if mode == string(corev1.ReadWriteMany) || mode == string(corev1.ReadOnlyMany) {
			return
		}
	}
	if replicas := replicasOf(owner); replicas > 1 && owner.Type != pulumitype.KubernetesJob {
		p.add("Multi-Attach error for volume of persistentvolumeclaim %q: %v pods share it, and it can be attached to one node only",
			claim.ID, replicas)
	}
}
