package stacks

import (
	"fmt"

	pulumiaws "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/iampolicy"
)

// newAwsProvider guards the account and tags what it makes.
func newAwsProvider(ctx *pulumi.Context, c *Config) (pulumi.ProviderResource, error) {
	provider, err := pulumiaws.NewProvider(ctx, "aws", c.awsProviderArgs())
	if err != nil {
		return nil, fmt.Errorf("aws provider: %w", err)
	}
	return provider, nil
}

func (c *Config) awsProviderArgs() *pulumiaws.ProviderArgs {
	args := &pulumiaws.ProviderArgs{
		Region:            pulumi.String(c.Aws.Region),
		AllowedAccountIds: pulumi.StringArray{pulumi.String(c.Aws.AccountId)},
		DefaultTags:       pulumiaws.ProviderDefaultTagsArgs{Tags: pulumi.ToStringMap(c.tags())},
	}
	if c.Aws.Profile != "" {
		args.Profile = pulumi.String(c.Aws.Profile)
	}
	if c.Aws.AssumeRoleArn != "" {
		args.AssumeRole = pulumiaws.ProviderAssumeRoleArgs{RoleArn: pulumi.String(c.Aws.AssumeRoleArn)}
	}
	return args
}

// RepositoryArn is that of the image's own repository in Amazon ECR.
func (c *Config) RepositoryArn() string {
	r, _ := c.image.Ecr()
	return fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", iampolicy.Partition(r.Region), r.Region, r.AccountId, c.image.Path)
}

// repositoryArns are the image's own repository and the additional ones.
func (c *Config) repositoryArns() []string {
	return append([]string{c.RepositoryArn()}, c.Registry.AdditionalRepositoryArns...)
}

// awsHandoff is what the vendor needs to know of one principal.
func (c *Config) awsHandoff(platform, purpose string, arn, id pulumi.StringInput) pulumi.Map {
	return pulumi.Map{
		"platform": pulumi.String(platform), "purpose": pulumi.String(purpose),
		"accountId": pulumi.String(c.Aws.AccountId), "principalArn": arn, "principalId": id,
		"repositories": pulumi.ToStringArray(c.repositoryArns()),
	}
}

// optionalInput leaves an input out when it is empty.
func optionalInput(s string) pulumi.StringInput {
	if s == "" {
		return nil
	}
	return pulumi.String(s)
}
