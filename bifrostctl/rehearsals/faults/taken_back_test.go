package faults_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
)

// TestTakenBack: who changes something, sees the up fail, and takes the change back has the stack of before. The failed up left what it
// made beside what it would have deleted, so that a name which follows from the content is taken, and goes once more.
func TestTakenBack(t *testing.T) {
	t.Parallel()
	const (
		onEKS = "ecs=null"
		job   = "type=" + edits.JobKind + ",op=create,when=after,error=Job has reached the specified backoff limit"
		steps = "type=" + edits.ServiceType + ",op=update,when=after,error=tasks stopped"
	)
	for name, c := range map[string]struct {
		stack         string
		base, changed []string
		fault         string
	}{
		"EKS, first run": {"aws-dev", []string{onEKS}, []string{"refresher.podLabels.team=a"}, job},
		"AKS, first run": {"azure-dev", nil, []string{"refresher.podLabels.team=a"}, job},
		"EKS, migration": {"aws-dev", []string{onEKS, "gateway.migrationJob=true"}, []string{"gateway.env.NEW=1"}, job},
		"AKS, migration": {"azure-dev", []string{"gateway.migrationJob=true"}, []string{"gateway.env.NEW=1"}, job},
		"EKS, pods":      {"aws-dev", []string{onEKS}, []string{"gateway.env.NEW=1"}, "type=" + edits.DeploymentKind + ",op=update,when=after,error=timeout"},
		"AKS, pods":      {"azure-dev", nil, []string{"gateway.env.NEW=1"}, "type=" + edits.DeploymentKind + ",op=update,when=after,error=timeout"},
		"ECS, tasks":     {"aws-dev", []string{stacktest.OnlyECS}, []string{"gateway.env.NEW=1"}, steps},
		"ECS, secret":    {"aws-dev", []string{stacktest.OnlyECS}, []string{"secrets.env.NEW=1"}, steps},
		"ECS, migration": {"aws-dev", []string{stacktest.OnlyECS, "gateway.migrationJob=true"}, []string{"gateway.env.NEW=1"}, steps},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack).Set(c.base...)
			s.RequireWhole(t)
			s.Set(append(c.changed, c.base...)...).Engine.Fault(c.fault)
			require.Error(t, s.Engine.Up().Err)
			require.True(t, s.Engine.FaultsMet())
			s.Set(c.base...).RequireWhole(t)
		})
	}
}
