package sandbox

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
)

// The tests of this file let clouds fail, and go on.

const (
	roleToken       = "aws:iam/role:Role"
	jobToken        = "kubernetes:batch/v1:Job"
	deploymentToken = "kubernetes:apps/v1:Deployment"
)

// countTypes counts what exists by type.
func countTypes(w *cloud.World) map[string]int {
	counts := map[string]int{}
	for _, r := range w.Resources {
		counts[r.Type]++
	}
	return counts
}

// strays returns what exists and is unknown to the stack's state after an up.
func (s *stackUnderTest) strays(up *enginetest.Result) []*cloud.Resource {
	known := map[string]bool{}
	for _, r := range up.Snapshot.Resources {
		known[string(r.Type)+" "+string(r.ID)] = true
	}
	var strays []*cloud.Resource
	for _, r := range s.world.Resources {
		if !r.Seeded && !known[r.Type+" "+r.PulumiID()] {
			strays = append(strays, r)
		}
	}
	return strays
}

// requireWhole makes sure that the next up makes the stack whole: all that its state holds exists, once, and nothing else.
func (s *stackUnderTest) requireWhole(t *testing.T) *enginetest.Result {
	t.Helper()
	healed := s.engine.MustUp()
	onlySame(t, s.engine.MustUp(), "nothing changed since")
	require.Empty(t, s.strays(healed), "made twice")
	want, got := map[string]int{}, map[string]int{}
	for _, r := range healed.Snapshot.Resources {
		if r.Custom && !strings.HasPrefix(string(r.Type), "pulumi:providers:") {
			want[string(r.Type)]++
		}
	}
	for _, r := range s.world.Resources {
		if !r.Seeded {
			got[r.Type]++
		}
	}
	require.Equal(t, want, got)
	return healed
}

// TestUpAfterFault: whatever went wrong in an up, the next one makes the stack whole.
func TestUpAfterFault(t *testing.T) {
	for name, c := range map[string]struct{ stack, fault, want string }{
		"throttled":            {"aws-dev", "type=aws:iam/role:Role,op=create,error=throttled", "ThrottlingException: Rate exceeded"},
		"denied":               {"aws-dev", "type=aws:iam/policy:Policy,op=create,error=denied", "AccessDenied"},
		"conflict":             {"azure-dev", "type=azure-native:managedidentity:FederatedIdentityCredential,op=create,error=conflict", "Status=409"},
		"Azure throttles":      {"azure-dev", "type=azure-native:managedidentity:UserAssignedIdentity,op=create,error=throttled", "Status=429"},
		"timeout":              {"azure-dev", "type=kubernetes:core/v1:Secret,op=create,error=timeout", "in the time allotted"},
		"text of one's own":    {"aws-dev", "type=" + deploymentToken + ",op=create,error=no nodes, none at all", "no nodes, none at all"},
		"check":                {"aws-dev", "type=aws:ecs/taskDefinition:TaskDefinition,op=check,error=denied", "AccessDenied"},
		"look-up":              {"aws-dev", "type=aws:eks/getCluster:getCluster,op=invoke,error=throttled", "ThrottlingException"},
		"Deployment not ready": {"aws-dev", "type=" + deploymentToken + ",op=create,when=after,error=timeout", "in the time allotted"},
		"ECS service unsteady": {"aws-dev", "type=aws:ecs/service:Service,op=create,when=after,error=tasks stopped", "tasks stopped"},
		"Service not ready":    {"azure-dev", "type=kubernetes:core/v1:Service,op=create,when=after,error=no endpoints", "no endpoints"},
		"repeatable, lost":     {"aws-dev", "type=aws:iam/rolePolicy:RolePolicy,op=create,when=after,error=timeout", "The answer was lost"},
		"not seen yet":         {"aws-dev", "type=aws:iam/role:Role,op=create,stale=1", "NoSuchEntity"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStack(t, c.stack)
			s.engine.Fault(c.fault)
			failed := s.engine.Up()
			require.Error(t, failed.Err)
			require.Contains(t, failed.Messages(), c.want)
			require.True(t, s.engine.FaultsMet())
			s.requireWhole(t)
		})
	}
}

// TestCloudThatIsDown: where nothing can be made, nothing is.
func TestCloudThatIsDown(t *testing.T) {
	s := newStack(t, "azure-dev")
	before := len(s.world.Resources)
	s.engine.Fault("type=*,op=create,times=1000,error=down")
	for range 2 {
		require.Contains(t, s.engine.Up().Messages(), "down")
	}
	require.Len(t, s.world.Resources, before)
}

// TestTimes: a fault strikes as often as it says.
func TestTimes(t *testing.T) {
	s := newStack(t, "aws-dev")
	s.engine.Fault("type=" + roleToken + ",name=eks-ecr-role,op=create,times=2,error=throttled")
	for range 2 {
		require.Contains(t, s.engine.Up().Messages(), "ThrottlingException")
	}
	s.requireWhole(t)
}

