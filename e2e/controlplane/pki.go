package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// writePKI makes the certificate authority and the server's certificate, and the key that signs ServiceAccount tokens.
func (c *Cluster) writePKI() error {
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "e2e"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().AddDate(1, 0, 0),
		IsCA:     true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	if err != nil {
		return err
	}
	serverKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	server := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "kube-apiserver"}, NotBefore: authority.NotBefore,
		NotAfter:    authority.NotAfter,
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)},
		KeyUsage:    x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	serverDER, err := x509.CreateCertificate(rand.Reader, server, authority, serverKey.Public(), authorityKey)
	if err != nil {
		return err
	}
	serverKeyDER, err := x509.MarshalPKCS8PrivateKey(serverKey)
	if err != nil {
		return err
	}
	accountKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	accountPublic, err := x509.MarshalPKIXPublicKey(accountKey.Public())
	if err != nil {
		return err
	}
	c.authority = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorityDER})
	for name, block := range map[string]*pem.Block{
		"ca.crt":  {Type: "CERTIFICATE", Bytes: authorityDER},
		"api.crt": {Type: "CERTIFICATE", Bytes: serverDER},
		"api.key": {Type: "PRIVATE KEY", Bytes: serverKeyDER},
		"sa.key":  {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(accountKey)},
		"sa.pub":  {Type: "PUBLIC KEY", Bytes: accountPublic},
	} {
		if err := os.WriteFile(c.file(name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Users of the control plane, besides ServiceAccounts.
const (
	// AdminUser may do everything.
	AdminUser = "admin"
	// NodeName is the one node's, NodeUser its identity with the API server.
	NodeName = "node-1"
	NodeUser = "system:node:" + NodeName

	controllerManagerUser = "system:kube-controller-manager"
	schedulerUser         = "system:kube-scheduler"
)

var groups = map[string]string{
	AdminUser: "system:masters", NodeUser: "system:nodes", controllerManagerUser: "", schedulerUser: "",
}

// writeUsers makes a bearer token for each user.
func (c *Cluster) writeUsers() error {
	c.tokens = map[string]string{}
	var csv string
	for user, group := range groups {
		secret := make([]byte, 16)
		_, _ = rand.Read(secret) // never fails
		c.tokens[user] = hex.EncodeToString(secret)
		csv += fmt.Sprintf("%s,%s,%[2]s", c.tokens[user], user)
		if group != "" {
			csv += "," + group
		}
		csv += "\n"
		if err := os.WriteFile(c.KubeconfigOf(user), c.kubeconfig(c.tokens[user]), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(c.file("tokens.csv"), []byte(csv), 0o600)
}

func (c *Cluster) kubeconfig(token string) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: e2e
contexts: [{name: e2e, context: {cluster: e2e, user: e2e}}]
clusters: [{name: e2e, cluster: {server: "https://%s", certificate-authority: %q}}]
users: [{name: e2e, user: {token: %q}}]
`, c.Address, c.file("ca.crt"), token)
}

func (c *Cluster) file(name string) string { return filepath.Join(c.dir, name) }
