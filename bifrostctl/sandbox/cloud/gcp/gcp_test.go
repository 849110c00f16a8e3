package gcp_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/organizations"
	"github.com/pulumi/pulumi-gcp/sdk/v7/go/gcp/serviceaccount"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
	"bifrost/internal/googlegke"
)

const (
	poolID    = "projects/acme/locations/global/workloadIdentityPools/pool"
	email     = "puller@acme.iam.gserviceaccount.com"
	principal = "principal://iam.googleapis.com/projects/1234/locations/global/workloadIdentityPools/pool/subject/Me"
)

func newWorld() *cloud.World {
	w := cloud.NewWorld()
	w.SeedGoogle(world.GCPProject{ID: "acme", Number: "1234", GKE: []world.GKECluster{
		{Name: "dev", Location: "europe-west1", Version: "1.34.1-gke.100", WorkloadIdentity: true, NodePools: []world.GKENodePool{
			{Name: "plain"}, {Name: "own", ServiceAccount: "nodes@acme.iam.gserviceaccount.com", Scopes: []string{"cloud-platform"}, Exposed: true},
		}},
		{Name: "old", Location: "europe-west1-b", Version: "1.23.1-gke.100", NetworkPolicies: world.Calico, NodePools: []world.GKENodePool{{Name: "plain"}}},
	}})
	w.SeedProject("other", "5678")
	w.SeedARRepository("acme", "europe-west1", "hub")
	return w
}

func s(text string) pulumi.String { return pulumi.String(text) }

func program(project string, resources ...enginetest.Resource) pulumi.RunFunc {
	return enginetest.Program(func(ctx *pulumi.Context) (pulumi.ProviderResource, error) {
		return gcp.NewProvider(ctx, "gcp", &gcp.ProviderArgs{Project: s(project)})
	}, resources...)
}

// with is a resource with other properties: nil takes one away.
func with(r enginetest.Resource, changes pulumi.Map) enginetest.Resource {
	props := pulumi.Map{}
	for _, m := range []pulumi.Map{r.Props, changes} {
		for key, v := range m {
			props[key] = v
			if v == nil {
				delete(props, key)
			}
		}
	}
	r.Props = props
	return r
}

var (
	pool = enginetest.Resource{Type: pulumitype.GcpPool, Name: "pool", Props: pulumi.Map{
		"project": s("acme"), "workloadIdentityPoolId": s("pool"),
	}}
	provider = enginetest.Resource{Type: pulumitype.GcpPoolProvider, Name: "provider", Props: pulumi.Map{
		"project": s("acme"), "workloadIdentityPoolId": s("pool"), "workloadIdentityPoolProviderId": s("provider"),
		"attributeMapping": pulumi.StringMap{"google.subject": s("assertion.sub")}, "attributeCondition": s("assertion.sub == 'a'"),
		"oidc": pulumi.Map{"issuerUri": s("https://issuer.example.com/"), "allowedAudiences": pulumi.StringArray{s("b"), s("a")}},
	}}
	account = enginetest.Resource{Type: pulumitype.GcpServiceAccount, Name: "account", Props: pulumi.Map{
		"project": s("acme"), "accountId": s("puller"), "displayName": s("Pulls"),
	}}
	user = enginetest.Resource{Type: pulumitype.GcpServiceAccountMember, Name: "user", Props: pulumi.Map{
		"serviceAccountId": s("projects/acme/serviceAccounts/" + email), "role": s("roles/iam.workloadIdentityUser"), "member": s(principal),
	}}
	reader = enginetest.Resource{Type: pulumitype.GcpRepositoryMember, Name: "reader", Props: pulumi.Map{
		"project": s("acme"), "location": s("europe-west1"), "repository": s("hub"),
		"role": s("roles/artifactregistry.reader"), "member": s("serviceAccount:" + email),
	}}
)

// clusterUser and bound are what a service account of a GKE cluster's has.
var (
	clusterUser = with(enginetest.Resource{Type: user.Type, Name: "clusterUser", Props: user.Props},
		pulumi.Map{"member": s("serviceAccount:acme.svc.id.goog[bifrost/pull]")})
	clusterPrincipal = with(enginetest.Resource{Type: user.Type, Name: "clusterPrincipal", Props: user.Props},
		pulumi.Map{"member": s("principal://iam.googleapis.com/projects/1234/locations/global/workloadIdentityPools/acme.svc.id.goog/subject/ns/bifrost/sa/pull")})
	bound = enginetest.Resource{Type: pulumitype.GcpProjectMember, Name: "bound", Props: pulumi.Map{
		"project": s("acme"), "role": s("roles/aiplatform.user"), "member": s("serviceAccount:" + email),
	}}
)

