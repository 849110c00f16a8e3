// Package gcp is the double of the Pulumi Google Cloud provider (v7): workload identity pools with their providers, service accounts, and
// the two bindings of a federation. The words of errors are those of Google's APIs as the provider shows them.
package gcp

import (
	"fmt"
	"regexp"
	"strings"

	sdk "github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/artifactregistry"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/iam"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/organizations"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/judge/cel"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// Provider returns the double.
func Provider() *double.Provider {
	return &double.Provider{
		Package:   "gcp",
		Schema:    providerSchema,
		Config:    sdk.ProviderArgs{},
		Configure: configure,
		Ready:     ready,
		Types: providerSchema.Describe(map[string]*double.Type{
			pulumitype.GcpPool:                 pool(),
			pulumitype.GcpPoolProvider:         poolProvider(),
			pulumitype.GcpServiceAccount:       account(),
			pulumitype.GcpServiceAccountMember: accountMember(),
			pulumitype.GcpRepositoryMember:     repositoryMember(),
		}),
		Functions: map[string]*double.Function{
			pulumitype.GcpGetProject: {Args: organizations.LookupProjectArgs{}, Call: getProject},
		},
	}
}

// session is one configured instance of the provider: its project.
type session struct{ project string }

func configure(_ *served.World, config double.Object) (any, error) {
	return &session{project: double.String(config, "project")}, nil
}

// ready refuses calls to a project that does not exist.
func ready(c *double.Call) error {
	return projectExists(c, c.Session.(*session).project)
}

func projectExists(c *double.Call, id string) error {
	if c.World.GCP[id] == nil {
		return fmt.Errorf("googleapi: Error 403: Permission denied on resource project %s (or it may not exist)", id)
	}
	return nil
}

// project is that of the inputs, or the provider's.
func project(c *double.Call, in double.Object) string {
	if id := double.String(in, "project"); id != "" {
		return id
	}
	return c.Session.(*session).project
}

func scope(c *double.Call) string { return c.Session.(*session).project }

// Names (Google Cloud IAM API reference: workloadIdentityPools.create, providers.create, projects.serviceAccounts.create).
var (
	poolPattern    = regexp.MustCompile(`^[a-z0-9-]{4,32}$`)
	accountPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{4,28}[a-z0-9]$`)
	memberPattern  = regexp.MustCompile(`^(user|serviceAccount|group|domain):.+$|^principal(Set)?://iam\.googleapis\.com/.+$|` +
		`^all(Authenticated)?Users$`)
)

func checkID(in double.Object, property string, pattern *regexp.Regexp, fail double.Fail) {
	if id := double.String(in, property); id != "" && (!pattern.MatchString(id) || strings.HasPrefix(id, "gcp-")) {
		fail(property, "%q must match %s, and must not begin with gcp-", id, pattern)
	}
}

func exists(kind, id string) error {
	//lint:ignore ST1005 the words are not ours
	return fmt.Errorf("Error creating %s: googleapi: Error 409: Requested entity already exists: %s", kind, id)
}

func pool() *double.Type {
	return &double.Type{
		Args:  iam.WorkloadIdentityPoolArgs{},
		Scope: scope,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkID(in, "workloadIdentityPoolId", poolPattern, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			id := fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", project(c, in),
				double.String(in, "workloadIdentityPoolId"))
			// Also one that was deleted: its id is free 30 days later.
			if c.World.Resources[world.Key(pulumitype.GcpPool, scope(c), id)] != nil {
				return "", nil, exists("WorkloadIdentityPool", id)
			}
			return id, answer(c, in, double.Object{"name": named(c, in), "state": "ACTIVE"}), nil
		},
		Delete: softDelete,
	}
}

// softDelete keeps the id for 30 days (Google Cloud, "Manage workload identity pools and providers").
func softDelete(_ *double.Call, r *world.Resource, _ double.Object) error {
	r.Deleted = true
	r.State["state"] = "DELETED"
	return nil
}

// named is a pool's resource name, which has the project's number.
func named(c *double.Call, in double.Object) string {
	number := ""
	if p := c.World.GCP[project(c, in)]; p != nil {
		number = p.Number
	}
	return fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", number, double.String(in, "workloadIdentityPoolId"))
}

func answer(c *double.Call, in double.Object, computed double.Object) double.Object {
	state := double.Clone(in)
	state["project"] = project(c, in)
	for key, v := range computed {
		state[key] = v
	}
	double.Default(state, "disabled", false)
	return state
}

