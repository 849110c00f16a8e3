package aws

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

func rolePolicyAttachment() *double.Type {
	return &double.Type{
		Args:  iam.RolePolicyAttachmentArgs{},
		Scope: global,
		// pulumi-aws 6.x, provider/resources.go, aws_iam_role_policy_attachment: a new one beside the old may be the same attachment.
		DeletesFirst: true,
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
			listPolicy(c, role, policy)
			return fmt.Sprintf("%s-%s%08x", role, time.Now().UTC().Format("20060102150405"), c.World.Next()), state(in, nil), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			unlistPolicy(c, double.String(r.State, "role"), double.String(r.State, "policyArn"))
			return nil
		},
	}
}

// listPolicy and unlistPolicy keep what the next read of a role says of the policies attached to it
// (terraform-provider-aws 5.x, internal/service/iam/role.go, resourceRoleRead: managed_policy_arns).
func listPolicy(c *double.Call, role, policy string) {
	state := c.World.Get(pulumitype.AwsRole, global(c), role).State
	if listed := double.List(state, "managedPolicyArns"); !slices.Contains(listed, any(policy)) {
		state["managedPolicyArns"] = append(slices.Clone(listed), policy)
	}
}

func unlistPolicy(c *double.Call, role, policy string) {
	if r := c.World.Get(pulumitype.AwsRole, global(c), role); r != nil {
		r.State["managedPolicyArns"] = slices.DeleteFunc(slices.Clone(double.List(r.State, "managedPolicyArns")),
			func(listed any) bool { return listed == policy })
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
		Equal: sameDocuments("policy"),
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
			return role + ":" + name, state(in, double.Object{
				"name": name, "policy": normalized(double.String(in, "policy")),
			}), nil
		},
	}
}

// policiesOfRole are the kinds of policies that keep a role from being deleted, and where the role's state lists them. The provider takes
// a kind away itself when it is told to by force, or when the state lists policies of that kind, whoever attached them
// (terraform-provider-aws 5.x, internal/service/iam/role.go, resourceRoleDelete). Otherwise it tries for 2 minutes.
var policiesOfRole = []struct{ typ, listed, words string }{
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

// roleExists wants the name of a role, not its ARN.
func roleExists(c *double.Call, name string) error {
	if c.World.Get(pulumitype.AwsRole, global(c), name) == nil {
		return fmt.Errorf("NoSuchEntity: The role with name %s cannot be found", name)
	}
	return nil
}
