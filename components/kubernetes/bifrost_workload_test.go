package kubernetes_test

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

func workloadArgs() *kubernetes.BifrostWorkloadArgs {
	return &kubernetes.BifrostWorkloadArgs{
		Namespace: pulumi.String("bifrost"), Image: graphtest.Image, PullSecret: pulumi.String("ecr-pull-secret"), Replicas: 2,
		Config: graphtest.Secret(`{"a":1}`), Env: map[string]string{"PG_HOST": "h"},
		SecretEnv:     map[string]pulumi.StringInput{"OPENAI_API_KEY": graphtest.Secret(graphtest.Canary)},
		EncryptionKey: graphtest.Secret(graphtest.Canary + "-key"),
	}
}

func recordWorkload(t *testing.T, change func(*kubernetes.BifrostWorkloadArgs)) *graphtest.Graph {
	args := workloadArgs()
	change(args)
	return graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := kubernetes.NewBifrostWorkload(ctx, "x", args, on)
		return err
	})
}

func asIs(*kubernetes.BifrostWorkloadArgs) {}

func TestBifrostWorkload(t *testing.T) {
	t.Parallel()
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
		container + ".image":                          graphtest.Image,
		container + ".imagePullPolicy":                "IfNotPresent",
		container + ".resources.requests":             map[string]any{"cpu": "250m", "memory": "512Mi", "ephemeral-storage": "256Mi"},
		container + ".resources.limits":               map[string]any{"cpu": "1", "memory": "2Gi", "ephemeral-storage": "2Gi"},
		container + ".ports":                          []any{map[string]any{"name": "http", "containerPort": 8080.0, "protocol": "TCP"}},
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

	require.Equal(t, []any{
		map[string]any{"name": "config", "secret": map[string]any{"secretName": "bifrost-config"}},
		map[string]any{"name": "tmp", "emptyDir": map[string]any{"sizeLimit": "2Gi"}},
		map[string]any{"name": "data", "emptyDir": map[string]any{"sizeLimit": "2Gi"}},
	}, d.Input(t, pod+".volumes"), "every folder has a limit, and no token is mounted")
	require.Equal(t, map[string]any{"type": "RollingUpdate", "rollingUpdate": map[string]any{"maxUnavailable": 0.0, "maxSurge": 1.0}},
		d.Input(t, "spec.strategy"))
	require.EqualValues(t, 750, d.Input(t, "spec.progressDeadlineSeconds"))
	require.Empty(t, d.Request.GetIgnoreChanges())
	require.Equal(t, "13m", d.Request.GetCustomTimeouts().GetCreate())

	service := g.One(t, "kubernetes:core/v1:Service")
	require.Equal(t, "ClusterIP", service.Input(t, "spec.type"))
	require.EqualValues(t, 80, service.Input(t, "spec.ports[0].port"))
	require.EqualValues(t, 8080, service.Input(t, "spec.ports[0].targetPort"))
	require.True(t, g.DependsOn(service, d))

	config := g.Named(t, "kubernetes:core/v1:Secret", "x-config")
	require.Equal(t, "bifrost-config", config.Input(t, "metadata.name"))
	require.Equal(t, base64.StdEncoding.EncodeToString([]byte(`{"a":1}`)), config.Input(t, `data["config.json"]`))
	key := g.Named(t, "kubernetes:core/v1:Secret", "x-env")
	require.Equal(t, map[string]any{"OPENAI_API_KEY": base64.StdEncoding.EncodeToString([]byte(graphtest.Canary))}, key.Input(t, "data"))
	require.False(t, key.Has("stringData"), "a key that leaves it stays in the Secret")
	require.Equal(t, false, g.One(t, "kubernetes:core/v1:ServiceAccount").Input(t, "automountServiceAccountToken"))
	for _, needed := range []graphtest.Resource{config, key, g.One(t, "kubernetes:core/v1:ServiceAccount")} {
		require.True(t, g.DependsOn(d, needed), needed.URN)
	}
	require.Empty(t, d.Request.GetPropertyDependencies()["spec"].GetUrns(),
		"what the spec takes from another resource is unknown while that one is made anew: the Deployment would go")
	requireNoLeak(t, g)
	for _, r := range g.Resources {
		if r.Request.GetCustom() && strings.HasPrefix(r.Type, "kubernetes:") {
			require.Equal(t, g.One(t, kubernetes.BifrostWorkloadType).URN, r.Parent())
			require.Equal(t, "bifrost", r.Input(t, "metadata.namespace"), r.URN)
			require.Equal(t, "bifrost", r.Input(t, "metadata.labels.app"), r.URN)
		}
	}
}

