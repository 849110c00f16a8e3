package configjson

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/gateway"
)

// Values of cluster_config.type.
const (
	Mesh   = "mesh"
	Broker = "broker"
)

// Values of cluster_config.discovery.type that the objects around the gateway can be made for.
const (
	DiscoveryKubernetes = "kubernetes"
	DiscoveryDns        = "dns"
)

const clusterKey = "cluster_config"

// Cluster is what the objects around the gateway are made for at one place. At most one of LabelSelector, DNSName and BrokerAddress is
// set; none leaves it to the document how the processes find each other.
type Cluster struct {
	// Region of this part of the cluster; empty is unknown.
	Region string
	// LabelSelector picks the pods of Namespace that are members, in the Kubernetes API.
	Namespace, LabelSelector string
	// DnsName answers with the addresses of all members.
	DnsName string
	// BrokerAddress is host:port of a broker that takes the token in BrokerTokenVariable.
	BrokerAddress string
}

// config is the cluster_config of the schema, with the thresholds of the vendor's documentation.
func (c Cluster) config() map[string]any {
	config := map[string]any{"enabled": true}
	if c.Region != "" {
		config["region"] = c.Region
	}
	switch {
	case c.BrokerAddress != "":
		config["type"] = Broker
		config["broker"] = c.broker()
		return config
	case c.DnsName != "":
		config["discovery"] = map[string]any{"enabled": true, "type": DiscoveryDns, "dns_names": []any{c.DnsName},
			"bind_port": gateway.GossipPort}
	case c.LabelSelector != "":
		config["discovery"] = map[string]any{
			"enabled": true, "type": DiscoveryKubernetes, "k8s_namespace": c.Namespace, "k8s_label_selector": c.LabelSelector,
		}
	default:
		return config
	}
	config["gossip"] = map[string]any{
		"port":   gateway.GossipPort,
		"config": map[string]any{"timeout_seconds": 10, "success_threshold": 3, "failure_threshold": 3},
	}
	config["grpc"] = map[string]any{"port": gateway.GrpcPort}
	return config
}

// broker is how nodes reach it: in clear, for the schema has no certificate that the broker could show.
func (c Cluster) broker() map[string]any {
	return map[string]any{"address": c.BrokerAddress, "auth_token": ReferenceTo(gateway.BrokerTokenVariable), "tls": false,
		"listen_port": gateway.BrokerPort}
}

// BrokerDocument is the config.json of the broker itself: it reads cluster_config.broker, and nothing else (Bifrost Enterprise,
// "Clustering", "Running the broker").
func BrokerDocument(address string) Document {
	return Document{clusterKey: Cluster{BrokerAddress: address}.config()}
}

// WithCluster completes cluster_config: what the document says of it stays, but for a discovery of the type that is meant for
// another place. The document itself stays as it is.
func WithCluster(document Document, cluster Cluster, elsewhere string) Document {
	return With(document, clusterKey, completed(ownCluster(document, elsewhere), cluster.config()))
}

// ownCluster is the document's cluster_config, without a discovery that is meant for another place.
func ownCluster(document Document, elsewhere string) map[string]any {
	config, _ := document[clusterKey].(map[string]any)
	if discovery, _ := config["discovery"].(map[string]any); elsewhere == "" || discovery["type"] != elsewhere {
		return config
	}
	config = maps.Clone(config)
	delete(config, "discovery")
	return config
}

// completed is the object with what it lacks of the other one, at every depth.
func completed(given, others map[string]any) map[string]any {
	all := maps.Clone(others)
	for key, value := range given {
		below, isObject := value.(map[string]any)
		if other, both := others[key].(map[string]any); isObject && both {
			value = completed(below, other)
		}
		all[key] = value
	}
	return all
}

// Clustered tells whether the document itself turns clustering on, and whether it says so at all.
func Clustered(document Document) (on, decided bool) {
	config, _ := document[clusterKey].(map[string]any)
	enabled, decided := config["enabled"]
	return enabled == true, decided
}

// ClusterType is the type of cluster that the document asks for; empty where it does not say.
func ClusterType(document Document) string {
	config, _ := document[clusterKey].(map[string]any)
	text, _ := config["type"].(string)
	return text
}

// BrokerAddress is HOST:PORT of the document's own broker, or the reference that stands for it; empty where there is none.
func BrokerAddress(document Document) string {
	config, _ := document[clusterKey].(map[string]any)
	broker, _ := config["broker"].(map[string]any)
	address, _ := broker["address"].(string)
	if ClusterType(document) != Broker {
		return ""
	}
	return address
}

