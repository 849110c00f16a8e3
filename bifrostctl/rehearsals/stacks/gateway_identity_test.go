package stacks_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
)

const openAiAccount = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/ai/providers/Microsoft.CognitiveServices/accounts/acme"

// gatewayClient is the client id that the gateway's ServiceAccount names.
func gatewayClient(t testing.TB, s *stacktest.Stack) any {
	accounts := edits.The(t, s.World, edits.AccountKind, "bifrost-sa")
	annotations, _ := accounts[0].State["metadata"].(map[string]any)["annotations"].(map[string]any)
	return annotations["azure.workload.identity/client-id"]
}

// TestGatewayIdentity: the gateway's identity goes through its life: made, given a role more, moved, and taken away; the pods stay, and
// roll when it is another one.
func TestGatewayIdentity(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev")
	const role = "aks.gatewayIdentity.roleAssignments[0].role=Cognitive Services OpenAI User"
	const scope = "aks.gatewayIdentity.roleAssignments[0].scope=" + openAiAccount
	s.Set(role, scope)
	up := s.Engine.MustUp()
	require.Len(t, edits.The(t, s.World, pulumitype.AzureRoleAssignment, ""), 1)
	first := clientOf(up)
	require.Equal(t, first, gatewayClient(t, s))
	stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed")

	s.Set("aks.gatewayIdentity.roleAssignments[0].role=Cognitive Services User", scope)
	up = s.Engine.MustUp()
	require.Equal(t, first, clientOf(up), "the identity stays")
	require.Len(t, edits.The(t, s.World, pulumitype.AzureRoleAssignment, ""), 1)

	s.Set(role, scope, "aks.gatewayIdentity.name=another")
	preview := s.Engine.Preview()
	require.NoError(t, preview.Err)
	require.Contains(t, preview.Messages(), "aks.gatewayIdentity.name bifrost-gateway-identity becomes another")
	up = s.Engine.MustUp()
	require.NotEqual(t, first, clientOf(up))
	require.Equal(t, clientOf(up), gatewayClient(t, s))
	require.Contains(t, strings.Join(up.Plan(), "\n"), "update Deployment aks-gateway-deployment [spec.template.metadata.annotations")
	for _, step := range up.Steps {
		require.False(t, step.Op == "delete-replaced" && step.Name == "aks-gateway-deployment", "the pods stay")
	}
	stacktest.OnlySame(t, s.Engine.MustUp(), "the change was made")

	s.Set()
	s.Engine.MustUp()
	require.Nil(t, gatewayClient(t, s))
}

func clientOf(up *enginetest.Result) string {
	text, _ := up.Outputs["aks"].ObjectValue()[resource.PropertyKey("gatewayClientId")].V.(string)
	return text
}
