package bifrostconfig

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ValidateCluster compares a cluster_config of the document's own with the cluster that the objects around it are made for: their
// ports, their Role and their Service must be those that the gateway uses.
func ValidateCluster(p *field.Path, document Document, want Cluster) field.ErrorList {
	raw, own := document["cluster_config"]
	if !own {
		return nil
	}
	p = p.Child("cluster_config")
	config, ok := raw.(map[string]any)
	if !ok {
		return field.ErrorList{field.TypeInvalid(p, "", "must be an object")}
	}
	var problems field.ErrorList
	discovery, _ := config["discovery"].(map[string]any)
	gossip, _ := config["gossip"].(map[string]any)
	grpc, _ := config["grpc"].(map[string]any)
	for _, c := range []struct {
		p          *field.Path
		have, want any
		optional   bool
	}{
		{p.Child("enabled"), config["enabled"], true, false},
		{p.Child("type"), config["type"], "mesh", true},
		{p.Child("discovery", "enabled"), discovery["enabled"], true, false},
		{p.Child("discovery", "type"), discovery["type"], "kubernetes", false},
		{p.Child("discovery", "k8s_namespace"), discovery["k8s_namespace"], want.Namespace, false},
		{p.Child("discovery", "k8s_label_selector"), discovery["k8s_label_selector"], want.LabelSelector, false},
		{p.Child("gossip", "port"), gossip["port"], GossipPort, false},
		{p.Child("grpc", "port"), grpc["port"], GRPCPort, true},
	} {
		if c.have == nil && c.optional || fmt.Sprint(c.have) == fmt.Sprint(c.want) {
			continue
		}
		advice := fmt.Sprintf("must be %v, as the objects around the gateway are; or leave cluster_config away, and it is written for you", c.want)
		if c.have == nil {
			problems = append(problems, field.Required(c.p, advice))
		} else {
			problems = append(problems, field.Invalid(c.p, c.have, advice))
		}
	}
	return problems
}
