package stacks

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/internals"

	"bifrost/internal/component"
)

// PlaceGuardType is the type token of the part that remembers what others count on at a place.
const PlaceGuardType = "bifrost:index:PlaceGuard"

// placeGuard remembers what stands at a place, as component.Remember does, and has an output beside that. Every place of the platform has
// one, so that one which leaves the stack file is an update, too.
type placeGuard struct {
	pulumi.ResourceState
	// told tells that the outputs are registered.
	told bool
}

// runningOutput is the guard's output that says that the gateway has come up at the place.
const runningOutput = "running"

// guardPlaces says in a preview what a change of a place takes away and what the vendor must be told of, all at once, and stops an `up`
// before anything is changed unless that is agreed to. On a place where the gateway has not come up yet nothing is stopped.
func (c *Config) guardPlaces(ctx *pulumi.Context, standings map[string]standing) (map[string]*placeGuard, error) {
	guards, so := map[string]*placeGuard{}, &asked{}
	places := platforms[c.Platform].places
	for _, at := range places {
		if _, used := standings[at.name()]; !used {
			standings[at.name()] = standing{rollout: rolloutNone, protected: c.ProtectIdentities}
		}
	}
	for i, at := range places {
		guard, err := c.newPlaceGuard(ctx, at, standings, places[i+1:], so)
		if err != nil {
			return nil, err
		}
		guards[at.name()] = guard
	}
	return guards, nil
}

// newPlaceGuard guards a place. It knows the places whose guards come after it, too: an `up` that it stops names what they would stop for.
func (c *Config) newPlaceGuard(
	ctx *pulumi.Context, at target, standings map[string]standing, later []target, so *asked,
) (*placeGuard, error) {
	ran, after := false, standings[at.name()]
	inputs, next := after.inputs(), pulumi.Map{}
	for _, other := range later {
		next[other.name()] = standings[other.name()].inputs()
	}
	inputs[standingLater] = next
	watched, err := component.BeforeUpdate(ctx, at.name()+"-guard-changed", func(update *pulumi.ResourceHookArgs) error {
		running, _ := component.KnownText(update.OldOutputs[runningOutput])
		ran = running != ""
		var others []change
		for _, other := range later {
			// Whether the gateway has come up there, the other guard knows alone: as far as one can tell from here, where it was asked for.
			if was, known := standingLaterOf(update.OldInputs, other.name()); known {
				others = append(others, change{c, other, was, standings[other.name()], was.rollout == string(RolloutFull), so})
			}
		}
		return change{c, at, standingOf(update.OldInputs), after, ran, so}.stop(ctx, others)
	})
	if err != nil {
		return nil, fmt.Errorf("guard of %s: %w", at.name(), err)
	}
	guard := &placeGuard{}
	if err := registered(ctx, PlaceGuardType, at.name()+"-guard", inputs, guard, watched); err != nil {
		return nil, fmt.Errorf("guard of %s: %w", at.name(), err)
	}
	// The engine forgets the outputs of what it updates. They are there again before anything can fail.
	switch {
	case after.rollout != string(RolloutFull):
		guard.told = true
		return guard, ctx.RegisterResourceOutputs(guard, pulumi.Map{})
	case ran:
		guard.told = true
		return guard, ctx.RegisterResourceOutputs(guard, pulumi.Map{runningOutput: pulumi.String("yes")})
	}
	return guard, nil
}

// ready remembers that the gateway has come up, once all that its place gives out is known.
func (g *placeGuard) ready(ctx *pulumi.Context, outputs pulumi.Map) error {
	if g.told {
		return nil
	}
	running := pulumi.Unsecret(pulumi.ToOutput(outputs).ApplyT(func(any) string { return "yes" }))
	return ctx.RegisterResourceOutputs(g, pulumi.Map{runningOutput: running})
}

// registered registers a component and waits for it, so that a hook which refuses it stops the program before it asks for anything else.
func registered(
	ctx *pulumi.Context, typ, name string, inputs pulumi.Map, made pulumi.ComponentResource, opts ...pulumi.ResourceOption,
) error {
	if err := ctx.RegisterComponentResourceV2(typ, name, inputs, made, opts...); err != nil {
		return err
	}
	_, err := internals.UnsafeAwaitOutput(ctx.Context(), made.URN())
	return err
}

// stop warns of the conditions, and stops an `up` that has not been agreed to: then with those of the others that would stop it next.
func (h change) stop(ctx *pulumi.Context, others []change) error {
	text, stops := h.told(ctx)
	if stops && !ctx.DryRun() {
		all := []error{errors.New(text)}
		for _, other := range others {
			if text, stops := other.told(ctx); stops {
				all = append(all, errors.New(text))
			}
		}
		return errors.Join(all...)
	}
	if text == "" {
		return nil
	}
	return ctx.Log.Warn(text, nil)
}

// told is the text of all conditions, empty without any, and whether one of them stops an `up`.
func (h change) told(ctx *pulumi.Context) (text string, stops bool) {
	conditions := h.conditions(ctx)
	if len(conditions) == 0 {
		return "", false
	}
	text = h.at.name() + ": another way on a stack that lives:"
	stops = slices.ContainsFunc(conditions, func(found condition) bool { return found.stops })
	if stops {
		text = h.at.name() + ": pulumi up stops here, before anything is changed, until each of these is done:"
	}
	for _, found := range conditions {
		text += "\n  - " + found.text
	}
	return text, stops
}
