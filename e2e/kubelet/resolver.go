package kubelet

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"

	"bifrost/e2e/machine"
)

// resolver is the node's name server: every name outside of the cluster is the one address of what is outside.
type resolver struct{ connection net.PacketConn }

// resolve answers on the host's own address for it.
func resolve(host *machine.Namespace, outside netip.Addr) (*resolver, error) {
	r := &resolver{}
	err := host.Do(func() (err error) {
		r.connection, err = net.ListenPacket("udp4", machine.Resolver+":53")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("name server of the node: %w", err)
	}
	go r.serve(outside)
	return r, nil
}

func (r *resolver) close() { _ = r.connection.Close() }

func (r *resolver) serve(outside netip.Addr) {
	packet := make([]byte, 1500)
	for {
		length, from, err := r.connection.ReadFrom(packet)
		if err != nil {
			return
		}
		if reply, err := answer(packet[:length], outside); err == nil {
			_, _ = r.connection.WriteTo(reply, from)
		}
	}
}

// answer is the reply to one query: the address for IPv4, nothing for other types. Names of the cluster are not known here.
func answer(query []byte, outside netip.Addr) ([]byte, error) {
	var message dnsmessage.Message
	if err := message.Unpack(query); err != nil {
		return nil, err
	}
	message.Response, message.RecursionAvailable, message.Additionals = true, true, nil
	for _, q := range message.Questions {
		if strings.HasSuffix(q.Name.String(), ".cluster.local.") {
			message.RCode = dnsmessage.RCodeNameError
			continue
		}
		if q.Type != dnsmessage.TypeA {
			continue
		}
		message.Answers = append(message.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60},
			Body:   &dnsmessage.AResource{A: outside.As4()},
		})
	}
	return message.Pack()
}
