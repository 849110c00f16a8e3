package machine

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
)

// What every cluster has, as its API server is told.
const (
	Services   = "10.96.0.0/16"
	DNSService = "10.96.0.10"
)

// Network is one cluster's: a bridge on which the control plane listens and nodes and other hosts are, routed without translation. What is
// "the internet" for it is one address.
type Network struct {
	// Index is C in its addresses, from 1 to 9.
	Index int
	// Gateway, 172.20.C.1, is this program's address on the bridge.
	Gateway netip.Addr
	// Outside, 203.0.113.C, is every host that is not in the cluster. This program listens there.
	Outside netip.Addr
	// Pods, 10.(100+C).0.0/16, are the addresses of pods, 10.(100+C).N.0/24 those of node N.
	Pods netip.Prefix

	bridge netlink.Link
}

// NewNetwork lays the network of one cluster on the tests' machine. It is an error to lay it twice at a time.
func NewNetwork(index int) (*Network, error) {
	if index < 1 || index > 9 {
		return nil, fmt.Errorf("network %d: an index is 1 to 9", index)
	}
	n := &Network{
		Index: index, Gateway: netip.AddrFrom4([4]byte{172, 20, byte(index), 1}),
		Outside: netip.AddrFrom4([4]byte{203, 0, 113, byte(index)}),
		Pods:    netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(100 + index), 0, 0}), 16),
	}
	if err := n.lay(); err != nil {
		return nil, errors.Join(fmt.Errorf("network %d: %w", index, err), n.Close())
	}
	return n, nil
}

func (n *Network) lay() error {
	attributes := netlink.NewLinkAttrs()
	attributes.Name = fmt.Sprintf("cluster%d", n.Index)
	// A bridge without an address of its own takes that of the lowest port, anew with each port.
	attributes.HardwareAddr = net.HardwareAddr{0x02, 0xe2, 0xe0, 0, 0, byte(n.Index)}
	bridge := &netlink.Bridge{LinkAttrs: attributes}
	if err := netlink.LinkAdd(bridge); err != nil {
		return err
	}
	n.bridge = bridge
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	// Hosts on the bridge find each other through the gateway: no redirects, so that every packet goes the same way.
	redirects := fmt.Sprintf("/proc/sys/net/ipv4/conf/%s/send_redirects", attributes.Name)
	return errors.Join(
		addAddress(netlink.AddrAdd, bridge, n.Gateway.String()+"/24"), addAddress(netlink.AddrAdd, lo, n.Outside.String()+"/32"),
		os.WriteFile(redirects, []byte("0"), 0o644), netlink.LinkSetUp(bridge))
}

// Close takes the network away.
func (n *Network) Close() error {
	if n.bridge == nil {
		return nil
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	address, err := netlink.ParseAddr(n.Outside.String() + "/32")
	return errors.Join(err, netlink.AddrDel(lo, address), netlink.LinkDel(n.bridge))
}

// Host is the address 172.20.C.N; node N has N+10.
func (n *Network) Host(number int) netip.Addr {
	return netip.AddrFrom4([4]byte{172, 20, byte(n.Index), byte(number)})
}

// PodsOf are the addresses of the pods of node N.
func (n *Network) PodsOf(node int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(100 + n.Index), byte(node), 0}), 24)
}

// Route sends what is for a prefix to a host on the bridge.
func (n *Network) Route(prefix netip.Prefix, via netip.Addr) error {
	err := netlink.RouteReplace(&netlink.Route{Dst: ipNet(prefix), Gw: via.AsSlice(), LinkIndex: n.bridge.Attrs().Index})
	if err != nil {
		return fmt.Errorf("route %s via %s: %w", prefix, via, err)
	}
	return nil
}

func addAddress(add func(netlink.Link, *netlink.Addr) error, link netlink.Link, text string) error {
	address, err := netlink.ParseAddr(text)
	if err != nil {
		return err
	}
	if err := add(link, address); err != nil {
		return fmt.Errorf("address %s on %s: %w", text, link.Attrs().Name, err)
	}
	return nil
}

func ipNet(prefix netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen())}
}
