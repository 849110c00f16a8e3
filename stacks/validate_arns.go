package stacks

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/iampolicy"
)

// arnRule is where AWS wants what an ARN names, besides in the stack's partition: in the stack's region, and in its account.
type arnRule struct {
	region, account bool
	// why is AWS's reason.
	why string
}

// arnRules are the rules of the keys that hold ARNs. A repository, a KMS key and a topic may be of another account, whose policy lets
// the stack's in.
var arnRules = map[string]arnRule{
	"aws.assumeRoleArn":                 {account: true, why: "who has assumed a role acts in its account"},
	"aws.permissionsBoundary":           {account: true, why: "a role is bounded by a policy of its own account, or by one of AWS"},
	"registry.additionalRepositoryArns": {},
	"eks.nodeRoleArns":                  {account: true, why: "nodes have roles of their cluster's account"},
	// A role of another account may trust the cluster's issuer. With Pod Identity validateArns wants it in this one.
	"eks.gatewayRoleArn":    {},
	"eks.gatewayPolicyArns": {account: true, why: "a role takes policies of its own account, and those of AWS"},
	"ecs.targetGroupArn": {
		region: true, account: true, why: "ECS registers its tasks in target groups of its own region and account",
	},
	"ecs.taskRoleArn":    {account: true, why: "ECS is passed roles of its own account alone"},
	"ecs.taskPolicyArns": {account: true, why: "a role takes policies of its own account, and those of AWS"},
	"ecs.loadBalancer.certificateArn": {
		region: true, account: true, why: "a load balancer takes certificates of its own region and account",
	},
	"ecs.alarms.topicArn": {region: true, why: "an alarm notifies topics of its own region"},
	"ecs.logKmsKeyArn":    {region: true, why: "CloudWatch Logs encrypts with keys of its own region"},
	// The keys are of the regions, and may be of the accounts, of the secrets.
	"ecs.secretRefKmsKeyArns": {},
	"ecs.secretKmsKeyArn":     {region: true, why: "Secrets Manager encrypts with keys of its own region"},
	"gateway.ingress.certificateArn": {
		region: true, account: true, why: "a load balancer takes certificates of its own region and account",
	},
}

// podIdentityRole is the rule of a role that EKS Pod Identity hands out (EKS API reference, CreatePodIdentityAssociation).
var podIdentityRole = arnRule{account: true, why: "EKS Pod Identity hands out roles of the cluster's account"}

// validateArns holds every ARN of the configuration, and the registry of the image, against the stack's partition, region and account.
// What is no ARN is refused elsewhere, and so is a missing region or account.
func (c *Config) validateArns(k *checker) {
	if c.Aws == nil {
		return
	}
	// What is refused itself is no measure of others.
	in := *c.Aws
	if len(check.AwsRegion(nil, in.Region)) > 0 {
		in.Region = ""
	}
	if len(check.Required(nil, in.AccountId, check.AccountId)) > 0 {
		in.AccountId = ""
	}
	for _, found := range arns(nil, reflect.ValueOf(c).Elem()) {
		rule := arnRules[found.key]
		if found.key == "eks.gatewayRoleArn" && c.Eks.GatewayAuth == SignInPodIdentity {
			rule = podIdentityRole
		}
		k.add(in.holds(found, rule)...)
	}
	if c.Ecs != nil {
		for _, name := range slices.Sorted(maps.Keys(c.Ecs.SecretRefs)) {
			p := field.NewPath("ecs", "secretRefs").Key(name)
			k.add(in.holds(writtenArn{p, "ecs.secretRefs", c.Ecs.SecretRefs[name]}, arnRule{})...)
		}
	}
	registry, ok := c.image.Ecr()
	if !ok || c.Registry.Mirror || in.Region == "" {
		return
	}
	if of := iampolicy.Partition(registry.Region); of != iampolicy.Partition(in.Region) {
		k.add(field.Invalid(field.NewPath("registry", "image"), c.Registry.Image, otherPartition(of, in.Region)))
	}
}

func otherPartition(partition, region string) string {
	return fmt.Sprintf("of partition %s, from which nothing reaches aws.region %s, which is of %s", partition, region,
		iampolicy.Partition(region))
}

// holds refuses an ARN that breaks its rule: with all that is wrong, for one problem is told of a key.
func (a *Aws) holds(found writtenArn, rule arnRule) field.ErrorList {
	parsed, err := arn.Parse(found.value)
	if err != nil {
		return nil
	}
	var wrong []string
	switch {
	case a.Region != "" && parsed.Partition != iampolicy.Partition(a.Region):
		wrong = append(wrong, otherPartition(parsed.Partition, a.Region))
	case rule.region && a.Region != "" && parsed.Region != "" && parsed.Region != a.Region:
		wrong = append(wrong, "of another region than "+a.Region)
	}
	// Policies of account "aws" are AWS's own.
	if rule.account && a.AccountId != "" && parsed.AccountID != a.AccountId && parsed.AccountID != "aws" {
		wrong = append(wrong, "of another account than aws.accountId "+a.AccountId)
	}
	if len(wrong) == 0 {
		return nil
	}
	why := strings.Join(wrong, " and ")
	if rule.why != "" {
		why += "; " + rule.why
	}
	return field.ErrorList{field.Invalid(found.path, found.value, why)}
}

// writtenArn is an ARN of the configuration.
type writtenArn struct {
	path *field.Path
	// key is the path without an index.
	key, value string
}

// arns finds the ARNs in objects and their lists of texts, by the names of the keys.
func arns(p *field.Path, object reflect.Value) []writtenArn {
	var found []writtenArn
	for i := range object.NumField() {
		f, v := object.Type().Field(i), reflect.Indirect(object.Field(i))
		if !f.IsExported() || !v.IsValid() {
			continue
		}
		at := field.NewPath(keyOf(f))
		if p != nil {
			at = p.Child(keyOf(f))
		}
		switch {
		case v.Kind() == reflect.Struct:
			found = append(found, arns(at, v)...)
		case !isArnKey(f):
		case v.Kind() == reflect.String:
			found = append(found, writtenArn{at, at.String(), v.String()})
		default:
			for i := range v.Len() {
				found = append(found, writtenArn{at.Index(i), at.String(), v.Index(i).String()})
			}
		}
	}
	return found
}

// NamedArn is an ARN in the configuration: a thing of AWS that the stack takes for granted.
type NamedArn struct {
	// Path is where it stands, and Key the same without an index.
	Path *field.Path
	Key  string
	Arn  string
}

// NamedArns are all of them, in the order of the reference; none where the stack is not on AWS. References of ecs.secretRefs, which are
// more than ARNs, are not among them.
func (c *Config) NamedArns() []NamedArn {
	if c.Aws == nil {
		return nil
	}
	var all []NamedArn
	for _, found := range arns(nil, reflect.ValueOf(c).Elem()) {
		if found.value != "" {
			all = append(all, NamedArn{found.path, found.key, found.value})
		}
	}
	return all
}

// isArnKey tells whether a field holds an ARN, or a list of them.
func isArnKey(f reflect.StructField) bool {
	return strings.HasSuffix(f.Name, "Arn") || strings.HasSuffix(f.Name, "Arns") || f.Name == "PermissionsBoundary"
}
