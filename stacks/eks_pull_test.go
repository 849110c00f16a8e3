package stacks_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/internal/graphtest"
	"bifrost/stacks"
)

const nodeRole = "arn:aws:iam::111122223333:role/nodes"

// eksStack is the dev stack on EKS alone, with one of its ways of pulling.
func eksStack(t testing.TB, pull map[string]any) settings {
	s := stackFile(t, "aws-dev").set("ecs", nil)
	for key, v := range pull {
		s.set("eks."+key, v)
	}
	return s
}

var pullStacks = map[string]map[string]any{
	"refresh":      {},
	"pod identity": {"auth": "podIdentity"},
	"node":         {"pull": "node", "nodeRoleArns": []any{nodeRole, "arn:aws:iam::111122223333:role/fargate"}},
	"kubelet":      {"pull": "kubelet"},
}

func irsaTrust(serviceAccount string) string {
	host := strings.TrimPrefix(eksIssuer, "https://")
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/` + host + `"},
		"Action":["sts:AssumeRoleWithWebIdentity"],"Condition":{"StringEquals":{
			"` + host + `:aud":"sts.amazonaws.com","` + host + `:sub":"system:serviceaccount:bifrost:` + serviceAccount + `"}}}]}`
}

// TestEKSPulls: what each way of pulling registers, looks up, and nothing else.
func TestEKSPulls(t *testing.T) {
	t.Parallel()
	const oidc, addon, role = "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider", "aws:eks/getAddon:getAddon", "aws:iam/getRole:getRole"
	for name, want := range map[string]struct {
		trust         string
		lookUps       []string
		refreshed     bool
		associations  int
		attachedRoles []any
	}{
		"refresh": {irsaTrust("bifrost-pull"), []string{addon, oidc}, true, 0, []any{"BifrostECRPullRole"}},
		"pod identity": {`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},
			"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{
				"aws:RequestTag/eks-cluster-arn":"arn:aws:eks:us-east-1:111122223333:cluster/dev",
				"aws:RequestTag/kubernetes-namespace":"bifrost","aws:RequestTag/kubernetes-service-account":"bifrost-pull"}}}]}`,
			[]string{addon, addon}, true, 1, []any{"BifrostECRPullRole"}},
		"node":    {"", []string{role, role, addon}, false, 0, []any{"fargate", "nodes"}},
		"kubelet": {irsaTrust("bifrost-sa"), []string{addon, oidc}, false, 0, []any{"BifrostECRPullRole"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := record(t, "aws-dev", eksStack(t, pullStacks[name]))
			g.RequireProviders(t)
			var lookUps []string
			for _, call := range g.Calls {
				if call.Token != callerIdentity && call.Token != "aws:eks/getCluster:getCluster" {
					lookUps = append(lookUps, call.Token)
				}
			}
			require.Equal(t, want.lookUps, lookUps)

			roles := g.Of("aws:iam/role:Role")
			if want.trust == "" {
				require.Empty(t, roles)
			} else {
				require.Len(t, roles, 1)
				require.JSONEq(t, want.trust, roles[0].Input(t, "assumeRolePolicy").(string))
			}
			var attached []any
			for _, a := range g.Of("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
				attached = append(attached, a.Input(t, "role"))
			}
			require.Equal(t, want.attachedRoles, attached)
			require.Len(t, g.Of("aws:eks/podIdentityAssociation:PodIdentityAssociation"), want.associations)

			deployment := g.One(t, "kubernetes:apps/v1:Deployment")
			for _, a := range g.Of("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
				require.True(t, g.DependsOn(deployment, a), "no pod before the right to pull")
			}
			require.Equal(t, want.refreshed, deployment.Has("spec.template.spec.imagePullSecrets"))
			require.Equal(t, want.refreshed, len(g.Of("bifrost:index:PullSecret")) == 1)
			require.Equal(t, want.refreshed, len(g.Of("kubernetes:batch/v1:CronJob")) == 1)
			for _, sa := range g.Of("kubernetes:core/v1:ServiceAccount") {
				kubelet := name == "kubelet" && sa.Input(t, "metadata.name") == "bifrost-sa"
				require.Equal(t, kubelet, sa.Has(`metadata.annotations["eks.amazonaws.com/ecr-role-arn"]`), sa.Name)
			}
		})
	}
}

// TestPodIdentityProjectsNoToken: EKS injects the credentials, and a token of our own would come before them.
func TestPodIdentityProjectsNoToken(t *testing.T) {
	t.Parallel()
	g := record(t, "aws-dev", eksStack(t, pullStacks["pod identity"]))
	job := g.One(t, "kubernetes:batch/v1:Job")
	require.NotContains(t, fmt.Sprint(graphtest.Plain(job.Inputs).Mappable()), "AWS_WEB_IDENTITY_TOKEN_FILE")
	association := g.One(t, "aws:eks/podIdentityAssociation:PodIdentityAssociation")
	require.True(t, g.DependsOn(job, association), "a pod made before its association gets no credentials")
	require.Equal(t, job.Input(t, "spec.template.spec.serviceAccountName"), association.Input(t, "serviceAccount"))
}

// TestEKSFullKeepsIdentities: full adds to what the vendor allowlisted, in every way of pulling.
func TestEKSFullKeepsIdentities(t *testing.T) {
	t.Parallel()
	for name, pull := range pullStacks {
		t.Run(name, func(t *testing.T) {
			identity := record(t, "aws-dev", eksStack(t, pull).set("rollout", stacks.RolloutIdentity).set("secrets", nil))
			full := record(t, "aws-dev", eksStack(t, pull))
			require.Greater(t, len(full.Resources), len(identity.Resources))
			for _, r := range identity.Resources {
				require.False(t, strings.HasPrefix(r.Type, "kubernetes:"), r.URN)
				i := slices.IndexFunc(full.Resources, func(f graphtest.Resource) bool { return f.URN == r.URN })
				require.GreaterOrEqual(t, i, 0, "%s is missing", r.URN)
				if r.Type != stacks.PlaceGuardType { // it knows the rollout
					require.Equal(t, r.Inputs, full.Resources[i].Inputs, r.URN)
				}
			}
		})
	}
}

// output is what a stack exports under a name, or nil: the input of a component made for it, since mocks record no outputs.
func output(t *testing.T, s settings, name string) any {
	t.Helper()
	return outputOf(t, s.graph(t, "aws-dev"), name)
}

// outputOf runs the program on a recorder, and gives one of its outputs.
func outputOf(t *testing.T, g *graphtest.Graph, name string) any {
	t.Helper()
	const probe = "test:index:Output"
	require.NoError(t, g.Run(func(ctx *pulumi.Context) error {
		if err := program(g)(ctx); err != nil {
			return err
		}
		exported, ok := ctx.GetCurrentExportMap()[name]
		if !ok {
			return nil
		}
		return ctx.RegisterComponentResourceV2(probe, name, pulumi.Map{"value": exported}, &struct{ pulumi.ResourceState }{})
	}))
	if len(g.Of(probe)) == 0 {
		return nil
	}
	return g.One(t, probe).Input(t, "value")
}

// TestEKSHandoff: the vendor learns of each principal that pulls, before and after the workload the same.
func TestEKSHandoff(t *testing.T) {
	t.Parallel()
	entry := func(pull, auth, purpose, arn, id string) map[string]any {
		e := map[string]any{
			"platform": "eks", "purpose": purpose, "pull": pull, "accountId": "111122223333", "principalArn": arn, "principalId": id,
			"repositories": []any{"arn:aws:ecr:us-east-1:444455556666:repository/acme-hub"},
		}
		if auth != "" {
			e["auth"] = auth
		}
		return e
	}
	const made, madeId = "arn:aws:test:us-east-1:111122223333:eks-ecr-role", "AROAEKS-ECR-ROLE"
	for name, want := range map[string][]any{
		"refresh":      {entry("refresh", "irsa", "refreshes the pull Secret on EKS", made, madeId)},
		"pod identity": {entry("refresh", "podIdentity", "refreshes the pull Secret on EKS", made, madeId)},
		"kubelet":      {entry("kubelet", "irsa", "pulls in the kubelets on EKS, for the gateway's ServiceAccount", made, madeId)},
		"node": {
			entry("node", "", "pulls on the nodes of EKS", nodeRole, "AROANODES"),
			entry("node", "", "pulls on the nodes of EKS", "arn:aws:iam::111122223333:role/fargate", "AROAFARGATE"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, rollout := range []stacks.Rollout{stacks.RolloutIdentity, stacks.RolloutFull} {
				require.Equal(t, want, output(t, eksStack(t, pullStacks[name]).set("rollout", rollout), "vendorHandoff"), rollout)
			}
		})
	}
}

// TestKubeletConfiguration: the output is the file that docs/kubelet-pull.md shows, and comes before the workload.
func TestKubeletConfiguration(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/kubelet-pull.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(page), "```yaml\n")
	require.True(t, found, "docs/kubelet-pull.md shows no configuration")
	want, _, _ := strings.Cut(rest, "```")

	kubelet := pullStacks["kubelet"]
	require.Equal(t, map[string]any{"kubelet": want}, output(t, eksStack(t, kubelet).set("rollout", stacks.RolloutIdentity), "eks"))
	require.Equal(t, map[string]any{"namespace": "bifrost", "deployment": "bifrost", "service": "bifrost", "kubelet": want}, output(t, eksStack(t, kubelet), "eks"))
	require.Nil(t, output(t, eksStack(t, pullStacks["refresh"]).set("rollout", stacks.RolloutIdentity), "eks"))
}

