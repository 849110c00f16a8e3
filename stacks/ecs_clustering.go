package stacks

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components"
	"bifrost/internal/bifrostconfig"
)

// Values of cluster_config in config.json (Bifrost, "Cluster" and "Clustering").
const (
	clusterBroker       = "broker"
	discoveryDNS        = "dns"
	discoveryKubernetes = "kubernetes"
)

// object is the object below a key, or nil.
func object(values map[string]any, key string) map[string]any {
	below, _ := values[key].(map[string]any)
	return below
}

// validateECSClustering compares ecs.clustering with what config.json says of the cluster: what it leaves out is filled in, what it says
// otherwise is refused.
func (c *Config) validateECSClustering(k *checker, p *field.Path) {
	given := object(c.Gateway.Config, "cluster_config")
	at := field.NewPath("gateway", "config", "cluster_config")
	if c.ECS.Clustering == nil {
		if given["enabled"] == true && given["type"] != clusterBroker {
			k.add(field.Required(p.Child("namespace"), at.String()+" is enabled, and ECS tasks can neither find nor reach each other without it; write a private DNS zone to make, such as bifrost.internal"))
		}
		return
	}
	args := (*components.EcsClusteringArgs)(c.ECS.Clustering)
	k.add(args.Validate(p)...)

	discovery := object(given, "discovery")
	if enabled, ok := given["enabled"]; ok && enabled != true {
		k.add(field.Invalid(at.Child("enabled"), enabled, "ecs.clustering wants a cluster; remove one of them"))
	}
	if given["type"] == clusterBroker {
		k.add(field.Invalid(at.Child("type"), clusterBroker, "with a broker the tasks need not find each other; remove ecs.clustering"))
	}
	if peers, _ := given["peers"].([]any); len(peers) > 0 {
		k.add(field.Forbidden(at.Child("peers"), "the addresses of ECS tasks change; remove it, ecs.clustering finds them"))
	}
	if enabled, ok := discovery["enabled"]; ok && enabled != true {
		k.add(field.Invalid(at.Child("discovery", "enabled"), enabled, "ecs.clustering is discovery through DNS; remove one of them"))
	}
	switch kind := discovery["type"]; {
	case kind == nil:
	case kind == discoveryKubernetes && c.EKS != nil:
		// That is for EKS; the tasks get their own.
	case kind != discoveryDNS:
		k.add(field.Invalid(at.Child("discovery", "type"), kind, "ECS tasks find each other through DNS; write dns, or remove it"))
	default:
		names, _ := discovery["dns_names"].([]any)
		if len(names) > 0 && !slices.Contains(names, any(args.DnsName())) {
			k.add(field.Invalid(at.Child("discovery", "dns_names"), names, fmt.Sprintf("without %s, the name that ecs.clustering makes; add it, or remove this", args.DnsName())))
		}
	}
	for _, port := range []struct {
		below, key string
		want       int
	}{{"gossip", "port", components.GossipPort}, {"discovery", "bind_port", components.GossipPort}, {"grpc", "port", components.GrpcPort}} {
		if v, ok := object(given, port.below)[port.key]; ok && fmt.Sprint(v) != fmt.Sprint(port.want) {
			k.add(field.Invalid(at.Child(port.below, port.key), v, fmt.Sprintf("the tasks reach each other on %d; write that, or remove it", port.want)))
		}
	}
}

// withTaskCluster names where the tasks find each other, with ecs.clustering.
func withTaskCluster(c *Config, document bifrostconfig.Document) bifrostconfig.Document {
	if c.ECS.Clustering == nil {
		return document
	}
	cluster := map[string]any{"region": c.AWS.Region}
	maps.Copy(cluster, object(document, "cluster_config"))
	discovery := map[string]any{"dns_names": []any{(*components.EcsClusteringArgs)(c.ECS.Clustering).DnsName()}, "bind_port": components.GossipPort}
	if given := object(cluster, "discovery"); given["type"] != discoveryKubernetes {
		maps.Copy(discovery, given)
	}
	discovery["enabled"], discovery["type"] = true, discoveryDNS
	cluster["enabled"], cluster["discovery"] = true, discovery
	return bifrostconfig.With(document, "cluster_config", cluster)
}
