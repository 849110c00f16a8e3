package sandbox

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/world"
)

// The tests of this file hold one rule: no retry, interruption or failed Job takes a running gateway away, or an identity that others know.

const (
	namespaceToken = "kubernetes:core/v1:Namespace"
	accountToken   = "kubernetes:core/v1:ServiceAccount"
)

// kept are the types of what no up may replace or delete unless the configuration asks for it.
var kept = []string{
	deploymentToken, "kubernetes:apps/v1:StatefulSet", "kubernetes:core/v1:Service", "aws:ecs/service:Service",
	roleToken, policyType, world.OIDCProviderType, world.ManagedIdentityType, credentialType,
	world.PoolType, world.PoolProviderType, world.ServiceAccountType,
}

// standing are the workloads and identities that the stack has made.
func standing(w *cloud.World) map[string]*cloud.Resource {
	made := maps.Clone(w.Resources)
	maps.DeleteFunc(made, func(_ string, r *cloud.Resource) bool {
		return r.Seeded || r.Deleted || !slices.Contains(kept, r.Type)
	})
	return made
}

// requireKept: no step replaces or deletes what is kept, everything that stood stands as the same object, and the pods are there.
func requireKept(t *testing.T, w *cloud.World, before map[string]*cloud.Resource, results ...*enginetest.Result) {
	t.Helper()
	for _, result := range results {
		for _, step := range result.Steps {
			if slices.Contains(kept, step.Type) {
				require.Contains(t, []string{"create", "update"}, step.Op, step.String())
			}
		}
	}
	after := standing(w)
	for key, r := range before {
		require.Same(t, r, after[key], "%s is gone, or another one", key)
		if r.Type == deploymentToken {
			require.Positive(t, r.State["status"].(map[string]any)["availableReplicas"], "%s has no pods", key)
		}
	}
}

// TestRetriedFirstRun: the first run for a new Secret fails, is tried again, is interrupted, and at last completes. The gateway that runs
// with the former Secret goes on until it can have the new one.
func TestRetriedFirstRun(t *testing.T) {
	const job = "type=" + jobToken + ",op=create,"
	for stack, setting := range map[string]string{"aws-dev": "eks.secretName=another", "azure-dev": "aks.secretName=another"} {
		t.Run(stack, func(t *testing.T) {
			s := newStack(t, stack)
			s.engine.MustUp()
			before := standing(s.world)
			require.NotEmpty(t, before)
			s.set(setting)
			for _, c := range []struct {
				fault, want string
				up          func() *enginetest.Result
			}{
				{job + "when=after,error=the first failure", "the first failure", s.engine.Up},
				{job + "when=after,error=the second failure", "the second failure", s.engine.Up},
				{job + "when=after,delay=1h", "interrupted", s.interrupt},
				{job + "when=after,error=the third failure", "the third failure", s.engine.Up},
				{job + "delay=1h", "interrupted", s.interrupt},
				{job + "error=throttled", "too many requests", s.engine.Up},
			} {
				s.engine.Fault(c.fault)
				preview := s.engine.Preview()
				require.NoError(t, preview.Err)
				up := c.up()
				require.Error(t, up.Err, c.fault)
				require.Contains(t, up.Messages(), c.want)
				requireKept(t, s.world, before, preview, up)
				require.Equal(t, oldSecret(stack), s.pullSecretOfTheGateway(), c.fault)
			}
			requireKept(t, s.world, before, s.engine.Preview(), s.engine.MustUp())
			// Where an up ended between the Job's deletion and its creation, the next one deletes the old Job once more, by the name
			// that the new one has: its work is done, and a refresh misses it.
			require.NoError(t, s.engine.Refresh().Err)
			requireKept(t, s.world, before, s.engine.Preview(), s.requireWhole(t))
			require.Equal(t, "another", s.pullSecretOfTheGateway())
		})
	}
}

func oldSecret(stack string) string {
	return map[string]string{"aws-dev": "ecr-pull-secret", "azure-dev": "ar-pull-secret"}[stack]
}