// TestUnchanged: what was made is what was asked for, as the provider compares it, also once it was read again.
func TestUnchanged(t *testing.T) {
	e := enginetest.New(t, newWorld(), program("acme", pool, provider, account, user, clusterUser, clusterPrincipal, reader, bound), nil)
	up := e.MustUp()
	require.Equal(t, "projects/acme/locations/europe-west1/repositories/hub", up.Resource("reader").Outputs["repository"].StringValue())
	require.Empty(t, e.MustUp().Plan())
	require.NoError(t, e.Refresh().Err)
	require.Empty(t, e.MustUp().Plan())
}

func TestChanges(t *testing.T) {
	replaced := func(typ, name, property string) []string {
		return []string{
			"create-replacement " + typ + " " + name + " [" + property + "]", "replace " + typ + " " + name + " [" + property + "]",
			"delete-replaced " + typ + " " + name,
		}
	}
	all := []enginetest.Resource{pool, provider, account, user, reader, bound}
	for name, c := range map[string]struct {
		changed enginetest.Resource
		want    []string
	}{
		"issuer and audience": {
			with(provider, pulumi.Map{"oidc": pulumi.Map{"issuerUri": s("https://b.example.com/"), "allowedAudiences": pulumi.StringArray{s("b"), s("c")}}}),
			[]string{"update WorkloadIdentityPoolProvider provider [oidc.allowedAudiences[1] oidc.issuerUri]"},
		},
		"audiences are no set": {
			with(provider, pulumi.Map{"oidc": pulumi.Map{"issuerUri": s("https://issuer.example.com/"), "allowedAudiences": pulumi.StringArray{s("a"), s("b")}}}),
			[]string{"update WorkloadIdentityPoolProvider provider [oidc.allowedAudiences[0] oidc.allowedAudiences[1]]"},
		},
		"no condition":     {with(provider, pulumi.Map{"attributeCondition": nil}), []string{"update WorkloadIdentityPoolProvider provider [attributeCondition]"}},
		"not disabled":     {with(provider, pulumi.Map{"disabled": pulumi.Bool(false)}), nil},
		"no project":       {with(provider, pulumi.Map{"project": nil}), nil},
		"another provider": {with(provider, pulumi.Map{"workloadIdentityPoolProviderId": s("another")}), replaced("WorkloadIdentityPoolProvider", "provider", "workloadIdentityPoolProviderId")},
		"uploaded keys": {
			with(provider, pulumi.Map{"oidc": pulumi.Map{"issuerUri": s("https://issuer.example.com/"), "jwksJson": s(`{"keys":[]}`), "allowedAudiences": pulumi.StringArray{s("b"), s("a")}}}),
			[]string{"update WorkloadIdentityPoolProvider provider [oidc.jwksJson]"},
		},
		"no display name":   {with(account, pulumi.Map{"displayName": nil}), []string{"update Account account [displayName]"}},
		"enabled":           {with(account, pulumi.Map{"disabled": pulumi.Bool(false)}), nil},
		"the whole path":    {with(reader, pulumi.Map{"repository": s("projects/acme/locations/europe-west1/repositories/hub")}), nil},
		"a member's case":   {with(reader, pulumi.Map{"member": s("serviceAccount:" + strings.ToUpper(email))}), nil},
		"a principal's":     {with(user, pulumi.Map{"member": s(strings.Replace(principal, "Me", "me", 1))}), replaced("IAMMember", "user", "member")},
		"a project's path":  {with(bound, pulumi.Map{"project": s("projects/acme")}), nil},
		"another role":      {with(bound, pulumi.Map{"role": s("roles/viewer")}), replaced("IAMMember", "bound", "role")},
		"a member's role":   {with(reader, pulumi.Map{"role": s("roles/artifactregistry.writer")}), replaced("RepositoryIamMember", "reader", "role")},
		"a pool's own name": {with(pool, pulumi.Map{"displayName": s("Pool")}), []string{"update WorkloadIdentityPool pool [displayName]"}},
	} {
		t.Run(name, func(t *testing.T) {
			resources := append([]enginetest.Resource{}, all...)
			for i := range resources {
				if resources[i].Name == c.changed.Name {
					resources[i] = c.changed
				}
			}
			e := enginetest.New(t, newWorld(), program("acme", all...), nil)
			e.MustUp()
			e.SetProgram(program("acme", resources...))
			require.Equal(t, c.want, e.MustUp().Plan())
			require.Empty(t, e.MustUp().Plan(), "the change was made")
			e.SetProgram(program("acme", all...))
			if name == "another provider" {
				require.ErrorContains(t, e.Up().Err, "Error 409", "its id is kept for 30 days")
				return
			}
			e.MustUp()
			require.Empty(t, e.MustUp().Plan(), "and taken back")
		})
	}
}

