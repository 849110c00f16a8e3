package azurerbac

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/internal/sdksource"
)

// TestAsTheSDK: names of the type and its properties are the provider's.
func TestAsTheSDK(t *testing.T) {
	t.Parallel()
	sdk := sdksource.Find(t, "github.com/pulumi/pulumi-azure-native-sdk/authorization/v2")
	sdk.Require(t, "roleAssignment.go", roleAssignmentType, "roleAssignmentArgs", roleAssignmentArgs{})
}

// TestDefinition: a role is named in three ways.
func TestDefinition(t *testing.T) {
	t.Parallel()
	const id = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
	for _, role := range []string{"Owner", "8E3AF657-A8FF-443C-A75C-2FE8C4BCB635", id} {
		require.Equal(t, id, Definition("s", role))
		require.Equal(t, "Owner", Name(role))
	}
	require.Empty(t, Name("00000000-0000-4000-8000-00000000000c"))
}