// clusterRule is a value that cluster_config must have, where it says it at all; the advice has a place for the value.
type clusterRule struct {
	below, key string
	want       any
	advice     string
}

const (
	adviceObjects = "must be %v, as the objects around the gateway are; or leave cluster_config away, and it is written for you"
	adviceBroker  = "must be %v, as the broker that gateway.clustering makes has it; or leave it away, and it is written for you"
	advicePorts   = "the tasks reach each other on %v; write that, or remove it"
	adviceDns     = "ECS tasks find each other through DNS; write %v, or remove it"
)

// rules are those of the cluster's kind.
func (c Cluster) rules() []clusterRule {
	switch {
	case c.BrokerAddress != "":
		rules := []clusterRule{{"", "type", Broker, adviceBroker}}
		for _, key := range slices.Sorted(maps.Keys(c.broker())) {
			rules = append(rules, clusterRule{"broker", key, c.broker()[key], adviceBroker})
		}
		return rules
	case c.DnsName != "":
		return []clusterRule{
			{"", "type", Mesh, "ECS tasks find each other; write %v, or remove it"},
			{"discovery", "enabled", true, adviceDns},
			{"discovery", "type", DiscoveryDns, adviceDns},
			{"discovery", "bind_port", gateway.GossipPort, advicePorts},
			{"gossip", "port", gateway.GossipPort, advicePorts},
			{"grpc", "port", gateway.GrpcPort, advicePorts},
		}
	case c.LabelSelector != "":
		return []clusterRule{
			{"", "type", Mesh, adviceObjects},
			{"discovery", "enabled", true, adviceObjects},
			{"discovery", "type", DiscoveryKubernetes, adviceObjects},
			{"discovery", "k8s_namespace", c.Namespace, adviceObjects},
			{"discovery", "k8s_label_selector", c.LabelSelector, adviceObjects},
			{"gossip", "port", gateway.GossipPort, adviceObjects},
			{"grpc", "port", gateway.GrpcPort, adviceObjects},
		}
	}
	return nil
}

// ValidateCluster compares a cluster_config of the document's own with the cluster that the objects around it are made for: what it
// leaves out is written for it, what it says otherwise is refused.
func ValidateCluster(p *field.Path, document Document, want Cluster, elsewhere string) field.ErrorList {
	config := ownCluster(document, elsewhere)
	p = p.Child(clusterKey)
	var problems field.ErrorList
	for _, rule := range want.rules() {
		at, object := p, config
		if rule.below != "" {
			at = p.Child(rule.below)
			object, _ = config[rule.below].(map[string]any)
		}
		if have, given := object[rule.key]; given && fmt.Sprint(have) != fmt.Sprint(rule.want) {
			problems = append(problems, field.Invalid(at.Child(rule.key), have, fmt.Sprintf(rule.advice, rule.want)))
		}
	}
	if want.DnsName != "" {
		problems = append(problems, validateDnsMembers(p, config, want.DnsName)...)
	}
	return problems
}

// validateDnsMembers: the members are those behind the name, and their addresses change.
func validateDnsMembers(p *field.Path, config map[string]any, name string) field.ErrorList {
	var problems field.ErrorList
	if peers, _ := config["peers"].([]any); len(peers) > 0 {
		problems = append(problems, field.Forbidden(p.Child("peers"), "the addresses of ECS tasks change; remove it, ecs.clustering finds "+
			"them"))
	}
	discovery, _ := config["discovery"].(map[string]any)
	if names, _ := discovery["dns_names"].([]any); len(names) > 0 && !slices.Contains(names, any(name)) {
		problems = append(problems, field.Invalid(p.Child("discovery", "dns_names"), names,
			fmt.Sprintf("without %s, the name that ecs.clustering makes; add it, or remove this", name)))
	}
	return problems
}

// ValidateBroker checks a broker of somebody else's that the document names.
func ValidateBroker(p *field.Path, document Document) field.ErrorList {
	config, _ := document[clusterKey].(map[string]any)
	broker, _ := config["broker"].(map[string]any)
	p = p.Child(clusterKey, "broker", "address")
	address, isText := broker["address"].(string)
	_, port, err := net.SplitHostPort(address)
	n, notNumber := strconv.Atoi(port)
	switch {
	case broker["address"] == nil || address == "" && isText:
		return field.ErrorList{field.Required(p, "HOST:PORT of the broker; or set gateway.clustering.type to broker, and this stack runs "+
			"one")}
	case reference.MatchString(address):
		return nil
	case err != nil || notNumber != nil || n < 1 || n > 65535:
		return field.ErrorList{field.Invalid(p, broker["address"], "HOST:PORT, such as broker.example.com:443")}
	}
	return nil
}
