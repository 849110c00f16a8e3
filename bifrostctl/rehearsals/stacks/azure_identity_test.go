package stacks_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
)

// told is what the hand-off says of the managed identity.
func told(up *enginetest.Result, id string) string {
	handoff := up.Outputs["vendorHandoff"].ArrayValue()
	text, _ := handoff[0].ObjectValue()[resource.PropertyKey(id)].V.(string)
	return text
}

// identityOf is the managed identity that exists.
func identityOf(t testing.TB, s *stacktest.Stack) map[string]any {
	return edits.The(t, s.World, pulumitype.AzureManagedIdentity, "")[0].State
}

const moved = "azure.location=northeurope"

// TestMovedIdentityIsSaid: a preview says what another location means, and nothing goes where identities are protected.
func TestMovedIdentityIsSaid(t *testing.T) {
	t.Parallel()
	for setting, change := range map[string]string{
		moved:                      "azure.location westeurope becomes northeurope",
		"aks.identityName=another": "aks.identityName bifrost-pull-identity becomes another",
	} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "azure-dev")
			s.Set("protectIdentities=true")
			s.Engine.MustUp()
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed")
			before := identityOf(t, s)

			s.Set("protectIdentities=true", setting)
			preview := s.Engine.Preview()
			require.Error(t, preview.Err)
			require.Contains(t, preview.Messages(), change)
			require.Contains(t, preview.Messages(), "the new one has another client id and another principal id")
			require.Contains(t, preview.Messages(), "protectIdentities is true")
			require.Error(t, s.Engine.Up().Err)
			require.Equal(t, before, identityOf(t, s))
			require.NotEmpty(t, edits.The(t, s.World, edits.CredentialType, ""), "the credential stays too")

			s.Set(setting)
			preview = s.Engine.Preview()
			require.NoError(t, preview.Err)
			require.Contains(t, preview.Messages(), change)
			require.NotContains(t, preview.Messages(), "protectIdentities is true")
		})
	}
}

// TestMovedIdentity: the identity goes first, its credential with it, and the gateway stays. Where Google's side knows the ServiceAccount
// only, or is made here, the same `up` brings the new one into use.
func TestMovedIdentity(t *testing.T) {
	t.Parallel()
	for _, way := range []stacktest.Way{stacktest.TrustAKS, stacktest.OwnEntra} {
		t.Run(way.Name, func(t *testing.T) {
			t.Parallel()
			s := way.Start(t)
			client := told(s.Engine.MustUp(), "clientId")
			up := s.Set(moved).Engine.MustUp()
			requireMoved(t, up)
			now := identityOf(t, s)
			require.NotEqual(t, client, now["clientId"])
			require.Equal(t, "northeurope", now["location"])
			require.Equal(t, []any{now["clientId"], now["principalId"]}, []any{told(up, "clientId"), told(up, "principalId")})
			stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")
		})
	}
}

// requireMoved: identity and credential went first, and no part of the gateway went.
func requireMoved(t testing.TB, up *enginetest.Result) {
	var first []string
	for _, step := range up.Steps {
		if step.Op != "delete-replaced" {
			continue
		}
		require.NotContains(t, step.Name, "gateway")
		if step.Name == "aks-identity" || step.Name == "aks-federated-credential" {
			first = append(first, step.Name)
		}
	}
	require.Equal(t, []string{"aks-federated-credential", "aks-identity"}, first)
}