// TestFailedFirstRun: a Job that failed is replaced by the next up, which replaceUnready asks for.
func TestFailedFirstRun(t *testing.T) {
	for _, name := range devStacks {
		t.Run(name, func(t *testing.T) {
			s := newStack(t, name)
			s.engine.Fault("type=" + jobToken + ",op=create,when=after,error=Job has reached the specified backoff limit")
			failed := s.engine.Up()
			require.Contains(t, failed.Messages(), "backoff limit")
			require.Equal(t, 1, countTypes(s.world)[jobToken])
			require.Zero(t, countTypes(s.world)[deploymentToken], "the Deployment must wait for the first token")

			var replaced []string
			for _, step := range s.requireWhole(t).Steps {
				if step.Type == jobToken {
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
	for name, c := range map[string]struct{ stack, token, taken string }{
		"AWS":        {"aws-dev", roleToken, "EntityAlreadyExists"},
		"Azure":      {"azure-dev", "azure-native:managedidentity:UserAssignedIdentity", "cannot create already existing resource"},
		"Kubernetes": {"azure-dev", "kubernetes:core/v1:Namespace", "already exists"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStack(t, c.stack)
			s.engine.Fault("type=" + c.token + ",op=create,when=after,error=timeout")
			failed := s.engine.Up()
			require.Contains(t, failed.Messages(), "The answer was lost: ")
			require.Contains(t, failed.Messages(), "pulumi import "+c.token)
			require.Len(t, s.strays(failed), 1)

			again := s.engine.Up()
			require.Contains(t, again.Messages(), c.taken)
			strays := s.strays(again)
			require.Len(t, strays, 1, "it was made twice")
			s.world.Remove(strays[0])
			s.requireWhole(t)
		})
	}
}

// TestLostAnswerWithoutAName: what has no name of its own is made again, and the first one stays.
func TestLostAnswerWithoutAName(t *testing.T) {
	for _, token := range []string{"aws:ecs/taskDefinition:TaskDefinition", "aws:secretsmanager/secretVersion:SecretVersion"} {
		t.Run(token, func(t *testing.T) {
			s := newStack(t, "aws-dev")
			s.engine.Fault("type=" + token + ",op=create,when=after,error=timeout")
			require.Contains(t, s.engine.Up().Messages(), "The answer was lost: ")
			healed := s.engine.MustUp()
			onlySame(t, s.engine.MustUp(), "nothing changed since")
			lost := 0
			for _, r := range s.world.Resources {
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
	for name, c := range map[string]struct{ stack, token string }{
		"AWS":        {"aws-dev", "aws:iam/policy:Policy"},
		"Azure":      {"azure-dev", "azure-native:managedidentity:FederatedIdentityCredential"},
		"Kubernetes": {"aws-dev", deploymentToken},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStack(t, c.stack)
			s.engine.Fault("type=" + c.token + ",op=create,delay=1h")
			s.interrupt()
			s.requireWhole(t)
		})
	}
}

// interrupt begins an up and interrupts it when the fault has struck.
func (s *stackUnderTest) interrupt() *enginetest.Result {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	s.engine.SetContext(ctx)
	ended := make(chan *enginetest.Result)
	go func() { ended <- s.engine.Up() }()
	require.Eventually(s.t, s.engine.FaultsMet, 30*time.Second, time.Millisecond)
	cancel()
	result := <-ended
	require.Error(s.t, result.Err)
	s.engine.SetContext(s.t.Context())
	return result
}

// TestSlow: a slow call is no failure.
func TestSlow(t *testing.T) {
	s := newStack(t, "azure-dev")
	s.engine.Fault("type=" + deploymentToken + ",op=create,delay=10ms")
	s.engine.Fault("type=" + jobToken + ",op=create,when=after,delay=10ms")
	s.requireWhole(t)
	require.True(t, s.engine.FaultsMet())
}

// TestUpAfterFaultOfAChange: a change that failed, before or after its effect, is made by the next up.
func TestUpAfterFaultOfAChange(t *testing.T) {
	for token, want := range map[string]string{deploymentToken: "Operation cannot be fulfilled", "aws:ecs/service:Service": "ConcurrentModification"} {
		for _, when := range []string{"before", "after"} {
			t.Run(when+" "+token, func(t *testing.T) {
				s := newStack(t, "aws-dev")
				s.engine.MustUp()
				s.set("gateway.replicas=5")
				s.engine.Fault("type=" + token + ",op=update,error=conflict,when=" + when)
				require.Contains(t, s.engine.Up().Messages(), want)
				s.requireWhole(t)
			})
		}
	}
}

// TestDestroyAfterFault: what could not be deleted, or was deleted although the answer was lost, is gone after the next
// destroy.
func TestDestroyAfterFault(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			s := newStack(t, "aws-dev")
			before := len(s.world.Resources)
			s.engine.MustUp()
			s.engine.Fault("type=" + roleToken + ",op=delete,error=conflict,when=" + when)
			require.Contains(t, s.engine.Destroy().Messages(), "ConcurrentModification")
			gone := s.engine.Destroy()
			require.NoError(t, gone.Err, gone.Diagnostics)
			require.Empty(t, gone.Snapshot.Resources)
			require.Len(t, s.world.Resources, before, "something is left in the clouds")
		})
	}
}

// TestRefreshFaults: a read that fails leaves the state as it was.
func TestRefreshFaults(t *testing.T) {
	s := newStack(t, "azure-dev")
	s.engine.MustUp()
	s.engine.Fault("type=*,op=read,error=throttled")
	require.Error(t, s.engine.Refresh().Err)
	require.NoError(t, s.engine.Refresh().Err)
	onlySame(t, s.engine.MustUp(), "nothing changed since")
}

func TestFaultsOfUnknownTypes(t *testing.T) {
	for text, want := range map[string]string{
		"type=aws:iam/user:User,op=create,error=denied":                `no type "aws:iam/user:User" for op=create, but aws:appautoscaling/policy:Policy`,
		"type=" + roleToken + ",op=invoke,error=denied":                "for op=invoke, but aws:ec2/getRouteTable:getRouteTable",
		"type=aws:eks/getCluster:getCluster,op=create,error=throttled": "for op=create",
	} {
		_, err := cloud.ParseFault(text)
		require.ErrorContains(t, err, want)
	}
}
