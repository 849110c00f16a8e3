package graph_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/changes"
	"bifrost/bifrostctl/graph"
)

const (
	start = "urn:pulumi:prod::bifrost::"
	stack = start + "pulumi:pulumi:Stack::bifrost-prod"
	pull  = start + "bifrost:index:EcrPullRole::pull"
	role  = start + "bifrost:index:EcrPullRole$aws:iam/role:Role::pull"
	grant = start + "bifrost:index:EcrPullRole$aws:iam/rolePolicy:RolePolicy::pull"
	aws   = start + "pulumi:providers:aws::aws"
	load  = start + "bifrost:index:BifrostWorkload::gateway"
	space = start + "kubernetes:core/v1:Namespace::bifrost"
	pods  = start + "bifrost:index:BifrostWorkload$kubernetes:apps/v1:Deployment::gateway"
	front = start + "bifrost:index:BifrostWorkload$kubernetes:core/v1:Service::gateway"
	kube  = start + "pulumi:providers:kubernetes::cluster"
)

// state is what `pulumi stack export` prints of a small stack: a role with a policy that waits for it, a provider that waits for the role,
// and a Deployment through that provider, which waits for the whole component, too.
func state(t *testing.T) []byte {
	t.Helper()
	resource := func(urn, parent string, more map[string]any) map[string]any {
		parts := strings.Split(urn, "::")
		types := strings.Split(parts[2], "$")
		r := map[string]any{"urn": urn, "type": types[len(types)-1], "custom": true, "parent": parent}
		for key, value := range more {
			r[key] = value
		}
		return r
	}
	text, err := json.Marshal(map[string]any{"version": 3, "deployment": map[string]any{"resources": []any{
		resource(stack, "", map[string]any{"custom": false}),
		resource(aws, stack, map[string]any{"id": "0001"}),
		resource(pull, stack, map[string]any{"custom": false}),
		resource(role, pull, map[string]any{"id": "BifrostPull", "provider": aws + "::0001"}),
		resource(grant, pull, map[string]any{"provider": aws + "::0001", "propertyDependencies": map[string]any{"role": []string{role}}}),
		resource(kube, stack, map[string]any{"id": "0002", "dependencies": []string{role}}),
		resource(space, stack, map[string]any{"provider": kube + "::0002", "protect": true}),
		resource(load, stack, map[string]any{"custom": false}),
		resource(pods, load, map[string]any{"provider": kube + "::0002", "dependencies": []string{space, pull}}),
		resource(front, load, map[string]any{"provider": kube + "::0002", "dependencies": []string{pods, space},
			"inputs": map[string]any{"x": "canary"}}),
		resource(front, load, map[string]any{"delete": true, "id": "replaced"}),
	}}})
	require.NoError(t, err)
	return text
}

func small(t *testing.T) *graph.Graph {
	t.Helper()
	g, err := graph.OfState(state(t))
	require.NoError(t, err)
	return g
}

// edges are the edges by names, as "role pull > rolePolicy pull".
func edges(g *graph.Graph) []string {
	named := map[string]string{}
	for _, n := range g.Nodes {
		named[n.ID] = n.Kind
	}
	var all []string
	for _, e := range g.Edges {
		all = append(all, named[e.From]+" > "+named[e.To])
	}
	return all
}

// TestState: providers pass on what they wait for, a component stands for what is in it, and what follows from others is left out.
func TestState(t *testing.T) {
	t.Parallel()
	g := small(t)
	require.Equal(t, "bifrost", g.Project)
	require.Equal(t, "prod", g.Stack)
	require.False(t, g.Preview)
	require.ElementsMatch(t, []string{
		"IAM role > IAM role policy", "IAM role > Namespace", "IAM role policy > Deployment", "Namespace > Deployment", "Deployment > Service",
	}, edges(g))
	require.Len(t, g.Nodes, 5, "what is only still to be deleted is no node")
	titles := []string{}
	for _, group := range g.Groups {
		titles = append(titles, group.Title())
	}
	require.ElementsMatch(t, []string{"ECR pull role: pull", "Bifrost workload: gateway"}, titles)
	for _, n := range g.Nodes {
		require.Equal(t, n.Kind == "Namespace", n.In == "", n.URN)
		require.Equal(t, n.Kind == "Namespace", n.Protected, n.URN)
	}
}