// TestPullLookUps: what a way of pulling lacks stops the stack before any identity is made.
func TestPullLookUps(t *testing.T) {
	t.Parallel()
	autoMode := eksLookup("1.34")
	autoMode["computeConfigs"] = []any{map[string]any{"enabled": true}}
	for name, c := range map[string]struct {
		pull    string
		answers map[string]answer
		want    []string
	}{
		"no agent": {"pod identity", map[string]answer{"aws:eks/getAddon:getAddon": never("couldn't find resource")},
			[]string{"eks.auth", "aws eks create-addon --cluster-name dev --addon-name eks-pod-identity-agent --region us-east-1"}},
		"no agent in Auto Mode": {"pod identity", map[string]answer{
			"aws:eks/getAddon:getAddon": never("couldn't find resource"), "aws:eks/getCluster:getCluster": always(autoMode)}, nil},
		"a cluster too old for the gateway": {"pod identity", map[string]answer{"aws:eks/getCluster:getCluster": always(eksLookup("1.26"))},
			[]string{"1.26", "1.27 or newer"}},
		"a cluster too old for the kubelet": {"kubelet", map[string]answer{"aws:eks/getCluster:getCluster": always(eksLookup("1.33"))},
			[]string{"eks.pull kubelet", "1.33", "1.34 or newer", "aws eks update-cluster-version --region us-east-1 --name dev"}},
		"that cluster for nodes": {"node", map[string]answer{"aws:eks/getCluster:getCluster": always(eksLookup("1.33"))}, nil},
		"no role": {"node", map[string]answer{"aws:iam/getRole:getRole": never("couldn't find resource")},
			[]string{"eks.nodeRoleArns[0]", nodeRole, "aws eks describe-nodegroup"}},
		"a role at another path": {"node", map[string]answer{"aws:iam/getRole:getRole": roleLookup("/team/")},
			[]string{"eks.nodeRoleArns[0]", "arn:aws:iam::111122223333:role/team/nodes", "write that ARN"}},
		"no OIDC provider": {"kubelet", map[string]answer{"aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": never("not found")},
			[]string{"eks.oidcProvider", eksIssuer}},
	} {
		t.Run(name, func(t *testing.T) {
			g := eksStack(t, pullStacks[c.pull]).graph(t, "aws-dev")
			for token, a := range c.answers {
				g.Answers[token] = a
			}
			err := g.Run(program(g))
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			for _, r := range g.Resources {
				require.Contains(t, r.Type, "pulumi:providers:", "%s was registered", r.URN)
			}
		})
	}
}

// TestNodeRolesWithoutAnAccount: what is missing is told, and no role is one of another account than none.
func TestNodeRolesWithoutAnAccount(t *testing.T) {
	t.Parallel()
	g := stackFile(t, "aws-dev").set("aws", nil).set("ecs", nil).
		set("eks", map[string]any{"clusterName": "dev", "pull": "node", "nodeRoleArns": []any{"arn:aws:iam::111122223333:role/nodes"}}).
		graph(t, "aws-dev")
	err := g.Run(program(g))
	require.ErrorContains(t, err, "bifrost:aws: Required value")
	require.NotContains(t, err.Error(), "nodeRoleArns")
	require.Empty(t, g.Resources)
}
