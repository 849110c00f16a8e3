package aws

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/internal/gateway"
)

type clusterPort struct {
	protocol string
	port     float64
}

// clusterPorts are those over which gateways of a cluster talk: gossip over both protocols, and gRPC; brokerPorts, that of their broker.
var (
	clusterPorts = []clusterPort{{"tcp", gateway.GossipPort}, {"udp", gateway.GossipPort}, {"tcp", gateway.GrpcPort}}
	brokerPorts  = []clusterPort{{"tcp", gateway.BrokerPort}}
)

// blocked says which of the ports the security groups of the tasks do not let through among them.
func (t tasksIn) blocked(c *double.Call, ports []clusterPort) []string {
	var problems []string
	for _, p := range ports {
		for _, direction := range []string{"ingress", "egress"} {
			for _, subnet := range t.subnets {
				if !lets(c, t.groups, direction, p.protocol, p.port, peerOf{t.groups, double.String(subnet.State, "cidrBlock")}) {
					problems = append(problems, fmt.Sprintf("no %s rule of their security groups %v lets them through on %s port %v",
						direction, t.groups, p.protocol, p.port))
					break
				}
			}
		}
	}
	return problems
}

// isBroker tells whether a task is the broker of a cluster of gateways (Bifrost Enterprise, "Clustering", "Running the broker").
func isBroker(containers []container) bool {
	for _, container := range containers {
		for _, v := range container.Environment {
			if container.essential() && v.Name == "BIFROST_MODE" && v.Value == "broker" {
				return true
			}
		}
	}
	return false
}

// brokerProblems: all gateways meet in one process, which they must find and reach; they have its security groups.
func brokerProblems(c *double.Call, place tasksIn, service double.Object, containers []container) []string {
	problems := place.blocked(c, brokerPorts)
	if most, _ := service["deploymentMaximumPercent"].(float64); service["desiredCount"] != 1.0 || most != 100 {
		problems = append(problems, fmt.Sprintf("%v tasks, and %v %% of them during a deployment: gateways of one broker do not hear "+
			"those of another", service["desiredCount"], most))
	}
	registered := registeredName(c, double.String(service, "serviceRegistries.registryArn"))
	if address := brokerAddress(containers); address != net.JoinHostPort(registered, strconv.Itoa(gateway.BrokerPort)) {
		problems = append(problems, fmt.Sprintf("config.json names it %q, and it is registered as %q", address, registered))
	}
	return problems
}

// brokerAddress is how the broker's own config.json names it, which its task gets in a plain variable.
func brokerAddress(containers []container) string {
	for _, container := range containers {
		for _, v := range container.Environment {
			var config struct {
				ClusterConfig struct {
					Broker struct {
						Address string `json:"address"`
					} `json:"broker"`
				} `json:"cluster_config"`
			}
			if json.Unmarshal([]byte(v.Value), &config) == nil && config.ClusterConfig.Broker.Address != "" {
				return config.ClusterConfig.Broker.Address
			}
		}
	}
	return ""
}

func clusterProblems(c *double.Call, place tasksIn, service double.Object, containers []container) []string {
	problems := place.blocked(c, clusterPorts)
	registered := registeredName(c, double.String(service, "serviceRegistries.registryArn"))
	for _, name := range discoveredNames(c, containers) {
		if name != registered {
			problems = append(problems, fmt.Sprintf("config.json looks for %s, and they are registered as %s", name, registered))
		}
	}
	return problems
}

// registeredName is the DNS name of a service of Cloud Map.
func registeredName(c *double.Call, arn string) string {
	registry := findRegistry(c, arn)
	if registry == nil {
		return ""
	}
	namespace := c.World.Get(pulumitype.AwsPrivateDnsNamespace, regional(c), namespaceOf(registry.State))
	if namespace == nil {
		return ""
	}
	return double.String(registry.State, "name") + "." + double.String(namespace.State, "name")
}

// discoveredNames are the DNS names by which config.json, where a container gets it as a secret, finds the other gateways.
func discoveredNames(c *double.Call, containers []container) []string {
	var names []string
	for _, container := range containers {
		for _, secret := range container.Secrets {
			var config struct {
				ClusterConfig struct {
					Discovery struct {
						Type     string   `json:"type"`
						DNSNames []string `json:"dns_names"`
					} `json:"discovery"`
				} `json:"cluster_config"`
			}
			version := versionOf(c, secretOf(secret.ValueFrom))
			if version != nil && json.Unmarshal([]byte(double.String(version.State, "secretString")), &config) == nil &&
				config.ClusterConfig.Discovery.Type == "dns" {
				names = append(names, config.ClusterConfig.Discovery.DNSNames...)
			}
		}
	}
	return names
}
