package stacktest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
)

// Lives takes the stack with settings through its life: up, up again, a refresh, and gone. It makes resources of some types.
func (s *Stack) Lives(settings, makes []string) {
	s.T.Helper()
	s.Set(settings...)
	before := len(s.World.Resources)
	made := s.Engine.MustUp()
	require.Empty(s.T, s.World.Warnings)
	NoLeaks(s.T, made)
	for _, typ := range makes {
		require.Contains(s.T, Types(made), typ)
	}
	OnlySame(s.T, s.Engine.MustUp(), "nothing changed since")
	require.NoError(s.T, s.Engine.Refresh().Err)
	OnlySame(s.T, s.Engine.MustUp(), "what is read is what was asked for")
	gone := s.Engine.Destroy()
	require.NoError(s.T, gone.Err, gone.Diagnostics)
	require.Empty(s.T, gone.Snapshot.Resources)
	require.Len(s.T, s.Left(), before, "something is left in the clouds")
}

// Left are what exists, but for log groups, revisions of tasks and proofs of domains, which a stack that goes leaves where they are.
func (s *Stack) Left() []*cloud.Resource {
	return slices.DeleteFunc(slices.Collect(maps.Values(s.World.Resources)), func(r *cloud.Resource) bool {
		return r.Type == pulumitype.AwsLogGroup || stays(r)
	})
}

// stays tells of what is left where it is when it goes from a stack: revisions of tasks, and proofs of domains.
func stays(r *cloud.Resource) bool {
	return r.Type == pulumitype.AwsTaskDefinition || r.Type == pulumitype.AwsRecord && r.State["type"] == "CNAME"
}

// Types are the types of the resources in the stack's state.
func Types(made *enginetest.Result) []string {
	var types []string
	for _, r := range made.Snapshot.Resources {
		types = append(types, string(r.Type))
	}
	return types
}

// Strays are what exists and is unknown to the stack's state after an up, but for what stays.
func (s *Stack) Strays(up *enginetest.Result) []*cloud.Resource {
	known := map[string]bool{}
	for _, r := range up.Snapshot.Resources {
		known[string(r.Type)+" "+string(r.ID)] = true
	}
	var strays []*cloud.Resource
	for _, r := range s.World.Resources {
		if !stays(r) && !r.Seeded && !r.Deleted && !known[r.Type+" "+r.PulumiID()] {
			strays = append(strays, r)
		}
	}
	return strays
}

// RequireWhole makes sure that the next up makes the stack whole: all that its state holds exists, once, and nothing else.
func (s *Stack) RequireWhole(t testing.TB) *enginetest.Result {
	t.Helper()
	healed := s.Engine.MustUp()
	OnlySame(t, s.Engine.MustUp(), "nothing changed since")
	require.Empty(t, s.Strays(healed), "made twice")
	want, got := map[string]int{}, map[string]int{}
	for _, r := range healed.Snapshot.Resources {
		if r.Custom && !strings.HasPrefix(string(r.Type), "pulumi:providers:") && r.Type != pulumitype.AwsTaskDefinition {
			want[string(r.Type)]++
		}
	}
	for _, r := range s.World.Resources {
		// Former revisions of tasks stay.
		if !r.Seeded && !r.Deleted && r.Type != pulumitype.AwsTaskDefinition {
			got[r.Type]++
		}
	}
	require.Equal(t, want, got)
	return healed
}

// Interrupt begins an up and interrupts it when the engine's faults have struck.
func (s *Stack) Interrupt() *enginetest.Result {
	s.T.Helper()
	ctx, cancel := context.WithCancel(s.T.Context())
	defer cancel()
	s.Engine.SetContext(ctx)
	ended := make(chan *enginetest.Result)
	go func() { ended <- s.Engine.Up() }()
	require.Eventually(s.T, s.Engine.FaultsMet, time.Minute, time.Millisecond)
	cancel()
	result := <-ended
	require.Error(s.T, result.Err)
	s.Engine.SetContext(s.T.Context())
	return result
}
