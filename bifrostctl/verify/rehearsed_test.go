package verify_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/internal/stacktest"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/bifrostctl/verify/report"
	"bifrost/stacks"
)

// TestSandboxMends: what mends a stack in the sandbox is a command of the sandbox, or an edit.
func TestSandboxMends(t *testing.T) {
	t.Parallel()
	for pulumi, want := range map[string]string{
		"pulumi up --stack prod":                                                                  "bin/bifrostctl sandbox up prod",
		"pulumi up --refresh --stack prod":                                                        "bin/bifrostctl sandbox up prod --refresh",
		"pulumi refresh --stack prod":                                                             "bin/bifrostctl sandbox up prod --refresh",
		"pulumi refresh --stack prod, then pulumi up --refresh --stack prod":                      "bin/bifrostctl sandbox up prod --refresh",
		"write a tag into registry.image, then pulumi up":                                         "write a tag into registry.image, then bin/bifrostctl sandbox up prod",
		"pulumi config set --stack prod --path 'bifrost:gateway.memoryLimit' 4Gi, then pulumi up": "write gateway.memoryLimit: 4Gi into Pulumi.prod.yaml, then bin/bifrostctl sandbox up prod",
		"pulumi config set --stack prod bifrost:rollout full":                                     "write rollout: full into Pulumi.prod.yaml",
		"pulumi config set --stack prod --secret --path 'bifrost:secrets.adminPassword', then pulumi up --refresh --stack prod":                                                                                                                                                            "bin/bifrostctl sandbox up prod --refresh --set secrets.adminPassword=VALUE",
		"aws eks list-clusters --region us-east-1, then pulumi config set --stack prod --path 'bifrost:eks.clusterName' NAME; docs/eks.md":                                                                                                                                                 "aws eks list-clusters --region us-east-1, then write eks.clusterName: NAME into Pulumi.prod.yaml; docs/eks.md",
		"ask the vendor for another key, then pulumi config set --stack prod --secret --path 'bifrost:secrets.registryKey', then pulumi up --refresh --stack prod":                                                                                                                         "bin/bifrostctl sandbox keys prod --new, then bin/bifrostctl sandbox up prod --refresh",
		"pulumi up --refresh --stack prod, which may end at a refused pull, then send the vendor the letter that `bifrostctl handoff prod` prints, and once the vendor has done that, kubectl create job refresh-now --from=cronjob/refresh -n llm, then pulumi up --refresh --stack prod": "bin/bifrostctl sandbox up prod --refresh, which may end at a refused pull, then bin/bifrostctl sandbox state prod lists the vendor's side; change or restore mends it, and once the vendor has done that, bin/bifrostctl sandbox remove prod kubernetes:core/v1:Secret NAMESPACE/NAME where it is there, then bin/bifrostctl sandbox up prod --refresh",
		"kubectl get pods": "kubectl get pods",
		"kubectl create secret generic llm-keys -n llm --from-file=key=FILE": "bin/bifrostctl sandbox restore prod kubernetes:core/v1:Secret llm/llm-keys",
		"kubectl create configmap ca -n llm --from-file=KEY=FILE":            "bin/bifrostctl sandbox restore prod kubernetes:core/v1:ConfigMap llm/ca",
		"kubectl create namespace llm, or remove gateway.existingNamespace":  "bin/bifrostctl sandbox restore prod kubernetes:core/v1:Namespace llm, or remove gateway.existingNamespace",
		"send the vendor the letter that `bifrostctl handoff prod` prints":   "bin/bifrostctl sandbox state prod lists the vendor's side; change or restore mends it",
		"kubectl create configmap vpc-cni -n kube-system --from-literal=a=b": "kubectl create configmap vpc-cni -n kube-system --from-literal=a=b",
	} {
		require.Equal(t, want, verify.SandboxMend(checks.Stack{Name: "prod"}, verify.Options{}, pulumi))
	}
}

