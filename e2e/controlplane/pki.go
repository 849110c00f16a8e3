package controlplane

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"net"
	"os"

	"bifrost/e2e/pki"
)

// Names of the API server's certificates, each one's common name.
const (
	apiServerName = "api"
	kubeletClient = "kubelet-client"
	frontProxy    = "front-proxy"
)

// writePKI makes the certificate authorities, what the API server shows to others, and the key that signs ServiceAccount tokens.
func (c *Cluster) writePKI() error {
	var err error
	if c.authority, err = pki.NewAuthority("e2e"); err != nil {
		return err
	}
	front, err := pki.NewAuthority("e2e front proxy")
	if err != nil {
		return err
	}
	addresses := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1), net.ParseIP(host(c.Address))}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	for _, step := range []func() error{
		func() error {
			return c.sign(&c.authority, apiServerName, pkix.Name{CommonName: "kube-apiserver"}, addresses, names)
		},
		func() error {
			subject := pkix.Name{CommonName: kubeletClient, Organization: []string{groups[AdminUser]}}
			return c.sign(&c.authority, kubeletClient, subject, nil, nil)
		},
		func() error { return c.sign(&front, frontProxy, pkix.Name{CommonName: frontProxy}, nil, nil) },
		func() error { return os.WriteFile(c.file("ca.crt"), pki.PEM(c.authority), 0o600) },
		func() error { return os.WriteFile(c.file("front-ca.crt"), pki.PEM(front), 0o600) },
		c.writeAccountKey,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) writeAccountKey() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := writePEM(c.file("sa.key"), "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)); err != nil {
		return err
	}
	return writePEM(c.file("sa.pub"), "PUBLIC KEY", public)
}

// sign writes a certificate, for servers and for clients, and its key.
func (c *Cluster) sign(by *tls.Certificate, name string, subject pkix.Name, addresses []net.IP, names []string) error {
	signed, err := pki.Sign(&x509.Certificate{
		Subject: subject, DNSNames: names, IPAddresses: addresses, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, by)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(c.certificate(name), pki.PEM(signed), 0o600), pki.WriteKey(c.key(name), signed))
}

func (c *Cluster) certificate(name string) string { return c.file(name + ".crt") }
func (c *Cluster) key(name string) string         { return c.file(name + ".key") }

func writePEM(file, kind string, der []byte) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
