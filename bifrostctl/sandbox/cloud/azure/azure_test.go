package azure_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-azure-native-sdk/containerservice/v2"
	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/client-go/tools/clientcmd"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
)

const (
	subscription = "00000000-0000-4000-8000-000000000001"
	tenant       = "00000000-0000-4000-8000-000000000002"

	identityType   = "azure-native:managedidentity:UserAssignedIdentity"
	credentialType = "azure-native:managedidentity:FederatedIdentityCredential"
	identityID     = "/subscriptions/" + subscription + "/resourcegroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/pull"
)

func newWorld() *cloud.World {
	w := cloud.NewWorld()
	w.SeedAzure(cloud.AzureSubscription{
		ID: subscription, Tenant: tenant,
		AKS: []cloud.AKSCluster{{Name: "dev", ResourceGroup: "rg", Location: "westeurope", Version: "1.33.2", OIDCIssuer: true, WorkloadIdentity: true}},
	})
	return w
}

func provider(args azurenative.ProviderArgs) func(*pulumi.Context) (pulumi.ProviderResource, error) {
	return func(ctx *pulumi.Context) (pulumi.ProviderResource, error) {
		return azurenative.NewProvider(ctx, "azure", &args)
	}
}

func program(resources ...enginetest.Resource) pulumi.RunFunc {
	return enginetest.Program(provider(azurenative.ProviderArgs{Location: s("westeurope")}), resources...)
}

func res(typ, name string, props pulumi.Map) enginetest.Resource {
	return enginetest.Resource{Type: typ, Name: name, Props: props}
}

func s(text string) pulumi.String { return pulumi.String(text) }

var identity = res(identityType, "identity", pulumi.Map{"resourceGroupName": s("rg"), "resourceName": s("pull")})

func credential(changes pulumi.Map) enginetest.Resource {
	props := pulumi.Map{
		"resourceGroupName": s("rg"), "resourceName": s("pull"), "federatedIdentityCredentialResourceName": s("puller"),
		"issuer": s("https://issuer.example.com/"), "subject": s("system:serviceaccount:ns:sa"), "audiences": pulumi.StringArray{s("api://AzureADTokenExchange")},
	}
	for key, v := range changes {
		props[key] = v
		if v == nil {
			delete(props, key)
		}
	}
	return res(credentialType, "credential", props)
}

func identityWith(changes pulumi.Map) enginetest.Resource {
	props := pulumi.Map{}
	for _, m := range []pulumi.Map{identity.Props, changes} {
		for key, v := range m {
			props[key] = v
		}
	}
	return res(identityType, "identity", props)
}

func manyTags(n int) pulumi.StringMap {
	tags := pulumi.StringMap{}
	for i := range n {
		tags[fmt.Sprint(i)] = s("v")
	}
	return tags
}

// numbered is one of many credentials of the identity.
func numbered(i int) enginetest.Resource {
	return res(credentialType, fmt.Sprint("credential-", i), credential(pulumi.Map{
		"federatedIdentityCredentialResourceName": s(fmt.Sprint("puller-", i)), "subject": s(fmt.Sprint("system:serviceaccount:ns:", i)),
	}).Props)
}

func TestCredentialsPerIdentity(t *testing.T) {
	resources := []enginetest.Resource{identity}
	for i := range 20 {
		resources = append(resources, numbered(i))
	}
	e := enginetest.New(t, newWorld(), program(resources...), nil)
	e.MustUp()
	e.SetProgram(program(append(resources, numbered(20))...))
	require.Contains(t, e.Up().Messages(), "the managed identity 'pull' can have at most 20")
}

// An update may not take what another credential has, and a new name is no new credential while the old one is there.
func TestIssuerAndSubjectStayUnique(t *testing.T) {
	e := enginetest.New(t, newWorld(), program(identity, numbered(0), numbered(1)), nil)
	e.MustUp()
	same := numbered(1)
	same.Props["subject"] = numbered(0).Props["subject"]
	e.SetProgram(program(identity, numbered(0), same))
	require.Contains(t, e.Up().Messages(), "Issuer and subject combination already exists")

	renamed := enginetest.New(t, newWorld(), program(identity, credential(nil)), nil)
	renamed.MustUp()
	other := credential(pulumi.Map{"federatedIdentityCredentialResourceName": s("other")})
	other.Options = append(other.Options, pulumi.DeleteBeforeReplace(false))
	renamed.SetProgram(program(identity, other))
	require.Contains(t, renamed.Up().Messages(), "Issuer and subject combination already exists")
}

