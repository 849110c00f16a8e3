package outside

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// AgentAddress is where EKS Pod Identity's agent listens on every node (EKS user guide, "Set up the Amazon EKS Pod Identity Agent").
const AgentAddress = "169.254.170.23:80"

// MetadataAddress is where the metadata service of a cloud's machines listens, PodMetadataAddress where a node of GKE, without its
// dataplane V2, has its pods' requests to that one go (Google Kubernetes Engine, "About Workload Identity Federation for GKE", network
// policies).
const (
	MetadataAddress    = "169.254.169.254:80"
	PodMetadataAddress = "169.254.169.252:988"
)

// Agent stands in for EKS Pod Identity's agent, or a metadata service, for all clusters of the machine: which one's clouds answer is told
// by the address that a request comes from.
type Agent struct {
	server *http.Server

	mu     sync.Mutex
	places []place
}

type place struct {
	from    netip.Prefix
	handler http.Handler
}

// StartAgent listens on the addresses, those above on a machine, until Stop.
func StartAgent(addresses ...string) (*Agent, error) {
	a := &Agent{}
	a.server = &http.Server{Handler: http.HandlerFunc(a.serve), ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	for _, address := range addresses {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			a.Stop()
			return nil, fmt.Errorf("an agent of the nodes: %w", err)
		}
		a.server.Addr = listener.Addr().String()
		go func() { _ = a.server.Serve(listener) }()
	}
	return a, nil
}

// Address is HOST:PORT that it listens on, the last one.
func (a *Agent) Address() string { return a.server.Addr }

// Serve has a cluster's requests answered by its clouds; from are the addresses of its nodes and pods.
func (a *Agent) Serve(s *Server, from ...netip.Prefix) {
	a.Handle(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.read(w, r) {
			s.clouds.ServeHTTP(w, r)
		}
	}), from...)
}

// Handle answers requests from these addresses. What was handled last counts.
func (a *Agent) Handle(handler http.Handler, from ...netip.Prefix) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, prefix := range from {
		a.places = append([]place{{prefix, handler}}, a.places...)
	}
}

// Stop ends every connection.
func (a *Agent) Stop() { _ = a.server.Close() }

func (a *Agent) serve(w http.ResponseWriter, r *http.Request) {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	handler := a.of(from.Addr().Unmap())
	if handler == nil {
		http.Error(w, "no cluster has the address "+r.RemoteAddr, http.StatusForbidden)
		return
	}
	handler.ServeHTTP(w, r)
}

func (a *Agent) of(from netip.Addr) http.Handler {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range a.places {
		if p.from.Contains(from) {
			return p.handler
		}
	}
	return nil
}
