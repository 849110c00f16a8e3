package stacks_test

import (
	"strings"
	"testing"

	"bifrost/internal/registrykey/registrykeytest"
)

// anyServer is the API server of the tests' cluster.
const anyServer = "https://127.0.0.1:6443"

// anyKubeconfig has the clusters of the stacks of platform kubernetes, and one more that is current.
const anyKubeconfig = `apiVersion: v1
kind: Config
current-context: production
clusters:
- name: mine
  cluster: {server: "` + anyServer + `"}
- name: production
  cluster: {server: "https://production.example.com"}
contexts:
- name: kind-bifrost
  context: {cluster: mine, user: me}
- name: bifrost@on-premises
  context: {cluster: mine, user: me}
- name: bifrost@openshift
  context: {cluster: mine, user: me}
- name: production
  context: {cluster: production, user: me}
users:
- name: me
  user: {token: ` + canary + `-kubeconfig}
`

// vendorKey is a key of the vendor's with a name of its own.
func vendorKey(name string) string {
	key := registrykeytest.Make("acme-hub-pull@bifrost-dist.iam.gserviceaccount.com", name)
	return strings.Replace(key, `"client_id": "`, `"client_id": "`+canary, 1)
}

// addClusterSecrets adds what a stack of platform kubernetes needs beside the others' secrets.
func (s settings) addClusterSecrets() {
	if s["platform"] != "kubernetes" {
		return
	}
	s.set("secrets.kubeconfig", anyKubeconfig)
	if on, ok := s["kubernetes"].(map[string]any); ok && on["pull"] != "federation" {
		s.set("secrets.registryKey", vendorKey("one"))
	}
}

// federatedCluster is platform kubernetes with the tokens of the cluster's own issuer.
func federatedCluster() map[string]any {
	return map[string]any{"context": "kind-bifrost", "pull": "federation", "issuer": anyIssuer}
}

// anyIssuer is the issuer of the tests' cluster.
const anyIssuer = "https://oidc.example.com/clusters/mine"

// federatedStack is the dev stack on any cluster, with Google's side made here.
func federatedStack(t testing.TB) settings {
	return stackFile(t, "local-dev").set("kubernetes", federatedCluster()).set("secrets.registryKey", nil).set("gcp", federation())
}
