package components

import (
	"encoding/base64"
	"maps"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/internal/graphtest"
)

func workloadArgs() *BifrostWorkloadArgs {
	return &BifrostWorkloadArgs{
		Namespace: pulumi.String("bifrost"), Image: image, PullSecret: pulumi.String("ecr-pull-secret"), Replicas: 2,
		Config: secret(`{"a":1}`), Env: map[string]string{"PG_HOST": "h"},
		SecretEnv: map[string]pulumi.StringInput{"OPENAI_API_KEY": secret(canary)}, EncryptionKey: secret(canary + "-key"),
	}
}

func recordWorkload(t *testing.T, change func(*BifrostWorkloadArgs)) *graphtest.Graph {
	args := workloadArgs()
	change(args)
	return record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := NewBifrostWorkload(ctx, "x", args, on)
		return err
	})
}

func asIs(*BifrostWorkloadArgs) {}

func TestBifrostWorkload(t *testing.T) {
	g := recordWorkload(t, asIs)
	d := g.One(t, "kubernetes:apps/v1:Deployment")
	const pod, container = "spec.template.spec", "spec.template.spec.containers[0]"
	for path, want := range map[string]any{
		"metadata.name":                               "bifrost",
		"spec.replicas":                               2.0,
		"spec.selector.matchLabels":                   map[string]any{"app": "bifrost"},
		pod + ".serviceAccountName":                   "bifrost-sa",
		pod + ".imagePullSecrets":                     []any{map[string]any{"name": "ecr-pull-secret"}},
		pod + ".terminationGracePeriodSeconds":        60.0,
		pod + ".automountServiceAccountToken":         false,
		pod + ".securityContext.runAsUser":            1000.0,
		container + ".image":                          image,
		container + ".resources.requests":             map[string]any{"cpu": "250m", "memory": "512Mi"},
		container + ".resources.limits":               map[string]any{"cpu": "1", "memory": "2Gi"},
		container + ".ports[0].containerPort":         8080.0,
		container + ".livenessProbe":                  map[string]any{"tcpSocket": map[string]any{"port": 8080.0}, "initialDelaySeconds": 30.0, "periodSeconds": 10.0},
		container + ".readinessProbe":                 map[string]any{"httpGet": map[string]any{"path": "/health", "port": 8080.0}, "initialDelaySeconds": 10.0, "periodSeconds": 5.0},
		container + ".lifecycle.preStop.exec.command": []any{"sleep", "15"},
		container + ".envFrom[0].secretRef.name":      "bifrost-env",
	} {
		require.Equal(t, want, d.Input(t, path), path)
	}
	require.Equal(t, "1932735283", envOf(t, d, container)["GOMEMLIMIT"], "90 % of 2Gi in bytes")
	require.Equal(t, "h", envOf(t, d, container)["PG_HOST"])
	require.Contains(t, d.Input(t, container+".volumeMounts"), map[string]any{
		"name": "config", "mountPath": "/app/data/config.json", "subPath": "config.json", "readOnly": true})
	require.Contains(t, d.Input(t, container+".volumeMounts"), map[string]any{"name": "data", "mountPath": "/app/data"})

	service := g.One(t, "kubernetes:core/v1:Service")
	require.Equal(t, "ClusterIP", service.Input(t, "spec.type"))
	require.EqualValues(t, 80, service.Input(t, "spec.ports[0].port"))
	require.EqualValues(t, 8080, service.Input(t, "spec.ports[0].targetPort"))
	require.True(t, g.DependsOn(service, d))

	config := g.Named(t, "kubernetes:core/v1:Secret", "x-config")
	require.Equal(t, "bifrost-config", config.Input(t, "metadata.name"))
	require.Equal(t, base64.StdEncoding.EncodeToString([]byte(`{"a":1}`)), config.Input(t, `data["config.json"]`))
	key := g.Named(t, "kubernetes:core/v1:Secret", "x-env")
	require.Equal(t, base64.StdEncoding.EncodeToString([]byte(canary)), key.Input(t, "data.BIFROST_ENCRYPTION_KEY"))
	require.False(t, key.Has("stringData"), "a key that leaves it stays in the Secret")
	require.Equal(t, false, g.One(t, "kubernetes:core/v1:ServiceAccount").Input(t, "automountServiceAccountToken"))
	for _, r := range g.Resources {
		require.Empty(t, graphtest.Leaks(r.Inputs, canary), r.URN)
		require.Empty(t, graphtest.Leaks(r.Inputs, base64.StdEncoding.EncodeToString([]byte(canary))), r.URN)
	}
}

