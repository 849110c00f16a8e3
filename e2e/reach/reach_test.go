package reach

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"bifrost/e2e/machine"
)

func TestMain(m *testing.M) { os.Exit(machine.Run(m.Run)) }

// TestFlows: what a filter drops or refuses is not reached, in either direction and from outside, and all else is.
func TestFlows(t *testing.T) {
	network, err := machine.NewNetwork(9)
	require.NoError(t, err)
	defer func() { require.NoError(t, network.Close()) }()
	var hosts []*machine.Namespace
	var places []Place
	for n := range 2 {
		host, err := network.Namespace(fmt.Sprintf("host-%d", n), network.Host(11+n))
		require.NoError(t, err)
		defer func() { require.NoError(t, host.Close()) }()
		// A process in the namespace, as a pod has.
		wait := exec.Command("sleep", "600")
		require.NoError(t, host.Start(wait))
		defer func() {
			_ = wait.Process.Kill()
			_ = wait.Wait()
		}()
		hosts = append(hosts, host)
		places = append(places, Place{Name: host.Name, Address: host.Address, file: fmt.Sprintf("/proc/%d/ns/net", wait.Process.Pid)})
	}
	filter := exec.Command("nft", "-f", "/dev/stdin")
	filter.Stdin = strings.NewReader(`table ip filter {
  chain input {
    type filter hook input priority 0;
    tcp dport 81 reject with tcp reset
    tcp dport 82 reject
    tcp dport 83 drop
    udp dport 81 reject
    udp dport 83 drop
  }
}
`)
	require.NoError(t, hosts[1].Start(filter))
	require.NoError(t, filter.Wait())

	taken, err := net.Listen("tcp", netip.AddrPortFrom(network.Outside, 80).String())
	require.NoError(t, err)
	defer taken.Close()
	here := Here("here", network.Outside)
	const tcp, udp = corev1.ProtocolTCP, corev1.ProtocolUDP
	for _, c := range []struct {
		flow Flow
		want bool
	}{
		{Flow{places[0], places[1], tcp, 80}, true},
		{Flow{places[0], places[1], udp, 80}, true},
		{Flow{places[1], places[0], tcp, 81}, true},
		{Flow{places[0], places[1], tcp, 81}, false},
		{Flow{places[0], places[1], tcp, 82}, false},
		{Flow{places[0], places[1], tcp, 83}, false},
		{Flow{places[0], places[1], udp, 81}, false},
		{Flow{places[0], places[1], udp, 83}, false},
		{Flow{here, places[1], tcp, 80}, true},
		{Flow{here, places[1], tcp, 81}, false},
		{Flow{places[0], here, tcp, 80}, true},
		{Flow{places[0], here, udp, 80}, true},
		{Flow{places[0], Behind("nobody's", places[1].Address), tcp, 80}, false},
	} {
		got, err := c.flow.Try()
		require.NoError(t, err)
		require.Equal(t, c.want, got, "%s", c.flow)
	}
}
