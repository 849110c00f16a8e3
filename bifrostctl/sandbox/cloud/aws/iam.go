package aws

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/world"
)

const (
	policyType     = "aws:iam/policy:Policy"
	roleType       = "aws:iam/role:Role"
	attachmentType = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
	rolePolicyType = "aws:iam/rolePolicy:RolePolicy"
)

func policy() *double.Type {
	return taggable(&double.Type{
		Args:     iam.PolicyArgs{},
		Required: []string{"policy"},
		Name:     named("name"),
		Replace:  []string{"name", "namePrefix", "path", "description"},
		Computed: []string{"arn", "attachmentCount", "policyId"},
		Scope:    global,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkName(in, "name", 128, fail)
			checkPath(in, fail)
			checkDocument(in, "policy", fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name := prefixed(c, in)
			for _, r := range c.World.List(policyType, global(c)) {
				if strings.EqualFold(double.String(r.State, "name"), name) {
					return "", nil, fmt.Errorf("creating IAM Policy (%s): EntityAlreadyExists: A policy called %s already exists. Duplicate names are not allowed", name, name)
				}
			}
			id := sessionOf(c).arn("iam", "policy"+path(in)+name)
			return id, state(in, double.Object{
				"arn": id, "name": name, "path": path(in), "attachmentCount": 0.0, "policyId": uniqueID(c, "ANPA"),
			}), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			for _, a := range c.World.List(attachmentType, global(c)) {
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
		Args:     iam.RoleArgs{},
		Required: []string{"assumeRolePolicy"},
		Name:     named("name"),
		Replace:  []string{"name", "namePrefix", "path"},
		Computed: []string{"arn", "createDate", "uniqueId", "managedPolicyArns", "inlinePolicies"},
		Scope:    global,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkName(in, "name", 64, fail)
			checkPath(in, fail)
			checkDocument(in, "assumeRolePolicy", fail)
			if boundary := double.String(in, "permissionsBoundary"); boundary != "" && !arn.IsARN(boundary) {
				fail("permissionsBoundary", "%q is an invalid ARN", boundary)
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name := prefixed(c, in)
			for _, r := range c.World.List(roleType, global(c)) {
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
			if in["forceDetachPolicies"] == true {
				return nil
			}
			for _, a := range c.World.List(attachmentType, global(c)) {
				if a.State["role"] == r.ID {
					return fmt.Errorf("deleting IAM Role (%s): DeleteConflict: Cannot delete entity, must detach all policies first", r.ID)
				}
			}
			for _, p := range c.World.List(rolePolicyType, global(c)) {
				if p.State["role"] == r.ID {
					return fmt.Errorf("deleting IAM Role (%s): DeleteConflict: Cannot delete entity, must delete policies first", r.ID)
				}
			}
			return nil
		},
	})
}

func rolePolicyAttachment() *double.Type {
	return &double.Type{
		Args:     iam.RolePolicyAttachmentArgs{},
		Required: []string{"role"},
		Replace:  []string{"role", "policyArn"},
		Scope:    global,
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
			if ours && c.World.Get(policyType, global(c), policy) == nil {
				return "", nil, fmt.Errorf("attaching IAM Policy (%s) to IAM Role (%s): NoSuchEntity: Policy %s does not exist or is not attachable", policy, role, policy)
			}
			return fmt.Sprintf("%s-%s%08x", role, time.Now().UTC().Format("20060102150405"), c.World.Next()), state(in, nil), nil
		},
	}
}

func rolePolicy() *double.Type {
	return &double.Type{
		Args:     iam.RolePolicyArgs{},
		Required: []string{"policy", "role"},
		Name:     named("name"),
		Replace:  []string{"name", "namePrefix", "role"},
		Scope:    global,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkName(in, "name", 128, fail)
			checkDocument(in, "policy", fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			role, name := double.String(in, "role"), prefixed(c, in)
			if err := roleExists(c, role); err != nil {
				return "", nil, fmt.Errorf("putting IAM Role (%s) Policy (%s): %w", role, name, err)
			}
			return role + ":" + name, state(in, double.Object{"name": name}), nil
		},
	}
}

func openIDConnectProvider() *double.Type {
	return taggable(&double.Type{
		Args:     iam.OpenIdConnectProviderArgs{},
		Required: []string{"clientIdLists"},
		// The client ids can be changed in place since terraform-provider-aws #37612.
		Replace:  []string{"url"},
		Computed: []string{"arn", "thumbprintLists"},
		Scope:    global,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			if url := double.String(in, "url"); url != "" && !strings.HasPrefix(url, "https://") {
				fail("url", "must begin with https://, not %q", url)
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			host := issuerHost(double.String(in, "url"))
			id := sessionOf(c).arn("iam", "oidc-provider/"+host)
			if c.World.Get(world.OIDCProviderType, global(c), id) != nil {
				return "", nil, fmt.Errorf("creating IAM OIDC Provider: EntityAlreadyExists: Provider with url https://%s already exists", host)
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
	if c.World.Get(roleType, global(c), name) == nil {
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
	namePattern = regexp.MustCompile(`^[\w+=,.@-]+$`)
	pathPattern = regexp.MustCompile(`^/$|^/[\x21-\x7e]+/$`)
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

// checkDocument wants a policy document: a JSON object with statements. Every request that carries another is refused by
// IAM with MalformedPolicyDocument.
func checkDocument(in double.Object, property string, fail double.Fail) {
	text, known := in[property].(string)
	if !known {
		return
	}
	var document struct {
		Version   string
		Statement any
	}
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		fail(property, "MalformedPolicyDocument: contains an invalid JSON policy: %v", err)
		return
	}
	if document.Statement == nil {
		fail(property, "MalformedPolicyDocument: Syntax errors in policy: it has no Statement")
	}
}