func TestParallelWritesToOneIdentity(t *testing.T) {
	w := newWorld()
	enginetest.New(t, w, program(identity), nil).MustUp()
	servers, err := cloud.Serve(w)
	require.NoError(t, err)
	t.Cleanup(servers.Stop)
	connection, err := grpc.NewClient(servers.Addr("azure-native"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, connection.Close()) })
	azure := pulumirpc.NewResourceProviderClient(connection)
	_, err = azure.Configure(t.Context(), &pulumirpc.ConfigureRequest{})
	require.NoError(t, err)

	const writers = 8
	answers := make(chan error, writers)
	for i := range writers {
		properties, err := structpb.NewStruct(map[string]any{
			"resourceGroupName": "rg", "resourceName": "pull", "federatedIdentityCredentialResourceName": fmt.Sprint("puller-", i),
			"issuer": "https://issuer.example.com/", "subject": fmt.Sprint(i), "audiences": []any{"a"},
		})
		require.NoError(t, err)
		go func() {
			_, err := azure.Create(t.Context(), &pulumirpc.CreateRequest{Urn: fmt.Sprintf("urn:pulumi:s::p::%s::c%d", credentialType, i), Properties: properties})
			answers <- err
		}()
	}
	made := 0
	for range writers {
		if err := <-answers; err != nil {
			require.ErrorContains(t, err, "Status=409")
			require.ErrorContains(t, err, "written concurrently for the managed identity '"+identityID+"'")
			continue
		}
		made++
	}
	require.Positive(t, made)
	require.Less(t, made, writers)
	require.Len(t, w.List(credentialType, subscription), made, "what was refused was not made")
}

func TestLifecycle(t *testing.T) {
	w := newWorld()
	e := enginetest.New(t, w, program(identity, credential(nil)), nil)
	up := e.MustUp()
	require.Equal(t, 4, up.Changes["create"])
	require.Equal(t, identityID, string(up.Resource("identity").ID))
	require.Equal(t, identityID+"/federatedIdentityCredentials/puller", string(up.Resource("credential").ID))
	outputs := up.Resource("identity").Outputs
	require.Equal(t, tenant, outputs["tenantId"].StringValue())
	require.Equal(t, "westeurope", outputs["location"].StringValue(), "the provider's location")
	require.NotEqual(t, outputs["clientId"], outputs["principalId"])

	require.Empty(t, e.MustUp().Plan())
	require.NoError(t, e.Refresh().Err)
	require.Empty(t, e.MustUp().Plan())
	require.NoError(t, e.Destroy().Err)
	require.Empty(t, w.Resources)

	again := e.MustUp().Resource("identity").Outputs
	for _, id := range []resource.PropertyKey{"clientId", "principalId"} {
		require.NotEqual(t, outputs[id], again[id], "an identity made again is another")
	}
}

