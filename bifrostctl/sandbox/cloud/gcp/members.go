package gcp

import (
	"fmt"
	"regexp"
	"strings"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// Forms of members (Google Cloud IAM API reference, Policy: Binding.members).
var (
	memberPattern = regexp.MustCompile(`^(user|serviceAccount|group|domain):.+$|^principal(Set)?://iam\.googleapis\.com/.+$|` +
		`^all(Authenticated)?Users$`)
	poolOf = regexp.MustCompile(
		`^principal(?:Set)?://iam\.googleapis\.com/projects/([^/]+)/locations/global/workloadIdentityPools/([^/]+)/`)
	// clusterPool is the pool of GKE clusters in its former form: serviceAccount:PROJECT.svc.id.goog[NAMESPACE/SERVICEACCOUNT].
	clusterPool = regexp.MustCompile(`^serviceAccount:(.+)\.svc\.id\.goog\[[^/\]]+/[^/\]]+\]$`)
	// accountOf is a service account of a project.
	accountOf = regexp.MustCompile(`^serviceAccount:(.+@(.+)\.iam\.gserviceaccount\.com)$`)
)

// member is the id and the state of a member of what has the given id. A policy has its members' addresses in lower case.
func member(of string, state double.Object, c *double.Call) (string, double.Object, error) {
	state["member"] = normalMember(double.String(state, "member"))
	state["etag"] = "BwXh" + world.Hex(8, c.World.Next())
	return of + "/" + double.String(state, "role") + "/" + double.String(state, "member"), state, nil
}

// normalMember and sameMember are the provider's comparison (google/tpgiamresource/iam.go, normalizeIamMemberCasing): case counts in
// principals of pools and in the two names for everybody.
func normalMember(member string) string {
	kind, value, found := strings.Cut(member, ":")
	if !found || strings.HasPrefix(kind, "principal") {
		return member
	}
	return kind + ":" + strings.ToLower(value)
}

func sameMember(state, input any) bool {
	was, _ := state.(string)
	is, _ := input.(string)
	return normalMember(was) == normalMember(is)
}

// checkMember knows the forms that the provider takes (google/tpgiamresource/resource_iam_member.go, validateIAMMember), and Google's.
func checkMember(_ *double.Call, in double.Object, fail double.Fail) {
	if member := double.String(in, "member"); member != "" && !memberPattern.MatchString(member) {
		fail("member", "Error 400: The member %q is of an unknown type", member)
	}
	if role := double.String(in, "role"); role != "" && !strings.Contains(role, "roles/") {
		fail("role", "Error 400: Role %q is not supported", role)
	}
}

// memberExists refuses a service account that is not there, and a principal of a pool that was never made
// (terraform-google-kubernetes-engine issue 916). The pool of a project's GKE clusters is there once one of them uses it. What Google
// says of members outside of the sandbox's projects is not known.
func memberExists(c *double.Call, of, member string) error {
	if names := accountOf.FindStringSubmatch(member); names != nil {
		project := c.World.GCP[names[2]]
		account := world.Key(pulumitype.GcpServiceAccount, names[2], world.AccountPath(names[2], names[1]))
		if project != nil && c.World.Resources[account] == nil {
			return refused(of, "Service account "+names[1]+" does not exist.")
		}
		return nil
	}
	if names := clusterPool.FindStringSubmatch(member); names != nil {
		if project := c.World.GCP[names[1]]; project == nil || !project.HasWorkloadPool() {
			return noPool(of, names[1]+".svc.id.goog")
		}
		return nil
	}
	names := poolOf.FindStringSubmatch(member)
	if names == nil {
		return nil
	}
	for id, p := range c.World.GCP {
		pool := fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", id, names[2])
		made := c.World.Resources[world.Key(pulumitype.GcpPool, id, pool)] != nil
		if p.Number == names[1] && (made || names[2] == p.WorkloadPool() && p.HasWorkloadPool()) {
			return nil
		}
	}
	return noPool(of, fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", names[1], names[2]))
}

func noPool(of, pool string) error {
	return refused(of, "Identity Pool does not exist ("+pool+"). Please check that you specified a valid resource name as returned in the "+
		"`name` attribute in the configuration API.")
}

func refused(of, why string) error {
	//lint:ignore ST1005 the words are not ours
	return fmt.Errorf("Error applying IAM policy for %s: Error setting IAM policy for %s: googleapi: Error 400: %s, badRequest", of, of,
		why)
}
