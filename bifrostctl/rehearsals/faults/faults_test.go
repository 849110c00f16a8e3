package faults_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
)

// The tests of this file let clouds fail, and go on.

// TestUpAfterFault: whatever went wrong in an up, the next one makes the stack whole.
func TestUpAfterFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ stack, fault, want string }{
		"throttled":            {"aws-dev", "type=aws:iam/role:Role,op=create,error=throttled", "ThrottlingException: Rate exceeded"},
		"denied":               {"aws-dev", "type=aws:iam/policy:Policy,op=create,error=denied", "AccessDenied"},
		"conflict":             {"azure-dev", "type=azure-native:managedidentity:FederatedIdentityCredential,op=create,error=conflict", "Status=409"},
		"Azure throttles":      {"azure-dev", "type=azure-native:managedidentity:UserAssignedIdentity,op=create,error=throttled", "Status=429"},
		"timeout":              {"azure-dev", "type=kubernetes:core/v1:Secret,op=create,error=timeout", "in the time allotted"},
		"text of one's own":    {"aws-dev", "type=" + edits.DeploymentKind + ",op=create,error=no nodes, none at all", "no nodes, none at all"},
		"check":                {"aws-dev", "type=aws:ecs/taskDefinition:TaskDefinition,op=check,error=denied", "AccessDenied"},
		"look-up":              {"aws-dev", "type=aws:eks/getCluster:getCluster,op=invoke,error=throttled", "ThrottlingException"},
		"Deployment not ready": {"aws-dev", "type=" + edits.DeploymentKind + ",op=create,when=after,error=timeout", "in the time allotted"},
		"ECS service unsteady": {"aws-dev", "type=aws:ecs/service:Service,op=create,when=after,error=tasks stopped", "tasks stopped"},
		"Service not ready":    {"azure-dev", "type=kubernetes:core/v1:Service,op=create,when=after,error=no endpoints", "no endpoints"},
		"repeatable, lost":     {"aws-dev", "type=aws:iam/rolePolicy:RolePolicy,op=create,when=after,error=timeout", "The answer was lost"},
		"not seen yet":         {"aws-dev", "type=aws:iam/role:Role,op=create,stale=1", "NoSuchEntity"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack)
			s.Engine.Fault(c.fault)
			failed := s.Engine.Up()
			require.Error(t, failed.Err)
			require.Contains(t, failed.Messages(), c.want)
			require.True(t, s.Engine.FaultsMet())
			sawNothing(t, s, c.fault)
			s.RequireWhole(t)
		})
	}
}

// sawNothing reads what exists where an ECS service was made and no up saw it become steady: the program refuses to take that for done.
func sawNothing(t *testing.T, s *stacktest.Stack, fault string) {
	t.Helper()
	if strings.Contains(fault, edits.ServiceType) && strings.Contains(fault, "when=after") {
		require.ErrorContains(t, s.Engine.Up().Err, "no up saw the last deployment")
		require.NoError(t, s.Engine.Refresh().Err)
	}
}

// TestCloudThatIsDown: where nothing can be made, nothing is.
func TestCloudThatIsDown(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev")
	before := len(s.World.Resources)
	s.Engine.Fault("type=*,op=create,times=1000,error=down")
	for range 2 {
		require.Contains(t, s.Engine.Up().Messages(), "down")
	}
	require.Len(t, s.World.Resources, before)
}

// TestTimes: a fault strikes as often as it says.
func TestTimes(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev")
	s.Engine.Fault("type=" + edits.RoleType + ",name=eks-ecr-role,op=create,times=2,error=throttled")
	for range 2 {
		require.Contains(t, s.Engine.Up().Messages(), "ThrottlingException")
	}
	s.RequireWhole(t)
}

// TestFailedFirstRun: a Job that failed is replaced by the next up, which replaceUnready asks for.
func TestFailedFirstRun(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.DevStacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, name)
			s.Engine.Fault("type=" + edits.JobKind + ",op=create,when=after,error=Job has reached the specified backoff limit")
			failed := s.Engine.Up()
			require.Contains(t, failed.Messages(), "backoff limit")
			require.Equal(t, 1, count(s, edits.JobKind))
			require.Zero(t, count(s, edits.DeploymentKind), "the Deployment must wait for the first token")

			var replaced []string
			for _, step := range s.RequireWhole(t).Steps {
				if step.Type == edits.JobKind {
					replaced = append(replaced, step.Op)
				}
			}
			require.Contains(t, replaced, "replace")
		})
	}
}