func TestChanges(t *testing.T) {
	tests := []struct {
		name    string
		changes pulumi.Map
		want    []string
	}{
		{"subject", pulumi.Map{"subject": s("system:serviceaccount:ns:other")}, []string{"update FederatedIdentityCredential credential [subject]"}},
		{"name", pulumi.Map{"federatedIdentityCredentialResourceName": s("other"), "subject": s("system:serviceaccount:ns:other")}, []string{
			"delete-replaced FederatedIdentityCredential credential",
			"replace FederatedIdentityCredential credential [federatedIdentityCredentialResourceName subject]",
			"create-replacement FederatedIdentityCredential credential [federatedIdentityCredentialResourceName subject]",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := enginetest.New(t, newWorld(), program(identity, credential(nil)), nil)
			e.MustUp()
			e.SetProgram(program(identity, credential(test.changes)))
			require.Equal(t, test.want, e.MustUp().Plan())
		})
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name      string
		resources []enginetest.Resource
		want      string
	}{
		{"unknown type", []enginetest.Resource{res("azure-native:storage:StorageAccount", "x", pulumi.Map{})}, "does not model the resource type"},
		{"unknown property", []enginetest.Resource{credential(pulumi.Map{"audience": s("a")})}, `unknown property "audience"`},
		{"missing property", []enginetest.Resource{credential(pulumi.Map{"subject": nil})}, `missing required property "subject"`},
		{"missing list", []enginetest.Resource{credential(pulumi.Map{"audiences": nil})}, `missing required property "audiences"`},
		{"two audiences", []enginetest.Resource{credential(pulumi.Map{"audiences": pulumi.StringArray{s("a"), s("b")}})}, "exactly one audience"},
		{"issuer", []enginetest.Resource{credential(pulumi.Map{"issuer": s("http://a")})}, "must be an https URL"},
		{"issuer with a query", []enginetest.Resource{credential(pulumi.Map{"issuer": s("https://a/?b")})}, "without query and fragment"},
		{"issuer without host", []enginetest.Resource{credential(pulumi.Map{"issuer": s("https:///a")})}, "must be an https URL"},
		{"issuer's length", []enginetest.Resource{credential(pulumi.Map{"issuer": s("https://a/" + strings.Repeat("a", 600))})}, "issuer: must have at most 600 characters, got 610"},
		{"empty subject", []enginetest.Resource{credential(pulumi.Map{"subject": s("")})}, "subject: must not be empty"},
		{"subject's length", []enginetest.Resource{credential(pulumi.Map{"subject": s(strings.Repeat("a", 601))})}, "subject: must have at most 600 characters, got 601"},
		{"white space", []enginetest.Resource{credential(pulumi.Map{"subject": s("a ")})}, "must not begin or end with white space"},
		{"audience's length", []enginetest.Resource{credential(pulumi.Map{"audiences": pulumi.StringArray{s(strings.Repeat("a", 601))}})}, "audiences: must have at most 600 characters"},
		{"length of an identity's name", []enginetest.Resource{identityWith(pulumi.Map{"resourceName": s("ab")})}, `"ab" must match`},
		{"length of a credential's name", []enginetest.Resource{credential(pulumi.Map{"federatedIdentityCredentialResourceName": s(strings.Repeat("a", 121))})}, "must match"},
		{"group's name", []enginetest.Resource{identityWith(pulumi.Map{"resourceGroupName": s("rg.")})}, `"rg." must match`},
		{"tag key", []enginetest.Resource{identityWith(pulumi.Map{"tags": pulumi.StringMap{"a/b": s("c")}})}, "must not hold any of"},
		{"tag key's length", []enginetest.Resource{identityWith(pulumi.Map{"tags": pulumi.StringMap{strings.Repeat("a", 513): s("c")}})}, "must have 1 to 512 characters"},
		{"tag value", []enginetest.Resource{identityWith(pulumi.Map{"tags": pulumi.StringMap{"a": s(strings.Repeat("a", 257))}})}, "must have at most 256 characters"},
		{"number of tags", []enginetest.Resource{identityWith(pulumi.Map{"tags": manyTags(51)})}, "at most 50 tags, got 51"},
		{"issuer and subject twice", []enginetest.Resource{identity, credential(nil), res(credentialType, "x", credential(pulumi.Map{"federatedIdentityCredentialResourceName": s("other")}).Props)}, "Issuer and subject combination already exists"},
		{"name", []enginetest.Resource{credential(pulumi.Map{"federatedIdentityCredentialResourceName": s("a b")})}, `"a b" must match`},
		{"resource group", []enginetest.Resource{res(identityType, "x", pulumi.Map{"resourceGroupName": s("none")})}, "Resource group 'none' could not be found"},
		{"credential without identity", []enginetest.Resource{credential(nil)}, "userAssignedIdentities/pull' under resource group 'rg' was not found"},
		{"identity twice", []enginetest.Resource{identity, res(identityType, "x", identity.Props)}, "cannot create already existing resource"},
		{"credential twice", []enginetest.Resource{identity, credential(nil), res(credentialType, "x", credential(nil).Props)}, "cannot create already existing resource"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			up := enginetest.New(t, newWorld(), program(test.resources...), nil).Up()
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), test.want)
		})
	}
}

