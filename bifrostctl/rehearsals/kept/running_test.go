package kept_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/internal/stacktest/anyapp"
	"bifrost/bifrostctl/sandbox/cloud"
)

// The tests of this file hold one rule: no retry, interruption or failed Job takes a running gateway away, or an identity that others know.

// requireKept: no step replaces or deletes what is kept, everything that stood stands as the same object, and the pods are there.
func requireKept(t *testing.T, w *cloud.World, before map[string]*cloud.Resource, results ...*enginetest.Result) {
	t.Helper()
	for _, result := range results {
		for _, step := range result.Steps {
			if slices.Contains(stacktest.Kept, step.Type) {
				require.Contains(t, []string{"create", "update"}, step.Op, step.String())
			}
		}
	}
	stacktest.RequireStanding(t, w, before)
}

// TestRetriedFirstRun: the first run for a new Secret fails, is tried again, is interrupted, and at last completes. The gateway that runs
// with the former Secret goes on until it can have the new one.
func TestRetriedFirstRun(t *testing.T) {
	t.Parallel()
	const job = "type=" + edits.JobKind + ",op=create,"
	for stack, setting := range map[string]string{"aws-dev": "eks.secretName=another", "azure-dev": "aks.secretName=another"} {
		t.Run(stack, func(t *testing.T) {
			t.Parallel()
			s := stacktest.New(t, stack)
			s.Engine.MustUp()
			before := stacktest.Standing(s.World, stacktest.Kept)
			require.NotEmpty(t, before)
			s.Set(setting)
			for _, c := range []struct {
				fault, want string
				up          func() *enginetest.Result
			}{
				{job + "when=after,error=the first failure", "the first failure", s.Engine.Up},
				{job + "when=after,error=the second failure", "the second failure", s.Engine.Up},
				{job + "when=after,delay=1h", "was cancelled", s.Interrupt},
				{job + "when=after,error=the third failure", "the third failure", s.Engine.Up},
				{job + "delay=1h", "interrupted", s.Interrupt},
				{job + "error=throttled", "too many requests", s.Engine.Up},
			} {
				s.Engine.Fault(c.fault)
				preview := s.Engine.Preview()
				require.NoError(t, preview.Err)
				up := c.up()
				require.Error(t, up.Err, c.fault)
				require.Contains(t, up.Messages(), c.want)
				requireKept(t, s.World, before, preview, up)
				require.Equal(t, oldSecret(stack), pullSecretOfTheGateway(s), c.fault)
			}
			requireKept(t, s.World, before, s.Engine.Preview(), s.Engine.MustUp())
			// Where an up ended between the Job's deletion and its creation, the next one deletes the old Job once more, by the name
			// that the new one has: its work is done, and a refresh misses it.
			require.NoError(t, s.Engine.Refresh().Err)
			requireKept(t, s.World, before, s.Engine.Preview(), s.RequireWhole(t))
			require.Equal(t, "another", pullSecretOfTheGateway(s))
		})
	}
}

func oldSecret(stack string) string {
	return map[string]string{"aws-dev": "ecr-pull-secret", "azure-dev": "ar-pull-secret"}[stack]
}

// pullSecretOfTheGateway is the pull Secret that the gateway's Deployment names.
func pullSecretOfTheGateway(s *stacktest.Stack) any {
	pod := edits.The(s.T, s.World, edits.DeploymentKind, "")[0].State["spec"].(map[string]any)["template"].(map[string]any)["spec"].(map[string]any)
	return pod["imagePullSecrets"].([]any)[0].(map[string]any)["name"]
}

// TestKeptWhateverGoes: in every stack, example and way of pulling, everything else may have to be made anew, and no workload and no
// identity is. A namespace is the exception: what is in it goes with it.
func TestKeptWhateverGoes(t *testing.T) {
	t.Parallel()
	for name, start := range everyStack(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, w := start(t)
			up := engine.MustUp()
			before := stacktest.Standing(w, stacktest.Kept)
			require.NotEmpty(t, before)

			all := others(up)
			plan := engine.PreviewReplacing(all...)
			require.NoError(t, plan.Err, plan.Diagnostics)
			require.GreaterOrEqual(t, plan.Changes["replace"], len(all))
			requireKept(t, w, before, plan)

			// The tokens of running pods are bound to their ServiceAccount: another one of its name ends them.
			plan = engine.PreviewReplacing(slices.DeleteFunc(all, func(urn resource.URN) bool { return urn.Type() == edits.AccountKind })...)
			require.NoError(t, plan.Err, plan.Diagnostics)
			for _, step := range plan.Steps {
				require.NotEqual(t, edits.AccountKind, step.Type, step.String())
			}

			// With the provider's own reasons: whatever Job has failed, the next up replaces.
			jobs := 0
			for _, r := range w.Resources {
				if r.Type == edits.JobKind && !r.Seeded && !r.Deleted {
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
		if made && !slices.Contains(stacktest.Kept, string(r.Type)) && string(r.Type) != edits.NamespaceKind {
			all = append(all, r.URN)
		}
	}
	return all
}

// otherWays have something around a workload or an identity that no stack, example and way of pulling has.
var otherWays = []stacktest.Way{
	{Name: "EKS, OIDC provider made here", Stack: "aws-dev", InFile: []string{stacktest.OnlyEKS, "eks.oidcProvider=create"}},
	{Name: "EKS, gateway's role by Pod Identity", Stack: "aws-dev", InFile: []string{stacktest.OnlyEKS, "eks.gatewayAuth=podIdentity", gatewayPolicy}},
	{Name: "EKS, gateway's role by IRSA", Stack: "aws-dev", InFile: []string{stacktest.OnlyEKS, gatewayPolicy}},
	{Name: "EKS, namespace of theirs", Stack: "aws-dev", InFile: []string{stacktest.OnlyEKS, "gateway.existingNamespace=true"}},
	{Name: "GKE, gateway's own account", Stack: "google-dev", InFile: []string{"gke.gatewayServiceAccount={roles: [roles/aiplatform.user]}"}},
	{Name: "AKS, namespace of theirs", Stack: "azure-dev", InFile: []string{"gateway.existingNamespace=true"}},
}

const gatewayPolicy = "eks.gatewayPolicyArns=[arn:aws:iam::111122223333:policy/models]"

// everyStack starts the stacks of this project, its examples, and the dev stacks in each way of pulling, with nothing made yet.
func everyStack(t *testing.T) map[string]func(*testing.T) (*enginetest.Engine, *cloud.World) {
	t.Helper()
	all := map[string]func(*testing.T) (*enginetest.Engine, *cloud.World){
		"any-app": func(t *testing.T) (*enginetest.Engine, *cloud.World) {
			w := cloud.NewWorld()
			return anyapp.New(t, w), w
		},
	}
	ways := slices.Concat(stacktest.Examples(t), stacktest.Pulls, otherWays)
	for _, name := range stacktest.DevStacks {
		ways = append(ways, stacktest.Way{Name: name, Stack: name})
	}
	for _, way := range ways {
		all[way.Name] = func(t *testing.T) (*enginetest.Engine, *cloud.World) {
			s := way.Start(t)
			return s.Engine, s.World
		}
	}
	return all
}
