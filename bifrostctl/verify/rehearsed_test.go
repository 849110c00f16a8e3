package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

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
		"pulumi config set --stack prod --path 'bifrost:gateway.memoryLimit' 4Gi, then pulumi up":                                          "write gateway.memoryLimit: 4Gi into Pulumi.prod.yaml, then bin/bifrostctl sandbox up prod",
		"pulumi config set --stack prod bifrost:rollout full":                                                                              "write rollout: full into Pulumi.prod.yaml",
		"pulumi config set --stack prod --secret --path 'bifrost:secrets.adminPassword', then pulumi up --refresh --stack prod":            "bin/bifrostctl sandbox up prod --refresh --set secrets.adminPassword=VALUE",
		"aws eks list-clusters --region us-east-1, then pulumi config set --stack prod --path 'bifrost:eks.clusterName' NAME; docs/eks.md": "aws eks list-clusters --region us-east-1, then write eks.clusterName: NAME into Pulumi.prod.yaml; docs/eks.md",
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
