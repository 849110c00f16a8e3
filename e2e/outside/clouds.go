package outside

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
)

// clouds hands requests on to the sandbox, whose every command has another proxy and another authority.
type clouds struct {
	file func() string // network.json

	mu        sync.Mutex
	text      string
	transport *http.Transport
}

var errNotServed = errors.New("no command of the sandbox serves the clouds")

// current is the way to the clouds as it is now.
func (c *clouds) current() (*http.Transport, error) {
	if c.file == nil {
		return nil, errNotServed
	}
	text, err := os.ReadFile(c.file())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotServed, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.transport != nil && c.text == string(text) {
		return c.transport, nil
	}
	var network struct{ Proxy, CA string }
	if err := json.Unmarshal(text, &network); err != nil {
		return nil, err
	}
	proxy, err := url.Parse(network.Proxy)
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(network.CA)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotServed, err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("%s holds no certificate", network.CA)
	}
	if c.transport != nil {
		c.transport.CloseIdleConnections()
	}
	c.text, c.transport = string(text), &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: pool}}
	return c.transport, nil
}

func (c *clouds) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.transport != nil {
		c.transport.CloseIdleConnections()
	}
}

// ServeHTTP hands a request on as it came, in clear where it came in clear.
func (c *clouds) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	transport, err := c.current()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	scheme := "https"
	if r.TLS == nil {
		scheme = "http"
	}
	forward := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: scheme, Host: r.Host})
			p.Out.Host = r.Host
		},
		Transport: transport,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			http.Error(w, r.Host+" does not answer outside of this cluster: "+err.Error(), http.StatusBadGateway)
		},
	}
	forward.ServeHTTP(w, r)
}
