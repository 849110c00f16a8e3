package checks

import (
	"context"
	"encoding/json"
	"slices"

	"k8s.io/apimachinery/pkg/util/version"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// anyTrust is whom Google's side trusts of a cluster of no cloud's.
type anyTrust struct {
	Stack
	issuer func(context.Context) (*service.Issuer, error)
}

func (s Stack) anyTrust(c service.Clouds, o *objects) []check.Check {
	t := anyTrust{s, shared(c.Issuer)}
	var checks []check.Check
	if o != nil {
		checks = append(checks, t.version(o.client))
	}
	if s.Config.Registry.Mirror || s.Config.Kubernetes.Pull != stacks.ClusterPullFederation {
		return checks // nobody signs in to Google: the key in the pull Secret is looked at there
	}
	if o != nil {
		checks = append(checks, needing(clusterAPI, t.issuerChecks())...)
	}
	if s.Config.Gcp != nil && s.Config.Gcp.Federation != nil {
		checks = append(checks, s.gcpTrust(c, s.principal("kubernetes"))...)
	}
	return checks
}

// any are the checks of the cluster before the first up: that it has the issuer which Google's side is to trust.
func (b before) any() []check.Check {
	t := anyTrust{b.Stack, shared(b.clouds.Issuer)}
	checks := []check.Check{t.version(shared(b.clouds.Kubernetes))}
	if !b.Config.Registry.Mirror && b.Config.Kubernetes.Pull == stacks.ClusterPullFederation {
		checks = append(checks, t.issuerChecks()...)
	}
	return needing(clusterAPI, checks)
}

func (t anyTrust) issuerChecks() []check.Check {
	checks := []check.Check{{
		Code: "kubernetes-issuer", Description: "the cluster's tokens are of the configured issuer", Run: t.sameIssuer,
	}}
	if t.Config.Kubernetes.Jwks != "" {
		checks = append(checks, check.Check{Code: "kubernetes-jwks", Description: "the cluster signs with the keys that Google's side has",
			Needs: []string{"kubernetes-issuer"}, Run: t.sameKeys})
	}
	return checks
}

// version: nobody has looked the cluster up, and so nobody else tells.
func (t anyTrust) version(client clientFunc) check.Check {
	return check.Check{Code: "kubernetes-version", Description: "the cluster's Kubernetes is new enough", Needs: []string{clusterAPI},
		Run: func(ctx context.Context) check.Result {
			c, err := client(ctx)
			if err != nil {
				return unreadable("the cluster", err, t.clusterLogin())
			}
			says, err := c.Discovery().ServerVersion()
			if err != nil {
				return unreadable("the cluster's version", err, t.clusterLogin())
			}
			have, err := version.ParseGeneric(says.GitVersion)
			if err != nil {
				return check.Warn("kubectl version", "the cluster's version %q does not parse", says.GitVersion)
			}
			if have.LessThan(version.MustParseGeneric(stacks.OldestKubernetes)) {
				return check.Fail("upgrade the cluster", "the cluster runs Kubernetes %s, and the stack needs %s or newer", have,
					stacks.OldestKubernetes)
			}
			return check.Pass("%s", have)
		}}
}

func (t anyTrust) sameIssuer(ctx context.Context) check.Result {
	found, err := t.issuer(ctx)
	if err != nil {
		return unreadable("the issuer of the cluster's tokens", err, t.clusterLogin())
	}
	if want := t.Config.Kubernetes.Issuer; found.URL != want { // verbatim: Google compares the texts
		return check.Fail("write kubernetes.issuer: "+found.URL+" into Pulumi."+t.Name+".yaml, then "+t.toldAnew(),
			"issuer mismatch: the cluster's tokens are of %s, and kubernetes.issuer is %s", found.URL, want)
	}
	return check.Pass("%s", found.URL)
}

// sameKeys: a cluster that has changed its keys signs with some that Google's side has never seen.
func (t anyTrust) sameKeys(ctx context.Context) check.Result {
	found, err := t.issuer(ctx)
	if err != nil {
		return unreadable("the keys of the cluster's issuer", err, t.clusterLogin())
	}
	var given struct {
		Keys []struct {
			ID string `json:"kid"`
		} `json:"keys"`
	}
	if err := json.Unmarshal([]byte(t.Config.Kubernetes.Jwks), &given); err != nil {
		return check.Fail("kubectl get --raw /openid/v1/jwks shows what kubernetes.jwks must be", "kubernetes.jwks is no JSON")
	}
	var has []string
	for _, key := range given.Keys {
		has = append(has, key.ID)
	}
	var lacking []string
	for _, id := range found.Keys {
		if !slices.Contains(has, id) {
			lacking = append(lacking, id)
		}
	}
	if len(lacking) > 0 {
		return check.Fail("write what `kubectl get --raw /openid/v1/jwks` prints into kubernetes.jwks, then "+t.toldAnew(),
			"the cluster signs with the keys %s, which kubernetes.jwks lacks", quoted(lacking))
	}
	return check.Pass("%d keys", len(has))
}
