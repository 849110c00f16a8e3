package aws

import (
	"fmt"
	"regexp"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// secretPattern is that of names (Secrets Manager API reference, CreateSecret).
var secretPattern = regexp.MustCompile(`^[0-9A-Za-z/_+=.@-]{1,512}$`)

// secretRetries is how long the provider asks again for a secret whose name is scheduled for deletion (terraform-provider-aws v5.100,
// internal/service/secretsmanager/secret.go, resourceSecretCreate, and consts.go).
const secretRetries = 2 * time.Minute

func secret() *double.Type {
	return taggable(&double.Type{
		Args:  secretsmanager.SecretArgs{},
		Name:  named("name"),
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkTexts(pulumitype.AwsSecret, in, fail)
			if name := double.String(in, "name"); name != "" && !secretPattern.MatchString(name) {
				fail("name", "%q must be at most 512 of the characters a-z, A-Z, 0-9 and /_+=.@-", name)
			}
			if days, ok := in["recoveryWindowInDays"].(float64); ok && days != 0 && (days < 7 || days > 30) {
				fail("recoveryWindowInDays", "expected 0 or a number of days from 7 to 30, got %v", days)
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name := prefixed(c, in)
			if err := secretNameFree(c, name); err != nil {
				return "", nil, fmt.Errorf("creating Secrets Manager Secret (%s): %w", name, err)
			}
			id := sessionOf(c).arn("secretsmanager", "secret:"+name+"-"+world.Hex(6, name, c.World.Next()))
			s := state(in, double.Object{"arn": id, "name": name})
			double.Default(s, "policy", "")
			double.Default(s, "replicas", []any{})
			double.Default(s, "recoveryWindowInDays", 30.0)
			double.Default(s, "forceOverwriteReplicaSecret", false)
			return id, s, nil
		},
		Update: updateSecret,
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			days, _ := r.State["recoveryWindowInDays"].(float64)
			if days == 0 {
				forgetVersions(c, r.ID)
				return nil
			}
			r.Deleted = true
			r.State["deletedDate"] = c.World.Now().AddDate(0, 0, int(days)).UTC().Format(time.RFC3339)
			return nil
		},
	})
}

// secretNameFree refuses a name that another secret has, or had until its recovery window ends.
func secretNameFree(c *double.Call, name string) error {
	for _, r := range c.World.Resources {
		switch {
		case r.Type != pulumitype.AwsSecret || r.Scope != regional(c) || r.State["name"] != name:
		case !r.Deleted:
			return fmt.Errorf("ResourceExistsException: The operation failed because the secret %s already exists", name)
		case !recoveryEnded(r, c.World.Now().Add(secretRetries)):
			return fmt.Errorf("InvalidRequestException: You can't create this secret because a secret with this name is already " +
				"scheduled for deletion")
		}
	}
	return nil
}

// recoveryEnded tells whether a deleted secret's name is free at a time.
func recoveryEnded(r *world.Resource, at time.Time) bool {
	end, err := time.Parse(time.RFC3339, double.String(r.State, "deletedDate"))
	return err == nil && at.After(end)
}

// updateSecret leaves the key where it is when none is given any more: the provider sends one only when there is one
// (terraform-provider-aws v5.100, internal/service/secretsmanager/secret.go, resourceSecretUpdate; issue 21623). So the state has a key
// that the inputs lack, at each preview anew. AWS's own key by its alias is a key like any other: Secrets Manager answers it as it was
// given.
func updateSecret(_ *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
	s := double.Overlay(r.State, r.Inputs, in)
	if kept := r.State["kmsKeyId"]; kept != nil {
		double.Default(s, "kmsKeyId", kept)
	}
	return s, nil
}
