package gcp

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// account is a service account (google/services/resourcemanager/resource_google_service_account.go).
func account() *double.Type {
	return &double.Type{
		Args:  serviceaccount.AccountArgs{},
		Scope: scope,
		Find:  find,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkID(in, "accountId", accountPattern, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			email := fmt.Sprintf("%s@%s.iam.gserviceaccount.com", double.String(in, "accountId"), project(c, in))
			id := fmt.Sprintf("projects/%s/serviceAccounts/%s", project(c, in), email)
			if c.World.Get(pulumitype.GcpServiceAccount, scope(c), id) != nil {
				//lint:ignore ST1005 the words are not ours
				return "", nil, fmt.Errorf("Error creating service account: googleapi: Error 409: Service account %s already exists "+
					"within project projects/%s., alreadyExists", double.String(in, "accountId"), project(c, in))
			}
			return id, answer(c, in, double.Object{
				"email": email, "name": id, "member": "serviceAccount:" + email,
				"uniqueId": world.Hex(20, "service account", email, c.World.Next()),
				"disabled": false, // a create does not send it: the next update does
			}), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			forget(c, r)
			return nil
		},
	}
}

// forget takes an account's own policy away, and its memberships of others': they stay under a name with the account's unique id, which
// one that is made again has not (Google Cloud IAM, "Delete and undelete service accounts").
func forget(c *double.Call, account *world.Resource) {
	for _, r := range c.World.Resources {
		ofAccount := r.Type == pulumitype.GcpServiceAccountMember && r.State["serviceAccountId"] == account.ID
		asMember := r.Type == pulumitype.GcpRepositoryMember && r.State["member"] == account.State["member"]
		if ofAccount || asMember {
			c.World.Remove(r)
		}
	}
}

// accountMember is one member of a service account's policy (google/tpgiamresource/resource_iam_member.go). The provider reads, changes
// and writes a policy under a lock of its own, and does so again where somebody else wrote meanwhile (iam.go, iamPolicyReadModifyWrite).
func accountMember() *double.Type {
	return &double.Type{
		Args:  serviceaccount.IAMMemberArgs{},
		Scope: scope,
		Find:  find,
		Equal: map[string]func(state, input any) bool{"member": sameMember},
		Check: checkMember,
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			account := double.String(in, "serviceAccountId")
			if c.World.Get(pulumitype.GcpServiceAccount, scope(c), account) == nil {
				//lint:ignore ST1005 the words are not ours
				return "", nil, fmt.Errorf("Error retrieving IAM policy for service account '%s': googleapi: Error 404: Unknown service "+
					"account", account)
			}
			if err := poolExists(c, "service account '"+account+"'", double.String(in, "member")); err != nil {
				return "", nil, err
			}
			return member(account, double.Clone(in), c)
		},
	}
}

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

// poolExists refuses a principal of a pool that was never made (terraform-google-kubernetes-engine issue 916).
func poolExists(c *double.Call, of, member string) error {
	name := poolOf.FindStringSubmatch(member)
	if name == nil {
		return nil
	}
	for id, p := range c.World.GCP {
		pool := fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", id, name[2])
		if p.Number == name[1] && c.World.Resources[world.Key(pulumitype.GcpPool, id, pool)] != nil {
			return nil
		}
	}
	//lint:ignore ST1005 the words are not ours
	return fmt.Errorf("Error applying IAM policy for %s: Error setting IAM policy for %s: googleapi: Error 400: Identity Pool does not "+
		"exist (projects/%s/locations/global/workloadIdentityPools/%s). Please check that you specified a valid resource name as returned "+
		"in the `name` attribute in the configuration API., badRequest", of, of, name[1], name[2])
}
