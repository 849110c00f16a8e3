// Package loopback is the network of the sandbox's clouds: their host names answered by servers within this process, and a client for
// which no other host exists; and what listens on 127.0.0.1 for this user alone.
package loopback

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"path"
	"sync"
	"time"

	"bifrost/bifrostctl/sandbox/cloud/hop"
)

// Network answers for hosts by name, over TLS with a certificate authority of its own and, for the hosts that life serves so,
// in clear.
type Network struct {
	// Refusals is where services record why they refused.
	Refusals hop.Log

	secure, plain *inside
	servers       []*http.Server
	authority     tls.Certificate
	client        *http.Client
	proxy         *url.URL

	mu           sync.Mutex
	routes       []route
	certificates map[string]*tls.Certificate
}

// nowhere is the address of what listens on none.
var nowhere = &net.UnixAddr{Name: "sandbox", Net: "unix"}

type route struct {
	answers func(host string) bool
	handler http.Handler
}

// New starts the network's two servers. They listen on no port: nothing but Client reaches them. Close stops them.
func New() (*Network, error) {
	authority, err := newAuthority()
	if err != nil {
		return nil, fmt.Errorf("certificate authority of the sandbox's network: %w", err)
	}
	n := &Network{
		authority: authority, certificates: map[string]*tls.Certificate{}, secure: newInside(nowhere), plain: newInside(nowhere),
	}
	n.serve(tls.NewListener(n.secure, n.tls()), n)
	n.serve(n.plain, n)
	n.client = &http.Client{Transport: n.transport()}
	return n, nil
}

func (n *Network) tls() *tls.Config {
	return &tls.Config{GetCertificate: n.certificate, NextProtos: []string{"http/1.1"}}
}

func (n *Network) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	n.servers = append(n.servers, server)
	go func() { _ = server.Serve(listener) }()
}

// Close stops the servers.
func (n *Network) Close() error {
	n.client.CloseIdleConnections()
	var err error
	for _, server := range n.servers {
		err = errors.Join(err, server.Close())
	}
	return err
}

// Handle answers for the hosts that a pattern (see path.Match) matches. The first pattern that does wins.
func (n *Network) Handle(pattern string, handler http.Handler) {
	n.HandleHosts(func(host string) bool {
		matched, err := path.Match(pattern, host)
		return err == nil && matched
	}, handler)
}

// HandleHosts answers for the hosts of which answers says so whenever one is asked for, unless something else did before.
func (n *Network) HandleHosts(answers func(host string) bool, handler http.Handler) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.routes = append(n.routes, route{answers, handler})
}

// Client reaches the hosts of the network and no other.
func (n *Network) Client() *http.Client { return n.client }

// ServeHTTP hands a request to its host's handler.
func (n *Network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	handler := n.handler(hostname(r.Host))
	if handler == nil {
		http.Error(w, "no such host", http.StatusMisdirectedRequest)
		return
	}
	handler.ServeHTTP(w, r)
}

func (n *Network) handler(host string) http.Handler {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, route := range n.routes {
		if route.answers(host) {
			return route.handler
		}
	}
	return nil
}

// transport sends everything to the two servers, whatever the port is and whatever a proxy variable says.
func (n *Network) transport() *http.Transport {
	pool := x509.NewCertPool()
	pool.AddCert(n.authority.Leaf)
	return &http.Transport{
		DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
			return n.dial(address, n.plain)
		},
		DialTLSContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			conn, err := n.dial(address, n.secure)
			if err != nil {
				return nil, err
			}
			secure := tls.Client(conn, &tls.Config{RootCAs: pool, ServerName: hostname(address)})
			if err := secure.HandshakeContext(ctx); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
			return secure, nil
		},
	}
}

func (n *Network) dial(address string, target *inside) (net.Conn, error) {
	host := hostname(address)
	if n.handler(host) == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return target.dial()
}

func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// certificate makes a server certificate for the name that a client asks for.
func (n *Network) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if known := n.certificates[hello.ServerName]; known != nil {
		return known, nil
	}
	made, err := newCertificate(&x509.Certificate{
		Subject:     pkix.Name{CommonName: "sandbox"},
		DNSNames:    []string{hello.ServerName},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		KeyUsage:    x509.KeyUsageDigitalSignature,
	}, &n.authority)
	if err != nil {
		return nil, err
	}
	n.certificates[hello.ServerName] = &made
	return &made, nil
}

func newAuthority() (tls.Certificate, error) {
	return newCertificate(&x509.Certificate{
		Subject: pkix.Name{CommonName: "sandbox network"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil)
}

// newCertificate signs the template with a new key, or with the authority's.
func newCertificate(template *x509.Certificate, authority *tls.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		return tls.Certificate{}, err
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(1, 0, 0)
	parent, signer := template, any(key)
	if authority != nil {
		parent, signer = authority.Leaf, authority.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}
