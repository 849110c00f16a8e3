package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	services "bifrost/bifrostctl/sandbox/cloud/services/aws"
	"bifrost/bifrostctl/world"
)

// retentions are the numbers of days for which CloudWatch keeps logs; 0 is for ever (CloudWatch Logs API reference,
// PutRetentionPolicy).
var retentions = []any{0.0, 1.0, 3.0, 5.0, 7.0, 14.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0, 365.0, 400.0, 545.0, 731.0, 1096.0, 1827.0,
	2192.0, 2557.0, 2922.0, 3288.0, 3653.0}

// logGroupPattern is that of names (CloudWatch Logs API reference, CreateLogGroup).
var logGroupPattern = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]{1,512}$`)

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
			if in["skipDestroy"] == true {
				fail("skipDestroy", "the sandbox does not model it: keep a log group with the option retainOnDelete")
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
			double.Default(s, "skipDestroy", false)
			return name, s, nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			s := double.Overlay(r.State, r.Inputs, in)
			double.Default(s, "retentionInDays", 0.0)
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

// getLogGroup: terraform-provider-aws v5.100, internal/service/logs/group_data_source.go.
func getLogGroup(c *double.Call, args double.Object) (double.Object, error) {
	if err := onlyThese(args, "name"); err != nil {
		return nil, err
	}
	name := double.String(args, "name")
	group := c.World.Get(pulumitype.AwsLogGroup, regional(c), name)
	if group == nil {
		return nil, fmt.Errorf("reading CloudWatch Logs Log Group (%s): couldn't find resource", name)
	}
	answer := double.Object{"id": name, "creationTime": 0.0, "kmsKeyId": double.String(group.State, "kmsKeyId"),
		"tags": double.Map(group.State, "tagsAll")}
	for _, key := range []string{"arn", "logGroupClass", "name", "retentionInDays"} {
		answer[key] = group.State[key]
	}
	return answer, nil
}
