package ecs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/judge/iam"
	"bifrost/bifrostctl/world"
)

// otherKey is a second KMS key of the account.
var otherKey = strings.Replace(ecsKey, "00000000000a", "00000000000c", 1)

// keyChanges are the ways in which the KMS key of the secrets comes, goes and changes. "" is none.
var keyChanges = map[string][2]string{
	"taken away": {ecsKey, ""},
	"changed":    {ecsKey, otherKey},
	"given":      {"", ecsKey},
}

// underKey is the setting of a key.
func underKey(key string) string {
	if key == "" {
		return "ecs.secretKmsKeyArn=null"
	}
	return "ecs.secretKmsKeyArn=" + key
}

// withKeys is a stack in whose account both keys are.
func withKeys(t *testing.T) *stacktest.Stack {
	t.Helper()
	s := stacktest.New(t, "aws-dev")
	s.World.SeedKey(world.Network{Account: "111122223333", Region: "us-east-1"}, otherKey)
	return s
}

// TestECSSecretKey: whatever becomes of the secrets' key, the next task starts, the values lie under the key that is configured, and the
// plan afterwards is empty.
func TestECSSecretKey(t *testing.T) {
	t.Parallel()
	for name, keys := range keyChanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withKeys(t).Set(stacktest.OnlyECS, underKey(keys[0]))
			s.Engine.MustUp()
			s.Set(stacktest.OnlyECS, underKey(keys[1]))
			s.Engine.MustUp()
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
			require.NoError(t, s.Engine.Refresh().Err)
			stacktest.OnlySame(t, s.Engine.MustUp(), "what is read is what was asked for")

			// More tasks of the revision that runs.
			s.Set(stacktest.OnlyECS, underKey(keys[1]), "ecs.desiredCount=3")
			s.Engine.MustUp()
			current := s.World.List(pulumitype.AwsSecretVersion, "111122223333/us-east-1")
			require.NotEmpty(t, current)
			for _, version := range current {
				require.Equal(t, keys[1], strings.TrimPrefix(s.World.EncryptedUnder[version.ID], "alias/aws/secretsmanager"), version.ID)
			}
			requireReadable(t, s)
		})
	}
}

// TestECSSecretKeyRolledBack: a deployment that fails at the change of the key leaves the old revision, whose tasks still start.
func TestECSSecretKeyRolledBack(t *testing.T) {
	t.Parallel()
	for name, keys := range keyChanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := withKeys(t).Set(stacktest.OnlyECS, underKey(keys[0]))
			s.Engine.MustUp()
			edits.With(pulumitype.AwsEcrRepository, "", "tags=[2.1.0]")(t, s.World)
			const missing = "registry.image=444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1"
			s.Set(stacktest.OnlyECS, underKey(keys[1]), missing)
			failed := s.Engine.Up()
			require.Error(t, failed.Err)
			require.Contains(t, failed.Messages(), "was rolled back")
			require.Contains(t, edits.The(t, s.World, edits.ServiceType, "")[0].State["taskDefinition"], "task-definition/bifrost:1")
			requireReadable(t, s)
			s.Set(stacktest.OnlyECS, underKey(keys[1]))
			s.Engine.MustUp()
			stacktest.OnlySame(t, s.Engine.MustUp(), "it is mended")
		})
	}
}

// requireReadable requires that the execution role may read each version of the secrets, the previous ones, too, and no other secret.
func requireReadable(t *testing.T, s *stacktest.Stack) {
	t.Helper()
	rights, _ := edits.The(t, s.World, edits.RolePolicyType, "bifrost-logs-and-secrets-")[0].State["policy"].(string)
	for id, key := range s.World.EncryptedUnder {
		if !strings.HasPrefix(key, "arn:") {
			continue
		}
		secret, version, _ := strings.Cut(id, "|")
		may := func(secret, service string) bool {
			d, err := iam.Evaluate(rights, iam.Request{Action: "kms:Decrypt", Resource: key, Context: map[string]string{
				"kms:ViaService": service, "kms:EncryptionContext:SecretARN": secret, "kms:EncryptionContext:SecretVersionId": version,
			}})
			require.NoError(t, err)
			return d.Allowed
		}
		require.True(t, may(secret, "secretsmanager.us-east-1.amazonaws.com"), id)
		other := strings.Replace(secret, "secret:bifrost/", "secret:other/", 1)
		require.False(t, may(other, "secretsmanager.us-east-1.amazonaws.com"), "the key serves another secret")
		require.False(t, may(secret, "s3.us-east-1.amazonaws.com"), "the key serves another service")
	}
}

// TestECSSecretTakenAwayRolledBack: a deployment that fails when a secret goes, or gets another name, leaves the old revision, whose tasks
// still read the former secrets.
func TestECSSecretTakenAwayRolledBack(t *testing.T) {
	t.Parallel()
	const variable = "secrets.env.PROVIDER_KEY=" + stacktest.Secret + "provider"
	for name, settings := range map[string][]string{
		"taken away":    nil,
		"under another": {variable, "ecs.secretPrefix=other/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyECS, variable)
			s.Engine.MustUp()
			edits.With(pulumitype.AwsEcrRepository, "", "tags=[2.1.0]")(t, s.World)
			s.Set(append(settings, stacktest.OnlyECS, "registry.image=444455556666.dkr.ecr.us-east-1.amazonaws.com/acme-hub:2.1.1")...)
			failed := s.Engine.Up()
			require.Error(t, failed.Err)
			require.Contains(t, failed.Messages(), "was rolled back")
			var rights []string
			for _, policy := range edits.The(t, s.World, edits.RolePolicyType, "-logs-and-secrets") {
				text, _ := policy.State["policy"].(string)
				rights = append(rights, text)
			}
			require.Contains(t, strings.Join(rights, ""), "secret:bifrost/PROVIDER_KEY-")

			s.Set(append(settings, stacktest.OnlyECS)...)
			s.Engine.MustUp()
			s.RequireWhole(t)
			require.Len(t, edits.The(t, s.World, edits.RolePolicyType, "-logs-and-secrets"), 1, "and no longer")
		})
	}
}
