package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	services "bifrost/bifrostctl/sandbox/cloud/services/aws"
	"bifrost/bifrostctl/world"
)

// retentions are the numbers of days for which CloudWatch keeps logs; 0 is for ever (CloudWatch Logs API reference,
// PutRetentionPolicy).
var retentions = []any{0.0, 1.0, 3.0, 5.0, 7.0, 14.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0, 365.0, 400.0, 545.0, 731.0, 1096.0, 1827.0,
	2192.0, 2557.0, 2922.0, 3288.0, 3653.0}

// Names (CloudWatch Logs API reference, CreateLogGroup; Secrets Manager API reference, CreateSecret).
var (
	logGroupPattern = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)
	secretPattern   = regexp.MustCompile(`^[0-9A-Za-z/_+=.@-]{1,512}$`)
)

func logGroup() *double.Type {
	return taggable(&double.Type{
		Args:  cloudwatch.LogGroupArgs{},
		Name:  named("name"),
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			if name := double.String(in, "name"); name != "" && !logGroupPattern.MatchString(name) {
				fail("name", "%q must be at most 512 of the characters a-z, A-Z, 0-9, '_', '-', '/', '.' and '#'", name)
			}
			if strings.HasPrefix(double.String(in, "name"), "aws/") {
				fail("name", "log group names can't start with the string aws/") // CloudWatch Logs API reference, CreateLogGroup
			}
			if key := double.String(in, "kmsKeyId"); key != "" && !arn.IsARN(key) {
				fail("kmsKeyId", "%q is an invalid ARN", key)
			}
			if days, ok := in["retentionInDays"].(float64); ok && !slices.Contains(retentions, any(days)) {
				fail("retentionInDays", "expected one of %v, got %v", retentions, days)
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name := prefixed(c, in)
			if c.World.Get(pulumitype.AwsLogGroup, regional(c), name) != nil {
				return "", nil, fmt.Errorf("creating CloudWatch Logs Log Group (%s): ResourceAlreadyExistsException: The specified log "+
					"group already exists", name)
			}
			s := state(in, double.Object{"arn": sessionOf(c).arn("logs", "log-group:"+name), "name": name})
			if err := checkLogKey(c, s); err != nil {
				return "", nil, fmt.Errorf("creating CloudWatch Logs Log Group (%s): %w", name, err)
			}
			double.Default(s, "logGroupClass", "STANDARD")
			double.Default(s, "retentionInDays", 0.0)
			return name, s, nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			s := double.Overlay(r.State, r.Inputs, in)
			if err := checkLogKey(c, s); err != nil {
				return nil, fmt.Errorf("associating CloudWatch Logs Log Group (%s) KMS key: %w", r.ID, err)
			}
			return s, nil
		},
	})
}

// checkLogKey: the key's policy must let CloudWatch Logs encrypt with it (CloudWatch Logs user guide, "Encrypt log data").
func checkLogKey(c *double.Call, group double.Object) error {
	given := double.String(group, "kmsKeyId")
	if given == "" {
		return nil
	}
	s := sessionOf(c)
	key := findKey(c, given)
	if key == nil || !services.ServiceMayUseKey(key, "logs."+s.region+"."+world.DNSSuffix(s.partition), "kms:GenerateDataKey") {
		return fmt.Errorf("AccessDeniedException: The specified KMS key does not exist or is not allowed to be used with Arn '%s'",
			double.String(group, "arn"))
	}
	return nil
}

// findKey returns an enabled KMS key of the region by its ARN or id, or nil.
func findKey(c *double.Call, given string) *world.Resource {
	for _, key := range c.World.List(pulumitype.AwsKey, regional(c)) {
		if key.State["isEnabled"] == true && (key.ID == given || strings.HasSuffix(key.ID, ":key/"+given)) {
			return key
		}
	}
	return nil
}

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
			for _, r := range c.World.Resources {
				if r.Type != pulumitype.AwsSecret || r.Scope != regional(c) || r.State["name"] != name {
					continue
				}
				if r.Deleted && recoveryEnded(r) {
					continue
				}
				if r.Deleted {
					return "", nil, fmt.Errorf("creating Secrets Manager Secret (%s): InvalidRequestException: You can't create this "+
						"secret because a secret with this name is already scheduled for deletion", name)
				}
				return "", nil, fmt.Errorf("creating Secrets Manager Secret (%s): ResourceExistsException: The operation failed because "+
					"the secret %s already exists", name, name)
			}
			id := sessionOf(c).arn("secretsmanager", "secret:"+name+"-"+world.Hex(6, name, c.World.Next()))
			s := state(in, double.Object{"arn": id, "name": name})
			double.Default(s, "policy", "")
			double.Default(s, "replicas", []any{})
			double.Default(s, "recoveryWindowInDays", 30.0)
			double.Default(s, "forceOverwriteReplicaSecret", false)
			return id, s, nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			for _, v := range c.World.List(pulumitype.AwsSecretVersion, regional(c)) {
				if v.State["secretId"] == r.ID {
					c.World.Remove(v)
				}
			}
			days, _ := r.State["recoveryWindowInDays"].(float64)
			r.Deleted = days > 0
			r.State["deletedDate"] = time.Now().AddDate(0, 0, int(days)).UTC().Format(time.RFC3339)
			return nil
		},
	})
}

// recoveryEnded tells whether a deleted secret's name is free again.
func recoveryEnded(r *world.Resource) bool {
	end, err := time.Parse(time.RFC3339, double.String(r.State, "deletedDate"))
	return err == nil && time.Now().After(end)
}

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
			if key := double.String(secret.State, "kmsKeyId"); key != "" && findKey(c, key) == nil {
				return "", nil, fmt.Errorf("putting Secrets Manager Secret (%s) Version: EncryptionFailure: Secrets Manager can't "+
					"encrypt the protected secret text using the provided KMS key %s. Check that the KMS key is available, enabled, and "+
					"not in an invalid state", id, key)
			}
			version := world.GUID("secret version", id, c.World.Next())
			s := state(in, double.Object{"arn": id, "versionId": version})
			double.Default(s, "versionStages", []any{"AWSCURRENT"})
			return id + "|" + version, s, nil
		},
	}
}
