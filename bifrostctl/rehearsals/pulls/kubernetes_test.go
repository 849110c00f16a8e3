package pulls_test

import (
	"encoding/base64"
	"strings"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/world"
	"bifrost/internal/registrykey/registrykeytest"
)

// strangersKey is a key of the vendor's account that the account does not have, in base64.
var strangersKey = base64.StdEncoding.EncodeToString([]byte(registrykeytest.Make("bifrost-pull@bifrost-dist.iam.gserviceaccount.com", "stranger")))

// otherKeys are the keys of another issuer.
func otherKeys(jwks string) string { return strings.Replace(jwks, "0vx7", "1vx7", 1) }

// anyCases are those of clusters that a kubeconfig leads to.
var anyCases = []pullCase{
	{mode: stacktest.AnyKey, changed: "the key is deleted", edit: edits.Removed(pulumitype.GcpServiceAccountKey, ""), hop: hop.KeyToken, reason: hop.Revoked},
	{mode: stacktest.AnyKey, changed: "the key is disabled", edit: edits.With(pulumitype.GcpServiceAccountKey, "", "disabled=true"), hop: hop.KeyToken, reason: hop.Revoked},
	{mode: stacktest.AnyKey, changed: "the service account is disabled", edit: edits.With(pulumitype.GcpServiceAccount, "", "disabled=true"), hop: hop.KeyToken, reason: hop.Revoked},
	{mode: stacktest.AnyKey, changed: "the key has ended", edit: edits.With(pulumitype.GcpServiceAccountKey, "", "validBefore=2026-01-01T00:00:00Z"), hop: hop.KeyToken, reason: hop.Expired},
	{mode: stacktest.AnyKey, changed: "the service account is deleted", edit: edits.Removed(pulumitype.GcpServiceAccount, ""), hop: hop.KeyToken, reason: hop.Missing},
	{mode: stacktest.AnyKey, changed: "the key is one that the account has not", settings: []string{"secrets.registryKey=" + strangersKey}, hop: hop.KeyToken, reason: hop.Missing},
	{mode: stacktest.AnyKey, changed: "the key is deleted under running pods", afterUp: true, edit: edits.Removed(pulumitype.GcpServiceAccountKey, ""), settings: []string{newARTag}, hop: hop.KeyToken, reason: hop.Revoked},
	{mode: stacktest.AnyKey, changed: "the service account may not read the repository", edit: edits.Removed(pulumitype.GcpRepositoryMember, ""), hop: hop.ArtifactRegistry, reason: hop.NoPullPermission},
	{mode: stacktest.AnyKey, changed: "the image is in another project", settings: []string{"registry.image=europe-west1-docker.pkg.dev/other-dist/acme-hub/bifrost:2.1.0"}, hop: hop.ArtifactRegistry, reason: hop.ImageNotFound},
	{mode: stacktest.AnyKey, changed: "the registry has no such tag", edit: edits.With(pulumitype.GcpRepository, "", "tags=[2.0.9]"), hop: hop.ArtifactRegistry, reason: hop.ImageNotFound},
	{mode: stacktest.AnyKey, changed: "the pull Secret is deleted", afterUp: true, edit: edits.Removed(edits.SecretKind, "bifrost-pull-secret"), settings: []string{newARTag}, hop: hop.PullSecret, reason: hop.SecretMissing},

	{mode: stacktest.AnyFederation, changed: "Google cannot reach the issuer", edit: edits.Kubernetes(func(c *world.KubernetesCluster) { c.IssuerHidden = true }), hop: hop.GoogleSTS, reason: hop.Missing},
	{mode: stacktest.AnyFederation, changed: "the provider trusts another issuer", edit: edits.With(pulumitype.GcpPoolProvider, stacktest.AnyProvider, "oidc.issuerUri=https://oidc.example.com/clusters/prod"), hop: hop.GoogleSTS, reason: hop.IssuerMismatch},
	{mode: stacktest.AnyFederation, changed: "the token has another audience", settings: []string{"kubernetes.tokenAudience=https://other.example.com"}, hop: hop.GoogleSTS, reason: hop.AudienceMismatch},
	{mode: stacktest.AnyFederation, changed: "the refresher has another ServiceAccount", settings: []string{"refresher.serviceAccount=somebody-else"}, hop: hop.GoogleSTS, reason: hop.ConditionFailed},
	{mode: stacktest.AnyFederation, changed: "the subject may not act as the service account", edit: edits.Removed(pulumitype.GcpServiceAccountMember, ""), hop: hop.Impersonation, reason: hop.NoImpersonation},
	{mode: stacktest.AnyUploaded, changed: "the keys were never uploaded", edit: edits.With(pulumitype.GcpPoolProvider, stacktest.AnyProvider, "oidc.jwksJson=null"), hop: hop.GoogleSTS, reason: hop.Missing},
	{mode: stacktest.AnyUploaded, changed: "the cluster's keys have changed since they were uploaded", edit: edits.Kubernetes(func(c *world.KubernetesCluster) { c.Jwks = otherKeys(c.Jwks) }), hop: hop.GoogleSTS, reason: hop.Missing},
	{mode: stacktest.OwnAnyFederation, changed: "the keys are another cluster's", settings: []string{"kubernetes.jwks='" + otherKeys(stacktest.Jwks) + "'"}, hop: hop.GoogleSTS, reason: hop.Missing},
}
