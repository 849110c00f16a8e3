package stacks_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// certificateKubeconfig is one whose user has a certificate of the organization, and a key that nobody may see.
func certificateKubeconfig(t *testing.T, organization string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "masterclient", Organization: []string{organization}}, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: c
contexts: [{name: c, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://c.example"}}]
users: [{name: u, user: {client-certificate-data: %s, client-key-data: %s}}]
`, encode(certificate), encode([]byte(canary)))
}

// TestLocalAccountOfAks: the certificate that Azure gives for a cluster without Entra integration is in no state that did not ask for it.
func TestLocalAccountOfAks(t *testing.T) {
	t.Parallel()
	run := func(s settings, accepted bool) error {
		g := s.graph(t, "azure-dev")
		g.Answers["azure-native:containerservice:listManagedClusterUserCredentials"] = func(resource.PropertyMap) (resource.PropertyMap, error) {
			value := base64.StdEncoding.EncodeToString([]byte(certificateKubeconfig(t, "system:masters")))
			return resource.NewPropertyMapFromMap(map[string]any{"kubeconfigs": []any{map[string]any{"name": "clusterUser", "value": value}}}), nil
		}
		err := g.Run(program(g))
		require.Equal(t, accepted, len(g.Of("pulumi:providers:kubernetes")) > 0)
		return err
	}
	err := run(stackFile(t, "azure-dev"), false)
	require.ErrorContains(t, err, "AKS cluster dev has no Entra integration")
	require.ErrorContains(t, err, "`az aks update --resource-group bifrost-dev --name dev --enable-aad --enable-azure-rbac --disable-local-accounts`")
	require.ErrorContains(t, err, "bifrost:aks.localAccount: true")
	require.NotContains(t, err.Error(), canary)
	require.NoError(t, run(stackFile(t, "azure-dev").set("rollout", stacks.RolloutIdentity), false), "which asks for no kubeconfig")
	require.NoError(t, run(stackFile(t, "azure-dev").set("aks.localAccount", true), true))
}

// TestAdministratorsKubeconfig: what may do everything is told of, and nothing else is.
func TestAdministratorsKubeconfig(t *testing.T) {
	t.Parallel()
	warnings := func(kubeconfig string) []string {
		c, err := stacks.Parse("aws-dev", rawOf(t, stackFile(t, "aws-dev").set("secrets.kubeconfig", kubeconfig)))
		require.NoError(t, err)
		return c.Warnings()
	}
	require.Contains(t, warnings(certificateKubeconfig(t, "system:masters")),
		"secrets.kubeconfig: its certificate is of the group system:masters, which may do everything in the cluster, whatever RBAC says, and nobody can "+
			"take it back before it expires; give the kubeconfig of a user with the rights that docs/ci.md lists")
	without := warnings("")
	require.Equal(t, without, warnings(certificateKubeconfig(t, "deployers")))
	require.Equal(t, without, warnings("apiVersion: v1\nusers: [{name: u, user: {token: t}}]"))
}
