package bifrostconfig

import (
	"encoding/json"
	"maps"
	"slices"
)

// Ports of clustering (Bifrost Enterprise, "Clustering"): gossip over TCP and UDP, gRPC over TCP.
const (
	GossipPort = 10101
	GRPCPort   = 10102
)

// Cluster is a cluster that finds its members in the Kubernetes API.
type Cluster struct {
	// Namespace and LabelSelector pick the pods that are members.
	Namespace, LabelSelector string
	// Region of this part of the cluster; empty is unknown.
	Region string
}

// config is the cluster_config of the schema, with the thresholds of the vendor's documentation.
func (c Cluster) config() map[string]any {
	config := map[string]any{
		"enabled": true,
		"gossip": map[string]any{
			"port":   GossipPort,
			"config": map[string]any{"timeout_seconds": 10, "success_threshold": 3, "failure_threshold": 3},
		},
		"grpc": map[string]any{"port": GRPCPort},
		"discovery": map[string]any{
			"enabled": true, "type": "kubernetes", "k8s_namespace": c.Namespace, "k8s_label_selector": c.LabelSelector,
		},
	}
	if c.Region != "" {
		config["region"] = c.Region
	}
	return config
}

// WithCluster adds cluster_config, unless the document has one. The document itself stays as it is.
func WithCluster(document Document, cluster Cluster) Document {
	if _, own := document["cluster_config"]; own {
		return document
	}
	return With(document, "cluster_config", cluster.config())
}

// Clustered tells whether the document itself turns clustering on.
func Clustered(document Document) bool {
	config, _ := document["cluster_config"].(map[string]any)
	return config["enabled"] == true
}

// OtelPlugin is the name of the built-in plugin that exports traces and metrics.
const OtelPlugin = "otel"

// HasPlugin tells whether the document names a plugin.
func HasPlugin(document Document, name string) bool {
	plugins, _ := document["plugins"].([]any)
	return slices.ContainsFunc(plugins, func(p any) bool {
		plugin, _ := p.(map[string]any)
		return plugin["name"] == name
	})
}

// WithPlugin adds an enabled plugin at the end. The document itself stays as it is.
func WithPlugin(document Document, name string, config map[string]any) Document {
	plugins, _ := document["plugins"].([]any)
	return With(document, "plugins", append(slices.Clone(plugins), map[string]any{"enabled": true, "name": name, "config": config}))
}

// With sets a top-level key. The document itself stays as it is.
func With(document Document, key string, value any) Document {
	all := Document{}
	maps.Copy(all, document)
	all[key] = value
	return all
}

// Render is the text of config.json: the same document gives the same text.
func Render(document Document) ([]byte, error) { return json.Marshal(document) }