// TestVendorsSide: where somebody took away what the vendor lets people in by, that comes back first.
func TestVendorsSide(t *testing.T) {
	t.Parallel()
	const letter = "send the vendor the letter that `bifrostctl handoff prod` prints"
	removed := []string{"kubernetes:core/v1:Secret llm/a", pulumitype.AwsEcrRepositoryPolicy + " acme-hub"}
	require.Equal(t, "bin/bifrostctl sandbox restore x --state /clouds aws:ecr/repositoryPolicy:RepositoryPolicy acme-hub",
		verify.SandboxMend(checks.Stack{Name: "prod"}, verify.Options{Called: "x --state /clouds", Removed: removed}, letter))
}

// TestSandboxRestores: what others made and somebody took away comes back by restore, and not by what would make it in life.
func TestSandboxRestores(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		way      way
		edit     edits.Edit
		before   bool
		restores string
	}{
		{eksProduction, edits.Removed(pulumitype.KubernetesIngressClass, "alb"), false, "kubernetes:networking.k8s.io/v1:IngressClass alb"},
		{eksProduction, edits.Removed(pulumitype.KubernetesIngressClass, "alb"), true, "kubernetes:networking.k8s.io/v1:IngressClass alb"},
		{aksProduction, edits.Removed(pulumitype.KubernetesGateway, ""), false, "kubernetes:gateway.networking.k8s.io/v1:Gateway gateways/llm"},
		{aksProduction, edits.All(edits.Removed(pulumitype.KubernetesDefinition, "httproutes"), edits.Removed(pulumitype.KubernetesHttpRoute, "")), false, "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition httproutes.gateway.networking.k8s.io"},
		{aksProduction, edits.Removed(pulumitype.KubernetesDefinition, "servicemonitors"), true, "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition servicemonitors.monitoring.coreos.com"},
		{ownPolicy, edits.Removed(pulumitype.AwsPolicy, "policy/Models"), true, "aws:iam/policy:Policy arn:aws:iam::111122223333:policy/Models"},
		{eksProduction, edits.Removed(pulumitype.AwsCertificate, ""), false, "aws:acm/certificate:Certificate arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000001"},
		{refreshIRSA, edits.Removed(pulumitype.AwsOidcProvider, ""), true, "aws:iam/openIdConnectProvider:OpenIdConnectProvider arn:aws:iam::111122223333:oidc-provider/"},
		{airGapped, edits.Removed(edits.SecretKind, "llm/bifrost-secrets"), false, "kubernetes:core/v1:Secret llm/bifrost-secrets"},
	} {
		t.Run(c.way.Name+"/"+c.restores, func(t *testing.T) {
			t.Parallel()
			start := stand
			if c.before {
				start = rehearse
			}
			r := start(t, c.way)
			c.edit(t, r.World)
			found := bad(r.document(verify.Options{Before: c.before, Sandbox: true, Called: "x --state /clouds", Removed: r.Look.Removed()}))
			require.Len(t, found, 1, "%+v", found)
			require.True(t, strings.HasPrefix(found[0].Hint, "bin/bifrostctl sandbox restore x --state /clouds "+c.restores), found[0].Hint)
			typ, id, _ := strings.Cut(strings.TrimPrefix(found[0].Hint, "bin/bifrostctl sandbox restore x --state /clouds "), " ")
			require.True(t, slices.ContainsFunc(slices.Collect(maps.Values(r.World.Resources)), func(of *cloud.Resource) bool {
				return of.Type == typ && of.ID == id && of.Seeded && of.Deleted
			}), "restore knows no %s %s", typ, id)
		})
	}
}

