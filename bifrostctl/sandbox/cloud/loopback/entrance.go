package loopback

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// maxRequest is the longest body that a request through the entrance may have: no service takes longer ones.
const maxRequest = 1 << 20

// Open lets other processes of this machine in: it starts an HTTP proxy on a free port of 127.0.0.1. Its CONNECT leads to the
// network's own TLS, requests in absolute form to the hosts that answer in clear; a host that the network does not know is
// refused with 502. A client must show the password in the proxy's URL, whoever its user is: containers have users of their own. Every
// handler that such a request comes to runs within the function given. Close ends the proxy too.
func (n *Network) Open(within func(handle func())) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("the proxy of the sandbox's network: %w", err)
	}
	answering := n.within(within)
	tunnels := newInside(listener.Addr())
	n.serve(tls.NewListener(tunnels, n.tls()), answering)
	password := rand.Text()
	n.serve(listener, &entrance{network: n, tunnels: tunnels, inside: answering, authorization: basic(password)})
	n.proxy = &url.URL{Scheme: "http", User: url.UserPassword(proxyUser, password), Host: listener.Addr().String()}
	return nil
}

// proxyUser is the name beside the password in the proxy's URL.
const proxyUser = "sandbox"

// basic is the value of Proxy-Authorization that clients make of the URL's user and password (RFC 7617).
func basic(password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+password))
}

// Proxy returns the URL of the proxy, with its password; "" where Open was not called.
func (n *Network) Proxy() string {
	if n.proxy == nil {
		return ""
	}
	return n.proxy.String()
}

// CA returns the PEM text of the certificate authority that signs for the network's hosts.
func (n *Network) CA() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: n.authority.Certificate[0]})
}

// within reads a request whole first: nobody waits for a slow client.
func (n *Network) within(within func(handle func())) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			http.Error(w, "read the request: "+err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		within(func() { n.ServeHTTP(w, r) })
	})
}

// entrance is the proxy.
type entrance struct {
	network *Network
	tunnels *inside
	inside  http.Handler
	// authorization is what a client must send.
	authorization string
}

func (e *entrance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Proxy-Authorization")), []byte(e.authorization)) != 1 {
		w.Header().Set("Proxy-Authenticate", `Basic realm="sandbox"`)
		http.Error(w, "the proxy's password is in its URL: see network.json of the stack", http.StatusProxyAuthRequired)
		return
	}
	if e.network.handler(hostname(r.Host)) == nil {
		http.Error(w, "no such host", http.StatusBadGateway)
		return
	}
	if r.Method != http.MethodConnect {
		e.inside.ServeHTTP(w, r)
		return
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = conn.Close()
		return
	}
	e.tunnels.take(conn)
}