// TestLostAnswer: what was made although its answer was lost is not made twice. The next up finds the name taken, as with
// the real providers; who deletes it by hand (or imports it) can go on.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ stack, token, taken string }{
		"AWS":        {"aws-dev", edits.RoleType, "EntityAlreadyExists"},
		"Azure":      {"azure-dev", "azure-native:managedidentity:UserAssignedIdentity", "cannot create already existing resource"},
		"Google":     {"google-dev", "gcp:serviceaccount/account:Account", "Service account bifrost-pull-sa already exists within project"},
		"Kubernetes": {"azure-dev", "kubernetes:core/v1:Namespace", "already exists"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack)
			s.Engine.Fault("type=" + c.token + ",op=create,when=after,error=timeout")
			failed := s.Engine.Up()
			require.Contains(t, failed.Messages(), "The answer was lost: ")
			require.Contains(t, failed.Messages(), "pulumi import "+c.token)
			require.Len(t, s.Strays(failed), 1)

			again := s.Engine.Up()
			require.Contains(t, again.Messages(), c.taken)
			strays := s.Strays(again)
			require.Len(t, strays, 1, "it was made twice")
			s.World.Remove(strays[0])
			s.RequireWhole(t)
		})
	}
}

// TestLostAnswerWithoutAName: what has no name of its own is made again, and the first one stays.
func TestLostAnswerWithoutAName(t *testing.T) {
	t.Parallel()
	for _, token := range []string{"aws:ecs/taskDefinition:TaskDefinition", "aws:secretsmanager/secretVersion:SecretVersion"} {
		t.Run(token, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev")
			s.Engine.Fault("type=" + token + ",op=create,when=after,error=timeout")
			require.Contains(t, s.Engine.Up().Messages(), "The answer was lost: ")
			healed := s.Engine.MustUp()
			stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
			lost := 0
			for _, r := range s.World.Resources {
				if r.Type == token {
					lost++
				}
			}
			for _, r := range healed.Snapshot.Resources {
				if string(r.Type) == token {
					lost--
				}
			}
			require.Equal(t, 1, lost)
		})
	}
}

// TestInterrupted: an up that was interrupted while a cloud let it wait is resumed by the next one.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ stack, token string }{
		"AWS":        {"aws-dev", "aws:iam/policy:Policy"},
		"Azure":      {"azure-dev", "azure-native:managedidentity:FederatedIdentityCredential"},
		"Kubernetes": {"aws-dev", edits.DeploymentKind},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack)
			s.Engine.Fault("type=" + c.token + ",op=create,delay=1h")
			s.Interrupt()
			s.RequireWhole(t)
		})
	}
}

// TestSlow: a slow call is no failure.
func TestSlow(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev")
	s.Engine.Fault("type=" + edits.DeploymentKind + ",op=create,delay=10ms")
	s.Engine.Fault("type=" + edits.JobKind + ",op=create,when=after,delay=10ms")
	s.RequireWhole(t)
	require.True(t, s.Engine.FaultsMet())
}

// TestUpAfterFaultOfAChange: a change that failed, before or after its effect, is made by the next up.
func TestUpAfterFaultOfAChange(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{edits.DeploymentKind: "Operation cannot be fulfilled", "aws:ecs/service:Service": "ConcurrentModification"} {
		for _, when := range []string{"before", "after"} {
			t.Run(when+" "+token, func(t *testing.T) {
				t.Parallel()
				s := stacktest.New(t, "aws-dev")
				s.Engine.MustUp()
				s.Set("gateway.replicas=5")
				fault := "type=" + token + ",op=update,error=conflict,when=" + when
				s.Engine.Fault(fault)
				require.Contains(t, s.Engine.Up().Messages(), want)
				sawNothing(t, s, fault)
				s.RequireWhole(t)
			})
		}
	}
}

// TestDestroyAfterFault: what could not be deleted, or was deleted although the answer was lost, is gone after the next
// destroy.
func TestDestroyAfterFault(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, "aws-dev")
			before := len(s.World.Resources)
			s.Engine.MustUp()
			s.Engine.Fault("type=" + edits.RoleType + ",op=delete,error=conflict,when=" + when)
			require.Contains(t, s.Engine.Destroy().Messages(), "ConcurrentModification")
			gone := s.Engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
			require.Empty(t, gone.Snapshot.Resources)
			require.Len(t, s.Left(), before, "something is left in the clouds")
		})
	}
}

// TestRefreshFaults: a read that fails leaves the state as it was.
func TestRefreshFaults(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "azure-dev")
	s.Engine.MustUp()
	s.Engine.Fault("type=*,op=read,error=throttled")
	require.Error(t, s.Engine.Refresh().Err)
	require.NoError(t, s.Engine.Refresh().Err)
	stacktest.OnlySame(t, s.Engine.MustUp(), "nothing changed since")
}

func TestFaultsOfUnknownTypes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"type=aws:iam/user:User,op=create,error=denied":                `no type "aws:iam/user:User" for op=create, but aws:acm/certificate:Certificate`,
		"type=" + edits.RoleType + ",op=invoke,error=denied":           "for op=invoke, but aws:cloudwatch/getLogGroup:getLogGroup",
		"type=aws:eks/getCluster:getCluster,op=create,error=throttled": "for op=create",
	} {
		_, err := cloud.ParseFault(text)
		require.ErrorContains(t, err, want)
	}
}

// count is how many things of a type exist.
func count(s *stacktest.Stack, typ string) int {
	found := 0
	for _, r := range s.World.Resources {
		if r.Type == typ {
			found++
		}
	}
	return found
}
