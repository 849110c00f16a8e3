package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/stacks"
)

// anyKeys is a set of keys of an issuer that Google cannot reach.
const anyKeys = `{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"one","n":"AQAB","e":"AQAB"}]}`

// clusterTrusts are the ways in which a cluster's own tokens are trusted at Google.
var clusterTrusts = map[string]func(*testing.T) settings{
	"the vendor's side": func(t *testing.T) settings {
		return federatedStack(t).set("gcp", map[string]any{"credentialConfig": map[string]any{
			"type":               "external_account",
			"audience":           "//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/acme-pool/providers/acme-mine",
			"subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
			"service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/" +
				"acme-hub-pull@bifrost-dist.iam.gserviceaccount.com:generateAccessToken",
			"token_url":         "https://sts.googleapis.com/v1/token",
			"credential_source": map[string]any{"file": "/var/run/service-account/token", "format": map[string]any{"type": "text"}},
		}})
	},
	"Google's side made here": func(t *testing.T) settings { return federatedStack(t) },
}

// TestClusterHandoff: the vendor learns what the cluster's token says, with the issuer's keys where Google cannot reach it; the same at both
// rollouts. For identity nothing of the cluster is asked.
func TestClusterHandoff(t *testing.T) {
	t.Parallel()
	for name, stack := range clusterTrusts {
		for _, jwks := range []string{"", anyKeys} {
			want := map[string]any{
				"platform": "kubernetes", "purpose": "refreshes the pull Secret on a cluster of its own", "issuer": anyIssuer,
				"subject": pullSubject, "audience": "sts.googleapis.com", "attributeCondition": "assertion.sub == '" + pullSubject + "'",
			}
			s := stack(t)
			if jwks != "" {
				want["jwks"] = jwks
				s.set("kubernetes.jwks", jwks)
			}
			if strings.HasPrefix(name, "Google") {
				want["serviceAccountEmail"] = "gcp-account@test.iam.gserviceaccount.com"
			} else {
				want["pool"] = "of this cluster alone: a principal at Google names pool and subject, so that a token of another cluster which " +
					"the pool lets in would pass for this one's with the same namespace and ServiceAccount"
			}
			require.Equal(t, []any{want}, output(t, s.copied(t), "vendorHandoff"), name)
			identity := s.copied(t).set("rollout", "identity").set("secrets", nil).set("kubernetes.context", nil)
			require.Equal(t, []any{want}, output(t, identity, "vendorHandoff"), name)
			require.Empty(t, record(t, "test", identity).Of(anyProvider), name)
		}
	}
}

// TestClusterFederation: Google's provider trusts this issuer, with the keys that are uploaded where it cannot fetch them, and the refresher
// shows it a token for that audience at the path of the credential configuration.
func TestClusterFederation(t *testing.T) {
	t.Parallel()
	for _, jwks := range []string{"", anyKeys} {
		s := federatedStack(t).set("gateway.replicas", 1)
		if jwks != "" {
			s.set("kubernetes.jwks", jwks)
		}
		g := record(t, "test", s)
		provider := g.One(t, "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider")
		oidc := map[string]any{"issuerUri": anyIssuer, "allowedAudiences": []any{"sts.googleapis.com"}}
		if jwks != "" {
			oidc["jwksJson"] = jwks
		}
		require.Equal(t, oidc, provider.Input(t, "oidc"))
		secret := g.Named(t, secretType, "kubernetes-pull-secret")
		require.Equal(t, "ar-pull-secret", secret.Input(t, "metadata.name"))
		require.Equal(t, []string{"data"}, secret.Request.GetIgnoreChanges(), "a refresh would be taken back")
		job := mustJSON(t, g.One(t, "kubernetes:batch/v1:Job").Input(t, "spec.template.spec"))
		require.Contains(t, job, `"audience":"sts.googleapis.com"`)
		require.Contains(t, job, `"mountPath":"/var/run/service-account"`)
	}
}

// TestClusterFederationRefused: what the federation lacks, or does not read.
func TestClusterFederationRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path  string
		value any
		want  []string
	}{
		"no issuer":      {"kubernetes.issuer", nil, []string{"bifrost:kubernetes.issuer: Required", "kubectl get --raw /.well-known/openid-configuration"}},
		"a private key":  {"kubernetes.jwks", `{"keys": [{"kty": "RSA", "d": "x"}]}`, []string{"bifrost:kubernetes.jwks: Forbidden", "private"}},
		"a vendor's key": {"secrets.registryKey", vendorKey("one"), []string{"bifrost:secrets.registryKey: Forbidden"}},
		"nobody's side":  {"gcp", nil, []string{"bifrost:gcp.credentialConfig: Required"}},
		"a long name":    {"refresher.serviceAccount", strings.Repeat("a", 120), []string{"bifrost:refresher.serviceAccount", "Google takes"}},
		"a schedule":     {"refresher.schedule", "0 */2 * * *", []string{"bifrost:refresher.schedule", "a Google access token lives 1h"}},
	} {
		_, err := stacks.Parse("test", rawOf(t, federatedStack(t).set(c.path, c.value)))
		for _, want := range c.want {
			require.ErrorContains(t, err, want, name)
		}
	}
	other := clusterTrusts["the vendor's side"](t).set("kubernetes.tokenFile", "/var/run/mine/token")
	_, err := stacks.Parse("test", rawOf(t, other))
	require.ErrorContains(t, err, "set kubernetes.tokenFile to this path")
}

// TestOpenshift: no pod states a user or a group, since the namespace gives it those, and all of them reach DNS where OpenShift has it.
func TestOpenshift(t *testing.T) {
	t.Parallel()
	pods := map[string]string{
		"kubernetes:batch/v1:Job": "spec.template.spec", "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template.spec",
		"kubernetes:apps/v1:StatefulSet": "spec.template.spec", "kubernetes:apps/v1:Deployment": "spec.template.spec",
	}
	for _, openshift := range []bool{false, true} {
		for name, s := range map[string]settings{
			"SQLite": federatedStack(t),
			"all": federatedStack(t).set("gateway", stackFile(t, "azure-dev")["gateway"]).set("secrets", stackFile(t, "azure-dev")["secrets"]).
				set("secrets.kubeconfig", anyKubeconfig).set("secrets.brokerToken", canary).set("gateway.migrationJob", true).
				set("gateway.clustering.type", "broker"),
		} {
			g, seen := record(t, "test", s.set("kubernetes.openshift", openshift)), 0
			for typ, path := range pods {
				for _, r := range g.Of(typ) {
					seen++
					text := mustJSON(t, r.Input(t, path))
					for _, id := range []string{"runAsUser", "runAsGroup", "fsGroup\""} {
						require.Equal(t, !openshift, strings.Contains(text, id), "%s: %s of %s", name, id, r.Name)
					}
					require.Contains(t, text, `"runAsNonRoot":true`, r.Name)
				}
			}
			require.Greater(t, seen, 2, name)
			for _, r := range g.Of("kubernetes:networking.k8s.io/v1:NetworkPolicy") {
				if strings.Contains(r.Name, "broker") {
					continue
				}
				require.Equal(t, openshift, strings.Contains(mustJSON(t, r.Input(t, "spec.egress")), `"port":5353`), "%s: %s", name, r.Name)
			}
		}
	}
}
