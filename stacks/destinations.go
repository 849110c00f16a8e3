package stacks

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bifrost/components/kubernetes"
	"bifrost/internal/check"
	"bifrost/internal/gateway/configjson"
)

// databaseDestinations are the databases of config.json, as far as their ports are literal or plain variables.
func (c *Config) databaseDestinations(at target) []kubernetes.NetworkDestination {
	plain := c.env(at)
	known := func(variable string) (string, bool) {
		value, ok := plain[variable]
		return value, ok
	}
	var all []kubernetes.NetworkDestination
	for _, database := range configjson.Databases(c.document(at), known) {
		all = withDestination(all, database.Host, database.Port)
	}
	return all
}

// lookedForProxies are the variables in which Go's clients look for a proxy (golang.org/x/net, http/httpproxy, FromEnvironment).
var lookedForProxies = []string{
	httpProxyVariable, httpsProxyVariable, strings.ToLower(httpProxyVariable), strings.ToLower(httpsProxyVariable),
}

// otherDestinations are the collectors, the proxies and the broker of others that the gateway's document and plain variables name.
func (c *Config) otherDestinations(at target) []kubernetes.NetworkDestination {
	plain, document := c.env(at), c.document(at)
	endpoints := append(configjson.Collectors(document), configjson.Proxies(document)...)
	if c.clusterForm(at) == othersBroker {
		endpoints = append(endpoints, configjson.BrokerAddress(document))
	}
	for _, variable := range lookedForProxies {
		endpoints = append(endpoints, plain[variable])
	}
	return destinationsOf(plain, append(endpoints, c.Network.Proxy)...)
}

// destinationsOf are those of URLs and addresses, as far as they are literal or known variables.
func destinationsOf(known map[string]string, endpoints ...string) []kubernetes.NetworkDestination {
	var all []kubernetes.NetworkDestination
	for _, endpoint := range endpoints {
		host, port := hostAndPort(cmp.Or(known[configjson.Variable(endpoint)], endpoint))
		// HTTPS is open anyway, but not to every address.
		if port != "443" || isAddress(host) {
			all = withDestination(all, host, port)
		}
	}
	return all
}

// schemePorts are the ports of URLs that have none (Go, net/http, portMap).
var schemePorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}

// hostAndPort are those of HOST:PORT or a URL. What has no scheme is of HTTP, as proxies are (golang.org/x/net, http/httpproxy,
// parseProxy). Both are empty where it is neither, and where a reference stands for it whose value is not known here.
func hostAndPort(endpoint string) (host, port string) {
	if endpoint == "" || configjson.Variable(endpoint) != "" || configjson.InVault(endpoint) {
		return "", ""
	}
	if !strings.Contains(endpoint, "://") {
		endpoint = "http://" + endpoint
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", ""
	}
	return u.Hostname(), cmp.Or(u.Port(), schemePorts[u.Scheme])
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// withDestination adds a host's port, once. It adds nothing where the port is none, and where the host is the pod itself: no policy stands
// between containers of a pod.
func withDestination(all []kubernetes.NetworkDestination, host, port string) []kubernetes.NetworkDestination {
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 || isPodItself(host) {
		return all
	}
	wanted := kubernetes.NetworkDestination{Peer: peerNamed(host), Port: int(number)}
	same := func(other kubernetes.NetworkDestination) bool {
		samePeer := wanted.Peer == nil && other.Peer == nil ||
			wanted.Peer != nil && other.Peer != nil && wanted.Peer.Cidr == other.Peer.Cidr && wanted.Peer.Namespace == other.Peer.Namespace
		return samePeer && other.Port == wanted.Port
	}
	if slices.ContainsFunc(all, same) {
		return all
	}
	return append(all, wanted)
}

// isPodItself: a path is that of a socket.
func isPodItself(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback() || strings.EqualFold(host, "localhost") || strings.HasPrefix(host, "/")
}

// peerNamed is who has the host: an address itself, or the namespace of a Service or of a pod behind one (Kubernetes, "DNS for Services and
// Pods"). Any other name may have any address, which is nil here; so may a name below another domain of the cluster's than cluster.local.
func peerNamed(host string) *kubernetes.NetworkPeer {
	if address, err := netip.ParseAddr(host); err == nil {
		address = address.Unmap()
		return &kubernetes.NetworkPeer{Cidr: netip.PrefixFrom(address, address.BitLen()).String()}
	}
	name := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(host), "."), ".cluster.local")
	service, inCluster := strings.CutSuffix(name, ".svc")
	parts := strings.Split(service, ".")
	if namespace := parts[len(parts)-1]; inCluster && len(parts) >= 2 && len(check.Label(nil, namespace)) == 0 {
		return &kubernetes.NetworkPeer{Namespace: namespace}
	}
	return nil
}
