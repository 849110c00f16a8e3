package stacks_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
)

// requireStopped: the preview passes and warns, an `up` fails with the same words and changes nothing that exists.
func requireStopped(t *testing.T, s *stacktest.Stack, want ...string) {
	t.Helper()
	preview := s.Engine.Preview()
	require.NoError(t, preview.Err, preview.Messages())
	before := maps.Clone(s.World.Resources)
	stopped := s.Engine.Up()
	require.Error(t, stopped.Err)
	for _, text := range append(want, "before anything is changed") {
		require.Contains(t, preview.Messages(), text)
		require.Contains(t, stopped.Messages(), text)
	}
	require.Equal(t, before, s.World.Resources)
}

// TestRunningGatewayIsNotTakenAway: on every platform, whether rollout identity or a place that is gone takes the gateway away, it is said
// twice or it does not happen. What was agreed to does not stay behind.
func TestRunningGatewayIsNotTakenAway(t *testing.T) {
	t.Parallel()
	const unprotected = "protectIdentities=false"
	for name, c := range map[string]struct {
		stack, place, title string
		runs, gone          []string
	}{
		"EKS":        {"aws-dev", "eks", "EKS", []string{stacktest.OnlyEKS}, []string{stacktest.OnlyEKS, "rollout=identity"}},
		"ECS":        {"aws-dev", "ecs", "ECS", []string{stacktest.OnlyECS}, []string{stacktest.OnlyECS, "rollout=identity"}},
		"AKS":        {"azure-dev", "aks", "AKS", nil, []string{"rollout=identity"}},
		"GKE":        {"google-dev", "gke", "GKE", nil, []string{"rollout=identity"}},
		"ECS leaves": {"aws-dev", "ecs", "ECS", nil, []string{stacktest.OnlyEKS}},
		"EKS leaves": {"aws-dev", "eks", "EKS", nil, []string{stacktest.OnlyECS}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, c.stack).Set(append(c.runs, unprotected)...)
			s.Engine.MustUp()
			s.Set(append(c.gone, unprotected)...)
			requireStopped(t, s, "takes away the gateway on "+c.title+", which runs",
				"`pulumi config set --stack test --path 'bifrost:agreed.takenAway[0]' '"+c.place+"'`")

			agreed := append(append([]string{}, c.gone...), unprotected, "agreed.takenAway=["+c.place+"]")
			up := s.Set(agreed...).Engine.MustUp()
			require.Contains(t, up.Messages(), "takes away the gateway on "+c.title)
			stacktest.OnlySame(t, s.Engine.MustUp(), "it is gone, and nobody asks again")

			back := s.Set(append(append([]string{}, c.runs...), unprotected, "agreed.takenAway=["+c.place+"]")...).Engine.Preview()
			require.Error(t, back.Err)
			require.Contains(t, back.Messages(), "bifrost:agreed.takenAway[0]")
			clear(s.World.Grants) // the vendor is told of a role that was made again
			s.Set(append(c.runs, unprotected)...).Engine.MustUp()
			s.Set(append(c.gone, unprotected)...)
			requireStopped(t, s, "takes away the gateway on "+c.title)
		})
	}
}

// TestConditionsOfAllPlaces: an `up` without a preview names what each place would stop for, in one go.
func TestConditionsOfAllPlaces(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set("protectIdentities=false")
	s.Engine.MustUp()
	others := []string{"protectIdentities=false", "eks.roleName=OtherPull", "ecs.roleName=OtherExecution"}
	stopped := s.Set(others...).Engine.UpAtOnce()
	require.Error(t, stopped.Err)
	agreed := stacktest.Agreements(stopped.Messages())
	require.Equal(t, []string{`agreed.newPrincipals=["arn:aws:iam::111122223333:role/OtherPull", "arn:aws:iam::111122223333:role/OtherExecution"]`}, agreed)
	for _, role := range []string{"OtherPull", "OtherExecution"} {
		edits.AlsoAllowlisted("arn:aws:iam::111122223333:role/"+role)(t, s.World)
	}
	up := s.Set(append(others, agreed...)...).Engine.UpAtOnce()
	require.NoError(t, up.Err, up.Messages())
}

// TestNothingRunsYet: before the gateway has come up, nobody is asked for anything: the vendor is told of who pulls as of a first stack.
func TestNothingRunsYet(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyEKS)
	edits.NotAllowlisted(edits.PullRole)(t, s.World)
	require.Error(t, s.Engine.Up().Err, "the vendor does not know the role")
	s.Set(stacktest.OnlyEKS, "rollout=identity").Engine.MustUp()
	told := s.Set(stacktest.OnlyEKS, "rollout=identity", "eks.roleName=Other").Engine.MustUp()
	require.Contains(t, told.Messages(), "arn:aws:iam::111122223333:role/Other pulls from now on")
	require.NotContains(t, told.Messages(), "agreed")
}