// TestSandboxMendsOfTheStack: mends have what is the stack's own, and the overlay of its last up.
func TestSandboxMendsOfTheStack(t *testing.T) {
	t.Parallel()
	stack := checks.Stack{Name: "prod", Config: stacks.Lenient("", "", map[string]any{"registry": map[string]any{"image": "444455556666.dkr.ecr.us-east-1.amazonaws.com/hub:2.1.1"}}), Outputs: checks.Outputs{
		Handoff: []checks.Principal{{PrincipalArn: "arn:aws:iam::111122223333:role/pull"}},
		EKS:     &checks.Cluster{Namespace: "llm", PullSecret: "ecr-pull-secret"},
	}}
	for hint, want := range map[string]string{
		"pulumi up --refresh --stack prod":                                                                             "bin/bifrostctl sandbox up prod --refresh --set gateway.replicas=3 --set a=$b",
		"send the vendor the letter that `bifrostctl handoff prod` prints":                                             "bin/bifrostctl sandbox allowlist prod --add arn:aws:iam::111122223333:role/pull",
		"write a tag or digest that the vendor named into registry.image, then pulumi up":                              "bin/bifrostctl sandbox publish prod 2.1.1, or write a tag that is there into registry.image, then bin/bifrostctl sandbox up prod --set gateway.replicas=3 --set a=$b",
		"kubectl create job refresh-now --from=cronjob/refresh-ecr-secret -n llm":                                      "bin/bifrostctl sandbox remove prod kubernetes:core/v1:Secret llm/ecr-pull-secret where it is there, then bin/bifrostctl sandbox up prod --refresh --set gateway.replicas=3 --set a=$b",
		"kubectl delete secret x -n llm, then kubectl create job refresh-now --from=cronjob/refresh-ecr-secret -n llm": "bin/bifrostctl sandbox remove prod kubernetes:core/v1:Secret llm/ecr-pull-secret where it is there, then bin/bifrostctl sandbox up prod --refresh --set gateway.replicas=3 --set a=$b",
	} {
		require.Equal(t, want, verify.SandboxMend(stack, verify.Options{Sets: "--set gateway.replicas=3 --set a=$b"}, hint))
	}
}

// TestSandboxAllowlistsGoogle: the vendor's answer for principals of GKE is an allowlist, too.
func TestSandboxAllowlistsGoogle(t *testing.T) {
	t.Parallel()
	for _, entry := range []checks.Principal{{ServiceAccountEmail: "a@p"}, {NodeServiceAccounts: []string{"a@p"}}} {
		entry.Platform = "gke"
		stack := checks.Stack{Name: "prod", Outputs: checks.Outputs{Handoff: []checks.Principal{entry}}}
		require.Equal(t, "bin/bifrostctl sandbox allowlist prod --add a@p",
			verify.SandboxMend(stack, verify.Options{}, "send the vendor the letter that `bifrostctl handoff prod` prints"))
	}
}

// TestSandboxMendsElsewhere: mends name the stack as it was called, in its folders and with its cluster.
func TestSandboxMendsElsewhere(t *testing.T) {
	t.Parallel()
	options := verify.Options{Called: "examples/clustered --dir '/my project' --state /clouds", Sets: "--kubeconfig admin.conf"}
	for hint, want := range map[string]string{
		"pulumi up --refresh --stack clustered": "bin/bifrostctl sandbox up examples/clustered --dir '/my project' --state /clouds --refresh --kubeconfig admin.conf",
		"pulumi config set --stack clustered --path 'bifrost:gateway.memoryLimit' 4Gi, then pulumi up": "write gateway.memoryLimit: 4Gi into Pulumi.clustered.yaml, " +
			"then bin/bifrostctl sandbox up examples/clustered --dir '/my project' --state /clouds --kubeconfig admin.conf",
		"kubectl create namespace llm": "bin/bifrostctl sandbox restore examples/clustered --dir '/my project' --state /clouds kubernetes:core/v1:Namespace llm",
	} {
		require.Equal(t, want, verify.SandboxMend(checks.Stack{Name: "clustered"}, options, hint))
	}
}

