package postgres

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net"
	"os"
	"path/filepath"

	"bifrost/e2e/pki"
)

// Authority is the file with the certificate of the authority that signed the server's.
func (s *Server) Authority() string { return filepath.Join(s.dir, "ca.crt") }

// writeCertificates makes the authority and the server's certificate, for localhost, its address and its names.
func (s *Server) writeCertificates() error {
	authority, err := pki.NewAuthority("PostgreSQL of the tests")
	if err != nil {
		return err
	}
	server, err := pki.Sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "localhost"}, DNSNames: append([]string{"localhost"}, s.Names...),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.ParseIP(s.Address)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, &authority)
	if err != nil {
		return err
	}
	// The pods' users read the authority, too.
	return errors.Join(os.WriteFile(s.Authority(), pki.PEM(authority), 0o644),
		os.WriteFile(filepath.Join(s.dir, "server.crt"), pki.PEM(server), 0o644), pki.WriteKey(filepath.Join(s.dir, "server.key"), server))
}
