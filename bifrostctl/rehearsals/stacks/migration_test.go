package stacks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
)

// TestMigration: on every platform the database is migrated before the rollout, and a second up changes nothing. With it the gateway's
// Services and tasks are of IPv6.
func TestMigration(t *testing.T) {
	t.Parallel()
	settings := []string{"gateway.migrationJob=true", "gateway.ipFamily=IPv6", "gateway.startupSeconds=600"}
	for name, c := range map[string]struct {
		stack    string
		settings []string
		makes    []string
	}{
		"EKS": {"aws-dev", []string{"ecs=null"}, []string{edits.JobKind}},
		"ECS": {"aws-dev", []string{stacktest.OnlyECS}, []string{edits.ServiceType}},
		"AKS": {"azure-dev", nil, []string{edits.JobKind}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stacktest.New(t, c.stack).Lives(append(c.settings, settings...), c.makes)
		})
	}
}

// TestFailedMigration: the pods that run stay, whatever becomes of the Job, and the next up tries it again.
func TestFailedMigration(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev").Set("gateway.migrationJob=true")
	s.Engine.MustUp()
	s.Set("gateway.migrationJob=true", "gateway.env.NEW=1")
	for range 2 {
		s.Engine.Fault("type=" + edits.JobKind + ",name=aks-gateway-migration,op=create,when=after,error=Job was active longer than specified deadline")
		failed := s.Engine.Up()
		require.Error(t, failed.Err)
		require.Contains(t, failed.Messages(), "the pods that run stay as they are")
		require.Contains(t, failed.Messages(), "an image that does not know BIFROST_MIGRATE_ONLY")
		for _, step := range failed.Plan() {
			require.NotContains(t, step, "aks-gateway-deployment", "nothing is done to the pods before the migration")
		}
	}
}

// TestRetriedMigration: a plan that replaces a failed Job updates the Deployment at most.
func TestRetriedMigration(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev").Set("gateway.migrationJob=true")
	s.Engine.MustUp()
	for _, r := range s.World.Resources {
		if string(r.Type) == edits.JobKind && strings.Contains(r.ID, "-migration-") {
			r.State["status"] = map[string]any{"failed": 1.0, "conditions": []any{map[string]any{"type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "Job was active longer than specified deadline"}}}
		}
	}
	plan := s.Engine.MustUp().Plan()
	require.Contains(t, strings.Join(plan, "\n"), "aks-gateway-migration")
	for _, step := range plan {
		require.NotContains(t, step, "aks-gateway-deployment")
	}
}
