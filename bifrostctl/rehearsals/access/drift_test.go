package access_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/judge/rbac"
)

// drifts are the ready policies of the role that looks for drift: what verify asks, what the program looks up, and what else the provider
// reads of what the stack has made.
var drifts = []string{"verify", "preview", "drift", "state-preview"}

// reads are actions that change nothing.
var reads = regexp.MustCompile(`:(Get|List|Describe)`)

// TestDriftAWS: who looks for drift may read all that the stacks have made, and do nothing else to it.
func TestDriftAWS(t *testing.T) {
	t.Parallel()
	drift, others := policies(t, drifts...), policies(t, "verify", "preview")
	lacking := map[string]bool{}
	for _, q := range lookUps(t) {
		require.True(t, may(t, drift, q), "drift: %s on %s", q.action, q.resource)
	}
	for _, way := range awsWays {
		resources := upIn(t, "aws-dev", way)
		bounds := boundaries(resources)
		for _, r := range resources {
			read := slices.DeleteFunc(slices.Clone(awsActions[string(r.Type)].read), func(a string) bool { return !reads.MatchString(a) })
			for _, q := range questions(t, r, bounds) {
				if reads.MatchString(q.action) && slices.Contains(read, q.action) {
					require.True(t, may(t, drift, q), "%s: %s: drift may not %s on %s", way.Name, r.URN.Name(), q.action, q.resource)
					lacking[q.action] = lacking[q.action] || !may(t, others, q)
				}
				require.False(t, !reads.MatchString(q.action) && may(t, drift, q), "%s: %s: drift may %s", way.Name, r.URN.Name(), q.action)
			}
		}
	}
	for _, action := range allowed(t, "drift") {
		require.True(t, lacking[action], "drift.json allows %s, which nothing asks for that verify.json and preview.json do not have", action)
	}
}

// TestDriftAzure: the identity and its credential can be read, and nothing else be done.
func TestDriftAzure(t *testing.T) {
	t.Parallel()
	drift := role(t, "drift-role")
	var needed []string
	for _, r := range made(stacktest.TrustAKS.Start(t).Engine.MustUp(), "azure-native") {
		name := azureTypes[string(r.Type)]
		require.True(t, drift.may(name+"/read", string(r.ID)), "%s/read on %s", name, r.ID)
		needed = append(needed, name+"/read")
	}
	require.ElementsMatch(t, slices.Compact(slices.Sorted(slices.Values(needed))), slices.Sorted(slices.Values(drift.Actions)))
}

// TestDriftKubernetes: verify.yaml reads every object that a stack makes, and so serves the look for drift, too.
func TestDriftKubernetes(t *testing.T) {
	t.Parallel()
	verify, _ := manifests(t, "verify")
	who := rbac.Member("night", "bifrost-verify")
	seen := map[schema.GroupResource]bool{}
	for o, way := range thingsOfStacks(t).made {
		seen[schema.GroupResource{Group: o.group, Resource: o.resource}] = true
		require.True(t, verify.Allow(who, o.ask("get")), "%s: verify may not get %s %s", way, o.resource, o.name)
		for _, verb := range []string{"create", "patch", "update", "delete"} {
			require.False(t, verify.Allow(who, o.ask(verb)), "%s: verify may %s %s", way, verb, o.resource)
		}
	}
	require.Greater(t, len(seen), 12)
}
