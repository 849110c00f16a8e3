package stacks

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bifrost/components/kubernetes"
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
		all = c.withDestination(all, database.Host, database.Port)
	}
	return all
}

// destinationsOf are those of endpoints, each HOST:PORT or a URL. A URL without a port has its scheme's; what a reference stands for is not
// known here. HTTPS is open anyway.
func (c *Config) destinationsOf(endpoints ...string) []kubernetes.NetworkDestination {
	var all []kubernetes.NetworkDestination
	for _, endpoint := range endpoints {
		host, port := hostAndPort(endpoint)
		if port != "443" {
			all = c.withDestination(all, host, port)
		}
	}
	return all
}

func hostAndPort(endpoint string) (host, port string) {
	if !strings.Contains(endpoint, "://") {
		host, port, _ = net.SplitHostPort(endpoint)
		return host, port
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return "", ""
	case u.Port() != "":
		return u.Hostname(), u.Port()
	}
	return u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// withDestination adds a host's port, once; it adds nothing where the port is no number.
func (c *Config) withDestination(all []kubernetes.NetworkDestination, host, port string) []kubernetes.NetworkDestination {
	number, err := strconv.Atoi(port)
	if err != nil {
		return all
	}
	wanted := kubernetes.NetworkDestination{Peer: c.peerNamed(host), Port: number}
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

// peerNamed is who has the host: an address itself, or the namespace of a Service. Any other name may have any address, which is nil here.
func (c *Config) peerNamed(host string) *kubernetes.NetworkPeer {
	if address, err := netip.ParseAddr(host); err == nil {
		return &kubernetes.NetworkPeer{Cidr: netip.PrefixFrom(address, address.BitLen()).String()}
	}
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) >= 3 && parts[2] == "svc" {
		return &kubernetes.NetworkPeer{Namespace: parts[1]}
	}
	return nil
}
