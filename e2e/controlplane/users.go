package controlplane

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
)

// Users of the control plane, besides ServiceAccounts.
const (
	// AdminUser may do everything.
	AdminUser = "admin"
	// NodeName is the one node's, NodeUser its identity with the API server.
	NodeName = "node-1"
	NodeUser = "system:node:" + NodeName

	// ProxyUser is kube-proxy on every node.
	ProxyUser = "system:kube-proxy"

	controllerManagerUser = "system:kube-controller-manager"
	schedulerUser         = "system:kube-scheduler"
)

var groups = map[string]string{
	AdminUser: "system:masters", NodeUser: "system:nodes", controllerManagerUser: "", schedulerUser: "", ProxyUser: "",
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
		if err := os.WriteFile(c.KubeconfigOf(user), c.kubeconfig(fmt.Sprintf("token: %q", c.tokens[user])), 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(c.file("tokens.csv"), []byte(csv), 0o600)
}

func (c *Cluster) kubeconfig(credentials string) []byte {
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: e2e
contexts: [{name: e2e, context: {cluster: e2e, user: e2e}}]
clusters: [{name: e2e, cluster: {server: "https://%s", certificate-authority: %q}}]
users: [{name: e2e, user: {%s}}]
`, c.Address, c.file("ca.crt"), credentials)
}

func (c *Cluster) file(name string) string { return filepath.Join(c.dir, name) }

// Node is what a node needs to be one of the cluster: its identity with the API server, the certificate of its own server, and the
// authority of those who call it.
type Node struct{ Kubeconfig, Certificate, Key, Authority string }

// NewNode makes an identity for a node with an address. It is that of a name: a second one is as good as the first.
func (c *Cluster) NewNode(name string, address netip.Addr) (Node, error) {
	user := "system:node:" + name
	subject := pkix.Name{CommonName: user, Organization: []string{"system:nodes"}}
	if err := c.sign(&c.authority, name, subject, []net.IP{address.AsSlice()}, []string{name}); err != nil {
		return Node{}, fmt.Errorf("certificate of node %s: %w", name, err)
	}
	n := Node{Kubeconfig: c.KubeconfigOf(user), Certificate: c.certificate(name), Key: c.key(name), Authority: c.file("ca.crt")}
	return n, os.WriteFile(n.Kubeconfig, c.kubeconfig(fmt.Sprintf("client-certificate: %q, client-key: %q", n.Certificate, n.Key)), 0o600)
}