// TestSandboxNeverMade: what --set alone names in the clouds was never made there, and no restore brings it back. Both mends that are printed
// are true.
func TestSandboxNeverMade(t *testing.T) {
	t.Parallel()
	const key, missing = "gateway.ingress.certificateArn=", "arn:aws:acm:us-east-1:111122223333:certificate/99999999-9999-4999-8999-999999999999"
	with := func(name string, settings, inFile []string) *rehearsed {
		return stand(t, way{Name: name, Stack: "aws-dev", Settings: settings, InFile: append([]string{stacktest.OnlyEKS,
			"gateway.ingress={controller: alb, hosts: [llm.example.com], certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/0a1b2c3d-0000-4000-8000-000000000001'}",
			"gateway.networkPolicy={from: [{cidr: 10.0.0.0/16}]}"}, inFile...)})
	}
	r := with("never made", []string{key + missing}, nil)
	options := verify.Options{Sandbox: true, Called: "x --state /clouds", Removed: r.Look.Removed()}
	found := bad(r.document(options))
	require.Len(t, found, 1, "%+v", found)
	require.Equal(t, "named-certificates", found[0].Code)
	require.Equal(t, "name one that `bin/bifrostctl sandbox state x --state /clouds` lists, or write it into Pulumi.aws-dev.yaml: of what others "+
		"make in the clouds the sandbox has what that file names, and not what --set names", found[0].Hint)

	listed := edits.The(t, r.World, pulumitype.AwsCertificate, "")
	require.Len(t, listed, 1, "what state lists")
	for _, mended := range []*rehearsed{
		with("one that is listed", []string{key + listed[0].ID}, nil), with("in the file", nil, []string{key + missing}),
	} {
		require.Empty(t, bad(mended.document(options)))
	}

	restored := with("removed", nil, []string{key + missing})
	edits.Removed(pulumitype.AwsCertificate, "99999999")(t, restored.World)
	found = bad(restored.document(verify.Options{Sandbox: true, Called: "x", Removed: restored.Look.Removed()}))
	require.Len(t, found, 1, "%+v", found)
	require.Equal(t, "bin/bifrostctl sandbox restore x aws:acm/certificate:Certificate "+missing, found[0].Hint)
}

// TestSandboxOnARealCluster: nobody restores what a real cluster lacks, and its nodes are its own.
func TestSandboxOnARealCluster(t *testing.T) {
	t.Parallel()
	r := stand(t, airGapped)
	edits.Removed(edits.SecretKind, "llm/bifrost-secrets")(t, r.World)
	found := bad(r.document(verify.Options{Sandbox: true, Real: true}))
	require.Len(t, found, 1, "%+v", found)
	require.Contains(t, found[0].Hint, "kubectl create secret generic bifrost-secrets -n llm")
	for real, want := range map[bool]string{true: "the cluster has no node yet", false: "Pulumi.air-gapped.yaml describes no nodes (sandbox:nodes)"} {
		require.Equal(t, want, reasons(r.document(verify.Options{Sandbox: true, Real: real}))["workload-scheduled"])
	}
}

// reasons are why checks are skipped, by code.
func reasons(d report.Document) map[string]string {
	all := map[string]string{}
	for _, category := range d.Categories {
		for _, c := range category.Checks {
			if c.Result == check.Skipped {
				all[c.Code] = c.Error
			}
		}
	}
	return all
}

// detached takes a policy from every role.
func detached(policy string) edits.Edit {
	return func(_ testing.TB, w *cloud.World) {
		for _, r := range w.Resources {
			if arn, _ := r.State["policyArn"].(string); r.Type == pulumitype.AwsRolePolicyAttachment && strings.HasSuffix(arn, policy) {
				w.Remove(r)
			}
		}
	}
}

// TestNamedThingsBlockNothingElse: what is right is told of beside a certificate, a policy or a boundary that is gone.
func TestNamedThingsBlockNothingElse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		way  way
		edit edits.Edit
		code string
	}{
		{eksProduction, edits.Removed(pulumitype.AwsCertificate, ""), "named-certificates"},
		{ownPolicy, edits.All(edits.Removed(pulumitype.AwsPolicy, "policy/Models"), detached("policy/Models")), "named-arns"},
		{ownPolicy, edits.Removed(pulumitype.AwsPolicy, "policy/Bounds"), "named-arns"},
	} {
		t.Run(c.way.Name+"/"+c.code, func(t *testing.T) {
			t.Parallel()
			r := stand(t, c.way)
			fine := reasons(r.document(verify.Options{}))
			c.edit(t, r.World)
			broken := r.document(verify.Options{})
			require.Len(t, bad(broken), 1, "%+v", bad(broken))
			require.Equal(t, c.code, bad(broken)[0].Code)
			require.Equal(t, fine, reasons(broken), "what is skipped beside it")
		})
	}
}
