package aws

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

func policy() *double.Type {
	return taggable(&double.Type{
		Args:  iam.PolicyArgs{},
		Name:  named("name"),
		Scope: global,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkName(in, "name", 128, fail)
			checkPath(in, fail)
			checkTexts(pulumitype.AwsPolicy, in, fail)
			checkDocument(in, "policy", permissions, fail)
		},
		Equal: sameDocuments("policy"),
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name := prefixed(c, in)
			for _, r := range c.World.List(pulumitype.AwsPolicy, global(c)) {
				if strings.EqualFold(double.String(r.State, "name"), name) {
					return "", nil, fmt.Errorf("creating IAM Policy (%s): EntityAlreadyExists: A policy called %s already exists. "+
						"Duplicate names are not allowed", name, name)
				}
			}
			id := sessionOf(c).arn("iam", "policy"+path(in)+name)
			return id, state(in, double.Object{
				"arn": id, "name": name, "path": path(in), "attachmentCount": 0.0, "policyId": uniqueID(c, "ANPA"),
				"policy": normalized(double.String(in, "policy")),
			}), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			for _, a := range c.World.List(pulumitype.AwsRolePolicyAttachment, global(c)) {
				if a.State["policyArn"] == r.ID {
					return fmt.Errorf("deleting IAM Policy (%s): DeleteConflict: Cannot delete a policy attached to entities", r.ID)
				}
			}
			return nil
		},
	})
}

func role() *double.Type {
	return taggable(&double.Type{
		Args:  iam.RoleArgs{},
		Name:  named("name"),
		Scope: global,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkName(in, "name", 64, fail)
			checkPath(in, fail)
			checkTexts(pulumitype.AwsRole, in, fail)
			checkDocument(in, "assumeRolePolicy", trust, fail)
			checkInlinePolicies(in, fail)
			checkRoleLimits(in, fail)
			if boundary := double.String(in, "permissionsBoundary"); boundary != "" && !arn.IsARN(boundary) {
				fail("permissionsBoundary", "%q is an invalid ARN", boundary)
			}
		},
		Equal: sameDocuments("assumeRolePolicy", "inlinePolicies.policy"),
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name := prefixed(c, in)
			for _, r := range c.World.List(pulumitype.AwsRole, global(c)) {
				if strings.EqualFold(r.ID, name) {
					return "", nil, fmt.Errorf("creating IAM Role (%s): EntityAlreadyExists: Role with name %s already exists", name, name)
				}
			}
			computed := double.Object{
				"arn": sessionOf(c).arn("iam", "role"+path(in)+name), "name": name, "path": path(in),
				"uniqueId": uniqueID(c, "AROA"), "createDate": time.Now().UTC().Format(time.RFC3339),
				"assumeRolePolicy": normalized(double.String(in, "assumeRolePolicy")),
			}
			s := state(in, computed)
			double.Default(s, "maxSessionDuration", 3600.0)
			double.Default(s, "forceDetachPolicies", false)
			double.Default(s, "managedPolicyArns", []any{})
			double.Default(s, "inlinePolicies", []any{})
			return name, s, nil
		},
		Delete: func(c *double.Call, r *world.Resource, in double.Object) error {
			for _, kind := range policiesOfRole {
				others := ofRole(c, kind.typ, r.ID)
				if len(others) > 0 && in["forceDetachPolicies"] != true && len(double.List(c.State, kind.listed)) == 0 {
					return fmt.Errorf("deleting IAM Role (%s): DeleteConflict: Cannot delete entity, %s", r.ID, kind.words)
				}
				for _, other := range others {
					c.World.Remove(other)
				}
			}
			return nil
		},
	})
}

func checkInlinePolicies(in double.Object, fail double.Fail) {
	for _, v := range double.List(in, "inlinePolicies") {
		if policy, ok := v.(double.Object); ok {
			checkDocument(policy, "policy", inlinePermissions, fail)
		}
	}
}

// checkRoleLimits: sessions last from one hour to twelve (IAM API reference, CreateRole); a role takes a limited number of
// managed policies.
func checkRoleLimits(in double.Object, fail double.Fail) {
	if seconds, ok := in["maxSessionDuration"].(float64); ok && (seconds < 3600 || seconds > 43200) {
		fail("maxSessionDuration", "expected max_session_duration to be in the range (3600 - 43200), got %v", seconds)
	}
	if n := len(double.List(in, "managedPolicyArns")); n > policiesPerRole {
		fail("managedPolicyArns", "LimitExceeded: Cannot exceed quota for PoliciesPerRole: %d, got %d", policiesPerRole, n)
	}
}

// uniqueID returns an IAM id (21 characters): what is made again under the same name has another.
func uniqueID(c *double.Call, prefix string) string {
	return prefix + strings.ToUpper(world.Hex(17, prefix, c.World.Next()))
}

func path(in double.Object) string {
	if p := double.String(in, "path"); p != "" {
		return p
	}
	return "/"
}

var (
	namePattern       = regexp.MustCompile(`^[\w+=,.@-]+$`)
	thumbprintPattern = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)
	pathPattern       = regexp.MustCompile(`^/$|^/[\x21-\x7e]+/$`)
)

// checkName holds a name against IAM's rules (IAM user guide, "IAM and AWS STS quotas"); limit is in characters.
func checkName(in double.Object, property string, limit int, fail double.Fail) {
	name := double.String(in, property)
	if name == "" {
		return
	}
	if len(name) > limit {
		fail(property, "%q is longer than %d characters", name, limit)
	}
	if !namePattern.MatchString(name) {
		fail(property, "%q must match [\\w+=,.@-]", name)
	}
}

func checkPath(in double.Object, fail double.Fail) {
	if p := double.String(in, "path"); p != "" && !pathPattern.MatchString(p) {
		fail("path", "%q must begin and end with a slash", p)
	}
}
