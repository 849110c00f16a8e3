// Package adopt_test takes in what people made by hand, on the real engine: nothing that others know is made anew.
package adopt_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/pkg/v3/resource/stack"
	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/adopt"
	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/enginetest"
	"bifrost/bifrostctl/internal/overlay"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/byhand"
	"bifrost/bifrostctl/sandbox/saved"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/real"
	"bifrost/stacks"
)

// adoption is a stack that takes in what a way of the vendor's made.
type adoption struct {
	*stacktest.Stack
	t    *testing.T
	base []string
	// state is what the stack export prints.
	state []byte
	plan  *adopt.Plan
}

// byHand is a stack of which nothing is up, in clouds in which somebody followed a way.
func byHand(t *testing.T, name, way string, settings ...string) *adoption {
	t.Helper()
	s := stacktest.Way{Stack: name}.Start(t).Set(settings...)
	a := &adoption{Stack: s, t: t, base: settings, state: []byte("{}")}
	made, err := byhand.Make(t.Context(), s.World, s.Look.Server, way, a.config(), nil)
	require.NoError(t, err)
	require.Positive(t, made)
	return a
}

func (a *adoption) config() *stacks.Config {
	return stacks.Lenient(a.Look.Name, "", real.Objects(a.Look.Config))
}

// find looks, as the command does, with further settings.
func (a *adoption) find(more ...string) *adopt.Plan {
	a.t.Helper()
	values, err := overlay.Apply(real.Objects(a.Look.Config), more)
	require.NoError(a.t, err)
	a.plan, err = adopt.Find(a.t.Context(), "test", stacks.Lenient("test", "", values), a.state, saved.Clouds(a.World, a.Look.Server),
		adopt.Options{})
	require.NoError(a.t, err)
	return a.plan
}

// configure writes the plan into the stack's configuration.
func (a *adoption) configure(more ...string) {
	a.t.Helper()
	settings, err := a.plan.Overlay()
	require.NoError(a.t, err)
	a.Set(slices.Concat(a.base, more, settings)...)
}

// hurt are the steps that make anew or take away what somebody counts on.
func hurt(steps []enginetest.Step) []string {
	var all []string
	for _, step := range steps {
		if strings.Contains(step.Op, "replace") || strings.HasPrefix(step.Op, "delete") {
			all = append(all, step.String())
		}
	}
	return all
}

// requireAdopted brings the stack up: the preview imports what the plan names and makes none of it anew, the up converges, and verify is
// content with it.
func (a *adoption) requireAdopted() {
	t := a.t
	t.Helper()
	types := append(slices.Clone(stacktest.Kept), pulumitype.AwsEcsService, pulumitype.AwsLogGroup)
	before := stacktest.Standing(a.World, types)
	require.NotEmpty(t, before)

	preview := a.Engine.Preview()
	require.NoError(t, preview.Err, preview.Messages())
	require.Empty(t, hurt(preview.Steps))
	var imported, planned []string
	for _, step := range preview.Steps {
		if step.Op == "import" {
			imported = append(imported, step.Name)
		}
	}
	for _, thing := range a.plan.Things {
		planned = append(planned, thing.Resource)
	}
	require.ElementsMatch(t, planned, imported, "%s", preview.Messages())

	up := a.Engine.MustUp()
	require.Empty(t, hurt(up.Steps))
	stacktest.NoLeaks(t, up)
	stacktest.RequireStanding(t, a.World, before)
	stacktest.OnlySame(t, a.Engine.MustUp(), "nothing changed since")
	a.read(up)
	again := a.find()
	require.Empty(t, again.Things, "what the stack has is not adopted again")
	require.True(t, again.Done())
	require.Subset(t, again.Has, planned)
	a.requireVerified(up)

	// The ids may go from the stack file once the stack has the things.
	a.plan = again
	kept := slices.DeleteFunc(a.settings(), func(s string) bool { return strings.HasPrefix(s, "adopt.") })
	a.Set(kept...)
	gone := a.Engine.MustUp()
	require.Empty(t, hurt(gone.Steps))
	stacktest.RequireStanding(t, a.World, before)
	stacktest.OnlySame(t, a.Engine.MustUp(), "nothing changed since")
}

// settings are those of the configuration, as path=value.
func (a *adoption) settings() []string {
	a.t.Helper()
	var all []string
	for key, value := range real.Objects(a.Look.Config) {
		if key == "adopt" {
			continue
		}
		text, err := json.Marshal(value)
		require.NoError(a.t, err)
		if plain, isText := value.(string); isText {
			text = []byte(plain)
		}
		all = append(all, key+"="+string(text))
	}
	return append(a.base, all...)
}

func (a *adoption) read(up *enginetest.Result) {
	a.t.Helper()
	deployment, err := stack.SerializeDeployment(a.t.Context(), up.Snapshot, false)
	require.NoError(a.t, err)
	a.state, err = json.Marshal(map[string]any{"deployment": deployment})
	require.NoError(a.t, err)
}

