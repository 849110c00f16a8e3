package double

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"bifrost/bifrostctl/sandbox/cloud/loopback"
	"bifrost/bifrostctl/sandbox/cloud/served"
)

// maxMessage is the engine's own limit of a message, in bytes.
const maxMessage = 400 << 20

// Servers are running doubles.
type Servers struct {
	addrs   map[string]string
	servers []*grpc.Server
	faults  *faults
	onStop  []func()

	mu       sync.Mutex
	refusals []string
}

// Serve starts each double on a loopback port of its own, for this process's user alone; see loopback.Listen. They change w until Stop
// is called.
func Serve(w *served.World, providers ...*Provider) (*Servers, error) {
	s := &Servers{addrs: map[string]string{}, faults: &faults{world: w}}
	for _, p := range providers {
		listener, err := loopback.Listen(s.refused)
		if err != nil {
			s.Stop()
			return nil, fmt.Errorf("serve the double of provider %s: %w", p.Package, err)
		}
		double := &server{provider: p, world: w, faults: s.faults}
		g := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.StatsHandler(connections{}),
			grpc.ChainUnaryInterceptor(double.intercept, double.exclude))
		pulumirpc.RegisterResourceProviderServer(g, double)
		go func() { _ = g.Serve(listener) }() // ends with Stop
		s.servers = append(s.servers, g)
		s.addrs[p.Package] = listener.Addr().String()
	}
	return s, nil
}

// DebugProviders returns the value of PULUMI_DEBUG_PROVIDERS that makes a Pulumi CLI attach to the doubles.
func (s *Servers) DebugProviders() string {
	var parts []string
	for _, pkg := range s.Packages() {
		_, port, _ := net.SplitHostPort(s.addrs[pkg])
		parts = append(parts, pkg+":"+port)
	}
	return strings.Join(parts, ",")
}

// Packages returns the names of the served provider packages, in order.
func (s *Servers) Packages() []string { return keysOf(s.addrs) }

// Addr returns the address (host:port) of the double of a provider package, as "aws"; empty where there is none.
func (s *Servers) Addr(pkg string) string { return s.addrs[pkg] }

// Inject makes calls to come go wrong. Of several faults that meet a call, the one injected first strikes.
func (s *Servers) Inject(fault Fault) { s.faults.add(fault) }

// Unused returns the injected faults that have struck no call.
func (s *Servers) Unused() []Fault { return s.faults.unused() }

func (s *Servers) refused(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, err.Error())
}

// Refusals tell of the connections of other users, each refused before it was heard.
func (s *Servers) Refusals() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refusals)
}

// OnStop adds what Stop ends besides.
func (s *Servers) OnStop(stop func()) { s.onStop = append(s.onStop, stop) }

// Stop ends the doubles; calls under way are cut off.
func (s *Servers) Stop() {
	for _, g := range s.servers {
		g.Stop()
	}
	for _, stop := range s.onStop {
		stop()
	}
}

// connection is one instance of the provider: an engine opens a connection of its own for each explicit provider, and only
// by it can they be told apart.
type connection struct {
	configured bool
	session    any
	// cancelled is closed when the engine ends the deployment.
	cancelled chan struct{}
	cancel    func()
}

// during returns a context for a call that ends with the deployment, too.
func (c *connection) during(call context.Context) context.Context {
	ctx, cancel := context.WithCancel(call)
	go func() {
		defer cancel()
		select {
		case <-c.cancelled:
		case <-call.Done(): // when its handler returns
		}
	}()
	return ctx
}

type connectionKey struct{}

func connectionOf(ctx context.Context) *connection {
	return ctx.Value(connectionKey{}).(*connection)
}

// connections gives every new connection its place in the context of the calls that come over it.
type connections struct{}

func (connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	cancelled := make(chan struct{})
	cancel := sync.OnceFunc(func() { close(cancelled) })
	return context.WithValue(ctx, connectionKey{}, &connection{cancelled: cancelled, cancel: cancel})
}
func (connections) HandleConn(context.Context, stats.ConnStats)                     {}
func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }
func (connections) HandleRPC(context.Context, stats.RPCStats)                       {}

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
