package real

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"bifrost/bifrostctl/verify/service"
)

type awsSecrets struct {
	secrets    *secretsmanager.Client
	parameters *ssm.Client
	keys       *kms.Client
}

// Secret implements service.Secrets.
func (s awsSecrets) Secret(ctx context.Context, region, arn string) (*service.Secret, error) {
	answer, err := s.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &arn},
		func(o *secretsmanager.Options) { o.Region = region })
	if err != nil {
		return nil, notFound("secret "+arn, err, new(*secretstypes.ResourceNotFoundException))
	}
	secret := &service.Secret{KmsKey: aws.ToString(answer.KmsKeyId), Deleted: aws.ToTime(answer.DeletedDate), Versions: map[string]string{}}
	for version, stages := range answer.VersionIdsToStages {
		for _, stage := range stages {
			secret.Versions[stage] = version
		}
	}
	return secret, nil
}

// Fields implements service.Secrets.
func (s awsSecrets) Fields(ctx context.Context, region, arn, version string) ([]string, error) {
	answer, err := s.secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn, VersionId: &version},
		func(o *secretsmanager.Options) { o.Region = region })
	if err != nil {
		return nil, notFound("version "+version+" of secret "+arn, err, new(*secretstypes.ResourceNotFoundException))
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(aws.ToString(answer.SecretString)), &fields) != nil {
		return nil, nil
	}
	return slices.Sorted(maps.Keys(fields)), nil
}

// Parameter implements service.Secrets. What a parameter is encrypted with is told in the list alone (Systems Manager API reference,
// DescribeParameters, ParameterMetadata).
func (s awsSecrets) Parameter(ctx context.Context, region, arn string) (*service.Secret, error) {
	_, name, _ := strings.Cut(arn, ":parameter")
	// A parameter without a path has no slash before its name.
	names := []string{name, strings.TrimPrefix(name, "/")}
	answer, err := s.parameters.DescribeParameters(ctx, &ssm.DescribeParametersInput{ParameterFilters: []ssmtypes.ParameterStringFilter{
		{Key: aws.String("Name"), Option: aws.String("Equals"), Values: names},
	}}, func(o *ssm.Options) { o.Region = region })
	if err != nil {
		return nil, err
	}
	for _, found := range answer.Parameters {
		if slices.Contains(names, aws.ToString(found.Name)) {
			return &service.Secret{KmsKey: aws.ToString(found.KeyId)}, nil
		}
	}
	return nil, fmt.Errorf("parameter %s: %w", arn, service.ErrNotFound)
}

// Key implements service.Secrets.
func (s awsSecrets) Key(ctx context.Context, region, key string) (*service.Key, error) {
	there := func(o *kms.Options) { o.Region = region }
	answer, err := s.keys.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key}, there)
	if err != nil {
		return nil, notFound("KMS key "+key, err, new(*kmstypes.NotFoundException))
	}
	found := answer.KeyMetadata
	policy, err := s.keys.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: found.KeyId}, there)
	if err != nil {
		return nil, err
	}
	return &service.Key{ARN: aws.ToString(found.Arn), State: string(found.KeyState), Policy: aws.ToString(policy.Policy)}, nil
}