// TestOrder: no node stands before one that it waits for.
func TestOrder(t *testing.T) {
	t.Parallel()
	g := small(t)
	at := map[string]int{}
	for i, n := range g.Nodes {
		at[n.ID] = i
	}
	require.NotEmpty(t, g.Edges)
	for _, e := range g.Edges {
		require.Less(t, at[e.From], at[e.To])
	}
}

// set is a preview that leaves out what stays: the Deployment is updated, the Service replaced, and a role goes.
func set() *changes.Set {
	custom := func(dependencies ...string) *changes.State {
		return &changes.State{Custom: true, Dependencies: dependencies}
	}
	return &changes.Set{Project: "bifrost", Stack: "prod", Steps: []changes.Step{
		{Op: changes.Same, URN: stack, Type: "pulumi:pulumi:Stack", Name: "bifrost-prod", New: &changes.State{}},
		{Op: changes.Update, URN: pods, Type: "kubernetes:apps/v1:Deployment", Name: "gateway", Parent: load, New: custom(space, grant), Seconds: 40,
			Diff: []changes.Diff{{Path: "spec.replicas", Old: 2.0, New: 5.0}, {Path: "spec.secret", Old: "[secret]", New: "[secret]",
				Shown: "[secret] → another [secret]"}}},
		{Op: changes.Replace, URN: front, Type: "kubernetes:core/v1:Service", Name: "gateway", Parent: load, New: custom(pods), Seconds: 5},
		{Op: changes.Delete, URN: role, Type: "aws:iam/role:Role", Name: "pull", Parent: pull, Old: custom(), Seconds: 10},
	}}
}

// TestPreview: what a preview leaves out is in the graph where something of the preview waits for it.
func TestPreview(t *testing.T) {
	t.Parallel()
	g := graph.OfSet(set())
	require.True(t, g.Preview)
	ops := map[string]changes.Op{}
	for _, n := range g.Nodes {
		ops[n.Kind] = n.Op
	}
	require.Equal(t, map[string]changes.Op{"Namespace": changes.Same, "IAM role policy": changes.Same, "Deployment": changes.Update,
		"Service": changes.Replace, "IAM role": changes.Delete}, ops)
	require.Len(t, g.Groups, 2, "the policy's component is known by the role's")
	ids, seconds := g.Critical()
	require.Len(t, ids, 2)
	require.InDelta(t, 45, seconds, 0)
	for _, n := range g.Nodes {
		require.Equal(t, n.Kind == "Deployment" || n.Kind == "Service", n.Critical, n.Kind)
		if n.Kind == "Deployment" {
			require.Equal(t, []graph.Change{{Path: "spec.replicas", Old: "2", New: "5"}, {Path: "spec.secret", Shown: "[secret] → another [secret]"}},
				n.Changes)
		}
	}
}

// TestTime: the times of an operation's events are those of a stack's resources, and the longest chain is marked.
func TestTime(t *testing.T) {
	t.Parallel()
	g := small(t)
	require.Equal(t, 3, g.Time(set()))
	for _, n := range g.Nodes {
		require.Equal(t, n.Seconds > 0, n.Critical, n.Kind)
	}
	_, seconds := g.Critical()
	require.InDelta(t, 55, seconds, 0, "the role, the Deployment through the namespace or the policy, and the Service")
	require.Zero(t, small(t).Time(&changes.Set{}))
}

// TestTouched: what changes, and what is beside it as long as that is not too much.
func TestTouched(t *testing.T) {
	t.Parallel()
	g := graph.OfSet(set())
	require.Len(t, g.Touched(5).Nodes, 5)
	require.Len(t, g.Touched(4).Nodes, 3)
	first := g.Touched(2)
	require.Len(t, first.Nodes, 2)
	require.Equal(t, 1, first.Left)
	text, err := first.Mermaid()
	require.NoError(t, err)
	require.Contains(t, text, "and 1 more")
	require.Empty(t, graph.TouchedMermaid(&changes.Set{Steps: set().Steps[:1]}))
}

// TestOnly: what waited through something that is left out waits without it.
func TestOnly(t *testing.T) {
	t.Parallel()
	g := small(t)
	keep := map[string]bool{}
	for _, n := range g.Nodes {
		keep[n.ID] = n.Kind == "IAM role" || n.Kind == "Service"
	}
	part := g.Only(keep)
	require.Equal(t, []string{"IAM role > Service"}, edges(part))
	require.Len(t, part.Groups, 2)
}

