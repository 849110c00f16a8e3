package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"time"
)

// Names of the API server's certificates, each one's common name.
const (
	apiServerName = "api"
	kubeletClient = "kubelet-client"
	frontProxy    = "front-proxy"
)

// certificateHours is how long certificates are valid: longer than any run.
const certificateHours = 24 * 365

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority(name string) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(certificateHours * time.Hour),
		IsCA:     true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return &authority{certificate: template, key: key, pem: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, nil
}

// writePKI makes the certificate authorities, what the API server shows to others, and the key that signs ServiceAccount tokens.
func (c *Cluster) writePKI() error {
	var err error
	if c.authority, err = newAuthority("e2e"); err != nil {
		return err
	}
	front, err := newAuthority("e2e front proxy")
	if err != nil {
		return err
	}
	addresses := []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1), net.ParseIP(host(c.Address))}
	names := []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"}
	for _, step := range []func() error{
		func() error {
			return c.sign(c.authority, apiServerName, pkix.Name{CommonName: "kube-apiserver"}, addresses, names)
		},
		func() error {
			subject := pkix.Name{CommonName: kubeletClient, Organization: []string{groups[AdminUser]}}
			return c.sign(c.authority, kubeletClient, subject, nil, nil)
		},
		func() error { return c.sign(front, frontProxy, pkix.Name{CommonName: frontProxy}, nil, nil) },
		func() error { return os.WriteFile(c.file("ca.crt"), c.authority.pem, 0o600) },
		func() error { return os.WriteFile(c.file("front-ca.crt"), front.pem, 0o600) },
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
func (c *Cluster) sign(by *authority, name string, subject pkix.Name, addresses []net.IP, names []string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: subject, NotBefore: by.certificate.NotBefore, NotAfter: by.certificate.NotAfter, DNSNames: names,
		IPAddresses: addresses, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, key.Public(), by.key)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := writePEM(c.certificate(name), "CERTIFICATE", der); err != nil {
		return err
	}
	return writePEM(c.key(name), "PRIVATE KEY", keyDER)
}

func (c *Cluster) certificate(name string) string { return c.file(name + ".crt") }
func (c *Cluster) key(name string) string         { return c.file(name + ".key") }

func writePEM(file, kind string, der []byte) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
