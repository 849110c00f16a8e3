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

// getAccount finds a service account by its id, its email or its whole name (google/services/resourcemanager/
// data_source_google_service_account.go).
func getAccount(c *double.Call, args double.Object) (double.Object, error) {
	name := double.String(args, "accountId")
	if !strings.Contains(name, "@") {
		name = fmt.Sprintf("%s@%s.iam.gserviceaccount.com", name, project(c, args))
	}
	if !strings.HasPrefix(name, "projects/") {
		name = world.AccountPath("-", name)
	}
	email := name[strings.LastIndex(name, "/")+1:]
	for id := range c.World.GCP {
		if found := c.World.Get(pulumitype.GcpServiceAccount, id, world.AccountPath(id, email)); found != nil {
			answer := double.Clone(found.State)
			answer["id"] = found.ID
			return answer, nil
		}
	}
	return nil, fmt.Errorf("%s not found", name)
}

// forget takes an account's own policy away, and its memberships of others': they stay under a name with the account's unique id, which
// one that is made again has not (Google Cloud IAM, "Delete and undelete service accounts"). What the vendor's policies say stays in the
// sandbox under the name, and means the former account (World.Grants).
func forget(c *double.Call, account *world.Resource) {
	for _, r := range c.World.Resources {
		ofAccount := r.Type == pulumitype.GcpServiceAccountMember && r.State["serviceAccountId"] == account.ID
		asMember := memberTypes[r.Type] && r.State["member"] == account.State["member"] && !r.Seeded
		if ofAccount || asMember {
			c.World.Remove(r)
		}
	}
}

// memberTypes are the types of members.
var memberTypes = map[string]bool{
	pulumitype.GcpServiceAccountMember: true, pulumitype.GcpRepositoryMember: true, pulumitype.GcpProjectMember: true,
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
			if err := memberExists(c, "service account '"+account+"'", double.String(in, "member")); err != nil {
				return "", nil, err
			}
			return member(account, double.Clone(in), c)
		},
	}
}