// requireNoLeak: neither the canary nor its encoding is in clear, whatever stands before or behind it.
func requireNoLeak(t *testing.T, g *graphtest.Graph) {
	t.Helper()
	for _, r := range g.Resources {
		require.Empty(t, graphtest.Leaks(r.Inputs, graphtest.Canary), r.URN)
		require.Empty(t, graphtest.Leaks(r.Inputs, base64.StdEncoding.EncodeToString([]byte(graphtest.Canary))[:12]), r.URN)
	}
}

// TestProbes: a start has what the gateway waits for others and 90 s, a database that is down takes pods out of the Service, and restarts
// none.
func TestProbes(t *testing.T) {
	t.Parallel()
	const container = "spec.template.spec.containers[0]"
	health := map[string]any{"path": "/health", "port": 8080.0}
	d := recordWorkload(t, asIs).One(t, "kubernetes:apps/v1:Deployment")
	require.Equal(t, map[string]any{"httpGet": health, "periodSeconds": 5.0, "timeoutSeconds": 5.0, "failureThreshold": 90.0},
		d.Input(t, container+".startupProbe"))
	require.Equal(t, map[string]any{"httpGet": health, "periodSeconds": 5.0, "timeoutSeconds": 5.0, "failureThreshold": 3.0},
		d.Input(t, container+".readinessProbe"))
	require.Equal(t, map[string]any{"tcpSocket": map[string]any{"port": 8080.0}, "periodSeconds": 10.0, "timeoutSeconds": 5.0,
		"failureThreshold": 6.0},
		d.Input(t, container+".livenessProbe"))

	slow := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.StartupSeconds, a.PreStopSeconds, a.TerminationGraceSeconds, a.Replicas = 901, 30, 600, 40
	}).One(t, "kubernetes:apps/v1:Deployment")
	require.EqualValues(t, 181, slow.Input(t, container+".startupProbe.failureThreshold"))
	require.EqualValues(t, 1201, slow.Input(t, "spec.progressDeadlineSeconds"))
	require.Equal(t, "80m", slow.Request.GetCustomTimeouts().GetUpdate(), "40 pods, one after the other")
	require.Equal(t, []any{"sleep", "30"}, slow.Input(t, container+".lifecycle.preStop.exec.command"))
	require.EqualValues(t, 600, slow.Input(t, "spec.template.spec.terminationGracePeriodSeconds"))
}

// TestOwnMemoryLimit: two entries of one name are refused by the API server.
func TestOwnMemoryLimit(t *testing.T) {
	t.Parallel()
	const container = "spec.template.spec.containers[0]"
	own := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) { a.Env = map[string]string{"GOMEMLIMIT": "1GiB"} })
	require.Equal(t, "1GiB", envOf(t, own.One(t, "kubernetes:apps/v1:Deployment"), container)["GOMEMLIMIT"])
	for name, change := range map[string]func(*kubernetes.BifrostWorkloadArgs){
		"secret": func(a *kubernetes.BifrostWorkloadArgs) {
			a.SecretEnv = map[string]pulumi.StringInput{"GOMEMLIMIT": graphtest.Secret("1GiB")}
		},
		"existing secret": func(a *kubernetes.BifrostWorkloadArgs) {
			a.SecretRefs = map[string]kubernetes.SecretKeyRef{"GOMEMLIMIT": {Secret: "s", Key: "k"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := recordWorkload(t, change).One(t, "kubernetes:apps/v1:Deployment")
			require.Nil(t, envOf(t, d, container)["GOMEMLIMIT"])
		})
	}
}

