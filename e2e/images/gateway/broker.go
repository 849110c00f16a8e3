package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// frame is what a node and the broker exchange, in lines of JSON. A node's first has its token; the broker answers with the roster.
type frame struct {
	Token   string   `json:"token,omitempty"`
	Roster  []string `json:"roster,omitempty"`
	Message *message `json:"message,omitempty"`
}

// broker relays between nodes that connect to it. It has no database and answers no HTTP.
type broker struct {
	token string
	mu    sync.Mutex
	nodes map[net.Conn]*json.Encoder
}

func runBroker(ctx context.Context, s settings, c *configuration) error {
	if c.Cluster == nil {
		return errors.New("failed to start the broker: cluster_config.broker is required")
	}
	b := &broker{token: c.Cluster.Broker.AuthToken.value(), nodes: map[net.Conn]*json.Encoder{}}
	listener, err := net.Listen("tcp", net.JoinHostPort(s.host, strconv.Itoa(orDefault(c.Cluster.Broker.ListenPort, brokerPort))))
	if err != nil {
		return fmt.Errorf("failed to start the broker: %w", err)
	}
	context.AfterFunc(ctx, func() { _ = listener.Close() })
	logLine("info", "the broker listens on %s", listener.Addr())
	accept(listener, b.serve)
	b.mu.Lock()
	defer b.mu.Unlock()
	for node := range b.nodes {
		_ = node.Close()
	}
	return nil
}

// serve takes a node in that has the token, and relays what it says.
func (b *broker) serve(node net.Conn) {
	said := json.NewDecoder(node)
	var first frame
	if said.Decode(&first) != nil || subtle.ConstantTimeCompare([]byte(first.Token), []byte(b.token)) != 1 {
		logLine("warn", "a node without the right token was refused")
		return
	}
	b.change(func() { b.nodes[node] = json.NewEncoder(node) })
	defer b.change(func() { delete(b.nodes, node) })
	for {
		var told frame
		if said.Decode(&told) != nil {
			return
		}
		b.mu.Lock()
		for other, to := range b.nodes {
			if other != node {
				_ = to.Encode(frame{Message: told.Message})
			}
		}
		b.mu.Unlock()
	}
}

// change edits the nodes, and tells all of them who is there.
func (b *broker) change(edit func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	edit()
	roster := []string{}
	for node := range b.nodes {
		roster = append(roster, node.RemoteAddr().String())
	}
	slices.Sort(roster)
	for _, to := range b.nodes {
		_ = to.Encode(frame{Roster: roster})
	}
}

// spoke is a node's side: one connection outward.
type spoke struct {
	gateway *gateway
	config  *clusterConfig
	mu      sync.Mutex
	to      *json.Encoder // nil while there is no connection
	roster  []string
}

func joinBroker(ctx context.Context, g *gateway, c *clusterConfig) (cluster, error) {
	if c.Broker.Address == "" {
		return nil, errors.New("failed to initialize cluster: broker.address is required")
	}
	s := &spoke{gateway: g, config: c}
	go func() {
		for ctx.Err() == nil {
			if err := s.connect(ctx); err != nil && ctx.Err() == nil {
				logLine("warn", "broker %s: %v", c.Broker.Address, err)
			}
			select {
			case <-ctx.Done():
			case <-time.After(lookEvery):
			}
		}
	}()
	return s, nil
}

// connect stays until the connection ends.
func (s *spoke) connect(ctx context.Context) error {
	c, err := (&net.Dialer{Timeout: peerLimit}).DialContext(ctx, "tcp", s.config.Broker.Address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	defer c.Close()
	to := json.NewEncoder(c)
	if err := to.Encode(frame{Token: s.config.Broker.AuthToken.value()}); err != nil {
		return err
	}
	s.set(to, nil)
	defer s.set(nil, nil)
	for said := json.NewDecoder(c); ; {
		var told frame
		if err := said.Decode(&told); err != nil {
			return err
		}
		if told.Roster != nil {
			s.set(to, told.Roster)
		}
		if told.Message != nil {
			s.gateway.hear(ctx, *told.Message)
		}
	}
}

func (s *spoke) set(to *json.Encoder, roster []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to, s.roster = to, roster
}

func (s *spoke) members() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.roster)
}

func (s *spoke) send(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.to != nil {
		_ = s.to.Encode(frame{Message: &m})
	}
}