func TestProviderConfiguration(t *testing.T) {
	const other = "00000000-0000-4000-8000-00000000000f"
	tests := []struct {
		name string
		args azurenative.ProviderArgs
		want string
	}{
		{"subscription", azurenative.ProviderArgs{SubscriptionId: s(other), Location: s("westeurope")}, "The subscription '" + other + "' could not be found"},
		{"tenant", azurenative.ProviderArgs{TenantId: s(other), Location: s("westeurope")}, "InvalidAuthenticationTokenTenant"},
		{"location", azurenative.ProviderArgs{}, "neither the resource nor the provider has one"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			up := enginetest.New(t, newWorld(), enginetest.Program(provider(test.args), identity), nil).Up()
			require.Error(t, up.Err)
			require.Contains(t, up.Messages(), test.want)
		})
	}
	t.Run("nobody is signed in", func(t *testing.T) {
		require.Contains(t, enginetest.New(t, cloud.NewWorld(), program(identity), nil).Up().Messages(), "az login")
	})
}

func look(t *testing.T, w *cloud.World, lookUp func(*pulumi.Context, pulumi.InvokeOption) error) *enginetest.Result {
	t.Helper()
	return enginetest.New(t, w, func(ctx *pulumi.Context) error {
		p, err := provider(azurenative.ProviderArgs{})(ctx)
		if err != nil {
			return err
		}
		return lookUp(ctx, pulumi.Provider(p))
	}, nil).Up()
}

func TestLookUps(t *testing.T) {
	up := look(t, newWorld(), func(ctx *pulumi.Context, through pulumi.InvokeOption) error {
		cluster, err := containerservice.LookupManagedCluster(ctx, &containerservice.LookupManagedClusterArgs{ResourceGroupName: "RG", ResourceName: "dev"}, through)
		require.NoError(t, err)
		require.Regexp(t, `^https://westeurope\.oic\.prod-aks\.azure\.com/`+tenant+`/[0-9a-f-]{36}/$`, cluster.OidcIssuerProfile.IssuerURL)
		require.True(t, *cluster.OidcIssuerProfile.Enabled)
		require.Equal(t, tenant, cluster.Identity.TenantId)
		require.True(t, *cluster.SecurityProfile.WorkloadIdentity.Enabled)
		require.Equal(t, "1.33.2", *cluster.KubernetesVersion)

		exec := "exec"
		credentials, err := containerservice.ListManagedClusterUserCredentials(ctx, &containerservice.ListManagedClusterUserCredentialsArgs{ResourceGroupName: "rg", ResourceName: "dev", Format: &exec}, through)
		require.NoError(t, err)
		text, err := base64.StdEncoding.DecodeString(credentials.Kubeconfigs[0].Value)
		require.NoError(t, err)
		kubeconfig, err := clientcmd.Load(text)
		require.NoError(t, err)
		require.Equal(t, "https://"+cluster.Fqdn+":443", kubeconfig.Clusters["dev"].Server)
		require.Contains(t, string(kubeconfig.Clusters["dev"].CertificateAuthorityData), "BEGIN CERTIFICATE")
		require.Contains(t, kubeconfig.AuthInfos["clusterUser_rg_dev"].Exec.Args, "devicecode")
		return nil
	})
	require.NoError(t, up.Err)
}

func TestFeaturesThatAreOff(t *testing.T) {
	w := cloud.NewWorld()
	w.SeedAzure(cloud.AzureSubscription{ID: subscription, Tenant: tenant, AKS: []cloud.AKSCluster{{Name: "old", ResourceGroup: "rg", Location: "westeurope", Version: "1.30.0"}}})
	up := look(t, w, func(ctx *pulumi.Context, through pulumi.InvokeOption) error {
		cluster, err := containerservice.LookupManagedCluster(ctx, &containerservice.LookupManagedClusterArgs{ResourceGroupName: "rg", ResourceName: "old"}, through)
		require.NoError(t, err)
		require.False(t, *cluster.OidcIssuerProfile.Enabled)
		require.Empty(t, cluster.OidcIssuerProfile.IssuerURL)
		require.False(t, *cluster.SecurityProfile.WorkloadIdentity.Enabled)
		return nil
	})
	require.NoError(t, up.Err)
}

func TestMissingThings(t *testing.T) {
	for group, want := range map[string]string{"rg": "managedClusters/none' under resource group 'rg' was not found", "none": "ResourceGroupNotFound"} {
		up := look(t, newWorld(), func(ctx *pulumi.Context, through pulumi.InvokeOption) error {
			_, err := containerservice.LookupManagedCluster(ctx, &containerservice.LookupManagedClusterArgs{ResourceGroupName: group, ResourceName: "none"}, through)
			return err
		})
		require.Contains(t, up.Messages(), want)
	}
}
