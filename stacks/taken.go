package stacks

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
)

// namedThing is what this stack makes under a name that an account, a cluster or a resource group has once. What else is made has a name
// that the provider makes up, or one below such a thing. The objects on Kubernetes are not among them: its provider has no look-up that
// may find nothing, and a create of what exists is refused by the API server.
type namedThing struct {
	// key gives the name, and kind is for people.
	key, kind, name string
	tags            tagsOfName
	// within has the name once, with a slash behind it: a cluster, a resource group; empty for the account.
	within string
	// own says how the cloud shows that it is this stack's, where it has no tags; empty where the tags do.
	own string
	// full says that it is made in rollout full alone.
	full bool
	// resource is the name of what makes it, by which it may be adopted; empty where nothing adopts it.
	resource string
}

// tagsOfName finds the tags of what has the name; an error where nothing has it, or where it cannot be seen.
type tagsOfName func(ctx *pulumi.Context, c *Config, name string, on pulumi.InvokeOption) (map[string]string, error)

// id is how the thing is remembered: it is looked up once, when it is new to the stack.
func (t namedThing) id() string { return t.kind + " " + t.within + t.name }

// namedThings are all that the stack makes in this rollout.
func (c *Config) namedThings() []namedThing {
	all := c.namedIdentities()
	if c.Ecs != nil && c.Rollout == RolloutFull {
		all = append(all, c.namedOnEcs()...)
	}
	return slices.DeleteFunc(all, func(t namedThing) bool { return t.full && c.Rollout != RolloutFull })
}

// namedIdentities are the roles, policies, managed identities and service accounts that the stack makes, in whichever rollout.
func (c *Config) namedIdentities() []namedThing {
	var all []namedThing
	for _, place := range identitiesAt {
		if place.at.used(c) {
			all = append(all, place.of(c)...)
		}
	}
	return all
}

// identitiesAt are those of each place that has some: of two that have one name, the second is refused.
var identitiesAt = []struct {
	at target
	of func(*Config) []namedThing
}{
	{onEcs, (*Config).identitiesOnEcs}, {onEks, (*Config).identitiesOnEks}, {onAks, (*Config).identitiesOnAks},
	{onGke, (*Config).identitiesOnGke},
}

// refuseTaken refuses what is new to this stack and stands there already: to make it fails half way, and a second stack would take a log
// group over. What has this stack's tags is its own. What may not be looked up is told as a warning, once a key.
func (c *Config) refuseTaken(ctx *pulumi.Context, provider pulumi.ProviderResource, ids []string) error {
	var all []error
	unseen, why := map[string][]string{}, map[string]error{}
	for _, thing := range c.namedThings() {
		if !slices.Contains(ids, thing.id()) {
			continue
		}
		tags, err := thing.tags(ctx, c, thing.within+thing.name, pulumi.Provider(provider))
		switch {
		case err != nil && denied(err):
			unseen[thing.key], why[thing.key] = append(unseen[thing.key], thing.id()), err
		case err == nil && c.adopts(thing.resource) && tags[stackTag] == "":
			// It was made by hand: no tag says that it is another stack's.
		case err == nil && !c.owns(tags):
			all = append(all, c.takenByOthers(thing, tags[stackTag]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(unseen)) {
		all = append(all, ctx.Log.Warn(fmt.Sprintf("%s: it could not be looked up whether somebody else has the %s: %v", key,
			strings.Join(unseen[key], ", the "), why[key]), nil))
	}
	return errors.Join(all...)
}

// refuseHalfRenamed refuses secrets that the stack has still, though it has others of another prefix since: an up that was to rename them
// failed before it took the former ones away, and this one is to give those their name back. Nothing can be made under it, and nothing
// taken in, since the state has the others in their place.
func (c *Config) refuseHalfRenamed(
	ctx *pulumi.Context, provider pulumi.ProviderResource, fresh []string, before resource.PropertyMap,
) error {
	if c.Ecs == nil {
		return nil
	}
	const key = "ecs.secretPrefix"
	prefix, known := component.KnownText(before[key])
	if !known || prefix == c.Ecs.SecretPrefix {
		return nil
	}
	for _, name := range c.ecsSecretNames() {
		if !slices.Contains(fresh, namedThing{kind: "secret", name: name}.id()) {
			continue
		}
		if tags, err := tagsOfSecret(ctx, c, name, pulumi.Provider(provider)); err == nil && c.owns(tags) {
			return fmt.Errorf("%s: the secret %s of this stack is there still: the up that was to take it to %[3]s did not end, and its "+
				"end deletes it. Write %[3]s once more, or a prefix that the stack has not had, and run `pulumi up`", key, name, prefix)
		}
	}
	return nil
}

// owns tells whether tags are those that this stack gives.
func (c *Config) owns(tags map[string]string) bool {
	own := c.tags()
	return tags[managedByTag] == own[managedByTag] && tags[stackTag] == own[stackTag]
}

func (c *Config) takenByOthers(thing namedThing, stack string) error {
	whose := "no tag says of which stack it is"
	if stack != "" {
		whose = "its tag " + stackTag + " says that it is of stack " + stack
	}
	own := c.tags()
	adopt := ""
	if thing.resource != "" {
		adopt = fmt.Sprintf(", or take it in with `bifrostctl adopt %s`", c.stack)
	}
	mend := fmt.Sprintf("give it the tags %s=%s and %s=%s", managedByTag, own[managedByTag], stackTag, own[stackTag])
	if thing.own != "" {
		whose, mend = "nothing shows that it is of this stack", thing.own
	}
	return fmt.Errorf("%s: the %s exists, and %s: choose another name here, or one %s:namePrefix for all names of this stack; where it "+
		"is this stack's, %s%s", thing.key, thing.id(), whose, Project, mend, adopt)
}
