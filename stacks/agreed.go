package stacks

import (
	"fmt"
	"slices"
	"strings"

	"bifrost/internal/check"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Agreed are changes that an `up` makes only once this confirms them.
type Agreed struct {
	// TakenAway are places, of eks, ecs, aks, gke and kubernetes, at which the gateway runs and this stack file takes it away: by rollout
	// identity, or by leaving the place out. Remove them when the gateway is to come back.
	TakenAway []string
	// NewPrincipals are those of whom a stopped up says that they pull from now on, and that the vendor must be told.
	NewPrincipals []string
	// Adopted is the provider that gcp.federation.adopt takes over with its pool: PROJECT/POOL/PROVIDER.
	Adopted string
}

// agree is the command that confirms a change.
func (c *Config) agree(path, value string) string {
	return fmt.Sprintf("`pulumi config set --stack %s --path '%s:agreed.%s' '%s'`", c.stack, Project, path, value)
}

// validateAgreed refuses what the stack file does not ask for: left behind, it would agree to a later change that nobody thought of.
func (c *Config) validateAgreed(k *checker) {
	if c.Agreed == nil {
		return
	}
	p := field.NewPath("agreed")
	places := platforms[c.Platform].names()
	for i, place := range c.Agreed.TakenAway {
		at := p.Child("takenAway").Index(i)
		switch {
		case !slices.Contains(places, place):
			k.add(check.NotSupported(at, place, places))
		case c.runsAt(place):
			k.add(field.Invalid(at, place, "the stack file has the gateway run there; remove it, or take the gateway away with rollout "+
				"identity or without "+place))
		}
	}
	for i, principal := range c.Agreed.NewPrincipals {
		if strings.TrimSpace(principal) == "" {
			k.add(field.Required(p.Child("newPrincipals").Index(i), "what the stopped up names"))
		}
	}
	if adopts := c.adopted(); c.Agreed.Adopted != "" && c.Agreed.Adopted != adopts {
		why := "gcp.federation.adopt takes nothing over; remove it"
		if adopts != "" {
			why = "gcp.federation.adopt takes over " + adopts + "; write that, or mend the ids of gcp.federation"
		}
		k.add(field.Invalid(p.Child("adopted"), c.Agreed.Adopted, why))
	}
}

// names are the platform's places.
func (p platform) names() []string {
	var all []string
	for _, at := range p.places {
		all = append(all, at.name())
	}
	return all
}

// runsAt tells whether the stack file asks for the gateway at a place.
func (c *Config) runsAt(place string) bool {
	return c.Rollout == RolloutFull && slices.ContainsFunc(c.targets(), func(at target) bool { return at.name() == place })
}