func (a *adoption) requireVerified(up *enginetest.Result) {
	t := a.t
	t.Helper()
	config, err := stacks.Parse(a.Look.Name, a.Look.Config)
	require.NoError(t, err)
	text, err := json.Marshal(up.Outputs.Mappable())
	require.NoError(t, err)
	outputs, err := checks.ReadOutputs(text)
	require.NoError(t, err)
	things, err := checks.ReadState(a.state)
	require.NoError(t, err)
	var printed bytes.Buffer
	of := checks.Stack{Name: a.Look.Name, Config: config, Outputs: outputs, Things: things}
	require.NoError(t, verify.Run(t.Context(), &printed, of, saved.Clouds(a.World, a.Look.Server), verify.Options{Format: "short"}, nil),
		printed.String())
}

// TestRecipes: what the recipes make is adopted, followed literally.
func TestRecipes(t *testing.T) {
	t.Parallel()
	t.Run("eks", func(t *testing.T) {
		t.Parallel()
		a := byHand(t, "aws-dev", "eks", stacktest.OnlyEKS)
		role := edits.The(t, a.World, pulumitype.AwsRole, edits.PullRole)[0]
		unique := role.State["uniqueId"]
		plan := a.find()
		require.Contains(t, plan.Principals[0], "arn:aws:iam::111122223333:role/BifrostECRPullRole")
		require.Empty(t, plan.Cannot)
		a.configure()
		a.requireAdopted()
		require.Equal(t, unique, edits.The(t, a.World, pulumitype.AwsRole, edits.PullRole)[0].State["uniqueId"])
	})
	t.Run("aks", func(t *testing.T) {
		t.Parallel()
		a := byHand(t, "azure-dev", "aks")
		plan := a.find()
		require.Contains(t, plan.Principals[0], "system:serviceaccount:bifrost:bifrost-sa of https://")
		a.vendorTrusts("system:serviceaccount:bifrost:bifrost-pull", "system:serviceaccount:bifrost:bifrost-sa")
		a.configure()
		a.requireAdopted()
	})
	t.Run("ecs", func(t *testing.T) {
		t.Parallel()
		a := byHand(t, "aws-dev", "ecs", stacktest.OnlyECS)
		plan := a.find()
		require.Contains(t, plan.Principals[0], "role/BifrostECSExecutionRole")
		a.configure()
		a.requireAdopted()
	})
}

// vendorTrusts has the vendor's side trust whom it was told of when the recipe was followed.
func (a *adoption) vendorTrusts(before, now string) {
	for _, r := range a.World.Resources {
		if r.Type != pulumitype.GcpPoolProvider && r.Type != pulumitype.GcpServiceAccountMember {
			continue
		}
		for key, value := range r.State {
			if text, isText := value.(string); isText && strings.Contains(text, before) {
				r.State[key], r.Edited = strings.ReplaceAll(text, before, now), true
			}
		}
	}
}

// TestChartAndModule: what the chart and the module make is adopted, with their names and selectors.
func TestChartAndModule(t *testing.T) {
	t.Parallel()
	t.Run("chart", func(t *testing.T) {
		t.Parallel()
		a := byHand(t, "aws-dev", "chart", stacktest.OnlyEKS)
		plan := a.find()
		require.Contains(t, paths(plan), "gateway.selector")
		require.Contains(t, notes(plan.Left), "Helm release bifrost")
		a.configure()
		a.requireAdopted()
	})
	t.Run("module", func(t *testing.T) {
		t.Parallel()
		a := byHand(t, "aws-dev", "module", stacktest.OnlyEKS)
		plan := a.find()
		require.Contains(t, paths(plan), "gateway.name")
		require.NotContains(t, paths(plan), "gateway.selector")
		a.configure()
		a.requireAdopted()
	})
	t.Run("module on ECS", func(t *testing.T) {
		t.Parallel()
		named := []string{"ecs.name=bifrost-service"}
		a := byHand(t, "aws-dev", "module-ecs", append(named, stacktest.OnlyECS)...)
		plan := a.find(named...)
		require.Contains(t, paths(plan), "ecs.roleName")
		edits.AlsoAllowlisted("arn:aws:iam::111122223333:role/bifrost-ecs-execution")(t, a.World)
		a.configure()
		a.requireAdopted()
	})
}