// TestGuardOutlivesFailure: an `up` that was agreed to and failed leaves the gateway as guarded as it was.
func TestGuardOutlivesFailure(t *testing.T) {
	t.Parallel()
	s := stacktest.RefreshIRSA.Start(t)
	s.Engine.MustUp()
	s.Way.Settings = stacktest.PullNode.Settings
	agreed := stacktest.Agreements(s.Set().Engine.Preview().Messages())
	require.Equal(t, []string{`agreed.newPrincipals=["arn:aws:iam::111122223333:role/dev-node"]`}, agreed)
	s.Set(agreed...)
	edits.NotAllowlisted(stacktest.NodeRole)(t, s.World)
	failed := s.Engine.Up()
	require.ErrorContains(t, failed.Err, "not allowlisted")
	require.Contains(t, failed.Messages(), "role/dev-node pulls from now on")

	s.Set("rollout=identity")
	requireStopped(t, s, "takes away the gateway on EKS")
	edits.AlsoAllowlisted("arn:aws:iam::111122223333:role/"+stacktest.NodeRole)(t, s.World)
	s.Set().Engine.MustUp()
}

// TestProtectedNamesItsKey: what protectIdentities keeps from a replacement is told with the key that mends it, beside what the vendor must
// be told of.
func TestProtectedNamesItsKey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		way     stacktest.Way
		setting string
		want    []string
	}{
		"role on EKS": {stacktest.RefreshIRSA, "eks.roleName=Other", []string{
			"protectIdentities keeps the role arn:aws:iam::111122223333:role/BifrostECRPullRole", "agreed.newPrincipals[0]", "eks.roleName"}},
		"path on EKS": {stacktest.RefreshIRSA, "aws.iamPath=/team/", []string{
			"protectIdentities keeps the role arn:aws:iam::111122223333:role/BifrostECRPullRole", "role/team/BifrostECRPullRole"}},
		"role on ECS": {stacktest.OnECS, "ecs.roleName=Other", []string{
			"protectIdentities keeps the role arn:aws:iam::111122223333:role/BifrostECSExecutionRole", "agreed.newPrincipals[0]"}},
		"pool":            {stacktest.OwnFederation, "gcp.federation.poolId=another-pool", []string{"protectIdentities keeps the workload identity pool acme-mirror/bifrost-azure"}},
		"service account": {stacktest.OwnFederation, "gcp.federation.serviceAccountId=another-puller", []string{"protectIdentities keeps the service account acme-mirror/bifrost-pull"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := c.way.Start(t).Set("protectIdentities=true")
			s.Engine.MustUp()
			preview := s.Set("protectIdentities=true", c.setting).Engine.Preview()
			require.Error(t, preview.Err)
			for _, want := range append(c.want, "set protectIdentities to false in the same up") {
				require.Contains(t, preview.Messages(), want)
			}
			preview = s.Set("protectIdentities=false", c.setting).Engine.Preview()
			require.NoError(t, preview.Err, preview.Messages())
			require.NotContains(t, preview.Messages(), "protectIdentities keeps")
		})
	}
}

// TestAdoptionIsSaidTwice: a pool that the stack has not made is taken over only where agreed.adopted names it; one that the stack has is
// no question.
func TestAdoptionIsSaidTwice(t *testing.T) {
	t.Parallel()
	const adopt, provider = "gcp.federation.adopt=true", "acme-mirror/bifrost-azure/bifrost-aks"
	s := stacktest.OwnFederation.Start(t)
	s.Engine.MustUp()
	stacktest.OnlySame(t, s.Set(adopt).Engine.MustUp(), "the stack has made it")
	require.NoError(t, s.Engine.Destroy().Err)
	for _, r := range s.World.Resources {
		if r.Type == pulumitype.GcpPool || r.Type == pulumitype.GcpPoolProvider {
			r.Deleted, r.State["state"] = false, "ACTIVE"
		}
	}
	require.Contains(t, s.Set().Engine.Up().Messages(), "agreed.adopted to "+provider, "what made it names both keys")
	require.NoError(t, s.Engine.Destroy().Err)
	s.Set(adopt)
	requireStopped(t, s, "takes over the pool bifrost-azure and its provider bifrost-aks in project acme-mirror",
		"`pulumi config set --stack test --path 'bifrost:agreed.adopted' '"+provider+"'`")
	wrong := s.Set(adopt, "agreed.adopted=acme-mirror/another/bifrost-aks").Engine.Preview()
	require.Contains(t, wrong.Messages(), "gcp.federation.adopt takes over "+provider)
	up := s.Set(adopt, "agreed.adopted="+provider).Engine.MustUp()
	require.Contains(t, strings.Join(up.Plan(), "\n"), "import WorkloadIdentityPool gcp-pool")
	stacktest.OnlySame(t, s.Engine.MustUp(), "it is the stack's")
}
