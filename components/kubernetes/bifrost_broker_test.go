package kubernetes_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

func brokerArgs() *kubernetes.BifrostBrokerArgs {
	return &kubernetes.BifrostBrokerArgs{
		Namespace: pulumi.String("bifrost"), Image: graphtest.Image, PullSecret: pulumi.String("ecr-pull-secret"),
		Config:    pulumi.String(`{"a":1}`),
		SecretEnv: map[string]pulumi.StringInput{"BIFROST_BROKER_TOKEN": graphtest.Secret(graphtest.Canary)},
	}
}

func recordBroker(t *testing.T, change func(*kubernetes.BifrostBrokerArgs)) *graphtest.Graph {
	args := brokerArgs()
	change(args)
	return graphtest.Record(t, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
		_, err := kubernetes.NewBifrostBroker(ctx, "x", args, on)
		return err
	})
}

func TestBifrostBroker(t *testing.T) {
	t.Parallel()
	g := recordBroker(t, func(*kubernetes.BifrostBrokerArgs) {})
	d := g.One(t, "kubernetes:apps/v1:Deployment")
	const pod, container = "spec.template.spec", "spec.template.spec.containers[0]"
	for path, want := range map[string]any{
		"metadata.name":                          "bifrost-broker",
		"spec.replicas":                          1.0,
		"spec.strategy":                          map[string]any{"type": "Recreate"},
		"spec.selector.matchLabels":              map[string]any{"app": "bifrost-broker"},
		pod + ".serviceAccountName":              "bifrost-broker",
		pod + ".automountServiceAccountToken":    false,
		pod + ".imagePullSecrets":                []any{map[string]any{"name": "ecr-pull-secret"}},
		pod + ".securityContext.runAsUser":       1000.0,
		container + ".image":                     graphtest.Image,
		container + ".ports":                     []any{map[string]any{"name": "grpc", "containerPort": 50051.0, "protocol": "TCP"}},
		container + ".readinessProbe.grpc":       map[string]any{"port": 50051.0},
		container + ".livenessProbe.tcpSocket":   map[string]any{"port": 50051.0},
		container + ".envFrom[0].secretRef.name": "bifrost-broker-env",
		container + ".resources.limits":          map[string]any{"cpu": "500m", "memory": "512Mi", "ephemeral-storage": "256Mi"},
	} {
		require.Equal(t, want, d.Input(t, path), path)
	}
	require.Equal(t, true, d.Input(t, container+".securityContext.readOnlyRootFilesystem"))
	require.Equal(t, "broker", envOf(t, d, container)["BIFROST_MODE"])
	require.Contains(t, d.Input(t, container+".volumeMounts"), map[string]any{
		"name": "config", "mountPath": "/app/data/config.json", "subPath": "config.json", "readOnly": true})
	require.Equal(t, `{"a":1}`, g.One(t, "kubernetes:core/v1:ConfigMap").Input(t, `data["config.json"]`))

	policy := g.One(t, "kubernetes:networking.k8s.io/v1:NetworkPolicy")
	require.Equal(t, map[string]any{"matchLabels": map[string]any{"app": "bifrost-broker"}}, policy.Input(t, "spec.podSelector"))
	require.Equal(t, []any{map[string]any{
		"from":  []any{map[string]any{"podSelector": map[string]any{"matchLabels": map[string]any{"app": "bifrost"}}}},
		"ports": []any{map[string]any{"protocol": "TCP", "port": 50051.0}},
	}}, policy.Input(t, "spec.ingress"), "the gateway's pods alone")
	require.Len(t, policy.Input(t, "spec.egress"), 2, "DNS and HTTPS: a broker has no database")

	service := g.One(t, "kubernetes:core/v1:Service")
	require.Equal(t, []any{map[string]any{"name": "grpc", "port": 50051.0, "targetPort": 50051.0, "protocol": "TCP"}},
		service.Input(t, "spec.ports"))
	require.True(t, g.DependsOn(service, d))
	for _, r := range g.Resources {
		require.Empty(t, graphtest.Leaks(r.Inputs, graphtest.Canary), r.URN)
	}
}

// TestBifrostBrokerRolls when what it reads changes.
func TestBifrostBrokerRolls(t *testing.T) {
	t.Parallel()
	checksum := func(change func(*kubernetes.BifrostBrokerArgs)) any {
		return recordBroker(t, change).One(t, "kubernetes:apps/v1:Deployment").Input(t, `spec.template.metadata.annotations["checksum/config"]`)
	}
	before := checksum(func(*kubernetes.BifrostBrokerArgs) {})
	require.NotEqual(t, before, checksum(func(a *kubernetes.BifrostBrokerArgs) { a.Config = pulumi.String("{}") }))
	require.NotEqual(t, before, checksum(func(a *kubernetes.BifrostBrokerArgs) { a.SecretEnv["BIFROST_BROKER_TOKEN"] = graphtest.Secret("other") }))
}

func TestBifrostBrokerGiven(t *testing.T) {
	t.Parallel()
	g := recordBroker(t, func(a *kubernetes.BifrostBrokerArgs) {
		a.ServiceAccount, a.SecretEnv, a.OpenNetwork, a.PullSecret = "theirs", nil, true, nil
		a.SecretRefs = map[string]kubernetes.SecretKeyRef{"BIFROST_BROKER_TOKEN": {Secret: "s", Key: "k"}}
		a.Scheduling = &kubernetes.WorkloadSchedulingArgs{NodeSelector: map[string]string{"pool": "llm"}}
	})
	d := g.One(t, "kubernetes:apps/v1:Deployment")
	require.Equal(t, "theirs", d.Input(t, "spec.template.spec.serviceAccountName"))
	require.Equal(t, map[string]any{"pool": "llm"}, d.Input(t, "spec.template.spec.nodeSelector"))
	for _, typ := range []string{"core/v1:ServiceAccount", "core/v1:Secret", "networking.k8s.io/v1:NetworkPolicy"} {
		require.Empty(t, g.Of("kubernetes:"+typ), typ)
	}
}

func TestBifrostBrokerRefuses(t *testing.T) {
	t.Parallel()
	args := &kubernetes.BifrostBrokerArgs{
		Name: "Broker", Image: "bifrost", ImagePullPolicy: "Never",
		SecretEnv:  map[string]pulumi.StringInput{"A": graphtest.Secret("a"), "1=": graphtest.Secret("b")},
		SecretRefs: map[string]kubernetes.SecretKeyRef{"A": {Secret: "s", Key: "k"}, "2=": {Secret: "s", Key: "k k"}},
		Labels:     map[string]string{"a b": "c"}, Annotations: map[string]string{"d e": ""}, Clients: map[string]string{"f g": ""},
		ServiceAccount: "Theirs", Scheduling: &kubernetes.WorkloadSchedulingArgs{PriorityClass: "High"},
	}
	graphtest.RequireRefused(t, args.Validate(nil),
		[]string{
			"name", "namespace", "config", "image", "imagePullPolicy", "secretEnv[1=]", "secretRefs[A]", "secretRefs[2=]", "secretRefs[2=].key",
			"labels[a b]", "annotations[d e]", "clients[f g]", "serviceAccount", "scheduling.priorityClass",
		},
		func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
			_, err := kubernetes.NewBifrostBroker(ctx, "x", args, on)
			return err
		})
}