// TestMermaidIsBounded: of a large preview what changes first is shown, and of a graph beyond what Mermaid draws the command says what does.
func TestMermaidIsBounded(t *testing.T) {
	t.Parallel()
	many := &changes.Set{Project: "bifrost", Stack: "prod"}
	var before []string
	for i := range 1200 {
		urn := fmt.Sprintf("%saws:iam/role:Role::role-%04d-%s", start, i, strings.Repeat("x", 300))
		many.Steps = append(many.Steps, changes.Step{Op: changes.Create, URN: urn, Type: "aws:iam/role:Role", Name: urn,
			New: &changes.State{Custom: true, Dependencies: before}})
		before = []string{urn}
	}
	text := graph.TouchedMermaid(many)
	require.NotEmpty(t, text)
	require.LessOrEqual(t, len(text), 50_000)
	require.Contains(t, text, "more")
	_, err := graph.OfSet(many).Mermaid()
	require.ErrorContains(t, err, "use --format svg")
}

// hostile is a name that would be markup, or a line of Mermaid's own.
const hostile = `<img src=x onerror="alert(1)">"]; click r1 call alert() %%{init: {}}%% #quot; </title><script>`

func TestNamesAreNoMarkup(t *testing.T) {
	t.Parallel()
	s := set()
	s.Stack = hostile
	s.Steps[1].Name = hostile
	s.Steps[1].URN = start + "bifrost:index:BifrostWorkload$kubernetes:apps/v1:Deployment::" + hostile
	g := graph.OfSet(s)
	text, err := g.Mermaid()
	require.NoError(t, err)
	require.NotContains(t, text, "<img")
	require.NotContains(t, text, `"];`+" click")
	var svg bytes.Buffer
	require.NoError(t, g.SVG(&svg))
	require.NotContains(t, svg.String(), "<img")
	require.NotContains(t, svg.String(), "<script")
	for decoder := xml.NewDecoder(&svg); ; {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
}

// TestSVG: the same graph gives the same picture, every resource and edge is in it, and none covers another.
func TestSVG(t *testing.T) {
	t.Parallel()
	var first, second bytes.Buffer
	require.NoError(t, small(t).SVG(&first))
	require.NoError(t, small(t).SVG(&second))
	require.Equal(t, first.String(), second.String())
	require.Equal(t, 5, strings.Count(first.String(), `class="node `))
	require.Equal(t, 5, strings.Count(first.String(), `class="edge"`))
	require.Equal(t, 2, strings.Count(first.String(), `class="group"`))
	require.NotContains(t, first.String(), "canary")
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]string{
		"aws:iam/role:Role": "IAM role", "aws:ecs/service:Service": "ECS service", "aws:lb/targetGroup:TargetGroup": "target group",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment":            "IAM role policy attachment",
		"kubernetes:networking.k8s.io/v1:NetworkPolicy":                "NetworkPolicy",
		"azure-native:managedidentity:UserAssignedIdentity":            "managed identity",
		"gcp:iam/workloadIdentityPool:WorkloadIdentityPool":            "workload identity pool",
		"bifrost:index:AksWorkloadIdentity":                            "AKS workload identity",
		"random:index/randomPassword:RandomPassword":                   "random password",
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule":      "security group egress rule",
		"aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": "Cloud Map private DNS namespace",
		"aws:secretsmanager/secretVersion:SecretVersion":               "Secrets Manager secret version",
		"kubernetes:apiextensions.k8s.io:CustomResource":               "CustomResource",
		"": "",
	} {
		require.Equal(t, want, graph.KindOf(typ), typ)
	}
}

// TestRefused: what is no state and no preview is told, and a state without a deployment.
func TestRefused(t *testing.T) {
	t.Parallel()
	_, err := graph.Read([]byte("nonsense"))
	require.Error(t, err)
	_, err = graph.OfState([]byte(`{"version": 3}`))
	require.ErrorContains(t, err, "pulumi stack export")
	_, err = graph.OfState([]byte(`[`))
	require.ErrorContains(t, err, "pulumi stack export")
}