// pullSecretOfTheGateway is the pull Secret that the gateway's Deployment names.
func (s *stackUnderTest) pullSecretOfTheGateway() any {
	pod := edits.The(s.t, s.world, deploymentToken, "")[0].State["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
	return pod["imagePullSecrets"].([]any)[0].(map[string]any)["name"]
}

// TestKeptWhateverGoes: in every stack, example and way of pulling, everything else may have to be made anew, and no workload and no
// identity is. A namespace is the exception: what is in it goes with it.
func TestKeptWhateverGoes(t *testing.T) {
	for name, start := range everyStack(t) {
		t.Run(name, func(t *testing.T) {
			engine, w := start(t)
			up := engine.MustUp()
			before := standing(w)
			require.NotEmpty(t, before)

			all := others(up)
			plan := engine.PreviewReplacing(all...)
			require.NoError(t, plan.Err, plan.Diagnostics)
			require.GreaterOrEqual(t, plan.Changes["replace"], len(all))
			requireKept(t, w, before, plan)

			// The tokens of running pods are bound to their ServiceAccount: another one of its name ends them.
			plan = engine.PreviewReplacing(slices.DeleteFunc(all, func(urn resource.URN) bool { return urn.Type() == accountToken })...)
			require.NoError(t, plan.Err, plan.Diagnostics)
			for _, step := range plan.Steps {
				require.NotEqual(t, accountToken, step.Type, step.String())
			}

			// With the provider's own reasons: whatever Job has failed, the next up replaces.
			jobs := 0
			for _, r := range w.Resources {
				if r.Type == jobToken && !r.Seeded && !r.Deleted {
					jobs++
					failed := map[string]any{"type": "Failed", "status": "True", "message": "broken"}
					r.State["status"] = map[string]any{"failed": 1.0, "conditions": []any{failed}}
				}
			}
			plan = engine.Preview()
			require.NoError(t, plan.Err, plan.Diagnostics)
			require.Equal(t, jobs, plan.Changes["replace"], plan.Plan())
			requireKept(t, w, before, plan)
			requireKept(t, w, before, engine.MustUp())
		})
	}
}

// others are the resources of the stack that may go and come again.
func others(up *enginetest.Result) []resource.URN {
	var all []resource.URN
	for _, r := range up.Snapshot.Resources {
		made := r.Custom && !r.External && !r.Protect && !strings.HasPrefix(string(r.Type), "pulumi:providers:")
		if made && !slices.Contains(kept, string(r.Type)) && string(r.Type) != namespaceToken {
			all = append(all, r.URN)
		}
	}
	return all
}

// otherModes have something around a workload or an identity that no stack, example and way of pulling has.
var otherModes = []pullMode{
	{
		name: "EKS, OIDC provider made here", stack: "aws-dev", settings: []string{"ecs=null", "eks.oidcProvider=create"},
		first: edits.Removed(world.OIDCProviderType, ""),
	},
	{name: "EKS, gateway's role by Pod Identity", stack: "aws-dev", settings: []string{"ecs=null", "eks.gatewayAuth=podIdentity", gatewayPolicy}},
	{name: "EKS, gateway's role by IRSA", stack: "aws-dev", settings: []string{"ecs=null", gatewayPolicy}},
	{name: "EKS, namespace of theirs", stack: "aws-dev", settings: []string{"ecs=null", "gateway.existingNamespace=true"}},
	{name: "AKS, namespace of theirs", stack: "azure-dev", settings: []string{"gateway.existingNamespace=true"}},
}

const gatewayPolicy = "eks.gatewayPolicyArns=[arn:aws:iam::111122223333:policy/models]"

// everyStack starts the stacks of this project, its examples, and the dev stacks in each way of pulling, with nothing made yet.
func everyStack(t *testing.T) map[string]func(*testing.T) (*enginetest.Engine, *cloud.World) {
	t.Helper()
	all := map[string]func(*testing.T) (*enginetest.Engine, *cloud.World){
		"any-app": func(t *testing.T) (*enginetest.Engine, *cloud.World) {
			w := cloud.NewWorld()
			return anyApp(t, w), w
		},
	}
	for _, stack := range append(exampleStacks(t), devStacks...) {
		all[filepath.Base(stack)] = func(t *testing.T) (*enginetest.Engine, *cloud.World) {
			s := newStack(t, stack)
			return s.engine, s.world
		}
	}
	for _, mode := range pullModes {
		all[mode.name] = func(t *testing.T) (*enginetest.Engine, *cloud.World) {
			s := mode.start(t)
			return s.engine, s.world
		}
	}
	for _, mode := range otherModes {
		all[mode.name] = func(t *testing.T) (*enginetest.Engine, *cloud.World) {
			s := newStack(t, mode.stack)
			file, err := overlay(s.file, mode.settings)
			require.NoError(t, err)
			s.file = file // what it names exists in the clouds
			s.set()
			if mode.first != nil {
				mode.first(t, s.world)
			}
			return s.engine, s.world
		}
	}
	return all
}
