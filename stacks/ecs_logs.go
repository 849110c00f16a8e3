package stacks

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// hasLogGroup tells whether the log group exists and has this stack's tags: the stack made it, and kept it if it let it go. One that does
// not exist or cannot be looked up is made; where that fails because it exists, the failure says how to go on.
func (c *Config) hasLogGroup(ctx *pulumi.Context, provider pulumi.ProviderResource) bool {
	found, err := cloudwatch.LookupLogGroup(ctx, &cloudwatch.LookupLogGroupArgs{Name: c.Ecs.LogGroup}, pulumi.Provider(provider))
	if err != nil {
		return false
	}
	return c.owns(found.Tags)
}