// TestChecksum: the pods roll with every value they read at start, and with nothing else.
func TestChecksum(t *testing.T) {
	t.Parallel()
	const annotation = `spec.template.metadata.annotations["checksum/config"]`
	of := func(change func(*kubernetes.BifrostWorkloadArgs)) any {
		return recordWorkload(t, change).One(t, "kubernetes:apps/v1:Deployment").Input(t, annotation)
	}
	same := of(asIs)
	require.Equal(t, same, of(func(a *kubernetes.BifrostWorkloadArgs) { a.Replicas = 5 }))
	require.NotEqual(t, same, of(func(a *kubernetes.BifrostWorkloadArgs) { a.Config = graphtest.Secret(`{"a":2}`) }))
	require.Equal(t, same, of(func(a *kubernetes.BifrostWorkloadArgs) { a.PodLabels = map[string]string{"a": "b"} }))
	require.NotEqual(t, same, of(func(a *kubernetes.BifrostWorkloadArgs) { a.EncryptionKey = graphtest.Secret("other") }))
	require.NotEqual(t, same, of(func(a *kubernetes.BifrostWorkloadArgs) {
		a.SecretEnv = map[string]pulumi.StringInput{"OPENAI_API_KEY": graphtest.Secret("other")}
	}))
	require.NotEqual(t, same, of(func(a *kubernetes.BifrostWorkloadArgs) {
		a.SecretEnv = maps.Clone(a.SecretEnv)
		a.SecretEnv["MORE"] = graphtest.Secret("x")
	}))
}

// TestChecksumTellsNothing: whoever may read pods cannot try what a short password is. Without the stack's key there is nothing to compare
// with; where existing Secrets hold the key, a try costs as much as at a login.
func TestChecksumTellsNothing(t *testing.T) {
	t.Parallel()
	const config, password = `{"a":1}`, "hunter2"
	shown := func(key pulumi.StringInput) any {
		return recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
			a.Config, a.SecretEnv, a.EncryptionKey = graphtest.Secret(config), map[string]pulumi.StringInput{"P": graphtest.Secret(password)}, key
		}).One(t, "kubernetes:apps/v1:Deployment").Input(t, `spec.template.metadata.annotations["checksum/config"]`)
	}
	read := fmt.Sprintf("%q=%q\n%q=%q\n", "config.json", config, "env.P", password)
	quick := sha256.Sum256([]byte(read))
	slow, err := pbkdf2.Key(sha256.New, read, []byte("bifrost checksum"), 100_000, sha256.Size)
	require.NoError(t, err)
	require.Equal(t, hex.EncodeToString(slow), shown(nil))
	require.NotEqual(t, hex.EncodeToString(quick[:]), shown(nil))

	keyed := fmt.Sprintf("%q=%q\n%q=%q\n%q=%q\n", "config.json", config, "env.P", password, "key", "one")
	slow, err = pbkdf2.Key(sha256.New, keyed, []byte("bifrost checksum"), 100_000, sha256.Size)
	require.NoError(t, err)
	require.NotEqual(t, hex.EncodeToString(slow), shown(graphtest.Secret("one")), "the key is the salt, too")
	require.NotEqual(t, shown(graphtest.Secret("one")), shown(graphtest.Secret("two")))
}