func poolProvider() *double.Type {
	return &double.Type{
		Args:  iam.WorkloadIdentityPoolProviderArgs{},
		Scope: scope,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkID(in, "workloadIdentityPoolProviderId", poolPattern, fail)
			checkProvider(in, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			parent := fmt.Sprintf("projects/%s/locations/global/workloadIdentityPools/%s", project(c, in),
				double.String(in, "workloadIdentityPoolId"))
			if c.World.Get(pulumitype.GcpPool, scope(c), parent) == nil {
				//lint:ignore ST1005 the words are not ours
				return "", nil, fmt.Errorf("Error creating WorkloadIdentityPoolProvider: googleapi: Error 404: Requested entity was not "+
					"found: %s", parent)
			}
			id := parent + "/providers/" + double.String(in, "workloadIdentityPoolProviderId")
			if c.World.Resources[world.Key(pulumitype.GcpPoolProvider, scope(c), id)] != nil {
				return "", nil, exists("WorkloadIdentityPoolProvider", id)
			}
			name := named(c, in) + "/providers/" + double.String(in, "workloadIdentityPoolProviderId")
			return id, answer(c, in, double.Object{"name": name, "state": "ACTIVE"}), nil
		},
		Delete: softDelete,
	}
}

// checkProvider: an OIDC provider maps google.subject, and its condition compiles.
func checkProvider(in double.Object, fail double.Fail) {
	if mapping, known := in["attributeMapping"].(double.Object); known && mapping["google.subject"] == nil {
		fail("attributeMapping", "Error 400: The mapping must contain google.subject")
	}
	if condition := double.String(in, "attributeCondition"); condition != "" {
		if err := cel.CheckCondition(condition); err != nil {
			fail("attributeCondition", "Error 400: Error compiling the attribute condition: %v", err)
		}
	}
	if issuer := double.String(in, "oidc.issuerUri"); issuer != "" && !strings.HasPrefix(issuer, "https://") {
		fail("oidc.issuerUri", "Error 400: %q must be an https URL", issuer)
	}
}

func account() *double.Type {
	return &double.Type{
		Args:  serviceaccount.AccountArgs{},
		Scope: scope,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkID(in, "accountId", accountPattern, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			email := fmt.Sprintf("%s@%s.iam.gserviceaccount.com", double.String(in, "accountId"), project(c, in))
			id := fmt.Sprintf("projects/%s/serviceAccounts/%s", project(c, in), email)
			if c.World.Get(pulumitype.GcpServiceAccount, scope(c), id) != nil {
				return "", nil, exists("service account", id)
			}
			return id, answer(c, in, double.Object{
				"email": email, "name": id, "member": "serviceAccount:" + email,
				"uniqueId": world.Hex(20, "service account", email, c.World.Next()),
			}), nil
		},
	}
}

func checkMember(_ *double.Call, in double.Object, fail double.Fail) {
	if member := double.String(in, "member"); member != "" && !memberPattern.MatchString(member) {
		fail("member", "Error 400: The member %q is of an unknown type", member)
	}
	if role := double.String(in, "role"); role != "" && !strings.Contains(role, "roles/") {
		fail("role", "Error 400: Role %q is not supported", role)
	}
}

func accountMember() *double.Type {
	return &double.Type{
		Args:  serviceaccount.IAMMemberArgs{},
		Scope: scope,
		Check: checkMember,
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			account := double.String(in, "serviceAccountId")
			if c.World.Get(pulumitype.GcpServiceAccount, scope(c), account) == nil {
				//lint:ignore ST1005 the words are not ours
				return "", nil, fmt.Errorf("Error retrieving IAM policy for service account '%s': googleapi: Error 404: Unknown service "+
					"account", account)
			}
			state := double.Clone(in)
			state["etag"] = "BwXh" + world.Hex(8, c.World.Next())
			return account + "/" + double.String(in, "role") + "/" + double.String(in, "member"), state, nil
		},
	}
}

func repositoryMember() *double.Type {
	return &double.Type{
		Args: artifactregistry.RepositoryIamMemberArgs{},
		// The repository may be of another project than the provider's.
		Scope: scope,
		Check: checkMember,
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			id := fmt.Sprintf("projects/%s/locations/%s/repositories/%s", project(c, in), double.String(in, "location"),
				double.String(in, "repository"))
			if c.World.Get(pulumitype.GcpRepository, project(c, in), id) == nil {
				//lint:ignore ST1005 the words are not ours
				return "", nil, fmt.Errorf("Error retrieving IAM policy for artifactregistry repository %q: googleapi: Error 404: "+
					"Requested entity was not found", id)
			}
			state := double.Clone(in)
			state["project"], state["etag"] = project(c, in), "BwXh"+world.Hex(8, c.World.Next())
			return id + "/" + double.String(in, "role") + "/" + double.String(in, "member"), state, nil
		},
	}
}

func getProject(c *double.Call, args double.Object) (double.Object, error) {
	id := double.String(args, "projectId")
	if id == "" {
		id = scope(c)
	}
	if err := projectExists(c, id); err != nil {
		return nil, err
	}
	return double.Object{
		"id": "projects/" + id, "projectId": id, "number": c.World.GCP[id].Number, "name": id, "autoCreateNetwork": false,
		"billingAccount": "", "deletionPolicy": "PREVENT", "effectiveLabels": double.Object{}, "folderId": "", "labels": double.Object{},
		"orgId": "", "pulumiLabels": double.Object{}, "skipDelete": false, "tags": double.Object{},
	}, nil
}
