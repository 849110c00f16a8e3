package double

import (
	"context"
	"maps"
	"reflect"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// Args is what the Go SDK's argument structs are: they know the plain struct behind them.
type Args interface{ ElementType() reflect.Type }

// Provider is the double of one provider package.
type Provider struct {
	// Package is the provider's package, as "aws".
	Package string
	// Schema is what the types were described with.
	Schema Schema
	// Config is the SDK's ProviderArgs.
	Config Args
	// ComparesInputs says that Diff holds the new inputs against the last ones, as azure-native and pulumi-kubernetes do. Providers that
	// are bridged from Terraform hold the state against the inputs.
	ComparesInputs bool
	// Shown is what of a resource's state the new inputs are held against, where that is not the last inputs alone: what a provider asks
	// its cloud for, as it was answered last. May be nil.
	Shown func(state, inputs Object) Object
	// Normal is what of inputs Diff compares, where that is not all; may be nil.
	Normal func(inputs Object) Object
	// Path writes the path of a difference; nil is as the Terraform bridge does.
	Path func(resource.PropertyPath) string
	// Stable are the computed outputs that a previewed change leaves as they are; all others are unknown then. Nil: it leaves all.
	Stable []string
	// Configure signs an instance of the provider in. What it returns is the Session of the instance's later calls.
	Configure func(w *served.World, config Object) (any, error)
	// Replace tells whether a change of the configuration means another cloud: everything made through the provider is
	// then replaced. May be nil.
	Replace func(before, after Object) bool
	// Ready is asked before every call that would contact the cloud. May be nil.
	Ready func(c *Call) error
	// Blind tells that the cloud cannot be asked, so that a preview plans without it. May be nil.
	Blind func(c *Call) bool
	// Unready words why a resource is not what was asked for, or is the error of a change that was not done. May be nil.
	Unready func(c *Call, r *world.Resource, reasons []string) ([]string, error)
	// Missing is the error of a change of what does not exist any more. May be nil.
	Missing func(c *Call, id string) error
	// Forgets is asked before a deletion: what cannot be reached any more may leave the state without one. May be nil.
	Forgets func(c *Call) (bool, error)
	// Types and Functions are what is modelled, by Pulumi token.
	Types     map[string]*Type
	Functions map[string]*Function
}

// Type is the double of one resource type. Paths are dotted. What TypeSchema lists comes from the provider's Schema.
type Type struct {
	// Args is the SDK's argument struct; nil where the properties are free.
	Args Args
	TypeSchema
	// Name says how the provider names what has no name.
	Name AutoName
	// Equal tells, by property, whether a value in the state and another one among the inputs mean the same (Terraform's
	// DiffSuppressFunc). Of providers that compare inputs, it tells that of a former input.
	Equal map[string]func(state, input any) bool
	// ReplaceIf names more of them, case by case. May be nil.
	ReplaceIf func(c *Call, before Object) []string
	// Broken names the property for whose sake the live resource has to be replaced although its inputs may be the same;
	// "" where it need not. May be nil.
	Broken func(c *Call, id string, after Object) string
	// DeletesFirst says that the provider always lets the old resource go before its replacement comes. Bridged providers do so besides
	// wherever the program gave a name that the provider could have made up. azure-native does not where the name was made up.
	DeletesFirst bool
	// DeleteFirst says so case by case, of inputs. May be nil.
	DeleteFirst func(before, after Object) bool
	// Exclusive is set where the cloud takes one write at a time. May be nil.
	Exclusive *Exclusive
	// Check completes and checks the inputs beyond their schema. May be nil.
	Check func(c *Call, in Object, fail Fail)
	// Scope returns the place in which ids of this type are unique.
	Scope func(c *Call) string
	// Key returns a resource's id in the world where the provider's id is not unique. May be nil.
	Key func(id string, state Object) string
	// Find returns what exists under a provider's id, or nil, where that is not the world's to say. May be nil: the world's.
	Find func(c *Call, id string) (*world.Resource, error)
	// Preview asks the cloud about what a preview plans to create (r is nil) or to change, as soon as all of it is known. May be nil.
	Preview func(c *Call, r *world.Resource, in Object) error
	// Create makes the resource and returns its id and what the cloud would answer about it. With a HalfMade it ends half way.
	Create func(c *Call, in Object) (id string, state Object, err error)
	// Update returns what the cloud answers after a change. May be nil: Overlay.
	Update func(c *Call, r *world.Resource, in Object) (Object, error)
	// Await lets the cloud's controllers work on what was made, changed or read, and returns why the resource does not
	// become what was asked for. May be nil.
	Await func(c *Call, r *world.Resource) []string
	// Keeps tells whether the provider leaves the resource where it is when the engine deletes it. May be nil.
	Keeps func(in Object) bool
	// Delete takes away what depends on the resource, or refuses. May be nil. The resource itself is removed by the frame
	// unless the function marks it Deleted.
	Delete func(c *Call, r *world.Resource, in Object) error
}

// HalfMade is the error of a create that made the resource and then failed.
type HalfMade struct {
	// Reason is what failed.
	Reason error
	// Planned is what the provider takes the resource for, which the cloud does not.
	Planned Object
}

func (h *HalfMade) Error() string { return h.Reason.Error() }

// AutoName is a provider's way to name what has no name: the logical name, a separator, and random hexadecimal digits.
type AutoName struct {
	// Path of the name among the inputs; "" where the type needs no name.
	Path string
	// Unless is the path of a property that takes the name's place.
	Unless string
	// MarkedAt is the path of a map in which MarkKey is "true" beside a name given here. Such a provider keeps no other name: one that the
	// program gave and no longer does makes way for one given here. "" keeps any.
	MarkedAt, MarkKey string
	Separator         string
	Digits            int
}

// Function is the double of one function (a look-up).
type Function struct {
	// Args is the SDK's plain argument struct; nil where the function takes none.
	Args any
	Call func(c *Call, args Object) (Object, error)
}

// Call is one call of a provider.
type Call struct {
	World *served.World
	// Session is what Configure returned for the provider instance that is called.
	Session any
	// Type is the token of the type or function, Name the logical name of the resource, URN its URN.
	Type, Name, URN string
	// IgnoreChanges are the resource's, in an update.
	IgnoreChanges []string
	// State is what the engine knows of the resource, in a read, an update or a deletion: what the cloud answered last.
	State Object
	// Changed are the top-level properties that differ, in an update: none where the engine only repeats what did not become ready.
	Changed []string
	// Context ends with the call, or when the engine gives the deployment up.
	Context context.Context
	// Timeout is how long the program lets a create, update or delete take; 0 leaves it to the provider. Creating, Reading and Previewing
	// say that the call is a create, a read, or a preview of a create or a change.
	Timeout                       time.Duration
	Creating, Reading, Previewing bool
	// Importing says of a read that the engine knows nothing of the resource yet: it has what there is, ready or not (pulumi-kubernetes
	// v4.25, provider/pkg/await/await.go, Read).
	Importing bool

	strike strike
}

// Lost is the error that a fault lets come after the effect, or nil: a Job has to know of its failure itself, because it is
// what later calls look at.
func (c *Call) Lost() error { return c.strike.lost }

// Interrupted tells whether the deployment ended while the provider waited: what it waits for goes on.
func (c *Call) Interrupted() bool { return c.strike.interrupted }

// assign gives a name to inputs without one, and tells so: the name they had before, or a new one. The bridge keeps a name that the program
// no longer gives (pulumi-terraform-bridge, pkg/tfbridge/info/autonaming.go).
func (a AutoName) assign(c *Call, in, before Object, seed []byte) bool {
	if a.Path == "" || Get(in, a.Path) != nil || a.Unless != "" && Get(in, a.Unless) != nil {
		return false
	}
	name := String(before, a.Path)
	if name == "" || a.MarkedAt != "" && !a.Given(before) {
		name = c.Name + a.Separator + world.Hex(a.Digits, c.Name, seed)
	}
	Set(in, a.Path, name)
	if a.MarkedAt != "" {
		marks := maps.Clone(Map(in, a.MarkedAt))
		if marks == nil {
			marks = Object{}
		}
		marks[a.MarkKey] = "true"
		Set(in, a.MarkedAt, marks)
	}
	return true
}

// Given tells whether the name among the inputs is marked as given here.
func (a AutoName) Given(in Object) bool { return Map(in, a.MarkedAt)[a.MarkKey] == "true" }
