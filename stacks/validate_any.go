package stacks

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/image"
	"bifrost/internal/check"
	"bifrost/internal/registrykey"
)

// googleImage is the form of an image in Artifact Registry.
const googleImage = "REGION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE:TAG with Google's region, or set registry.mirror to true for a " +
	"registry of your own"

func validateAny(c *Config, k *checker) {
	if len(c.Tags) > 0 {
		k.add(field.Forbidden(field.NewPath("tags"), "nothing on platform kubernetes has tags; write labels"))
	}
	c.checkImage(k, c.Rollout != RolloutIdentity || c.federated(), image.Reference.ArtifactRegistry, googleImage)
	k.forbid("registry", "platform kubernetes does not read it; remove it", map[string]bool{
		"additionalRepositoryArns": len(c.Registry.AdditionalRepositoryArns) > 0, "pullThroughCache": c.Registry.PullThroughCache,
	})
	if c.Kubernetes == nil {
		k.add(field.Required(field.NewPath("kubernetes"), "give context: where the gateway runs"))
		return
	}
	c.validateReach(k)
	k.add(oneOf(field.NewPath("kubernetes", "pull"), c.Kubernetes.Pull)...)
	if _, known := clusterPulls[c.Kubernetes.Pull]; known {
		c.clusterPull().validate(c, k)
	}
}

// clusterName is what names a cluster to people and to the provider.
var clusterName = check.Rule{Pattern: regexp.MustCompile(`^[\x21-\x7e]{1,253}$`), Want: "at most 253 characters, without spaces"}

// validateReach checks what says how the cluster is reached.
func (c *Config) validateReach(k *checker) {
	p, a := field.NewPath("kubernetes"), c.Kubernetes
	k.add(check.Optional(p.Child("clusterName"), a.ClusterName, clusterName)...)
	c.validateGivenContext(k, p.Child("context"), a.Context)
	switch {
	case c.Secrets.Kubeconfig != "" && a.KubeconfigFile != "":
		k.add(field.Forbidden(p.Child("kubeconfigFile"), "secrets.kubeconfig is given, too; remove one of them"))
	case c.Secrets.Kubeconfig == "" && a.Context == "" && c.Rollout != RolloutIdentity:
		k.add(field.Required(p.Child("context"), "the context of the kubeconfig that reaches the cluster, so that nothing comes into "+
			"whichever is current; see `kubectl config get-contexts`"))
	}
}

// federationOnly are the keys of kubernetes that only a federation reads, as far as they are written.
func (a *Kubernetes) federationOnly() map[string]bool {
	return map[string]bool{
		"issuer": a.Issuer != "", "jwks": a.Jwks != "", "tokenAudience": a.TokenAudience != "", "tokenFile": a.TokenFile != "",
	}
}

// validate: nothing keeps a key fresh, and nobody is to be allowlisted.
func (keyPull) validate(c *Config, k *checker) {
	if c.Rollout == RolloutIdentity {
		k.add(field.Invalid(field.NewPath("rollout"), c.Rollout, "with kubernetes.pull key there is nobody whom the vendor would "+
			"allowlist; write full"))
	}
	const why = "a key needs no federation; remove it, or set kubernetes.pull to federation"
	k.forbid("kubernetes", why, c.written.Kubernetes.federationOnly())
	if c.Gcp != nil {
		k.add(field.Forbidden(field.NewPath("gcp"), why))
	}
	c.refuseRefresher(k, "a key needs no refresher; remove it, or set kubernetes.pull to federation")
	c.validateKeyOfRegistry(k)
}

// registryKeyPath is the key's path below secrets.
const registryKeyPath = "registryKey"

