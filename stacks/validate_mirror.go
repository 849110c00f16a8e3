package stacks

import (
	"reflect"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// validateMirror refuses what a registry of one's own does not need: identities that the vendor would allowlist, and the refresher.
func (c *Config) validateMirror(k *checker) {
	p, r := field.NewPath("registry"), c.Registry
	if !r.Mirror {
		if r.PullSecret != "" {
			k.add(field.Forbidden(p.Child("pullSecret"), "the pull Secret of the vendor's registry is made here; remove it, or set "+
				"registry.mirror "+
				"to true for a registry of your own"))
		}
		return
	}
	k.add(check.IfSet(p.Child("pullSecret"), r.PullSecret, check.Subdomain)...)
	if c.Rollout == RolloutIdentity {
		k.add(field.Invalid(field.NewPath("rollout"), c.Rollout, "with registry.mirror there is no identity that the vendor would "+
			"allowlist; "+
			"write full"))
	}
	const why = "registry.mirror needs nothing of the vendor's registry; remove it"
	k.forbid("registry", why, map[string]bool{
		"additionalRepositoryArns": len(r.AdditionalRepositoryArns) > 0, "pullThroughCache": r.PullThroughCache,
	})
	if c.Gcp != nil {
		k.add(field.Forbidden(field.NewPath("gcp"), why))
	}
	c.refuseRefresher(k, why)
	if e := c.written.Eks; e != nil {
		k.forbid("eks", why, map[string]bool{
			"pull": e.Pull != "", "auth": e.Auth != "", "nodeRoleArns": len(e.NodeRoleArns) > 0,
			"roleName": e.RoleName != "", "policyName": e.PolicyName != "", "secretName": e.SecretName != "",
		})
	}
	if a := c.written.Aks; a != nil {
		k.forbid("aks", why, map[string]bool{
			"identityName": a.IdentityName != "", "federatedCredentialName": a.FederatedCredentialName != "",
			"secretName":    a.SecretName != "",
			"tokenAudience": a.TokenAudience != "", "tokenFile": a.TokenFile != "", "trust": a.Trust != "", "entra": a.Entra != nil,
		})
	}
	if g := c.written.Gke; g != nil {
		k.forbid("gke", why, map[string]bool{
			"pull": g.Pull != "", "auth": g.Auth != "", "serviceAccountId": g.ServiceAccountId != "",
			"serviceAccountEmail": g.ServiceAccountEmail != "", "vendorServiceAccount": g.VendorServiceAccount != "",
			"secretName": g.SecretName != "",
		})
	}
	if a := c.written.Kubernetes; a != nil {
		k.forbid("kubernetes", why, map[string]bool{"pull": a.Pull != "", "secretName": a.SecretName != ""})
		k.forbid("kubernetes", why, a.federationOnly())
	}
	if c.Ecs != nil {
		k.add(field.Forbidden(p.Child("mirror"), "tasks of ECS pull from Amazon ECR with their execution role; remove it, or ecs"))
	}
}

// refuseRefresher refuses what is said of a refresher that nothing makes.
func (c *Config) refuseRefresher(k *checker, why string) {
	if !reflect.ValueOf(c.written.Refresher).IsZero() {
		k.add(field.Forbidden(field.NewPath("refresher"), why))
	}
}
