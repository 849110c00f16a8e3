package ecs

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

const (
	// ConfigVariable carries config.json to the container that writes it; no secret variable may have this name.
	ConfigVariable = "BIFROST_CONFIG"
	// DatabaseCaContentVariable carries the authorities of the databases to that container; no secret variable may have this name.
	DatabaseCaContentVariable = "BIFROST_DATABASE_CA"
	// NetworkCaContentVariable carries the network's authorities to that container; no secret variable may have this name.
	NetworkCaContentVariable = "BIFROST_NETWORK_CA"

	// networkCaDir is the folder of the network's authorities, below the data folder.
	networkCaDir = "network-ca"
)

// writtenFiles are what the first container writes to the data folder, by the secret variables that carry them.
var writtenFiles = map[string]string{
	ConfigVariable: gateway.ConfigFile, DatabaseCaContentVariable: gateway.DatabaseCaFile,
	NetworkCaContentVariable: networkCaDir + "/" + gateway.NetworkCaFile,
}

// writtenNames are the logical names of their secrets.
var writtenNames = map[string]string{
	ConfigVariable: "config", DatabaseCaContentVariable: "database-ca", NetworkCaContentVariable: "network-ca",
}

// ownSecretKey is AWS's own key of Secrets Manager. It is named instead of left out: the provider sends a key only where there is one, so
// that a customer's key would stay when it is taken away (terraform-provider-aws issue 21623).
const ownSecretKey = "alias/aws/secretsmanager"

// maxSecretString is the most of one secret's value (AWS Secrets Manager API, SecretString).
const maxSecretString = 64 << 10

// ecsSecrets are the secrets of a task: config.json and one for each secret variable.
type ecsSecrets struct {
	// variables are sorted.
	variables []string
	// arns are in the order of the variables.
	arns pulumi.StringArrayOutput
	// references are ARN and version, in that order, too: a changed value is a new revision of the task.
	references pulumi.StringArrayOutput
}

// newSecrets makes a secret for each variable. The encryption key is stored once the guard has let it pass.
func (a *EcsServiceArgs) newSecrets(in component.Scope) (ecsSecrets, error) {
	key := a.SecretEnv[gateway.EncryptionKeyVariable]
	elsewhere := cmp.Or(a.SecretRefs[gateway.EncryptionKeyVariable], component.NoEncryptionKey)
	guard, err := component.NewEncryptionKeyGuard(in.Ctx, in.Name, in.Parent, key, elsewhere, a.ChangeEncryptionKey)
	if err != nil {
		return ecsSecrets{}, err
	}
	values := a.secretValues()
	if key != nil {
		values[gateway.EncryptionKeyVariable] = guard.After(key)
	}

	explain, err := in.OnFailedCreate("secret-taken", func(failed *pulumi.ErrorHookArgs) error {
		return a.secretTaken(in, failed)
	})
	if err != nil {
		return ecsSecrets{}, err
	}
	variables := slices.Sorted(maps.Keys(values))
	var arns, references pulumi.StringArray
	for _, variable := range variables {
		arn, reference, err := a.newSecret(in, variable, values[variable], explain)
		if err != nil {
			return ecsSecrets{}, err
		}
		arns, references = append(arns, arn), append(references, reference)
	}
	return ecsSecrets{variables, arns.ToStringArrayOutput(), references.ToStringArrayOutput()}, nil
}

// secretValues are what the secrets hold, by variable.
func (a *EcsServiceArgs) secretValues() map[string]pulumi.StringInput {
	values := map[string]pulumi.StringInput{ConfigVariable: a.Config}
	maps.Copy(values, a.SecretEnv)
	if a.DatabaseCa != "" {
		values[DatabaseCaContentVariable] = pulumi.String(a.DatabaseCa)
	}
	if a.NetworkCa != "" {
		values[NetworkCaContentVariable] = pulumi.String(a.NetworkCa)
	}
	return values
}

// SecretNames are the names in Secrets Manager of all secrets that are made.
func (a *EcsServiceArgs) SecretNames() []string {
	var all []string
	for _, variable := range slices.Sorted(maps.Keys(a.secretValues())) {
		all = append(all, a.secretName(variable))
	}
	return all
}

// secretName is that of the secret of a variable.
func (a *EcsServiceArgs) secretName(variable string) string {
	if file, written := writtenFiles[variable]; written {
		variable = path.Base(file)
	}
	return a.secretPrefix() + variable
}

// secretKey is the key of the secrets.
func (a *EcsServiceArgs) secretKey() string { return cmp.Or(a.SecretKmsKeyArn, ownSecretKey) }

// newSecret makes one secret with its value. Under another name it comes before the former one goes: the running tasks read that one.
func (a *EcsServiceArgs) newSecret(
	in component.Scope, variable string, value pulumi.StringInput, explain pulumi.ResourceOption,
) (arn, reference pulumi.StringOutput, err error) {
	physical, logical := a.secretName(variable), cmp.Or(writtenNames[variable], "secret-"+variable)
	secret, err := secretsmanager.NewSecret(in.Ctx, in.Child(logical), &secretsmanager.SecretArgs{
		Name:                 pulumi.String(physical),
		RecoveryWindowInDays: pulumi.Int(a.secretRecoveryDays()),
		KmsKeyId:             pulumi.String(a.secretKey()),
	}, in.Options(explain, pulumi.DeleteBeforeReplace(false))...)
	if err != nil {
		return arn, reference, fmt.Errorf("%s: secret %s: %w", in.Name, physical, err)
	}
	version, err := secretsmanager.NewSecretVersion(in.Ctx, in.Child(logical+"-version"), &secretsmanager.SecretVersionArgs{
		SecretId:     secret.Arn,
		SecretString: pulumi.ToSecret(value).(pulumi.StringOutput),
		// A version stays under the key that it was put under.
	}, in.Options(pulumi.ReplacementTrigger(pulumi.String(a.secretKey())))...)
	if err != nil {
		return arn, reference, fmt.Errorf("%s: value of secret %s: %w", in.Name, physical, err)
	}
	return secret.Arn, pulumi.Sprintf("%s:::%s", secret.Arn, version.VersionId), nil
}
