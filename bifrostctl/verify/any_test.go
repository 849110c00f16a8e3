package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/sandbox/saved"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/bifrostctl/world"
)

// The ways of any cluster of Kubernetes.
var (
	anyKey, anyFederation = stacktest.AnyKey, stacktest.OwnAnyFederation
	onAnyCluster          = []way{anyKey, stacktest.OnOpenShift, stacktest.AnyFederation, stacktest.AnyUploaded, anyFederation}
)

const (
	upLocal = "pulumi up --refresh --stack local-dev"
	keyType = "gcp:serviceaccount/key:Key"
	year    = 365 * 24 * time.Hour
)

// theCluster changes the cluster that the kubeconfig leads to.
func theCluster(change func(*world.KubernetesCluster, *world.Cluster)) edits.Edit {
	return func(t testing.TB, w *served.World) {
		require.NotEmpty(t, w.Kubernetes)
		change(w.Kubernetes[0], w.Clusters[w.Kubernetes[0].Endpoint()])
	}
}

// audience is that of the refresher's token for Google's side.
func audience(of string) edits.Edit {
	return func(t testing.TB, w *served.World) {
		cronJob := edits.The(t, w, edits.CronJobKind, "refresh-ar-secret")[0]
		text, err := json.Marshal(cronJob.State)
		require.NoError(t, err)
		require.Contains(t, string(text), `"audience":"sts.googleapis.com"`)
		cronJob.State, cronJob.Edited = nil, true
		require.NoError(t, json.Unmarshal([]byte(strings.ReplaceAll(string(text), `"audience":"sts.googleapis.com"`, `"audience":"`+of+`"`)), &cronJob.State))
	}
}

// TestAnyCluster: whatever link is broken of a cluster that no cloud looks up, its check alone is red.
func TestAnyCluster(t *testing.T) {
	t.Parallel()
	for _, b := range []breakage{
		{way: anyKey, what: "the key is deleted", edit: edits.Removed(keyType, ""), code: "pull-key", error: "Google knows no key ", hint: "--secret --path 'bifrost:secrets.registryKey'"},
		{way: anyKey, what: "the key is disabled", edit: edits.With(keyType, "", "disabled=true"), code: "pull-key", error: "Google knows no key ", hint: "ask the vendor for another key"},
		{way: anyKey, what: "the key is old", edit: edits.With(keyType, "", "validAfter="+time.Now().Add(-2*year).UTC().Format(time.RFC3339)), code: "pull-key", error: "is 2y", hint: "ask the vendor for another key", status: check.Warning},
		{way: anyKey, what: "the key has ended", edit: edits.With(keyType, "", "validBefore="+time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)), code: "pull-key", error: " ended at ", hint: "ask the vendor for another key"},
		{way: anyKey, what: "a token in its place", edit: pullSecret("bifrost-pull-secret", func(auths map[string]any) {
			for _, login := range auths {
				login.(map[string]any)["password"] = "ya29.token"
				delete(login.(map[string]any), "auth")
			}
		}), code: "pull-key", error: "holds no key of a service account", hint: upLocal},
		{way: anyKey, what: "the pull Secret is deleted", edit: edits.Removed(edits.SecretKind, "bifrost-pull-secret"), code: "pull-secret", error: "there is no Secret bifrost-pull-secret", hint: upLocal},
		{way: anyKey, what: "the vendor takes the right away", edit: edits.Removed(pulumitype.GcpRepositoryMember, ""), code: "pull-manifest", error: "may not read the repository", hint: "ask the vendor"},
		{way: anyKey, what: "an old cluster", edit: theCluster(func(c *world.KubernetesCluster, _ *world.Cluster) { c.Version = "1.26.3" }), code: "kubernetes-version", error: "runs Kubernetes 1.26.3, and the stack needs 1.27 or newer", hint: "upgrade the cluster"},
		{way: anyFederation, what: "another issuer", edit: theCluster(func(c *world.KubernetesCluster, at *world.Cluster) { at.Issuer = "https://other.example.com" }), code: "kubernetes-issuer", error: "issuer mismatch: the cluster's tokens are of https://other.example.com", hint: "write kubernetes.issuer: https://other.example.com into Pulumi.local-dev.yaml"},
		{way: anyFederation, what: "the provider trusts another issuer", edit: edits.With(pulumitype.GcpPoolProvider, "bifrost-aks", "oidc.issuerUri=https://other.example.com"), code: "gcp-issuer", error: "other.example.com", hint: upLocal},
		{way: anyFederation, what: "the subject may not act as the service account", edit: edits.Removed(pulumitype.GcpServiceAccountMember, "acme-mirror"), code: "gcp-member", error: "does not have roles/iam.workloadIdentityUser", hint: upLocal},
		{way: anyFederation, what: "the refresher mounts a token for another audience", edit: audience("other"), code: "pull-refresher", error: "audience mismatch", hint: upLocal},
	} {
		t.Run(b.way.Name+"/"+b.what, func(t *testing.T) {
			t.Parallel()
			r := stand(t, b.way)
			b.edit(t, r.World)
			found := bad(r.document(verify.Options{}))
			b.isOnly(t, found)
			require.NotContains(t, found[0].Error+found[0].Hint, "PRIVATE KEY")
		})
	}
}

// TestKeysOfTheIssuer: keys that the cluster signs with and Google's side has not are told by their ids. Who may not ask is not told of a
// failure, and Google's place of certificates may be out of reach.
func TestKeysOfTheIssuer(t *testing.T) {
	t.Parallel()
	r := stand(t, anyFederation)
	clouds := saved.Clouds(r.World, r.Look.Server)
	for name, c := range map[string]struct {
		keys  []string
		err   error
		error string
	}{
		"the same":    {keys: []string{"a1"}},
		"another one": {keys: []string{"a1", "two"}, error: "the cluster signs with the keys two, which kubernetes.jwks lacks"},
		"no right":    {err: service.ErrForbidden},
	} {
		clouds.Issuer = func(context.Context) (*service.Issuer, error) {
			return &service.Issuer{URL: r.stack.Config.Kubernetes.Issuer, Keys: c.keys}, c.err
		}
		found := bad(r.documentOf(clouds, verify.Options{}))
		if c.error == "" {
			require.Empty(t, found, name)
			continue
		}
		require.Len(t, found, 1, name)
		require.Equal(t, "kubernetes-jwks", found[0].Code)
		require.Contains(t, found[0].Error, c.error)
	}

	r = stand(t, anyKey)
	clouds = saved.Clouds(r.World, r.Look.Server)
	clouds.GCP = offline{clouds.GCP}
	require.Empty(t, bad(r.documentOf(clouds, verify.Options{})))
}

type offline struct{ service.GCP }

// KeyCertificate implements service.GCP.
func (offline) KeyCertificate(context.Context, string, string) (*service.KeyCertificate, error) {
	return nil, errors.New("dial tcp: i/o timeout")
}
