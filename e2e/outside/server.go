package outside

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"bifrost/e2e/images"
)

// maxBody is the longest body of a request.
const maxBody = 32 << 20

// Config says what is outside a cluster.
type Config struct {
	// Address is HOST:PORT to listen on; port 0 is a free one.
	Address string
	// Authority signs for every host.
	Authority *Authority
	// Images are the content of all registries.
	Images *images.Catalog
	// Network is asked in each request that the clouds answer or judge: the file network.json of the stack whose sandbox serves them. It
	// is there while a command of the sandbox runs; without it they answer 503.
	Network func() string
	// Pulled is told of every answer to a request for a manifest or a blob; nil: nobody wants to know.
	Pulled func(Pull)
	// PodIdentity tells whether a ServiceAccount has a Pod Identity association; nil: none has.
	PodIdentity func(namespace, serviceAccount string) bool
}

// Server is one cluster's outside.
type Server struct {
	config   Config
	listener net.Listener
	server   *http.Server
	clouds   clouds
	pulls    pulls
	webhook  *webhook

	mu     sync.Mutex
	before func(*http.Request)
	routes []route
	logins map[string]login
}

type route struct {
	pattern string
	handler http.Handler
}

// Start listens and serves until Stop.
func Start(c Config) (*Server, error) {
	listener, err := net.Listen("tcp", c.Address)
	if err != nil {
		return nil, fmt.Errorf("outside of the cluster: %w", err)
	}
	s := &Server{config: c, listener: listener, clouds: clouds{file: c.Network},
		webhook: &webhook{podIdentity: c.PodIdentity, ids: ids{0, -1}}, logins: map[string]login{}, pulls: pulls{tags: map[string]string{}}}
	s.server = &http.Server{Handler: http.HandlerFunc(s.serve), TLSConfig: c.Authority.TLS(), ReadHeaderTimeout: time.Minute,
		ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.server.ServeTLS(listener, "", "") }()
	return s, nil
}

// Address is HOST:PORT that it listens on.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Stop ends every connection.
func (s *Server) Stop() {
	_ = s.server.Close()
	s.clouds.close()
}

// Before has hook called before each request is answered, whichever host it is for, with r.Host as the client asked for it (a pull's
// registry) and r.RemoteAddr; it replaces the hook before, and nil takes it away. A hook may wait until r.Context() ends, which it does
// when the client is gone: then there is no answer.
func (s *Server) Before(hook func(r *http.Request)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = hook
}

// Handle answers for the hosts that a pattern (see path.Match) matches, before anything else does; what was handled last counts.
func (s *Server) Handle(pattern string, handler http.Handler) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.routes = append([]route{{pattern, handler}}, s.routes...)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if registry := r.URL.Query().Get("ns"); registry != "" { // containerd's, to a registry under another address
		r.Host = registry
	}
	if s.read(w, r) {
		s.handler(hostname(r.Host), r.URL.Path).ServeHTTP(w, r)
	}
}

// read reads a request whole, for only then a server notices that its client is gone, and lets the hook see it. False: it is answered.
func (s *Server) read(w http.ResponseWriter, r *http.Request) bool {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "read the request: "+err.Error(), http.StatusBadRequest)
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	hook := s.before
	s.mu.Unlock()
	if hook != nil {
		hook(r)
	}
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler)
	}
	return true
}

func (s *Server) handler(host, asked string) http.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, route := range s.routes {
		if matched, err := path.Match(route.pattern, host); err == nil && matched {
			return route.handler
		}
	}
	switch {
	case host == hostname(s.Address()):
		return s.webhook
	case strings.HasPrefix(asked, "/v2/"):
		return http.HandlerFunc(s.registry)
	}
	return &s.clouds
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}
