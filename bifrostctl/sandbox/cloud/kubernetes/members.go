package kubernetes

import (
	"cmp"
	"fmt"
	"net"
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// discovery reports a cluster of gateways that looks for its members through the Kubernetes API and may not.
func (p *podCheck) discovery(pod *corev1.PodTemplateSpec) {
	cluster, _ := p.gatewayConfig(pod)["cluster_config"].(map[string]any)
	found, _ := cluster["discovery"].(map[string]any)
	if cluster["enabled"] != true || cluster["type"] == "broker" || found["type"] != "kubernetes" {
		return
	}
	if mounts := pod.Spec.AutomountServiceAccountToken; mounts != nil && !*mounts && !hasToken(pod) {
		p.add("cluster discovery: open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory: the pod mounts no " +
			"token")
		return
	}
	name := cmp.Or(pod.Spec.ServiceAccountName, "default")
	user, groups := "system:serviceaccount:"+p.namespace+":"+name, []string{"system:serviceaccounts", "system:authenticated"}
	if !(apiServer{p.call.World, server(p.call)}).May(user, groups, "list", "pods", p.namespace, "") {
		p.add("cluster discovery: pods is forbidden: User %q cannot list resource \"pods\" in API group \"\" in the namespace %q", user,
			p.namespace)
	}
}

// hasToken tells whether a volume of the pod projects a token of its ServiceAccount.
func hasToken(pod *corev1.PodTemplateSpec) bool {
	for _, v := range pod.Spec.Volumes {
		if v.Projected == nil {
			continue
		}
		for _, source := range v.Projected.Sources {
			if source.ServiceAccountToken != nil {
				return true
			}
		}
	}
	return false
}

// broker is the one in the config.json that a pod mounts, where the cluster of gateways has one.
func (p *podCheck) broker(pod *corev1.PodTemplateSpec) []destination {
	cluster, _ := p.gatewayConfig(pod)["cluster_config"].(map[string]any)
	settings, _ := cluster["broker"].(map[string]any)
	if cluster["enabled"] != true || cluster["type"] != "broker" {
		return nil
	}
	host, port, err := net.SplitHostPort(p.resolve(pod, settings["address"]))
	n, notNumber := strconv.Atoi(port)
	if err != nil || notNumber != nil {
		p.add("cluster: %v is no address of a broker", settings["address"])
		return nil
	}
	return []destination{located(fmt.Sprintf("the cluster's broker at %s:%d", host, n), host, n)}
}
