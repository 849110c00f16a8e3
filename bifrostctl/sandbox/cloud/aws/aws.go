// Package aws is the double of the Pulumi AWS provider (v6): IAM, CloudWatch, Secrets Manager, ECS and what stands around its services
// (security groups, load balancers, names, certificates, scaling, Cloud Map) as far as the program uses them, and the look-ups of what
// exists already.
//
// The words of errors are those of terraform-provider-aws v5, of which the Pulumi provider is made, or of the service's API.
package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// Provider returns the double.
func Provider() *double.Provider {
	return &double.Provider{
		Package:   "aws",
		Schema:    providerSchema,
		Config:    aws.ProviderArgs{},
		Configure: configure,
		Types: providerSchema.Describe(map[string]*double.Type{
			pulumitype.AwsPolicy:                 policy(),
			pulumitype.AwsRole:                   role(),
			pulumitype.AwsRolePolicyAttachment:   rolePolicyAttachment(),
			pulumitype.AwsRolePolicy:             rolePolicy(),
			pulumitype.AwsOidcProvider:           openIDConnectProvider(),
			pulumitype.AwsLogGroup:               logGroup(),
			pulumitype.AwsSecret:                 secret(),
			pulumitype.AwsSecretVersion:          secretVersion(),
			pulumitype.AwsTaskDefinition:         taskDefinition(),
			pulumitype.AwsEcsService:             service(),
			pulumitype.AwsPodIdentityAssociation: podIdentityAssociation(),

			pulumitype.AwsSecurityGroup:       securityGroup(),
			pulumitype.AwsIngressRule:         ingressRule(),
			pulumitype.AwsEgressRule:          egressRule(),
			pulumitype.AwsLoadBalancer:        loadBalancer(),
			pulumitype.AwsTargetGroup:         targetGroup(),
			pulumitype.AwsListener:            listener(),
			pulumitype.AwsScalableTarget:      scalableTarget(),
			pulumitype.AwsScalingPolicy:       scalingPolicy(),
			pulumitype.AwsPrivateDnsNamespace: privateDNSNamespace(),
			pulumitype.AwsDiscoveryService:    registryService(),
			pulumitype.AwsMetricAlarm:         metricAlarm(),

			pulumitype.AwsRecord:                record(),
			pulumitype.AwsCertificate:           certificate(),
			pulumitype.AwsCertificateValidation: certificateValidation(),
		}),
		Functions: functions(),
	}
}

// session is one configured instance of the provider.
type session struct {
	region, partition, account string
	// caller is the ARN of who calls.
	caller string
	// tags are the provider's default tags.
	tags double.Object
}

func sessionOf(c *double.Call) *session { return c.Session.(*session) }

// arn returns the ARN of a resource of the session's account and region; IAM's have no region.
func (s *session) arn(service, resource string) string {
	region := s.region
	if service == "iam" {
		region = ""
	}
	return arn.ARN{Partition: s.partition, Service: service, Region: region, AccountID: s.account, Resource: resource}.String()
}

// Scopes: IAM's names are unique in an account, all others' in a region of it.
func global(c *double.Call) string   { return sessionOf(c).account }
func regional(c *double.Call) string { return sessionOf(c).account + "/" + sessionOf(c).region }

var regionPattern = regexp.MustCompile(`^([a-z]{2}(-gov|-iso[a-z]?)?|eusc)-[a-z]+-\d$`)

// configure refuses what the provider refuses before its first call: a missing or malformed region, an account that is not
// among the allowed ones, and a role that cannot be assumed.
func configure(w *served.World, config double.Object) (any, error) {
	region := double.String(config, "region")
	if !regionPattern.MatchString(region) {
		return nil, fmt.Errorf("invalid AWS Region: %q", region)
	}
	s := &session{region: region, partition: world.Partition(region), account: w.SignedIn.AWSAccount}
	if s.account == "" {
		return nil, fmt.Errorf("no valid credential sources for AWS found: nobody is signed in to an AWS account of the sandbox")
	}
	s.caller = s.arn("iam", "user/sandbox")
	if roleARN := assumedRole(config); roleARN != "" {
		parsed, err := arn.Parse(roleARN)
		if err != nil || w.AWS[parsed.AccountID] == nil {
			return nil, fmt.Errorf("cannot assume IAM Role (%s): AccessDenied: the sandbox has no such account", roleARN)
		}
		s.account = parsed.AccountID
		name := parsed.Resource[strings.LastIndex(parsed.Resource, "/")+1:]
		s.caller = arn.ARN{Partition: s.partition, Service: "sts", AccountID: s.account,
			Resource: "assumed-role/" + name + "/sandbox"}.String()
	}
	if allowed := double.List(config, "allowedAccountIds"); len(allowed) > 0 && !slices.Contains(allowed, any(s.account)) {
		return nil, fmt.Errorf("AWS account ID not allowed: %s", s.account)
	}
	if slices.Contains(double.List(config, "forbiddenAccountIds"), any(s.account)) {
		return nil, fmt.Errorf("AWS account ID forbidden: %s", s.account)
	}
	s.tags = double.Map(config, "defaultTags.tags")
	return s, nil
}

func assumedRole(config double.Object) string { return double.String(config, "assumeRole.roleArn") }

// withDefaultTags writes the provider's default tags among a resource's own, as the Pulumi provider does in Check since
// v6 (pulumi-aws #2655).
func withDefaultTags(c *double.Call, in double.Object) {
	if len(sessionOf(c).tags) == 0 || in["tags"] == double.Unknown {
		return
	}
	tags := double.Clone(sessionOf(c).tags)
	for key, v := range double.Map(in, "tags") {
		tags[key] = v
	}
	in["tags"] = tags
}

// taggable makes a type take the provider's default tags and answer with all tags in tagsAll.
func taggable(t *double.Type) *double.Type {
	check, create, update := t.Check, t.Create, t.Update
	t.Check = func(c *double.Call, in double.Object, fail double.Fail) {
		withDefaultTags(c, in)
		checkTags(in, fail)
		if check != nil {
			check(c, in, fail)
		}
	}
	t.Create = func(c *double.Call, in double.Object) (string, double.Object, error) {
		id, state, err := create(c, in)
		if err == nil {
			tagsAll(state)
		}
		return id, state, err
	}
	t.Update = func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
		state, err := double.Overlay(r.State, r.Inputs, in), error(nil)
		if update != nil {
			state, err = update(c, r, in)
		}
		if err == nil {
			tagsAll(state)
		}
		return state, err
	}
	return t
}

func tagsAll(state double.Object) {
	all := double.Object{}
	for key, v := range double.Map(state, "tags") {
		all[key] = v
	}
	state["tagsAll"] = all
}

// named returns the provider's way to name: seven digits after the logical name.
func named(path string) double.AutoName {
	return double.AutoName{Path: path, Unless: path + "Prefix", Separator: "-", Digits: 7}
}

// prefixed gives a name to what has only a prefix, as Terraform does.
func prefixed(c *double.Call, in double.Object) string {
	if prefix := double.String(in, "namePrefix"); prefix != "" && in["name"] == nil {
		return fmt.Sprintf("%s%026d", prefix, c.World.Next())
	}
	return double.String(in, "name")
}

// state begins what the cloud answers: the inputs, and what is computed.
func state(in, computed double.Object) double.Object {
	s := double.Clone(in)
	for key, v := range computed {
		s[key] = v
	}
	return s
}
