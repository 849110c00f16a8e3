package gcp_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/mint"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/cloud/services"
	"bifrost/bifrostctl/sandbox/cloud/services/gcp"
	"bifrost/bifrostctl/world"
)

const (
	// told are the keys of the cluster, as `kubectl get --raw /openid/v1/jwks` shows them to its owner.
	told      = `{"keys":[{"use":"sig","kty":"RSA","kid":"a1","alg":"RS256","n":"0vx7","e":"AQAB"}]}`
	toldAgain = `{"keys": [{"kty": "RSA", "kid": "a1", "alg": "RS256", "e": "AQAB", "n": "0vx7", "use": "sig"}]}`
	audience  = "//iam.googleapis.com/projects/123/locations/global/workloadIdentityPools/hub-pool/providers/hub-provider"
	private   = "https://kubernetes.default.svc.cluster.local"
	public    = "https://oidc.example.com/clusters/dev"
)

// TestIssuersOfAnyCluster: Google takes a cluster's tokens when it reaches the issuer, or has its keys.
func TestIssuersOfAnyCluster(t *testing.T) {
	const unreachable = "Google STS token exchange: missing: the issuer's discovery cannot be read: "
	strangers := func(t *testing.T) string {
		keys, err := mint.Keys(served.New().World, "https://other.example.com")
		require.NoError(t, err)
		text, err := json.Marshal(keys)
		require.NoError(t, err)
		return string(text)
	}
	for name, c := range map[string]struct {
		cluster  world.KubernetesCluster
		uploaded func(t *testing.T) string
		later    time.Duration
		want     string
	}{
		"a public issuer":                  {cluster: world.KubernetesCluster{OIDCIssuer: public}},
		"a public issuer behind a wall":    {cluster: world.KubernetesCluster{OIDCIssuer: public, IssuerHidden: true}, want: unreachable + "Google cannot reach " + public},
		"an issuer in the cluster":         {want: unreachable + "Google cannot reach " + private},
		"an issuer at an address":          {cluster: world.KubernetesCluster{OIDCIssuer: "https://10.0.0.1:6443"}, want: unreachable + "Google cannot reach https://10.0.0.1:6443"},
		"the keys are uploaded":            {cluster: world.KubernetesCluster{Jwks: told}, uploaded: func(*testing.T) string { return told }},
		"in another order":                 {cluster: world.KubernetesCluster{Jwks: told}, uploaded: func(*testing.T) string { return toldAgain }},
		"the keys of a public issuer, too": {cluster: world.KubernetesCluster{OIDCIssuer: public, Jwks: told}, uploaded: func(*testing.T) string { return told }},
		"another cluster's keys":           {cluster: world.KubernetesCluster{Jwks: told}, uploaded: strangers, want: unreachable + "none of the keys that were uploaded for " + private},
		"no keys":                          {uploaded: func(*testing.T) string { return `{"keys":[]}` }, want: unreachable + "what was uploaded for " + private + " is no JWK set"},
		"an old token":                     {cluster: world.KubernetesCluster{Jwks: told}, uploaded: func(*testing.T) string { return told }, later: 2 * time.Hour, want: "Google STS token exchange: expired"},
	} {
		t.Run(name, func(t *testing.T) {
			w := served.New()
			c.cluster.Name = "kind-dev"
			w.SeedKubernetes(c.cluster)
			w.SeedProject("dist", "123")
			cluster := w.Clusters["https://kind-dev.sandbox.test:6443"]
			w.SeedFederation(world.Federation{Project: "dist", Number: "123", Pool: "hub-pool", Provider: "hub-provider", Email: email,
				Issuer: cluster.Issuer, Audience: "hub", Subject: "system:serviceaccount:bifrost:bifrost-pull"})
			if c.uploaded != nil {
				provider := w.List(pulumitype.GcpPoolProvider, "dist")[0]
				provider.State["oidc"].(map[string]any)["jwksJson"] = c.uploaded(t)
			}
			require.NoError(t, services.Start(w))
			t.Cleanup(func() { require.NoError(t, services.Stop(w)) })
			raw, err := mint.OfServiceAccount(w.World, cluster, mint.ServiceAccount{Namespace: "bifrost", Name: "bifrost-pull"}, "hub", time.Hour)
			require.NoError(t, err)
			w.Later = c.later
			config, err := json.Marshal(map[string]any{
				"type": "external_account", "audience": audience, "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
				"token_url": "https://sts.googleapis.com/v1/token", "credential_source": map[string]any{"file": "/token"},
			})
			require.NoError(t, err)
			_, err = gcp.AccessToken(context.Background(), w, config, func(string) ([]byte, error) { return []byte(raw), nil })
			why := hop.Join(w.Network.Refusals.Take())
			if c.want == "" {
				require.NoError(t, err, why)
				return
			}
			require.Error(t, err)
			require.Contains(t, why, c.want)
		})
	}
}
