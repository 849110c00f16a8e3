package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/e2e/node"
)

// gate counts what goes through it, and can kill the process that asks.
type gate struct {
	url  *url.URL
	mu   sync.Mutex
	n    int
	last int // the request that does not pass; -1: none
	kill context.CancelFunc
}

// pass is asked before each request; when it returns false the process that asked is gone.
func (g *gate) pass() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.last >= 0 && g.n >= g.last {
		g.kill()
		return false
	}
	g.n++
	return true
}

func (g *gate) passed() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.n
}

func (g *gate) killBefore(n int, kill context.CancelFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last, g.kill = n, kill
}

// options lets a run pass through both gates.
func (g *gate) options(api *gate) node.RunOptions {
	return node.RunOptions{
		APIServer: api.url.Host,
		Env:       map[string]string{"HTTPS_PROXY": g.url.String(), "HTTP_PROXY": g.url.String(), "https_proxy": g.url.String(), "http_proxy": g.url.String()},
	}
}

// apiGate stands before the API server, with its certificate.
func (s *site) apiGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{last: -1}
	authority := x509.NewCertPool()
	require.True(t, authority.AppendCertsFromPEM(s.plane.WithToken("").CAData))
	forward := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "https", Host: s.plane.Address}) },
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority}},
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !g.pass() {
			_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client is gone
			<-r.Context().Done()
			return
		}
		forward.ServeHTTP(w, r)
	}))
	certificate, err := s.plane.ServerCertificate()
	require.NoError(t, err)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	g.url, err = url.Parse(server.URL)
	require.NoError(t, err)
	return g
}

// cloudsGate stands before the proxy to the clouds.
func (s *site) cloudsGate(t *testing.T) *gate {
	t.Helper()
	network, err := s.network()
	require.NoError(t, err)
	proxy, err := url.Parse(network.Proxy)
	require.NoError(t, err)
	g := &gate{last: -1}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go g.tunnel(client, proxy.Host)
		}
	}()
	g.url = &url.URL{Scheme: "http", User: proxy.User, Host: listener.Addr().String()}
	return g
}

// tunnel passes one connection on; a client of a proxy opens one for each host that it asks.
func (g *gate) tunnel(client net.Conn, proxy string) {
	defer client.Close()
	if !g.pass() {
		_, _ = io.Copy(io.Discard, client) // until the process is gone
		return
	}
	server, err := net.Dial("tcp", proxy)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(client, server)
}