// validateKeyOfRegistry reads the key without repeating any of it.
func (c *Config) validateKeyOfRegistry(k *checker) {
	p := field.NewPath("secrets", registryKeyPath)
	switch {
	case c.Rollout == RolloutIdentity:
	case c.Secrets.RegistryKey == "":
		k.add(field.Required(p, "the key that the vendor gave; run `"+setSecret(registryKeyPath)+" < FILE`"))
	case c.registryKeyProblem != nil:
		k.add(field.Forbidden(p, fmt.Sprintf("%v; set what the vendor gave, as the JSON document or as base64 of it: "+
			"`%s < FILE`", c.registryKeyProblem, setSecret(registryKeyPath))))
	}
}

// validateRegistryKey refuses a key that no pull Secret would hold: it would stand in the stack file for nothing.
func (c *Config) validateRegistryKey(k *checker) {
	if c.Secrets.RegistryKey == "" || c.holdsKey() {
		return
	}
	k.add(field.Forbidden(field.NewPath("secrets", registryKeyPath), "only kubernetes.pull key reads it; remove it: a key that nobody "+
		"needs can only be lost"))
}

// resolveRegistryKey reads the key once.
func (c *Config) resolveRegistryKey() {
	if c.Secrets.RegistryKey != "" {
		c.registryKey, c.registryKeyProblem = registrykey.Parse(c.Secrets.RegistryKey)
	}
}

// mostIssuer is the longest issuer of a provider, in characters (Google Cloud IAM API, Oidc.issuerUri).
const mostIssuer = 2000

// validate checks the issuer, its keys and Google's side.
func (federatedPull) validate(c *Config, k *checker) {
	p, a := field.NewPath("kubernetes"), c.Kubernetes
	if a.Issuer == "" {
		k.add(field.Required(p.Child("issuer"), "the issuer of the cluster's ServiceAccount tokens; see `kubectl get --raw "+
			"/.well-known/openid-configuration`"))
	}
	k.add(check.Optional(p.Child("issuer"), a.Issuer, check.Issuer)...)
	if len(a.Issuer) > mostIssuer {
		k.add(field.TooLong(p.Child("issuer"), a.Issuer, mostIssuer))
	}
	if a.Jwks != "" {
		k.add(validateJwks(p.Child("jwks"), a.Jwks)...)
	}
	k.add(check.Optional(p.Child("tokenAudience"), c.written.Kubernetes.TokenAudience, tokenAudience)...)
	c.validateSubject(k)
	switch {
	case c.federated():
		c.validateFederation(k)
	case c.Rollout != RolloutIdentity:
		c.validateCredentialConfig(k)
	}
}

// keyParts are the numbers of which a public key is made, by its type (RFC 7518, sections 6.2.1 and 6.3.1).
var keyParts = map[string][]string{"RSA": {"n", "e"}, "EC": {"x", "y"}}

// validateJwks checks a set of public keys (RFC 7517, section 5). Google takes RSA and ECDSA keys, and no private ones (Google Cloud,
// "Manage workload identity pools and providers", OIDC JWKS).
func validateJwks(p *field.Path, text string) field.ErrorList {
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	const see = "; write what `kubectl get --raw /openid/v1/jwks` prints"
	if err := json.Unmarshal([]byte(text), &set); err != nil || len(set.Keys) == 0 {
		return field.ErrorList{field.Invalid(p, "", "not a set of keys: a JSON document with keys"+see)}
	}
	for _, key := range set.Keys {
		kind, _ := key["kty"].(string)
		if _, private := key["d"]; private {
			return field.ErrorList{field.Forbidden(p, "one of its keys is private: whoever has it signs tokens of the cluster"+see)}
		}
		if kind != "RSA" && kind != "EC" {
			return field.ErrorList{field.Invalid(p, kind, "the type of one of its keys, and Google takes RSA and EC"+see)}
		}
		for _, name := range keyParts[kind] {
			number, _ := key[name].(string)
			if _, err := base64.RawURLEncoding.Strict().DecodeString(number); err != nil || number == "" {
				return field.ErrorList{field.Invalid(p, "", "one of its keys has no "+name+" in base64url"+see)}
			}
		}
	}
	return nil
}