// TestDisabledFromTheBeginning: the create of a service account does not send it.
func TestDisabledFromTheBeginning(t *testing.T) {
	e := enginetest.New(t, newWorld(), program("acme", with(account, pulumi.Map{"disabled": pulumi.Bool(true)})), nil)
	require.False(t, e.MustUp().Resource("account").Outputs["disabled"].BoolValue())
	require.Equal(t, []string{"update Account account [disabled]"}, e.MustUp().Plan())
	require.Empty(t, e.MustUp().Plan())
}

// TestAccountMadeAgain: its name is free at once, and the new one is no member of what the old one was.
func TestAccountMadeAgain(t *testing.T) {
	w := newWorld()
	e := enginetest.New(t, w, program("acme", account), nil)
	before := e.MustUp().Resource("account").Outputs["uniqueId"]
	w.Put(world.Reader("acme", "europe-west1", "hub", "serviceAccount:"+email))
	require.Len(t, w.List(pulumitype.GcpRepositoryMember, "acme"), 1)
	require.NoError(t, e.Destroy().Err)
	require.Empty(t, w.List(pulumitype.GcpRepositoryMember, "acme"))
	require.NotEqual(t, before, e.MustUp().Resource("account").Outputs["uniqueId"])
}

func TestRefused(t *testing.T) {
	stranger := s("principal://iam.googleapis.com/projects/1234/locations/global/workloadIdentityPools/none/subject/me")
	for name, c := range map[string]struct {
		resources []enginetest.Resource
		want      string
	}{
		"account twice":         {[]enginetest.Resource{account, {Type: account.Type, Name: "x", Props: account.Props}}, "Service account puller already exists within project projects/acme"},
		"pool twice":            {[]enginetest.Resource{pool, {Type: pool.Type, Name: "x", Props: pool.Props}}, "Error creating WorkloadIdentityPool: googleapi: Error 409"},
		"provider without pool": {[]enginetest.Resource{provider}, "Error creating WorkloadIdentityPoolProvider: googleapi: Error 404"},
		"principal of no pool":  {[]enginetest.Resource{account, with(user, pulumi.Map{"member": stranger})}, "Identity Pool does not exist (projects/1234/"},
		"reader of no pool":     {[]enginetest.Resource{with(reader, pulumi.Map{"member": stranger})}, "Identity Pool does not exist (projects/1234/"},
		"keys with a certificate": {
			[]enginetest.Resource{pool, with(provider, pulumi.Map{"oidc": pulumi.Map{"issuerUri": s("https://issuer.example.com/"), "jwksJson": s(`{"keys":[{"kty":"RSA","x5c":["MII"]}]}`)}})},
			"Input JWK is not in a valid json format",
		},
		"keys that are none": {
			[]enginetest.Resource{pool, with(provider, pulumi.Map{"oidc": pulumi.Map{"issuerUri": s("https://issuer.example.com/"), "jwksJson": s("here")}})},
			"Input JWK is not in a valid json format",
		},
		"member without account":    {[]enginetest.Resource{pool, user}, "Error retrieving IAM policy for service account 'projects/acme/serviceAccounts/" + email + "': googleapi: Error 404"},
		"member without repository": {[]enginetest.Resource{with(reader, pulumi.Map{"repository": s("none")})}, "googleapi: Error 404"},
		"user of no cluster's pool": {[]enginetest.Resource{account, with(user, pulumi.Map{"member": s("serviceAccount:other.svc.id.goog[bifrost/pull]")})}, "Identity Pool does not exist (other.svc.id.goog)"},
		"principal of no cluster":   {[]enginetest.Resource{account, with(user, pulumi.Map{"member": s("principal://iam.googleapis.com/projects/5678/locations/global/workloadIdentityPools/other.svc.id.goog/subject/ns/a/sa/b")})}, "Identity Pool does not exist (projects/5678/"},
		"reader that is not there":  {[]enginetest.Resource{reader}, "googleapi: Error 400: Service account puller@acme.iam.gserviceaccount.com does not exist."},
		"role in no project":        {[]enginetest.Resource{with(bound, pulumi.Map{"project": s("none")})}, `Error retrieving IAM policy for project "none"`},
		"project":                   {[]enginetest.Resource{with(pool, pulumi.Map{"workloadIdentityPoolId": s("gcp-pool")})}, "must not begin with gcp-"},
	} {
		t.Run(name, func(t *testing.T) {
			up := enginetest.New(t, newWorld(), program("acme", c.resources...), nil).Up()
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), c.want)
		})
	}
}

