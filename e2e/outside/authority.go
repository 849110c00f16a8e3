package outside

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"sync"

	"bifrost/e2e/pki"
)

// Authority signs for every host outside. One serves all clusters of a test run.
type Authority struct {
	own tls.Certificate

	mu     sync.Mutex
	leaves map[string]*tls.Certificate
}

// NewAuthority makes the keys of one.
func NewAuthority() (*Authority, error) {
	own, err := pki.NewAuthority("outside")
	return &Authority{own: own, leaves: map[string]*tls.Certificate{}}, err
}

// PEM is the authority's certificate.
func (a *Authority) PEM() []byte {
	return pki.PEM(a.own)
}

// Certificate is one for a host name or an IP address, made at the first call.
func (a *Authority) Certificate(host string) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if known := a.leaves[host]; known != nil {
		return known, nil
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: host}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	made, err := pki.Sign(template, &a.own)
	if err != nil {
		return nil, err
	}
	a.leaves[host] = &made
	return &made, nil
}

// TLS answers for the name that a client asks for, and for the address that it connects to where it names none (RFC 6066, 3: no address is
// a name).
func (a *Authority) TLS() *tls.Config {
	return &tls.Config{NextProtos: []string{"http/1.1"}, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		host := hello.ServerName
		if host == "" {
			var err error
			if host, _, err = net.SplitHostPort(hello.Conn.LocalAddr().String()); err != nil {
				return nil, err
			}
		}
		return a.Certificate(host)
	}}
}
