package ecs

import (
	"bifrost/internal/component"
	"bifrost/internal/gateway"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ecsSecrets are the secrets of a task: config.json and one for each secret variable.
type ecsSecrets struct {
	// variables are sorted; arns and references (ARN and version, so that a changed value is a new revision) are in their order.
	variables  []string
	arns       pulumi.StringArrayOutput
	references pulumi.StringArrayOutput
}

func (a *EcsServiceArgs) newSecrets(ctx *pulumi.Context, name string, parent pulumi.Resource) (ecsSecrets, error) {
	values := maps.Clone(a.SecretEnv)
	if values == nil {
		values = map[string]pulumi.StringInput{}
	}
	values[ConfigVariable] = a.Config
	guard, err := component.NewEncryptionKeyGuard(ctx, name, parent, a.SecretEnv[gateway.EncryptionKeyVariable], component.NoEncryptionKey, a.ChangeEncryptionKey)
	if err != nil {
		return ecsSecrets{}, err
	}
	if a.DatabaseCa != "" {
		values[DatabaseCaContentVariable] = pulumi.String(a.DatabaseCa)
	}
	if key, given := values[gateway.EncryptionKeyVariable]; given {
		values[gateway.EncryptionKeyVariable] = guard.After(key)
	}

	variables := slices.Sorted(maps.Keys(values))
	var arns, references pulumi.StringArray
	for _, variable := range variables {
		physical, logical := variable, name+"-secret-"+variable
		switch variable {
		case ConfigVariable:
			physical, logical = configSecret, name+"-config"
		case DatabaseCaContentVariable:
			physical, logical = gateway.DatabaseCaFile, name+"-database-ca"
		}
		secret, err := secretsmanager.NewSecret(ctx, logical, &secretsmanager.SecretArgs{
			Name:                 pulumi.String(cmp.Or(a.SecretPrefix, DefaultEcsSecretPrefix) + physical),
			RecoveryWindowInDays: pulumi.Int(a.secretRecoveryDays()),
			KmsKeyId:             component.OptionalString(a.SecretKmsKeyArn),
		}, pulumi.Parent(parent))
		if err != nil {
			return ecsSecrets{}, fmt.Errorf("%s: secret %s: %w", name, physical, err)
		}
		version, err := secretsmanager.NewSecretVersion(ctx, logical+"-version", &secretsmanager.SecretVersionArgs{
			SecretId:     secret.Arn,
			SecretString: pulumi.ToSecret(values[variable]).(pulumi.StringOutput),
		}, pulumi.Parent(parent))
		if err != nil {
			return ecsSecrets{}, fmt.Errorf("%s: value of secret %s: %w", name, physical, err)
		}
		arns = append(arns, secret.Arn)
		references = append(references, pulumi.Sprintf("%s:::%s", secret.Arn, version.VersionId))
	}
	return ecsSecrets{variables, arns.ToStringArrayOutput(), references.ToStringArrayOutput()}, nil
}