// TestAnotherProject: what was made in the former project is found and deleted there.
func TestAnotherProject(t *testing.T) {
	w := newWorld()
	e := enginetest.New(t, w, program("acme", pool, account), nil)
	e.MustUp()
	moved := pulumi.Map{"project": s("other")}
	e.SetProgram(program("other", with(pool, moved), with(account, moved)))
	e.MustUp()
	require.Nil(t, w.Get(pulumitype.GcpServiceAccount, "acme", world.AccountPath("acme", email)))
	require.Empty(t, w.List(pulumitype.GcpPool, "acme"), "deleted, and kept for 30 days")
	require.True(t, w.Resources["gcp:iam/workloadIdentityPool:WorkloadIdentityPool|acme|"+poolID].Deleted)
	require.Len(t, w.List(pulumitype.GcpPool, "other"), 1)
}

func TestGetProject(t *testing.T) {
	look := func(id string) *enginetest.Result {
		return enginetest.New(t, newWorld(), func(ctx *pulumi.Context) error {
			p, err := gcp.NewProvider(ctx, "gcp", &gcp.ProviderArgs{Project: s("acme")})
			if err != nil {
				return err
			}
			found, err := organizations.LookupProject(ctx, &organizations.LookupProjectArgs{ProjectId: &id}, pulumi.Provider(p))
			if err == nil {
				require.Equal(t, "5678", found.Number)
				require.Equal(t, "DELETE", found.DeletionPolicy)
			}
			return err
		}, nil).Up()
	}
	require.NoError(t, look("other").Err)
	require.Contains(t, look("none").Messages(), `does not have permission to access Project "none" or it may not exist`)
}

// TestGetCluster: the look-up says of a cluster what the program asks of it.
func TestGetCluster(t *testing.T) {
	look := func(project, location, name string, see func(*googlegke.Cluster)) *enginetest.Result {
		return enginetest.New(t, newWorld(), func(ctx *pulumi.Context) error {
			p, err := gcp.NewProvider(ctx, "gcp", &gcp.ProviderArgs{Project: s("acme")})
			if err != nil {
				return err
			}
			found, err := googlegke.LookUpCluster(ctx, project, location, name, pulumi.Provider(p))
			if err == nil {
				see(found)
			}
			return err
		}, nil).Up()
	}
	require.NoError(t, look("acme", "europe-west1", "dev", func(c *googlegke.Cluster) {
		require.Equal(t, "acme.svc.id.goog", c.WorkloadPool())
		require.Equal(t, "1.34.1-gke.100", c.MasterVersion)
		require.Equal(t, "ADVANCED_DATAPATH", c.DatapathProvider)
		require.False(t, c.EnforcesPolicies())
		require.Equal(t, []bool{true, false}, []bool{c.NodePools[0].HasMetadataServer(), c.NodePools[1].HasMetadataServer()})
		require.Equal(t, "default", c.NodePools[0].NodeConfigs[0].ServiceAccount)
		require.Contains(t, c.NodePools[0].NodeConfigs[0].OauthScopes, "https://www.googleapis.com/auth/devstorage.read_only")
		require.Equal(t, "nodes@acme.iam.gserviceaccount.com", c.NodePools[1].NodeConfigs[0].ServiceAccount)
		ca, err := base64.StdEncoding.DecodeString(c.CaCertificate())
		require.NoError(t, err)
		require.Equal(t, newWorld().Clusters["https://"+c.Endpoint].CA, string(ca))
	}).Err)
	require.NoError(t, look("acme", "europe-west1-b", "old", func(c *googlegke.Cluster) {
		require.Empty(t, c.WorkloadPool())
		require.True(t, c.EnforcesPolicies())
		require.Equal(t, "LEGACY_DATAPATH", c.DatapathProvider)
		require.False(t, c.NodePools[0].HasMetadataServer())
	}).Err)
	none := func(*googlegke.Cluster) { t.Error("found") }
	require.Contains(t, look("acme", "europe-west1-b", "dev", none).Messages(), "projects/acme/locations/europe-west1-b/clusters/dev not found")
	require.Contains(t, look("none", "europe-west1", "dev", none).Messages(), "Error 403: Permission denied on resource project none")
}

// TestGetAccount: an id, an email and a name mean the same account.
func TestGetAccount(t *testing.T) {
	look := func(id string) *enginetest.Result {
		w := newWorld()
		w.SeedServiceAccount("acme", email)
		return enginetest.New(t, w, func(ctx *pulumi.Context) error {
			p, err := gcp.NewProvider(ctx, "gcp", &gcp.ProviderArgs{Project: s("acme")})
			if err != nil {
				return err
			}
			found, err := serviceaccount.LookupAccount(ctx, &serviceaccount.LookupAccountArgs{AccountId: id}, pulumi.Provider(p))
			if err == nil {
				require.Equal(t, "serviceAccount:"+email, found.Member)
			}
			return err
		}, nil).Up()
	}
	for _, id := range []string{"puller", email, "projects/acme/serviceAccounts/" + email} {
		require.NoError(t, look(id).Err, id)
	}
	require.Contains(t, look("none").Messages(), "projects/-/serviceAccounts/none@acme.iam.gserviceaccount.com not found")
}
