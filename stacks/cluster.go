package stacks

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/gateway/configjson"
)

// Clustering lets the gateway's processes share their state.
type Clustering struct {
	// Enabled switches clustering on or off. Default: on where more than one process can run and no store is SQLite.
	Enabled *bool
	// Type mesh: the processes speak to each other. Type broker: they speak to a broker, which is made here. Default mesh.
	Type string
	// Region names this part of a cluster of several. Default: the cloud's.
	Region string
}

// clusterForm is how the gateway's processes at one place share their state.
type clusterForm string

const (
	noCluster clusterForm = ""
	// meshCluster: they find each other and speak to each other.
	meshCluster clusterForm = "mesh"
	// brokerCluster: they speak to a broker that the stack runs.
	brokerCluster clusterForm = "broker"
	// othersBroker: they speak to a broker that config.json names, and nothing is made for it.
	othersBroker clusterForm = "other"
)

// askedClustering is what the stack file itself says of clustering.
func (c *Config) askedClustering() Clustering {
	if asked := c.written.Gateway.Clustering; asked != nil {
		return *asked
	}
	return Clustering{}
}

// clusters tells whether the processes at a place share their state. What an existing Secret holds is not known: only asking turns
// clustering on there.
func (c *Config) clusters(at target) bool {
	on, decided := configjson.Clustered(c.Gateway.Config)
	switch asked := c.Gateway.Clustering.Enabled; {
	case asked != nil:
		return *asked
	case decided:
		return on
	case c.Gateway.ExistingConfigSecret != "":
		return false
	}
	return c.Gateway.withoutSQLite() && (c.together(at) > 1 || at.wantsCluster(c))
}

// clusterForm is the one at a place: gateway.clustering.type decides, then config.json.
func (c *Config) clusterForm(at target) clusterForm {
	switch kind := c.Gateway.Clustering.Type; {
	case !c.clusters(at):
		return noCluster
	case kind == configjson.Broker:
		return brokerCluster
	case kind == "" && configjson.ClusterType(c.Gateway.Config) == configjson.Broker:
		return othersBroker
	}
	return meshCluster
}

// cluster is the one that the objects around the gateway are made for.
func (c *Config) cluster(at target) configjson.Cluster {
	cluster := configjson.Cluster{Region: c.Gateway.Clustering.Region}
	switch form := c.clusterForm(at); {
	case form == brokerCluster:
		cluster.BrokerAddress = c.brokerAddress(at)
	case form == meshCluster:
		at.members(c, &cluster)
	}
	return cluster
}

// discoveryElsewhere is the discovery of the stack's other place: config.json may say it, and it is not meant for this one.
func (c *Config) discoveryElsewhere(at target) string {
	for _, other := range c.targets() {
		if other.discovery() != at.discovery() {
			return other.discovery()
		}
	}
	return ""
}

// withCluster adds how the processes find each other.
func withCluster(c *Config, at target, document configjson.Document) configjson.Document {
	if !c.clusters(at) {
		return document
	}
	return configjson.WithCluster(document, c.cluster(at), c.discoveryElsewhere(at))
}

// validateClusterKeys checks what holds whatever config.json says.
func (c *Config) validateClusterKeys(k *checker) {
	p, g := field.NewPath("gateway", "clustering"), c.askedClustering()
	k.add(check.OneOf(p.Child("type"), g.Type, configjson.Mesh, configjson.Broker)...)
	off := g.Enabled != nil && !*g.Enabled
	switch {
	case off && g.Region != "":
		k.add(field.Required(p.Child("enabled"), "region is the cluster's; write true, or remove clustering"))
	case off && g.Type != "":
		k.add(field.Required(p.Child("enabled"), "type is the cluster's; write true, or remove clustering"))
	}
	if off && c.Ecs != nil && c.Ecs.Clustering != nil {
		k.add(field.Forbidden(field.NewPath("ecs", "clustering"), "gateway.clustering.enabled is false; remove one of them"))
	}
}

// validateClustering: config.json and the objects around the gateway say the same at every place.
func (c *Config) validateClustering(k *checker) {
	g, p := &c.Gateway, field.NewPath("gateway", "clustering")
	own := g.configPath().Child("cluster_config")
	if raw, given := g.Config["cluster_config"]; given {
		if _, ok := raw.(map[string]any); !ok {
			k.add(field.TypeInvalid(own, "", "must be an object"))
			return
		}
	}
	on, decided := configjson.Clustered(g.Config)
	asked := c.Gateway.Clustering.Enabled
	const sqlite = "a store is SQLite, which one process may use; give config_store and logs_store of type postgres"
	switch {
	case asked != nil && !*asked && on:
		k.add(field.Required(p.Child("enabled"), "config.json has cluster_config on; write true, which opens the ports and lets the pods "+
			"find "+
			"each other"))
		return
	case asked != nil && *asked && decided && !on:
		k.add(field.Invalid(own.Child("enabled"), false, "gateway.clustering.enabled wants a cluster; remove one of them"))
		return
	case c.Ecs != nil && c.Ecs.Clustering != nil && decided && !on:
		k.add(field.Invalid(own.Child("enabled"), false, "ecs.clustering wants a cluster; remove one of them"))
		return
	case g.withoutSQLite():
	case asked != nil && *asked:
		k.add(field.Invalid(p.Child("enabled"), true, sqlite))
		return
	case on:
		k.add(field.Invalid(own.Child("enabled"), true, sqlite))
		return
	case c.askedClustering().Type != "" || c.askedClustering().Region != "":
		k.add(field.Forbidden(p, sqlite))
		return
	case c.Ecs != nil && c.Ecs.Clustering != nil:
		k.add(field.Forbidden(field.NewPath("ecs", "clustering"), sqlite))
		return
	}
	for _, at := range c.targets() {
		c.validateClusterAt(k, at)
	}
}

func (c *Config) validateClusterAt(k *checker, at target) {
	g := &c.Gateway
	switch c.clusterForm(at) {
	case noCluster:
	case othersBroker:
		k.add(configjson.ValidateBroker(g.configPath(), g.Config)...)
		if at.wantsCluster(c) {
			k.add(field.Invalid(g.configPath().Child("cluster_config", "type"), configjson.Broker, "with a broker the tasks need not find "+
				"each "+
				"other; remove ecs.clustering"))
		}
	default:
		k.add(configjson.ValidateCluster(g.configPath(), g.Config, c.cluster(at), c.discoveryElsewhere(at))...)
	}
}

// unclustered says what goes wrong where several processes know nothing of each other.
func unclustered(c *Config) string {
	if c.Gateway.ExistingConfigSecret != "" || !c.Gateway.withoutSQLite() {
		return ""
	}
	var places []string
	for _, at := range c.targets() {
		if most := c.together(at); most > 1 && !c.clusters(at) {
			places = append(places, fmt.Sprintf("up to %d on %s", most, at.title()))
		}
	}
	if len(places) == 0 {
		return ""
	}
	key := "gateway.clustering.enabled"
	if c.Gateway.Clustering.Enabled == nil {
		key = c.Gateway.configPath().Child("cluster_config", "enabled").String()
	}
	return key + " is false, and several processes run (" + strings.Join(places, ", ") +
		", rollouts included): a virtual key made on one is refused by the others until they restart, one deleted on one stays valid on " +
		"the others, every process counts limits and budgets by itself, and the database keeps the usage of whichever wrote last; remove it"
}
