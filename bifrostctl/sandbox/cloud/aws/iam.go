package aws

import (
	"fmt"
	"regexp"
	"slices"
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
				if len(others) > 0 && in["forceDetachPolicies"] != true && len(double.List(in, kind.given)) == 0 {
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

func rolePolicyAttachment() *double.Type {
	return &double.Type{
		Args:  iam.RolePolicyAttachmentArgs{},
		Scope: global,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			if policy := double.String(in, "policyArn"); policy != "" && !arn.IsARN(policy) {
				fail("policyArn", "%q is an invalid ARN", policy)
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			role, policy := double.String(in, "role"), double.String(in, "policyArn")
			if err := roleExists(c, role); err != nil {
				return "", nil, fmt.Errorf("attaching IAM Policy (%s) to IAM Role (%s): %w", policy, role, err)
			}
			// Policies of account "aws" are AWS's own: they exist in every account.
			ours := !strings.Contains(policy, ":iam::aws:policy/")
			if ours && c.World.Get(pulumitype.AwsPolicy, global(c), policy) == nil {
				return "", nil, fmt.Errorf("attaching IAM Policy (%s) to IAM Role (%s): NoSuchEntity: Policy %s does not exist or is not "+
					"attachable", policy, role, policy)
			}
			// Attaching twice is attaching once (IAM API, AttachRolePolicy), though the provider makes up an id each time.
			for _, a := range c.World.List(pulumitype.AwsRolePolicyAttachment, global(c)) {
				if a.State["role"] == role && a.State["policyArn"] == policy {
					c.World.Remove(a)
				}
			}
			if n := managedPolicies(c, role); n >= policiesPerRole {
				return "", nil, fmt.Errorf("attaching IAM Policy (%s) to IAM Role (%s): LimitExceeded: Cannot exceed quota for "+
					"PoliciesPerRole: %d", policy, role, policiesPerRole)
			}
			return fmt.Sprintf("%s-%s%08x", role, time.Now().UTC().Format("20060102150405"), c.World.Next()), state(in, nil), nil
		},
	}
}

func rolePolicy() *double.Type {
	return &double.Type{
		Args:  iam.RolePolicyArgs{},
		Name:  named("name"),
		Scope: global,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkName(in, "name", 128, fail)
			checkDocument(in, "policy", inlinePermissions, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			role, name := double.String(in, "role"), prefixed(c, in)
			if err := roleExists(c, role); err != nil {
				return "", nil, fmt.Errorf("putting IAM Role (%s) Policy (%s): %w", role, name, err)
			}
			size := sizeOf(double.String(in, "policy"))
			for _, other := range ofRole(c, pulumitype.AwsRolePolicy, role) {
				size += sizeOf(double.String(other.State, "policy"))
			}
			if size > inlinePermissions.limit {
				return "", nil, fmt.Errorf("putting IAM Role (%s) Policy (%s): LimitExceeded: Maximum policy size of %d bytes exceeded "+
					"for role %s", role, name, inlinePermissions.limit, role)
			}
			return role + ":" + name, state(in, double.Object{"name": name}), nil
		},
	}
}

// policiesOfRole are the kinds of policies that keep a role from being deleted. The provider takes a kind away itself when
// it is told to by force, or when the role was given policies of that kind (terraform-provider-aws,
// internal/service/iam/role.go, deleteRole).
var policiesOfRole = []struct{ typ, given, words string }{
	{pulumitype.AwsRolePolicyAttachment, "managedPolicyArns", "must detach all policies first"},
	{pulumitype.AwsRolePolicy, "inlinePolicies", "must delete policies first"},
}

// ofRole returns the attachments or the inline policies of a role.
func ofRole(c *double.Call, typ, role string) []*world.Resource {
	return slices.DeleteFunc(c.World.List(typ, global(c)), func(r *world.Resource) bool { return r.State["role"] != role })
}

// managedPolicies counts the policies that are attached to a role, by itself or by others.
func managedPolicies(c *double.Call, role string) int {
	attached := map[any]bool{}
	for _, policy := range double.List(c.World.Get(pulumitype.AwsRole, global(c), role).State, "managedPolicyArns") {
		attached[policy] = true
	}
	for _, attachment := range ofRole(c, pulumitype.AwsRolePolicyAttachment, role) {
		attached[attachment.State["policyArn"]] = true
	}
	return len(attached)
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

func openIDConnectProvider() *double.Type {
	return taggable(&double.Type{
		Args:  iam.OpenIdConnectProviderArgs{},
		Scope: global,
		// terraform-provider-aws, internal/service/iam/openid_connect_provider.go: the scheme makes no difference.
		Equal: map[string]func(state, input any) bool{"url": func(state, input any) bool {
			return state == issuerHost(input.(string))
		}},
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			if url := double.String(in, "url"); url != "" && !strings.HasPrefix(url, "https://") {
				fail("url", "must begin with https://, not %q", url)
			}
			// IAM API reference, CreateOpenIDConnectProvider: at most 100 client ids of at most 255 characters.
			ids := double.List(in, "clientIdLists")
			if len(ids) > 100 {
				fail("clientIdLists", "LimitExceeded: Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100, got %d", len(ids))
			}
			for _, v := range ids {
				if id, known := v.(string); known && (id == "" || len(id) > 255) {
					fail("clientIdLists", "%q must have 1 to 255 characters", id)
				}
			}
			for _, v := range double.List(in, "thumbprintLists") {
				if print, known := v.(string); known && !thumbprintPattern.MatchString(print) {
					fail("thumbprintLists", "%q must be 40 hexadecimal digits", print)
				}
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			host := issuerHost(double.String(in, "url"))
			id := sessionOf(c).arn("iam", "oidc-provider/"+host)
			if c.World.Get(pulumitype.AwsOidcProvider, global(c), id) != nil {
				return "", nil, fmt.Errorf("creating IAM OIDC Provider: EntityAlreadyExists: Provider with url https://%s already exists",
					host)
			}
			s := state(in, double.Object{"arn": id, "url": host})
			double.Default(s, "thumbprintLists", []any{})
			return id, s, nil
		},
	})
}

// issuerHost returns an issuer's URL as IAM writes it: without the scheme.
func issuerHost(url string) string { return strings.TrimPrefix(url, "https://") }

// roleExists wants the name of a role, not its ARN.
func roleExists(c *double.Call, name string) error {
	if c.World.Get(pulumitype.AwsRole, global(c), name) == nil {
		return fmt.Errorf("NoSuchEntity: The role with name %s cannot be found", name)
	}
	return nil
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