// TestOwnMemoryLimit: two entries of one name are refused by the API server.
func TestOwnMemoryLimit(t *testing.T) {
	const container = "spec.template.spec.containers[0]"
	own := recordWorkload(t, func(a *BifrostWorkloadArgs) { a.Env = map[string]string{"GOMEMLIMIT": "1GiB"} })
	require.Equal(t, []any{map[string]any{"name": "GOMEMLIMIT", "value": "1GiB"}}, own.One(t, "kubernetes:apps/v1:Deployment").Input(t, container+".env"))
	secretly := recordWorkload(t, func(a *BifrostWorkloadArgs) {
		a.Env, a.SecretEnv = nil, map[string]pulumi.StringInput{"GOMEMLIMIT": secret("1GiB")}
	})
	require.False(t, secretly.One(t, "kubernetes:apps/v1:Deployment").Has(container+".env[0]"))
}

// TestChecksum: the pods roll with every value they read at start, and with nothing else.
func TestChecksum(t *testing.T) {
	const annotation = `spec.template.metadata.annotations["checksum/config"]`
	of := func(change func(*BifrostWorkloadArgs)) any {
		return recordWorkload(t, change).One(t, "kubernetes:apps/v1:Deployment").Input(t, annotation)
	}
	same := of(asIs)
	require.Equal(t, same, of(func(a *BifrostWorkloadArgs) { a.Replicas = 5 }))
	require.NotEqual(t, same, of(func(a *BifrostWorkloadArgs) { a.Config = secret(`{"a":2}`) }))
	require.NotEqual(t, same, of(func(a *BifrostWorkloadArgs) {
		a.SecretEnv = map[string]pulumi.StringInput{"BIFROST_ENCRYPTION_KEY": secret("other")}
	}))
	require.NotEqual(t, same, of(func(a *BifrostWorkloadArgs) {
		a.SecretEnv = maps.Clone(a.SecretEnv)
		a.SecretEnv["MORE"] = secret("x")
	}))
}

func TestRuntimeIdentity(t *testing.T) {
	const use = `spec.template.metadata.labels["azure.workload.identity/use"]`
	plain := recordWorkload(t, asIs)
	require.False(t, plain.One(t, "kubernetes:apps/v1:Deployment").Has(use))

	aws := recordWorkload(t, func(a *BifrostWorkloadArgs) { a.AwsRoleArn = pulumi.String("arn:aws:iam::111122223333:role/Bedrock") })
	require.Equal(t, "arn:aws:iam::111122223333:role/Bedrock",
		aws.One(t, "kubernetes:core/v1:ServiceAccount").Input(t, `metadata.annotations["eks.amazonaws.com/role-arn"]`))

	azure := recordWorkload(t, func(a *BifrostWorkloadArgs) { a.AzureClientId = "00000000-0000-4000-8000-00000000000c" })
	require.Equal(t, "00000000-0000-4000-8000-00000000000c", azure.One(t, "kubernetes:core/v1:ServiceAccount").Input(t, `metadata.annotations["azure.workload.identity/client-id"]`))
	require.Equal(t, "true", azure.One(t, "kubernetes:apps/v1:Deployment").Input(t, use), "the webhook picks pods by their own label")
}

