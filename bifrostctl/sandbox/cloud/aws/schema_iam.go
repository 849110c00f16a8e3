package aws

import "bifrost/bifrostctl/sandbox/cloud/double"

// What the provider does with the types of IAM and of EKS over their lives.
var (
	policyBehaviour = double.Behaviour{
		Source: "terraform-provider-aws 5.x, internal/service/iam/policy.go; internal/verify, SuppressEquivalentPolicyDiffs",
		TakenAway: "A description or path that is taken away makes another policy, the old one first. Documents are compared by what " +
			"they say. A changed one is a new version of the policy; the oldest of five goes.",
		Half:   "CreatePolicy is one call. One that is attached cannot be deleted, and nothing is tried again.",
		Waits:  "5 seconds before a new version counts; at most 2 minutes until a new policy can be read.",
		Unique: "The name, without regard to case, in the account.",
	}
	roleBehaviour = double.Behaviour{
		Source: "terraform-provider-aws 5.x, internal/service/iam/role.go and wait.go",
		TakenAway: "A boundary or a description that is taken away goes in place. Another path or name makes another role, the old one " +
			"first where the name was given: its unique id changes, and so does who the vendor allowlisted. Inline and managed policies " +
			"that are not given stay.",
		Half: "A role whose inline policies fail is deleted again. When it is deleted, the provider detaches the policies that its state " +
			"lists, others' included; without any in the state the deletion is refused.",
		Waits: "At most 2 minutes each: for a principal in the trust that IAM does not know yet, until a new role can be read, and for " +
			"policies that keep it from being deleted.",
		Unique: "The name, without regard to case or path, in the account.",
	}
	attachmentBehaviour = double.Behaviour{
		Source: "terraform-provider-aws 5.x, internal/service/iam/role_policy_attachment.go; pulumi-aws 6.x, provider/resources.go",
		TakenAway: "The policy is detached, also where another attachment is the same. Any change is a replacement, always the old one " +
			"first. It is not exclusive: what others attach stays.",
		Half: "Attaching twice is attaching once. A role or policy that is gone is no error when it is detached.",
		Waits: "At most 2 minutes for ConcurrentModification, and until the attachment can be read. A role that IAM does not find fails " +
			"at once.",
		Unique: "The policy at the role.",
	}
	rolePolicyBehaviour = double.Behaviour{
		Source: "terraform-provider-aws 5.x, internal/service/iam/role_policy.go",
		TakenAway: "The document is compared by what it says. Another name or role makes another policy, the old one first where the " +
			"name was given.",
		Half:   "PutRolePolicy is one call, which may be repeated.",
		Waits:  "At most 2 minutes until a new policy can be read. A role that IAM does not find fails at once.",
		Unique: "The name at the role.",
	}
	oidcBehaviour = double.Behaviour{
		Source: "terraform-provider-aws 6.4, internal/service/iam/openid_connect_provider.go and diff.go",
		TakenAway: "Thumbprints that are taken away stay: IAM takes none only at creation. Client ids are a set and change in place. " +
			"Another url makes another provider; with or without https:// it is the same.",
		Half:   "CreateOpenIDConnectProvider is one call.",
		Waits:  "For nothing.",
		Unique: "The url in the account.",
	}
	podIdentityBehaviour = double.Behaviour{
		Source: "terraform-provider-aws 6.x, internal/service/eks/pod_identity_association.go; pulumi-terraform-bridge 3.110, " +
			"pkg/pf/tfbridge/provider_diff.go",
		TakenAway: "The role changes in place. Another cluster, namespace or ServiceAccount makes another association, the new one first.",
		Half:      "CreatePodIdentityAssociation is one call.",
		Waits:     "At most 2 minutes for a role that EKS does not know yet, at creation and at each change.",
		Unique:    "The ServiceAccount of a namespace in the cluster.",
	}
)
