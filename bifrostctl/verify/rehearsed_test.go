package verify_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/bifrostctl/internal/edits"
	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify"
	"bifrost/bifrostctl/verify/checks"
	"bifrost/stacks"
)

// TestSandboxMends: what mends a stack in the sandbox is a command of the sandbox, or an edit.
func TestSandboxMends(t *testing.T) {
	t.Parallel()
	for pulumi, want := range map[string]string{
		"pulumi up --stack prod":                          "bin/bifrostctl sandbox up prod",
		"pulumi up --refresh --stack prod":                "bin/bifrostctl sandbox up prod --refresh",
		"pulumi refresh --stack prod":                     "bin/bifrostctl sandbox up prod --refresh",
		"write a tag into registry.image, then pulumi up": "write a tag into registry.image, then bin/bifrostctl sandbox up prod",
		"pulumi config set --stack prod --path 'bifrost:gateway.memoryLimit' 4Gi, then pulumi up":                                                                  "write gateway.memoryLimit: 4Gi into Pulumi.prod.yaml, then bin/bifrostctl sandbox up prod",
		"pulumi config set --stack prod bifrost:rollout full":                                                                                                      "write rollout: full into Pulumi.prod.yaml",
		"pulumi config set --stack prod --secret --path 'bifrost:secrets.adminPassword', then pulumi up --refresh --stack prod":                                    "bin/bifrostctl sandbox up prod --refresh --set secrets.adminPassword=VALUE",
		"aws eks list-clusters --region us-east-1, then pulumi config set --stack prod --path 'bifrost:eks.clusterName' NAME; docs/eks.md":                         "aws eks list-clusters --region us-east-1, then write eks.clusterName: NAME into Pulumi.prod.yaml; docs/eks.md",
		"ask the vendor for another key, then pulumi config set --stack prod --secret --path 'bifrost:secrets.registryKey', then pulumi up --refresh --stack prod": "bin/bifrostctl sandbox keys prod --new, then bin/bifrostctl sandbox up prod --refresh",
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
			found := bad(r.document(verify.Options{Before: c.before, Sandbox: true, Called: "x --state /clouds"}))
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