// TestMovedIdentityUntilAllowlisted: where the vendor trusts the identity's ids, the first token fails and the hand-off keeps the former
// ids; those of the new one are printed, and the same `up` goes on once the vendor knows them.
func TestMovedIdentityUntilAllowlisted(t *testing.T) {
	t.Parallel()
	s := stacktest.TrustEntra.Start(t)
	up := s.Engine.MustUp()
	client, principal := told(up, "clientId"), told(up, "principalId")

	agreed := stacktest.Agreements(s.Set(moved).Engine.Preview().Messages())
	failed := s.Set(append(agreed, moved)...).Engine.Up()
	require.ErrorContains(t, failed.Err, "condition not met")
	requireMoved(t, failed)
	require.Equal(t, client, told(failed, "clientId"), "an up that fails leaves the outputs")
	now := identityOf(t, s)
	require.Contains(t, failed.Messages(), "client id "+now["clientId"].(string)+", principal id "+now["principalId"].(string))

	edits.Replacing(pulumitype.GcpPoolProvider, "", "attributeCondition", client, now["clientId"].(string))(t, s.World)
	edits.Replacing(pulumitype.GcpServiceAccountMember, "", "member", principal, now["principalId"].(string))(t, s.World)
	require.Equal(t, now["clientId"], told(s.Engine.MustUp(), "clientId"))
}

// TestOtherSubscription: azure-native moves nothing when its subscription changes. The stack says so, and how to make the identity anew.
func TestOtherSubscription(t *testing.T) {
	t.Parallel()
	const other = "00000000-0000-4000-8000-0000000000aa"
	s := stacktest.New(t, "azure-dev")
	s.Engine.MustUp()
	before := identityOf(t, s)
	was := *s.World.Azure["00000000-0000-4000-8000-000000000001"]
	s.World.SeedAzure(cloud.AzureSubscription{ID: other, Tenant: was.Tenant, ResourceGroups: was.ResourceGroups, AKS: was.AKS})

	s.Set("azure.subscriptionId=" + other)
	for _, result := range []*enginetest.Result{s.Engine.Preview(), s.Engine.Up()} {
		require.ErrorContains(t, result.Err, "is in subscription 00000000-0000-4000-8000-000000000001, and this is for "+other)
		require.Contains(t, result.Messages(), "pulumi up --replace")
	}
	require.Equal(t, before, identityOf(t, s))
}

// TestAnotherCluster: its tokens have another issuer. The credential and Google's side here follow in place; a vendor's has to be told.
func TestAnotherCluster(t *testing.T) {
	t.Parallel()
	start := func(way stacktest.Way) *stacktest.Stack {
		s := way.Start(t)
		s.Engine.MustUp()
		next := *aks(s.World)
		next.Name = "next"
		was := s.World.Azure["00000000-0000-4000-8000-000000000001"]
		s.World.SeedAzure(cloud.AzureSubscription{ID: was.ID, Tenant: was.Tenant, AKS: []cloud.AKSCluster{next}})
		return s.Set("aks.clusterName=next")
	}
	t.Run("own federation", func(t *testing.T) {
		t.Parallel()
		s := start(stacktest.OwnFederation)
		plan := s.Engine.MustUp().Plan()
		require.Contains(t, plan, "update FederatedIdentityCredential aks-federated-credential [issuer]")
		require.Contains(t, plan, `update WorkloadIdentityPoolProvider gcp-provider [attributeMapping["google.subject"] oidc.issuerUri]`)
	})
	t.Run("vendor", func(t *testing.T) {
		t.Parallel()
		s := start(stacktest.TrustAKS)
		now := s.World.Azure["00000000-0000-4000-8000-000000000001"].AKS[1].Issuer("00000000-0000-4000-8000-000000000002")
		require.Contains(t, s.Engine.Preview().Messages(), " becomes "+now+". Where the vendor trusts the ServiceAccount's tokens")
		agreed := stacktest.Agreements(s.Engine.Preview().Messages())
		require.Len(t, agreed, 1)
		s.Set(append(agreed, "aks.clusterName=next")...)
		require.ErrorContains(t, s.Engine.Up().Err, "issuer mismatch")

		edits.With(pulumitype.GcpPoolProvider, "", "oidc.issuerUri="+now)(t, s.World)
		require.Equal(t, now, told(s.Engine.MustUp(), "issuer"))
	})
}
