package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// clusterConfig is cluster_config, as Enterprise reads it.
type clusterConfig struct {
	Enabled   bool     `json:"enabled"`
	Type      string   `json:"type"`
	Peers     []string `json:"peers"`
	Discovery struct {
		Enabled   bool     `json:"enabled"`
		Type      string   `json:"type"`
		Namespace string   `json:"k8s_namespace"`
		Selector  string   `json:"k8s_label_selector"`
		DNSNames  []string `json:"dns_names"`
	} `json:"discovery"`
	Gossip struct {
		Port int `json:"port"`
	} `json:"gossip"`
	GRPC struct {
		Port int `json:"port"`
	} `json:"grpc"`
	Broker struct {
		Address    string     `json:"address"`
		AuthToken  *reference `json:"auth_token"`
		ListenPort int        `json:"listen_port"`
	} `json:"broker"`
}

// Ports of clustering (Bifrost Enterprise, "Clustering").
const (
	gossipPort = 10101
	grpcPort   = 10102
	brokerPort = 50051
	lookEvery  = 500 * time.Millisecond
	peerLimit  = 2 * time.Second
)

// message is what members tell each other.
type message struct {
	// Reload says that the store's virtual keys changed.
	Reload bool `json:"reload,omitempty"`
	// Counted is a virtual key that a request was counted for.
	Counted string `json:"counted,omitempty"`
}

// cluster is how a process reaches the others.
type cluster interface {
	members() []string
	send(m message)
}

// tell sends a message to the other members, if there is a cluster.
func (g *gateway) tell(m message) {
	if g.cluster != nil {
		g.cluster.send(m)
	}
}

// hear does what another member tells.
func (g *gateway) hear(ctx context.Context, m message) {
	if m.Reload {
		g.reload(ctx)
	}
	if m.Counted != "" && g.governance != nil {
		g.governance.counted(m.Counted)
	}
}

// joinCluster starts what cluster_config asks for; nil is no cluster.
func joinCluster(ctx context.Context, g *gateway, s settings) (cluster, error) {
	c := g.config.Cluster
	if c == nil || !c.Enabled {
		return nil, nil
	}
	if c.Type == "broker" {
		return joinBroker(ctx, g, c)
	}
	if len(c.Peers) == 0 && !c.Discovery.Enabled {
		return nil, errors.New("failed to initialize cluster: neither peers nor discovery.enabled")
	}
	m := &mesh{
		gateway: g, config: c, host: s.host, alive: map[string]time.Time{},
		gossip: orDefault(c.Gossip.Port, gossipPort), grpc: orDefault(c.GRPC.Port, grpcPort),
	}
	return m, m.start(ctx)
}

// mesh is a cluster whose members reach each other.
type mesh struct {
	gateway      *gateway
	config       *clusterConfig
	host         string
	gossip, grpc int
	mu           sync.Mutex
	alive        map[string]time.Time // by address
}

func (m *mesh) start(ctx context.Context) error {
	gossip := net.JoinHostPort(m.host, strconv.Itoa(m.gossip))
	tcp, err := net.Listen("tcp", gossip)
	if err != nil {
		return fmt.Errorf("failed to initialize cluster: %w", err)
	}
	udp, err := net.ListenPacket("udp", gossip)
	if err != nil {
		return fmt.Errorf("failed to initialize cluster: %w", err)
	}
	grpc, err := net.Listen("tcp", net.JoinHostPort(m.host, strconv.Itoa(m.grpc)))
	if err != nil {
		return fmt.Errorf("failed to initialize cluster: %w", err)
	}
	context.AfterFunc(ctx, func() {
		_ = errors.Join(tcp.Close(), udp.Close(), grpc.Close())
	})
	go accept(tcp, func(c net.Conn) { _, _ = c.Write([]byte("gossip\n")) })
	go accept(grpc, func(c net.Conn) {
		for said := json.NewDecoder(c); ; {
			var told message
			if said.Decode(&told) != nil {
				return
			}
			m.gateway.hear(ctx, told)
		}
	})
	go func() {
		packet := make([]byte, 64)
		for {
			n, from, err := udp.ReadFrom(packet)
			if err != nil {
				return
			}
			_, _ = udp.WriteTo(packet[:n], from)
		}
	}()
	go m.look(ctx)
	return nil
}

func accept(listener net.Listener, serve func(net.Conn)) {
	for {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			serve(c)
		}()
	}
}

// look finds the members again and again.
func (m *mesh) look(ctx context.Context) {
	said := ""
	for ctx.Err() == nil {
		addresses, err := m.discover(ctx)
		if err != nil && err.Error() != said {
			said = err.Error()
			logLine("warn", "cluster discovery: %v", err)
		}
		for _, address := range addresses {
			if m.reach(ctx, address) == nil {
				m.mu.Lock()
				m.alive[address] = time.Now()
				m.mu.Unlock()
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookEvery):
		}
	}
}

// reach asks a member on all three ports: one that is closed is no member.
func (m *mesh) reach(ctx context.Context, host string) error {
	dialer := net.Dialer{Timeout: peerLimit}
	for _, at := range []struct {
		network string
		port    int
		echo    bool
	}{{"tcp", m.gossip, true}, {"udp", m.gossip, true}, {"tcp", m.grpc, false}} {
		c, err := dialer.DialContext(ctx, at.network, net.JoinHostPort(host, strconv.Itoa(at.port)))
		if err != nil {
			return err
		}
		_ = c.SetDeadline(time.Now().Add(peerLimit))
		if at.echo {
			if _, err = c.Write([]byte("ping")); err == nil {
				_, err = c.Read(make([]byte, 64))
			}
		}
		if err := errors.Join(err, c.Close()); err != nil {
			return err
		}
	}
	return nil
}

// members are the addresses that answered lately, this process's own among them where discovery finds it.
func (m *mesh) members() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := []string{}
	for address, seen := range m.alive {
		if time.Since(seen) < 10*lookEvery {
			list = append(list, address)
		}
	}
	slices.Sort(list)
	return list
}

func (m *mesh) send(told message) {
	text, _ := json.Marshal(told)
	for _, address := range m.members() {
		if m.own(address) {
			continue
		}
		c, err := net.DialTimeout("tcp", net.JoinHostPort(address, strconv.Itoa(m.grpc)), peerLimit)
		if err != nil {
			continue
		}
		_, _ = c.Write(text)
		_ = c.Close()
	}
}

// own tells whether an address is this process's.
func (m *mesh) own(address string) bool {
	if m.host == address {
		return true
	}
	if ip := net.ParseIP(m.host); ip != nil && !ip.IsUnspecified() {
		return false
	}
	addresses, _ := net.InterfaceAddrs()
	return slices.ContainsFunc(addresses, func(a net.Addr) bool { return strings.HasPrefix(a.String(), address+"/") })
}
