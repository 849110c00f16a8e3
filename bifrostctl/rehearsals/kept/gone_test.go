package kept_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
)

// TestClusterGoneBeforeItsStack: where the cluster is deleted first, destroy says what to do, and does it. The test has the environment to
// itself.
func TestClusterGoneBeforeItsStack(t *testing.T) {
	for _, stack := range stacktest.DevStacks {
		t.Run(stack, func(t *testing.T) {
			s := stacktest.New(t, stack)
			s.Engine.MustUp()
			clear(s.World.Clusters)
			failed := s.Engine.Destroy()
			require.Error(t, failed.Err)
			require.Contains(t, failed.Messages(), "PULUMI_K8S_DELETE_UNREACHABLE")

			t.Setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
			gone := s.Engine.Destroy()
			require.NoError(t, gone.Err, gone.Messages())
			require.Empty(t, gone.Snapshot.Resources)
		})
	}
}

// TestFieldOwnedElsewhere: a conflict of server-side apply, in the dry run of a preview as well as in an up, names the command that takes the field back, of whichever object it is.
func TestFieldOwnedElsewhere(t *testing.T) {
	t.Parallel()
	for token, setting := range map[string]string{
		edits.DeploymentKind: "gateway.replicas=4", edits.ServiceKind: "gateway.service.port=8080", edits.CronJobKind: "refresher.schedule=*/7 * * * *",
	} {
		for _, stack := range stacktest.DevStacks {
			t.Run(stack+" "+token, func(t *testing.T) {
				t.Parallel()
				s := stacktest.New(t, stack)
				s.Engine.MustUp()
				s.Engine.Fault("type=" + token + `,op=preview,error=Apply failed with 1 conflict: conflict with "kubectl" using v1: .spec.replicas`)
				failed := s.Set(setting).Engine.Preview()
				require.Error(t, failed.Err)
				require.Contains(t, failed.Messages(), "`PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up`")
				s.Engine.Fault("type=" + token + `,op=update,error=Apply failed with 1 conflict: conflict with "kubectl" using v1: .spec.replicas`)
				failed = s.Engine.Up()
				require.Error(t, failed.Err)
				require.Contains(t, failed.Messages(), "`PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up`")
				s.Engine.MustUp()
			})
		}
	}
}