// TestKubeletPull: the kubelets' role is on the ServiceAccount under the annotation of their own plugin, and nodes may ask for a
// token of this ServiceAccount and audience, and of no other.
func TestKubeletPull(t *testing.T) {
	require.Empty(t, recordWorkload(t, asIs).Of("kubernetes:rbac.authorization.k8s.io/v1:Role"))

	g := recordWorkload(t, func(a *BifrostWorkloadArgs) {
		a.PullSecret, a.EcrRoleArn = nil, pulumi.String("arn:aws:iam::111122223333:role/Pull")
		a.AwsRoleArn, a.ServiceAccount = pulumi.String("arn:aws:iam::111122223333:role/Bedrock"), "gateway"
	})
	deployment := g.One(t, "kubernetes:apps/v1:Deployment")
	require.False(t, deployment.Has("spec.template.spec.imagePullSecrets"))
	require.Equal(t, map[string]any{
		"eks.amazonaws.com/ecr-role-arn": "arn:aws:iam::111122223333:role/Pull",
		"eks.amazonaws.com/role-arn":     "arn:aws:iam::111122223333:role/Bedrock",
	}, g.One(t, "kubernetes:core/v1:ServiceAccount").Input(t, "metadata.annotations"))

	role, binding := g.One(t, "kubernetes:rbac.authorization.k8s.io/v1:Role"), g.One(t, "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding")
	require.Equal(t, []any{map[string]any{
		"apiGroups": []any{""}, "resources": []any{"sts.amazonaws.com"}, "resourceNames": []any{"gateway"},
		"verbs": []any{"request-serviceaccounts-token-audience"},
	}}, role.Input(t, "rules"))
	require.Equal(t, map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "bifrost-token-audience"}, binding.Input(t, "roleRef"))
	require.Equal(t, []any{map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes"}}, binding.Input(t, "subjects"))
	for _, r := range []graphtest.Resource{role, binding} {
		require.Equal(t, "bifrost-token-audience", r.Input(t, "metadata.name"))
		require.Equal(t, "bifrost", r.Input(t, "metadata.namespace"))
	}
	require.True(t, g.DependsOn(deployment, binding), "a pull before it would be refused")
}

func TestBifrostWorkloadRefuses(t *testing.T) {
	args := &BifrostWorkloadArgs{
		Name: "Bifrost", Image: "bifrost:latest", ServiceAccount: "A", AwsRoleArn: pulumi.String("a"), AzureClientId: "b",
		CpuRequest: "x", MemoryRequest: "x", CpuLimit: "x", MemoryLimit: "x", Labels: map[string]string{"a": "b c"},
		Env:       map[string]string{"A B": "", "TWICE": ""},
		SecretEnv: map[string]pulumi.StringInput{"C D": pulumi.String(""), "TWICE": pulumi.String("")},
	}
	requireRefused(t, args.Validate(), []string{
		"name", "namespace", "config", "image", "replicas", "env[A B]", "env[TWICE]", "secretEnv[C D]", "serviceAccount", "azureClientId", "azureClientId",
		"cpuRequest", "memoryRequest", "cpuLimit", "memoryLimit", "labels[a]",
	}, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := NewBifrostWorkload(ctx, "x", args, on)
		return err
	})
	require.Empty(t, workloadArgs().Validate())
	low := workloadArgs()
	low.MemoryLimit, low.CpuRequest = "256Mi", "2"
	require.Len(t, low.Validate(), 2, "requests above their limits")
}

func TestBifrostNamespace(t *testing.T) {
	g := record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := NewBifrostNamespace(ctx, "x", &BifrostNamespaceArgs{Labels: map[string]string{"a": "b"}}, on)
		return err
	})
	require.Equal(t, map[string]any{"a": "b", "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"},
		g.One(t, "kubernetes:core/v1:Namespace").Input(t, "metadata.labels"))
	bad := &BifrostNamespaceArgs{Name: "A", Labels: map[string]string{"a": "b c"}}
	requireRefused(t, bad.Validate(), []string{"name", "labels[a]"}, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := NewBifrostNamespace(ctx, "x", bad, on)
		return err
	})
}
