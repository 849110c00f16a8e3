package azure_test

import (
	"testing"

	"github.com/pulumi/pulumi-azure-native-sdk/managedidentity/v2"
	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
)

// at is the identity at a location, with a name or one that is made up.
func at(location, name string) enginetest.Resource {
	props := pulumi.Map{"resourceGroupName": s("rg"), "location": s(location)}
	if name != "" {
		props["resourceName"] = s(name)
	}
	return res(identityType, "identity", props)
}

// TestWhatGoesFirst: under a given name the old one goes first, also when the name changes; one that was made up is followed first.
func TestWhatGoesFirst(t *testing.T) {
	first := []string{
		"delete-replaced UserAssignedIdentity identity", "replace UserAssignedIdentity identity [location]",
		"create-replacement UserAssignedIdentity identity [location]",
	}
	last := []string{
		"create-replacement UserAssignedIdentity identity [location]", "replace UserAssignedIdentity identity [location]",
		"delete-replaced UserAssignedIdentity identity",
	}
	named := func(plan []string, fields string) []string {
		var changed []string
		for _, line := range plan {
			if line[len(line)-1] == ']' {
				line = line[:len(line)-len("[location]")] + fields
			}
			changed = append(changed, line)
		}
		return changed
	}
	for name, c := range map[string]struct {
		before, after enginetest.Resource
		want          []string
	}{
		"location":                {at("westeurope", "pull"), at("northeurope", "pull"), first},
		"name":                    {at("westeurope", "pull"), at("westeurope", "other"), named(first, "[resourceName]")},
		"made up":                 {at("westeurope", ""), at("northeurope", ""), last},
		"made up, then given":     {at("westeurope", ""), at("westeurope", "pull"), named(last, "[resourceName]")},
		"given, then not":         {at("westeurope", "pull"), at("westeurope", ""), nil},
		"given, then not, moved":  {at("westeurope", "pull"), at("northeurope", ""), first},
		"the location's spelling": {at("westeurope", "pull"), at("West Europe", "pull"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			e := enginetest.New(t, w, program(c.before), nil)
			e.MustUp()
			e.SetProgram(program(c.after))
			require.Equal(t, c.want, e.MustUp().Plan())
			require.Len(t, w.List(identityType, subscription), 1)
		})
	}
}

// TestMoved: a replaced identity takes its credential with it, and is another one.
func TestMoved(t *testing.T) {
	bound := func(location string) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			p, err := provider(azurenative.ProviderArgs{})(ctx)
			if err != nil {
				return err
			}
			_, err = identityWithCredential(ctx, p, location, nil)
			return err
		}
	}
	w := newWorld()
	e := enginetest.New(t, w, bound("westeurope"), nil)
	before := e.MustUp().Resource("identity").Outputs
	e.SetProgram(bound("northeurope"))
	up := e.MustUp()
	require.Equal(t, []string{
		"delete-replaced FederatedIdentityCredential credential", "delete-replaced UserAssignedIdentity identity",
		"replace UserAssignedIdentity identity [location]", "create-replacement UserAssignedIdentity identity [location]",
		"replace FederatedIdentityCredential credential", "create-replacement FederatedIdentityCredential credential",
	}, up.Plan())
	require.NotEqual(t, before["clientId"], up.Resource("identity").Outputs["clientId"])
	require.Len(t, w.List(credentialType, subscription), 1)
}

// identityWithCredential makes both; the credential's subject is the identity's client id.
func identityWithCredential(ctx *pulumi.Context, p pulumi.ProviderResource, location string, tags pulumi.StringMap) (pulumi.Output, error) {
	identity, err := managedidentity.NewUserAssignedIdentity(ctx, "identity", &managedidentity.UserAssignedIdentityArgs{
		ResourceGroupName: s("rg"), ResourceName: s("pull"), Location: s(location), Tags: tags,
	}, pulumi.Provider(p))
	if err != nil {
		return nil, err
	}
	_, err = managedidentity.NewFederatedIdentityCredential(ctx, "credential", &managedidentity.FederatedIdentityCredentialArgs{
		ResourceGroupName: s("rg"), ResourceName: identity.Name, FederatedIdentityCredentialResourceName: s("puller"),
		Issuer: s("https://issuer.example.com/"), Subject: identity.ClientId, Audiences: pulumi.StringArray{s("a")},
	}, pulumi.Provider(p))
	return identity.ClientId, err
}

// TestPreviewOfAnUpdate: what is neither given nor the name or the location is not known before the update, although it stays.
func TestPreviewOfAnUpdate(t *testing.T) {
	tagged := func(tags pulumi.StringMap) pulumi.RunFunc {
		return func(ctx *pulumi.Context) error {
			p, err := provider(azurenative.ProviderArgs{})(ctx)
			if err != nil {
				return err
			}
			_, err = identityWithCredential(ctx, p, "westeurope", tags)
			return err
		}
	}
	e := enginetest.New(t, newWorld(), tagged(nil), nil)
	e.MustUp()
	e.SetProgram(tagged(pulumi.StringMap{"a": s("b")}))
	update := "update UserAssignedIdentity identity [tags]"
	require.Equal(t, []string{update, "update FederatedIdentityCredential credential [subject]"}, e.Preview().Plan())
	up := e.MustUp()
	require.Equal(t, []string{update}, up.Plan())
	require.NotContains(t, up.Resource("identity").Outputs, "resourceName", "the answer has no names of the path")

	e.SetProgram(tagged(nil))
	require.Equal(t, []string{update}, e.MustUp().Plan())
	require.NotContains(t, e.State().Resource("identity").Outputs, "tags", "what is taken away goes")
}

// TestAnotherSubscription: what exists stays where its id says, is read and deleted there, and is not changed from another subscription.
func TestAnotherSubscription(t *testing.T) {
	const other = "00000000-0000-4000-8000-0000000000aa"
	w := newWorld()
	w.SeedAzure(cloud.AzureSubscription{ID: other, Tenant: tenant, ResourceGroups: []string{"rg"}})
	in := func(id string, r enginetest.Resource) pulumi.RunFunc {
		return enginetest.Program(provider(azurenative.ProviderArgs{SubscriptionId: s(id), Location: s("westeurope")}), r)
	}
	e := enginetest.New(t, w, in(subscription, identity), nil)
	e.MustUp()
	e.SetProgram(in(other, identity))
	require.Equal(t, []string{"update azure-native azure [subscriptionId]"}, e.MustUp().Plan())
	require.NoError(t, e.Refresh().Err)
	require.NotNil(t, e.State().Resource("identity"))
	e.SetProgram(in(other, identityWith(pulumi.Map{"tags": pulumi.StringMap{"a": s("b")}})))
	require.ErrorContains(t, e.Up().Err, "into the subscription "+other)
	require.NoError(t, e.Destroy().Err)
	require.Empty(t, w.Resources)
}