func TestRuntimeIdentity(t *testing.T) {
	t.Parallel()
	const use = `spec.template.metadata.labels["azure.workload.identity/use"]`
	plain := recordWorkload(t, asIs)
	require.False(t, plain.One(t, "kubernetes:apps/v1:Deployment").Has(use))

	aws := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.AwsRoleArn = pulumi.String("arn:aws:iam::111122223333:role/Bedrock")
	})
	require.Equal(t, "arn:aws:iam::111122223333:role/Bedrock",
		aws.One(t, "kubernetes:core/v1:ServiceAccount").Input(t, `metadata.annotations["eks.amazonaws.com/role-arn"]`))

	azure := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.AzureClientId = pulumi.String("00000000-0000-4000-8000-00000000000c")
	})
	require.Equal(t, "00000000-0000-4000-8000-00000000000c",
		azure.One(t, "kubernetes:core/v1:ServiceAccount").Input(t, `metadata.annotations["azure.workload.identity/client-id"]`))
	require.Equal(t, "true", azure.One(t, "kubernetes:apps/v1:Deployment").Input(t, use), "the webhook picks pods by their own label")
}

// TestKubeletPull: the kubelets' role is on the ServiceAccount under the annotation of their own plugin, and nodes may ask for a
// token of this ServiceAccount and audience, and of no other.
func TestKubeletPull(t *testing.T) {
	t.Parallel()
	require.Empty(t, recordWorkload(t, asIs).Of("kubernetes:rbac.authorization.k8s.io/v1:Role"))

	g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
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
	require.Equal(t, map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "bifrost-token-audience"},
		binding.Input(t, "roleRef"))
	require.Equal(t, []any{map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes"}},
		binding.Input(t, "subjects"))
	for _, r := range []graphtest.Resource{role, binding} {
		require.Equal(t, "bifrost-token-audience", r.Input(t, "metadata.name"))
		require.Equal(t, "bifrost", r.Input(t, "metadata.namespace"))
	}
	require.True(t, g.DependsOn(deployment, binding), "a pull before it would be refused")
}

func TestBifrostNamespace(t *testing.T) {
	t.Parallel()
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := kubernetes.NewBifrostNamespace(ctx, "x", &kubernetes.BifrostNamespaceArgs{Labels: map[string]string{"a": "b"}}, on)
		return err
	})
	require.Equal(t, map[string]any{"a": "b", "pod-security.kubernetes.io/enforce": "restricted",
		"pod-security.kubernetes.io/warn": "restricted", "pod-security.kubernetes.io/audit": "restricted"},
		g.One(t, "kubernetes:core/v1:Namespace").Input(t, "metadata.labels"))
	bad := &kubernetes.BifrostNamespaceArgs{Name: "A", Existing: true, Labels: map[string]string{"a": "b c"}}
	graphtest.RequireRefused(t, bad.Validate(nil), []string{"name", "labels", "labels[a]"},
		func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
			_, err := kubernetes.NewBifrostNamespace(ctx, "x", bad, on)
			return err
		})
}

// TestExistingNamespace: it is read, so that a missing one stops the preview, and nothing of it is changed.
func TestExistingNamespace(t *testing.T) {
	t.Parallel()
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		namespace, err := kubernetes.NewBifrostNamespace(ctx, "x", &kubernetes.BifrostNamespaceArgs{Name: "team", Existing: true}, on)
		if err != nil {
			return err
		}
		args := workloadArgs()
		args.Namespace = namespace.Name
		_, err = kubernetes.NewBifrostWorkload(ctx, "y", args, on)
		return err
	})
	namespace := g.One(t, "kubernetes:core/v1:Namespace")
	require.Nil(t, namespace.Request, "read, not registered")
	require.Equal(t, "team", namespace.Reads)
	deployment := g.One(t, "kubernetes:apps/v1:Deployment")
	require.Equal(t, "team", deployment.Input(t, "metadata.namespace"))
	require.True(t, g.DependsOn(deployment, namespace))
}

// TestReadinessGates: the namespace lets the AWS Load Balancer Controller give pods a gate.
func TestReadinessGates(t *testing.T) {
	t.Parallel()
	g := graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := kubernetes.NewBifrostNamespace(ctx, "x", &kubernetes.BifrostNamespaceArgs{ReadinessGates: true}, on)
		return err
	})
	require.Equal(t, "enabled", g.One(t, "kubernetes:core/v1:Namespace").Input(t, "metadata.labels").(map[string]any)["elbv2.k8s.aws/pod-readiness-gate-inject"])
}
