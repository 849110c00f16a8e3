package stacks

import (
	"errors"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/iampolicy"
)

// What has a name that this stack is to give, as far as a look-up tells before anything is made. What else an account has once, a policy, a
// secret or an alarm, has names beside these by default.

// takenName looks for what has a name at the cloud: its kind for people, and its tags.
type takenName struct {
	kind string
	// full says that rollout identity makes no such thing.
	full bool
	tags tagsOfName
}

type tagsOfName func(ctx *pulumi.Context, c *Config, name string, on pulumi.InvokeOption) (map[string]string, error)

var takenRole = takenName{"role", false, tagsOfRole}

func tagsOfRole(ctx *pulumi.Context, _ *Config, name string, on pulumi.InvokeOption) (map[string]string, error) {
	found, err := iam.LookupRole(ctx, &iam.LookupRoleArgs{Name: name}, on)
	if err != nil {
		return nil, err
	}
	return found.Tags, nil
}

func tagsOfLogGroup(ctx *pulumi.Context, _ *Config, name string, on pulumi.InvokeOption) (map[string]string, error) {
	found, err := cloudwatch.LookupLogGroup(ctx, &cloudwatch.LookupLogGroupArgs{Name: name}, on)
	if err != nil {
		return nil, err
	}
	return found.Tags, nil
}

func tagsOfService(ctx *pulumi.Context, c *Config, name string, on pulumi.InvokeOption) (map[string]string, error) {
	region := c.Aws.Region
	cluster := fmt.Sprintf("arn:%s:ecs:%s:%s:cluster/%s", iampolicy.Partition(region), region, c.Aws.AccountId, c.Ecs.ClusterName)
	found, err := ecs.LookupService(ctx, &ecs.LookupServiceArgs{ClusterArn: cluster, ServiceName: name}, on)
	if err != nil {
		return nil, err
	}
	return found.Tags, nil
}

// takenNames are the names of an account, or of a cluster in it, by their keys.
var takenNames = map[string]takenName{
	"eks.roleName": takenRole, "eks.gatewayRoleName": takenRole, "ecs.roleName": takenRole,
	"ecs.taskRoleName": {"role", true, tagsOfRole},
	"ecs.logGroup":     {"log group", true, tagsOfLogGroup},
	"ecs.name":         {"service", true, tagsOfService},
}

// refuseTaken refuses names that are new to this stack and that somebody else's things have: to make a role fails half way, and a second
// stack would take a log group over. What has this stack's tags is its own. What may not be looked up is told as a warning.
func (c *Config) refuseTaken(ctx *pulumi.Context, provider pulumi.ProviderResource, keys []string) error {
	var all []error
	given := c.givenNames()
	for _, key := range keys {
		taken, known := takenNames[key]
		if !known || taken.full && c.Rollout == RolloutIdentity {
			continue
		}
		i := slices.IndexFunc(given, func(g givenName) bool { return g.key == key })
		name := given[i].name
		tags, err := taken.tags(ctx, c, name, pulumi.Provider(provider))
		switch {
		case err != nil && denied(err):
			all = append(all, ctx.Log.Warn(fmt.Sprintf("%s: it could not be looked up whether somebody else has the %s %s: %v", key,
				taken.kind, name, err), nil))
		case err == nil && !c.owns(tags):
			all = append(all, c.takenByOthers(key, taken.kind, name, tags[stackTag]))
		}
	}
	return errors.Join(all...)
}

// owns tells whether tags are those that this stack gives.
func (c *Config) owns(tags map[string]string) bool {
	own := c.tags()
	return tags[managedByTag] == own[managedByTag] && tags[stackTag] == own[stackTag]
}

func (c *Config) takenByOthers(key, kind, name, stack string) error {
	whose := "no tag says of which stack it is"
	if stack != "" {
		whose = "its tag " + stackTag + " says that it is of stack " + stack
	}
	own := c.tags()
	return fmt.Errorf("%s: the %s %s exists, and %s: choose another name here, or one %s:namePrefix for all names of this stack; where it "+
		"is this stack's, give it the tags %s=%s and %s=%s",
		key, kind, name, whose, Project, managedByTag, own[managedByTag], stackTag, own[stackTag])
}
