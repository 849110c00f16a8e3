package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// decode reads an object as its own type. Fields that are not known yet may not fit; they stay empty then, and the value's own difference
// tells of them.
func decode[T any](inputs map[string]any) T {
	var object T
	text, err := json.Marshal(inputs)
	if err == nil {
		_ = json.Unmarshal(text, &object)
	}
	return object
}

// kubernetesRole serves ClusterRoles, too: the rules are the same.
func kubernetesRole(inputs map[string]any) []Right {
	var all []Right
	for _, rule := range decode[rbacv1.Role](inputs).Rules {
		for _, thing := range things(rule) {
			for _, verb := range rule.Verbs {
				all = append(all, Right{Kind: Grants, Does: verb, On: thing})
			}
		}
	}
	return all
}

// things are what a rule is about, as kubectl writes them: secrets, deployments.apps, secrets/token.
func things(rule rbacv1.PolicyRule) []string {
	all := slices.Clone(rule.NonResourceURLs)
	for _, resource := range rule.Resources {
		for _, group := range rule.APIGroups {
			name := resource
			if group != "" {
				name += "." + group
			}
			if len(rule.ResourceNames) == 0 {
				all = append(all, name)
			}
			for _, one := range rule.ResourceNames {
				all = append(all, name+" "+one)
			}
		}
	}
	return all
}

func kubernetesBinding(inputs map[string]any) []Right {
	binding := decode[rbacv1.RoleBinding](inputs)
	var all []Right
	for _, s := range binding.Subjects {
		name := s.Kind + " " + s.Name
		if s.Namespace != "" {
			name = fmt.Sprintf("%s %s/%s", s.Kind, s.Namespace, s.Name)
		}
		where := ""
		if binding.Namespace != "" {
			where = " in namespace " + binding.Namespace
		}
		all = append(all, Right{Kind: Grants, Who: name, Does: "do what the role allows: " + binding.RoleRef.Kind + " " +
			binding.RoleRef.Name + where})
	}
	return all
}

func kubernetesPolicy(inputs map[string]any) []Right {
	policy := decode[networkingv1.NetworkPolicy](inputs)
	pods := "pods " + selected(policy.Spec.PodSelector.MatchLabels, policy.Spec.PodSelector.MatchExpressions)
	var all []Right
	for _, rule := range policy.Spec.Ingress {
		for _, who := range peers(rule.From) {
			for _, port := range portsOf(rule.Ports) {
				all = append(all, Right{Kind: Reaches, Who: who, Does: "reach", On: pods, When: port})
			}
		}
	}
	for _, rule := range policy.Spec.Egress {
		for _, who := range peers(rule.To) {
			for _, port := range portsOf(rule.Ports) {
				all = append(all, Right{Kind: Reaches, Who: pods, Does: "reach", On: strings.Replace(who, "anybody", "anywhere", 1),
					When: port})
			}
		}
	}
	return all
}

// peers are who may come, or where pods may go; an empty list is everybody (Kubernetes API, NetworkPolicyIngressRule).
func peers(all []networkingv1.NetworkPolicyPeer) []string {
	if len(all) == 0 {
		return []string{"anybody"}
	}
	var named []string
	for _, p := range all {
		switch {
		case p.IPBlock != nil && len(p.IPBlock.Except) > 0:
			named = append(named, fmt.Sprintf("%s but %s", anybody(p.IPBlock.CIDR), strings.Join(p.IPBlock.Except, ", ")))
		case p.IPBlock != nil:
			named = append(named, anybody(p.IPBlock.CIDR))
		case p.NamespaceSelector != nil && p.PodSelector != nil:
			named = append(named, fmt.Sprintf("pods %s of namespaces %s", ofSelector(p.PodSelector), ofSelector(p.NamespaceSelector)))
		case p.NamespaceSelector != nil:
			named = append(named, "pods of namespaces "+ofSelector(p.NamespaceSelector))
		case p.PodSelector != nil:
			named = append(named, "pods "+ofSelector(p.PodSelector)+" of its namespace")
		}
	}
	return named
}

