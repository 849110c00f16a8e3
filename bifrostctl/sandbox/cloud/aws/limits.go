package aws

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
)

// policiesPerRole is how many managed policies a role may have (IAM user guide, "IAM and STS quotas": the default, which can
// be raised to 20).
const policiesPerRole = 10

// textRule limits a text of a type: at most so many characters, all of them of the pattern, which may be nil.
type textRule struct {
	property string
	limit    int
	pattern  *regexp.Regexp
}

// The rules for texts, by type.
var textRules = map[string][]textRule{
	// IAM API reference, CreatePolicy; path of all its types.
	pulumitype.AwsPolicy: {{"description", 1000, nil}, {"path", 512, nil}},
	// IAM API reference, CreateRole.
	pulumitype.AwsRole: {{"description", 1000, regexp.MustCompile(`^[\x{09}\x{0A}\x{0D}\x{20}-\x{7E}\x{A1}-\x{FF}]*$`)},
		{"path", 512, nil}},
	// Secrets Manager API reference, CreateSecret.
	pulumitype.AwsSecret: {{"description", 2048, nil}},
	// ECS API reference, RegisterTaskDefinition and CreateService.
	pulumitype.AwsTaskDefinition: {{"family", 255, regexp.MustCompile(`^[A-Za-z0-9_-]+$`)}},
	pulumitype.AwsEcsService:     {{"name", 255, regexp.MustCompile(`^[A-Za-z0-9_-]+$`)}},
	// EC2 API reference, CreateSecurityGroup and SecurityGroupRule.
	pulumitype.AwsSecurityGroup: {{"name", 255, groupCharacters}, {"description", 255, groupCharacters}},
	pulumitype.AwsIngressRule:   {{"description", 255, groupCharacters}},
	pulumitype.AwsEgressRule:    {{"description", 255, groupCharacters}},
	// Application Auto Scaling API reference, PutScalingPolicy.
	pulumitype.AwsScalingPolicy: {{"name", 256, nil}},
	// Cloud Map API reference, CreatePrivateDnsNamespace and CreateService.
	pulumitype.AwsPrivateDnsNamespace: {{"description", 1024, nil}},
	pulumitype.AwsDiscoveryService:    {{"description", 1024, nil}},
	// CloudWatch API reference, PutMetricAlarm.
	pulumitype.AwsMetricAlarm: {{"name", 255, nil}, {"alarmDescription", 1024, nil}},
}

// groupCharacters are those of a security group's name and descriptions.
var groupCharacters = regexp.MustCompile(`^[0-9A-Za-z_ .:/()#,@\[\]+=&;{}!$*-]*$`)

// rangeRule limits a number of a type.
type rangeRule struct {
	property    string
	least, most float64
}

// The rules for numbers, by type.
var rangeRules = map[string][]rangeRule{
	// Elastic Load Balancing API reference: LoadBalancerAttribute, TargetGroupAttribute, CreateTargetGroup, CreateListener.
	pulumitype.AwsLoadBalancer: {{"idleTimeout", 1, 4000}, {"clientKeepAlive", 60, 604800}},
	pulumitype.AwsTargetGroup: {
		{"deregistrationDelay", 0, 3600}, {"port", 1, 65535}, {"slowStart", 0, 900}, {"healthCheck.interval", 5, 300},
		{"healthCheck.timeout", 2, 120},
		{"healthCheck.healthyThreshold", 2, 10}, {"healthCheck.unhealthyThreshold", 2, 10},
	},
	pulumitype.AwsListener: {{"port", 1, 65535}},
	// ECS API reference, CreateService.
	pulumitype.AwsEcsService: {{"healthCheckGracePeriodSeconds", 0, 2147483647}, {"desiredCount", 0, 5000}},
	// CloudWatch API reference, PutMetricAlarm.
	pulumitype.AwsMetricAlarm: {{"evaluationPeriods", 1, 10080}, {"datapointsToAlarm", 1, 10080}},
}

func checkRanges(typ string, in double.Object, fail double.Fail) {
	for _, rule := range rangeRules[typ] {
		if n, known := double.Get(in, rule.property).(float64); known && (n < rule.least || n > rule.most) {
			fail(rule.property, "expected %s to be in the range (%v - %v), got %v", rule.property, rule.least, rule.most, n)
		}
	}
}

func checkTexts(typ string, in double.Object, fail double.Fail) {
	for _, rule := range textRules[typ] {
		text := double.String(in, rule.property)
		if n := utf8.RuneCountInString(text); n > rule.limit {
			fail(rule.property, "expected length of %s to be at most %d, got %d", rule.property, rule.limit, n)
		}
		if text != "" && rule.pattern != nil && !rule.pattern.MatchString(text) {
			fail(rule.property, "%q must match %s", text, rule.pattern)
		}
	}
}

// Limits of tags (AWS General Reference, "Tag naming limits and requirements"; IAM user guide, "Rules for tagging").
const (
	tagsPerResource  = 50
	tagKeyLength     = 128
	tagValueLength   = 256
	reservedTagStart = "aws:"
)

var tagPattern = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

func checkTags(in double.Object, fail double.Fail) {
	tags := double.Map(in, "tags")
	if len(tags) > tagsPerResource {
		fail("tags", "a resource can have at most %d tags, got %d", tagsPerResource, len(tags))
	}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		value, _ := tags[key].(string) // "" where it is not known yet
		switch {
		case key == "" || utf8.RuneCountInString(key) > tagKeyLength:
			fail("tags", "the key %q must have 1 to %d characters", key, tagKeyLength)
		case strings.HasPrefix(strings.ToLower(key), reservedTagStart):
			fail("tags", "the key %q begins with %s, which is reserved for AWS use", key, reservedTagStart)
		case utf8.RuneCountInString(value) > tagValueLength:
			fail("tags", "the value of %q must have at most %d characters", key, tagValueLength)
		case !tagPattern.MatchString(key) || !tagPattern.MatchString(value):
			fail("tags", "the key and the value of %q may hold letters, numbers, spaces and _ . : / = + - @ only", key)
		}
	}
}
