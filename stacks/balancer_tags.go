package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"bifrost/components/kubernetes"
)

// Annotations by which a controller tags what it makes of an object: the load balancer with its listeners and target groups (AWS Load
// Balancer Controller, "Ingress annotations" and "Service annotations"), and on AKS the public address of a Service (Cloud Provider Azure,
// "Tagging resources"; the load balancer is the whole cluster's, and has its tags). No controller of GKE does.
const albTags = awsIngresses + "tags"

var serviceTags = map[string]string{
	onEks.name(): awsBalancers + "load-balancer-additional-resource-tags",
	onAks.name(): azureBalancers + "pip-tags",
}

// annotatedTags are the stack's tags as such an annotation has them, and the keys of those that it cannot have: pairs are parted at commas
// and the space around them is cut off, and a key from its value at the first = on AWS, where there may be one on Azure (AWS Load Balancer
// Controller, pkg/annotations, ParseStringMapAnnotation; Cloud Provider Azure, parseTags).
func (c *Config) annotatedTags() (text string, left []string) {
	tags := c.tags()
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value := tags[key]
		switch both := key + value; {
		case strings.Contains(both, ","), strings.Contains(key, "="), c.Aks != nil && strings.Contains(value, "="),
			strings.TrimSpace(key) != key, strings.TrimSpace(value) != value:
			left = append(left, key)
		default:
			pairs = append(pairs, key+"="+value)
		}
	}
	return strings.Join(pairs, ","), left
}

// taggedService has the stack's tags on what a controller makes of the gateway's Service, unless it says so itself.
func (c *Config) taggedService(at target) *kubernetes.WorkloadServiceArgs {
	service := copied(c.Gateway.Service)
	annotation, tagged := serviceTags[at.name()]
	if service == nil || service.Type != loadBalancerType || !tagged {
		return service
	}
	tags, _ := c.annotatedTags()
	service.Annotations = withAnnotation(service.Annotations, annotation, tags)
	return service
}

// taggedIngress has the stack's tags on the load balancer of the gateway's Ingress, unless it says so itself.
func (c *Config) taggedIngress() *kubernetes.WorkloadIngressArgs {
	ingress := copied(c.Gateway.Ingress)
	if ingress == nil || ingress.Controller != kubernetes.IngressALB {
		return ingress
	}
	tags, _ := c.annotatedTags()
	ingress.Annotations = withAnnotation(ingress.Annotations, albTags, tags)
	return ingress
}

// loadBalancerType is the type of a Service of which a cloud's controller makes a load balancer.
const loadBalancerType = "LoadBalancer"

func withAnnotation(annotations map[string]string, name, value string) map[string]string {
	all := map[string]string{name: value}
	maps.Copy(all, annotations)
	return all
}

// untagged tells which tags a load balancer of the stack will not have.
func untagged(c *Config) string {
	g := &c.Gateway
	on := c.onKubernetes()
	balanced := on != nil && serviceTags[on.name()] != "" && g.Service != nil && g.Service.Type == loadBalancerType ||
		g.Ingress != nil && g.Ingress.Controller == kubernetes.IngressALB
	_, left := c.annotatedTags()
	if !balanced || len(left) == 0 {
		return ""
	}
	return fmt.Sprintf("tags: %s cannot stand in the annotation by which a controller tags the gateway's load balancer, since it parts "+
		"tags at commas and at =; the load balancer goes without", strings.Join(left, ", "))
}