func ofSelector(s *metav1.LabelSelector) string { return selected(s.MatchLabels, s.MatchExpressions) }

// selected are the labels of a selector; one without any selects all.
func selected(labels map[string]string, expressions []metav1.LabelSelectorRequirement) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, key+"="+labels[key])
	}
	for _, e := range expressions {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Key, e.Operator, strings.Join(e.Values, "|"))))
	}
	if len(all) == 0 {
		return "of any label"
	}
	return strings.Join(all, ", ")
}

func portsOf(all []networkingv1.NetworkPolicyPort) []string {
	if len(all) == 0 {
		return []string{"any port"}
	}
	var named []string
	for _, p := range all {
		protocol := "TCP"
		if p.Protocol != nil {
			protocol = string(*p.Protocol)
		}
		switch {
		case p.Port == nil:
			named = append(named, "any port of "+protocol)
		case p.EndPort != nil:
			named = append(named, fmt.Sprintf("%s %s to %d", protocol, p.Port, *p.EndPort))
		default:
			named = append(named, fmt.Sprintf("%s %s", protocol, p.Port))
		}
	}
	return named
}

// inside are annotations of Services with which a cloud's load balancer has an address of the network alone.
var inside = []string{
	"service.beta.kubernetes.io/azure-load-balancer-internal", "networking.gke.io/load-balancer-type",
	"cloud.google.com/load-balancer-type",
	"service.beta.kubernetes.io/aws-load-balancer-internal",
}

func kubernetesService(inputs map[string]any) []Right {
	spec, _ := inputs["spec"].(map[string]any)
	switch text(spec["type"]) {
	case "LoadBalancer":
		return []Right{{Kind: Reaches, Who: whoOfLoadBalancer(inputs, spec), Does: "reach the load balancer"}}
	case "NodePort":
		return []Right{{Kind: Reaches, Who: "whoever reaches the nodes", Does: "reach the Service"}}
	}
	return []Right{{Kind: Reaches, Who: "the cluster", Does: "reach the Service"}}
}

func whoOfLoadBalancer(inputs, spec map[string]any) string {
	if ranges := list(spec["loadBalancerSourceRanges"]); len(ranges) > 0 {
		return strings.Join(ranges, ", ")
	}
	metadata, _ := inputs["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	scheme := text(annotations["service.beta.kubernetes.io/aws-load-balancer-scheme"])
	internal := slices.ContainsFunc(inside, func(name string) bool {
		return slices.Contains([]string{"true", "internal"}, strings.ToLower(text(annotations[name])))
	})
	if internal || scheme == "internal" {
		return "the network of the cluster"
	}
	return "anybody (a load balancer with a public address)"
}

// kubernetesIngress: whether an address is public is the controller's business, but for those whose annotation says it.
func kubernetesIngress(inputs map[string]any) []Right {
	ingress := decode[networkingv1.Ingress](inputs)
	who := "whoever reaches the controller"
	switch ingress.Annotations["alb.ingress.kubernetes.io/scheme"] {
	case "internet-facing":
		who = "anybody (the internet)"
	case "internal":
		who = "the network of its subnets"
	}
	var all []Right
	for _, rule := range ingress.Spec.Rules {
		host := rule.Host
		if host == "" {
			host = "any host"
		}
		all = append(all, Right{Kind: Reaches, Who: who, Does: "reach the gateway at", On: host})
	}
	return all
}

func kubernetesRoute(inputs map[string]any) []Right {
	spec, _ := inputs["spec"].(map[string]any)
	hosts := list(spec["hostnames"])
	if len(hosts) == 0 {
		hosts = []string{"any host"}
	}
	var all []Right
	for _, host := range hosts {
		all = append(all, Right{Kind: Reaches, Who: "whoever reaches the Gateway", Does: "reach the gateway at", On: host})
	}
	return all
}