// TestPulledWith: the Secret with which pods pull from a mirror stays theirs. Where the stack has a way to pull of its own, it is left.
func TestPulledWith(t *testing.T) {
	t.Parallel()
	pulledWith := func(a *adoption, secret string) {
		spec := edits.The(a.t, a.World, edits.DeploymentKind, "")[0].State["spec"].(map[string]any)
		pod, is := spec["template"].(map[string]any)["spec"].(map[string]any)
		require.True(a.t, is)
		pod["imagePullSecrets"] = []any{map[string]any{"name": secret}}
	}
	t.Run("mirror", func(t *testing.T) {
		t.Parallel()
		a := byHand(t, "aws-dev", "module", stacktest.OnlyEKS, "registry.mirror=true",
			"registry.image=registry.internal.example.com/mirror/acme-hub:2.1.0")
		pulledWith(a, "mirror-login")
		plan := a.find()
		require.Contains(t, plan.Settings, adopt.Setting{Path: "registry.pullSecret", Value: "mirror-login",
			Why: "with which the pods pull from the mirror"})
		require.Contains(t, plan.Settings, adopt.Setting{Path: "gateway.suppliedObjects", Value: []string{"secret/mirror-login"},
			Why: "they are in the namespace already"})
		require.NotContains(t, notes(plan.Left), "Secret mirror-login")
		a.configure()
		require.Empty(t, hurt(a.Engine.MustUp().Steps))
	})
	t.Run("refresher", func(t *testing.T) {
		t.Parallel()
		a := byHand(t, "aws-dev", "eks", stacktest.OnlyEKS)
		pulledWith(a, "by-hand")
		plan := a.find()
		require.NotContains(t, paths(plan), "registry.pullSecret")
		require.Contains(t, notes(plan.Left), "Secret by-hand")
	})
}

func paths(p *adopt.Plan) []string {
	var all []string
	for _, s := range p.Settings {
		all = append(all, s.Path)
	}
	return all
}

func notes(list []adopt.Note) string {
	var all []string
	for _, note := range list {
		all = append(all, note.What)
	}
	return strings.Join(all, "; ")
}

// TestUnknownName: a name that the stack makes nothing of is refused in the preview, with what to write.
func TestUnknownName(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyEKS, "adopt.eks-nobody=x")
	preview := s.Engine.Preview()
	require.Error(t, preview.Err)
	require.Contains(t, preview.Messages()+preview.Err.Error(), "bifrost:adopt: this stack makes nothing of the name eks-nobody")
	s.Set(stacktest.OnlyEKS, "adopt.eks-nobody=x", "rollout=identity")
	require.NoError(t, s.Engine.Preview().Err)
}

// TestNotThere: an id that nothing has fails before anything is made.
func TestNotThere(t *testing.T) {
	t.Parallel()
	s := stacktest.New(t, "aws-dev").Set(stacktest.OnlyEKS, "adopt.eks-ecr-role=BifrostECRPullRole")
	there := len(s.World.Resources)
	up := s.Engine.Up()
	require.Error(t, up.Err)
	require.Contains(t, up.Messages()+up.Err.Error(), "does not exist")
	require.Len(t, s.World.Resources, there)
}

// TestOfAnotherStack: what another stack has is refused, whoever names it.
func TestOfAnotherStack(t *testing.T) {
	t.Parallel()
	a := byHand(t, "aws-dev", "eks", stacktest.OnlyEKS)
	a.find()
	a.configure()
	role, tags := edits.The(t, a.World, pulumitype.AwsRole, edits.PullRole)[0], map[string]any{"pulumi-stack": "another"}
	role.State["tags"], role.State["tagsAll"] = tags, tags
	preview := a.Engine.Preview()
	require.Error(t, preview.Err)
	require.Contains(t, preview.Messages(), "eks.roleName: the role BifrostECRPullRole exists, and its tag pulumi-stack says that it is of stack another")
}

// TestNothingThere: a stack of whose names nothing exists has nothing to adopt, and one that is up has all.
func TestNothingThere(t *testing.T) {
	t.Parallel()
	for _, name := range stacktest.DevStacks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &adoption{Stack: stacktest.New(t, name), t: t, state: []byte("{}")}
			plan := a.find()
			require.Empty(t, plan.Things)
			require.Empty(t, plan.Unseen)
			a.read(a.Engine.MustUp())
			plan = a.find()
			require.Empty(t, plan.Things)
			require.NotEmpty(t, plan.Has)
		})
	}
}

// TestNoSecret: nothing that a plan prints holds a secret, of the configuration or of the cluster.
func TestNoSecret(t *testing.T) {
	t.Parallel()
	a := byHand(t, "azure-dev", "aks")
	for _, r := range a.World.Resources {
		if r.Type == edits.SecretKind {
			r.State["data"] = map[string]any{".dockerconfigjson": "Y2FuYXJ5", "config.json": "Y2FuYXJ5"}
		}
	}
	var printed bytes.Buffer
	require.NoError(t, a.find().Write(&printed, ""))
	document, err := json.Marshal(a.plan)
	require.NoError(t, err)
	for _, secret := range []string{"Y2FuYXJ5", "canary", stacktest.Secret} {
		require.NotContains(t, printed.String()+string(document), secret)
	}
}
