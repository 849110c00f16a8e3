package real

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// quiet keeps the SDK from writing its warnings, such as one of a response without a checksum, between the answers on the terminal. What
// fails is an error all the same.
var quiet = config.WithLogger(logging.Nop{})

// awsConfig signs in as the stack's provider does: the default chain, or a profile, then a role.
func awsConfig(ctx context.Context, c *stacks.Aws) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{quiet, config.WithRegion(c.Region)}
	if c.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(c.Profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return loaded, fmt.Errorf("credentials of AWS: %w", err)
	}
	if c.AssumeRoleArn != "" {
		loaded.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(loaded), c.AssumeRoleArn))
	}
	return loaded, nil
}

// notFound makes an SDK's error one that wraps service.ErrNotFound, where it is of one of the given kinds.
func notFound(what string, err error, kinds ...any) error {
	for _, kind := range kinds {
		if errors.As(err, kind) {
			return fmt.Errorf("%s: %w", what, service.ErrNotFound)
		}
	}
	return err
}

type awsSTS struct{ client *sts.Client }

// Caller implements service.STS.
func (s awsSTS) Caller(ctx context.Context) (account, arn string, err error) {
	answer, err := s.client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", "", err
	}
	return aws.ToString(answer.Account), aws.ToString(answer.Arn), nil
}

type awsIAM struct{ client *iam.Client }

// Role implements service.IAM. Documents come URL-encoded (IAM API reference, GetRole).
func (i awsIAM) Role(ctx context.Context, name string) (*service.Role, error) {
	answer, err := i.client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return nil, notFound("role "+name, err, new(*iamtypes.NoSuchEntityException))
	}
	role := &service.Role{ARN: aws.ToString(answer.Role.Arn), ID: aws.ToString(answer.Role.RoleId)}
	if role.Trust, err = document(answer.Role.AssumeRolePolicyDocument); err != nil {
		return nil, err
	}
	attached := iam.NewListAttachedRolePoliciesPaginator(i.client, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	for attached.HasMorePages() {
		page, err := attached.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.AttachedPolicies {
			text, err := i.policy(ctx, p.PolicyArn)
			if err != nil {
				return nil, err
			}
			role.Policies = append(role.Policies, text)
		}
	}
	inline := iam.NewListRolePoliciesPaginator(i.client, &iam.ListRolePoliciesInput{RoleName: &name})
	for inline.HasMorePages() {
		page, err := inline.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, policy := range page.PolicyNames {
			answer, err := i.client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy})
			if err != nil {
				return nil, err
			}
			text, err := document(answer.PolicyDocument)
			if err != nil {
				return nil, err
			}
			role.Policies = append(role.Policies, text)
		}
	}
	return role, nil
}

// policy is the document of a managed policy's default version.
func (i awsIAM) policy(ctx context.Context, arn *string) (string, error) {
	found, err := i.client.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: arn})
	if err != nil {
		return "", err
	}
	version, err := i.client.GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: found.Policy.DefaultVersionId})
	if err != nil {
		return "", err
	}
	return document(version.PolicyVersion.Document)
}

func document(encoded *string) (string, error) {
	text, err := url.QueryUnescape(aws.ToString(encoded))
	if err != nil {
		return "", fmt.Errorf("decode a policy document: %w", err)
	}
	return text, nil
}

// OIDCProvider implements service.IAM.
func (i awsIAM) OIDCProvider(ctx context.Context, arn string) (*service.OIDCProvider, error) {
	answer, err := i.client.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &arn})
	if err != nil {
		return nil, notFound(arn, err, new(*iamtypes.NoSuchEntityException))
	}
	return &service.OIDCProvider{ClientIDs: answer.ClientIDList}, nil
}
