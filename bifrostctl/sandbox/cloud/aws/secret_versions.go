package aws

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// Stages of a version (Secrets Manager user guide, "What's in a Secrets Manager secret?").
const (
	stageCurrent  = "AWSCURRENT"
	stagePrevious = "AWSPREVIOUS"
)

func secretVersion() *double.Type {
	return &double.Type{
		Args:  secretsmanager.SecretVersionArgs{},
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			if (in["secretString"] == nil) == (in["secretBinary"] == nil) {
				fail("secretString", "exactly one of secretString and secretBinary is needed")
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			id := double.String(in, "secretId")
			secret := c.World.Get(pulumitype.AwsSecret, regional(c), id)
			if secret == nil {
				return "", nil, fmt.Errorf("putting Secrets Manager Secret (%s) Version: ResourceNotFoundException: Secrets Manager "+
					"can't find the specified secret", id)
			}
			key := double.String(secret.State, "kmsKeyId")
			if !isSecretsOwnKey(key) && findKey(c, key) == nil {
				return "", nil, fmt.Errorf("putting Secrets Manager Secret (%s) Version: EncryptionFailure: Secrets Manager can't "+
					"encrypt the protected secret text using the provided KMS key %s. Check that the KMS key is available, enabled, and "+
					"not in an invalid state", id, key)
			}
			version := world.GUID("secret version", id, c.World.Next())
			s := state(in, double.Object{"arn": id, "versionId": version})
			double.Default(s, "versionStages", []any{stageCurrent})
			if slices.Contains(double.List(s, "versionStages"), any(stageCurrent)) {
				moveStages(c, id)
			}
			c.World.EncryptedUnder[id+"|"+version] = key
			return id + "|" + version, s, nil
		},
		// A version cannot be deleted: the provider takes its stages away, but for AWSCURRENT, and by its id it stays readable
		// (terraform-provider-aws v5.100, internal/service/secretsmanager/secret_version.go, resourceSecretVersionDelete).
		Delete: func(_ *double.Call, r *world.Resource, _ double.Object) error {
			r.Deleted = true
			return nil
		},
	}
}

// versionsOf are all versions of a secret, also those that no program has any more, but for what was removed by hand.
func versionsOf(c *double.Call, secret string) []*world.Resource {
	var all []*world.Resource
	for _, r := range c.World.Resources {
		removed := r.Deleted && r.Edited
		if r.Type == pulumitype.AwsSecretVersion && r.Scope == regional(c) && r.State["secretId"] == secret && !removed {
			all = append(all, r)
		}
	}
	return all
}

// moveStages makes room for a new current version (Secrets Manager API reference, PutSecretValue).
func moveStages(c *double.Call, secret string) {
	for _, v := range versionsOf(c, secret) {
		stages := []any{}
		if slices.Contains(double.List(v.State, "versionStages"), any(stageCurrent)) {
			stages = append(stages, stagePrevious)
		}
		v.State["versionStages"] = stages
	}
}

// forgetVersions takes away the versions of a secret that goes without a recovery window.
func forgetVersions(c *double.Call, secret string) {
	for _, v := range versionsOf(c, secret) {
		delete(c.World.EncryptedUnder, v.ID)
		c.World.Remove(v)
	}
}

// versionOf is the version of a secret with which a container's reference is answered, or nil.
func versionOf(c *double.Call, reference secretReference) *world.Resource {
	if stateOf(c, pulumitype.AwsSecret, reference.secret) == nil {
		return nil
	}
	for _, v := range versionsOf(c, reference.secret) {
		staged := slices.Contains(double.List(v.State, "versionStages"), any(cmp.Or(reference.stage, stageCurrent)))
		if v.State["versionId"] == reference.version || reference.version == "" && staged {
			return v
		}
	}
	return nil
}
