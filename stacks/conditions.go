package stacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// condition is something that a change of a living stack takes away, or that others must do for it.
type condition struct {
	text string
	// stops tells whether an `up` stops for it.
	stops bool
}

// change is what an `up` makes of a place.
type change struct {
	*Config
	at            target
	before, after standing
	// running tells whether the gateway has come up there.
	running bool
	// asked counts what is asked for, at every place: the commands append to one list.
	asked *asked
}

type asked struct{ takenAway, newPrincipals int }

// conditions are all of a change, so that nobody meets them one after the other.
func (h change) conditions(ctx *pulumi.Context) []condition {
	return slices.Concat(h.takenAway(), h.newPrincipals(), h.protection(ctx))
}

// takenAway: the gateway runs, and is asked for no more.
func (h change) takenAway() []condition {
	if !h.running || h.after.rollout == string(RolloutFull) {
		return nil
	}
	name := h.at.name()
	why := "rollout identity"
	if h.after.rollout == rolloutNone {
		why = "the stack file, which has no " + name + " any more,"
	}
	text := fmt.Sprintf("%s takes away the gateway on %s, which runs: whoever uses it is refused, and what was made for it goes", why,
		h.at.title())
	if h.at.pods() {
		text += ", its namespace with all that is in it among that, unless gateway.existingNamespace keeps it"
	}
	if h.after.rollout == rolloutNone {
		text += "; and so does who pulls there, " + strings.Join(h.before.principals, ", ") + ": one that is made again under its " +
			"name the vendor does not know"
	}
	if slices.Contains(h.agreed().TakenAway, name) {
		return []condition{{text: text}}
	}
	h.asked.takenAway++
	next := len(h.agreed().TakenAway) + h.asked.takenAway - 1
	return []condition{{text + ". If that is meant: " + h.agree(fmt.Sprintf("takenAway[%d]", next), name), true}}
}

// newPrincipals: the vendor allowlists who pulls, and does not know another one. Nothing that runs depends on it before the gateway does.
func (h change) newPrincipals() []condition {
	if h.after.rollout == rolloutNone || h.before.rollout == rolloutNone {
		return nil
	}
	var all []condition
	for _, principal := range h.after.principals {
		if slices.Contains(h.before.principals, principal) {
			continue
		}
		former := ""
		if len(h.before.principals) > 0 {
			former = ", and no more " + strings.Join(h.before.principals, ", ")
		}
		found := condition{text: fmt.Sprintf("on %s %s pulls from now on%s: until the vendor allowlists it, what vendorHandoff "+
			"has of it, no image can be pulled", h.at.title(), principal, former)}
		if h.running && h.after.rollout == string(RolloutFull) && !slices.Contains(h.agreed().NewPrincipals, principal) {
			found.stops = true
			next := len(h.agreed().NewPrincipals) + h.asked.newPrincipals
			found.text += ". Send it to the vendor, and say so: " + h.agree(fmt.Sprintf("newPrincipals[%d]", next), principal)
			h.asked.newPrincipals++
		}
		all = append(all, found)
	}
	return all
}

// protection: Pulumi refuses to delete what it protects, and names the URN alone. Whether somebody has lifted the protection in the state
// the program cannot see, so that it stops nothing itself. A replacement asks for the present protection as well, a deletion for the one in
// the state (pulumi, resource/deploy/step_generator.go, and step.go, DeleteStep).
func (h change) protection(ctx *pulumi.Context) []condition {
	var all []condition
	for _, name := range slices.Sorted(maps.Keys(h.before.kept)) {
		was, thing := h.before.kept[name], keptThings[name]
		is, stays := h.after.kept[name]
		if !h.before.protected || stays && (is == was || !h.after.protected) {
			continue
		}
		way := "set protectIdentities to false in the same up"
		if !stays {
			way = fmt.Sprintf("let it go with `pulumi state unprotect '%s'`", thing.urn(ctx, name))
		}
		all = append(all, condition{text: fmt.Sprintf("protectIdentities keeps %s %s, which this would delete, so that Pulumi refuses it: "+
			"%s, or keep it by leaving %s as they were", thing.what, was, way, thing.keys)})
	}
	return all
}

// agreed are the confirmations; nothing where the key is absent.
func (c *Config) agreed() Agreed {
	if c.Agreed == nil {
		return Agreed{}
	}
	return *c.Agreed
}
