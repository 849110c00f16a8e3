package kubernetes

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/graphtest"
)

func TestBifrostWorkloadRefuses(t *testing.T) {
	t.Parallel()
	require.Empty(t, workloadArgs().Validate(nil))
	hosts := []string{"llm.example.com"}
	autoscaled := func(a *BifrostWorkloadArgs, scaling WorkloadAutoscalingArgs) { a.Replicas, a.Autoscaling = 0, &scaling }
	for name, c := range map[string]struct {
		change func(*BifrostWorkloadArgs)
		paths  []string
	}{
		"nothing given": {func(a *BifrostWorkloadArgs) { *a = BifrostWorkloadArgs{} }, []string{"namespace", "image", "config", "replicas"}},
		"names": {func(a *BifrostWorkloadArgs) {
			a.Name, a.Image, a.ServiceAccount, a.ImagePullPolicy = "Bifrost", "bifrost:latest", "A", "Never"
		}, []string{"name", "image", "serviceAccount", "imagePullPolicy"}},
		"labels": {func(a *BifrostWorkloadArgs) {
			a.Labels, a.PodLabels = map[string]string{"a": "b c"}, map[string]string{"app": "other", "d": "e f"}
			a.Annotations, a.PodAnnotations = map[string]string{"a b": ""}, map[string]string{"c d": ""}
		}, []string{"labels[a]", "podLabels[d]", "podLabels[app]", "annotations[a b]", "podAnnotations[c d]"}},

		"two configurations":   {func(a *BifrostWorkloadArgs) { a.ExistingConfigSecret = "c" }, []string{"config"}},
		"config secret's name": {func(a *BifrostWorkloadArgs) { a.Config, a.ExistingConfigSecret = nil, "C" }, []string{"existingConfigSecret"}},
		"environment": {func(a *BifrostWorkloadArgs) {
			a.Env = map[string]string{"A B": "", "TWICE": "", "THRICE": ""}
			a.SecretEnv = map[string]pulumi.StringInput{"C D": pulumi.String(""), "TWICE": pulumi.String(""), "FOURTH": pulumi.String("")}
			a.SecretRefs = map[string]SecretKeyRef{"THRICE": {"s", "k"}, "FOURTH": {"s", "k"}, "E F": {"S", "k k"}}
		}, []string{
			"env[A B]", "env[TWICE]", "secretEnv[C D]", "secretRefs[THRICE]", "secretRefs[FOURTH]", "secretRefs[E F]", "secretRefs[E F].secret",
			"secretRefs[E F].key",
		}},
		"an unguarded key": {func(a *BifrostWorkloadArgs) {
			a.EncryptionKey = nil
			a.Env = map[string]string{"BIFROST_ENCRYPTION_KEY": graphtest.Canary}
		}, []string{"env[BIFROST_ENCRYPTION_KEY]"}},
		"an unguarded secret key": {func(a *BifrostWorkloadArgs) {
			a.SecretEnv = map[string]pulumi.StringInput{"BIFROST_ENCRYPTION_KEY": graphtest.Secret(graphtest.Canary)}
		}, []string{"secretEnv[BIFROST_ENCRYPTION_KEY]"}},
		"two keys": {func(a *BifrostWorkloadArgs) {
			a.SecretRefs = map[string]SecretKeyRef{"BIFROST_ENCRYPTION_KEY": {"s", "k"}}
		}, []string{"secretRefs[BIFROST_ENCRYPTION_KEY]"}},
		"log": {func(a *BifrostWorkloadArgs) { a.Log = &WorkloadLogArgs{Level: "loud", Style: "xml"} }, []string{"log.level", "log.style"}},

		"two clouds": {func(a *BifrostWorkloadArgs) {
			a.AwsRoleArn, a.AzureClientId = pulumi.String("r"), "00000000-0000-4000-8000-00000000000c"
		}, []string{"azureClientId"}},
		"client id":      {func(a *BifrostWorkloadArgs) { a.AzureClientId = "x" }, []string{"azureClientId"}},
		"two identities": {func(a *BifrostWorkloadArgs) { a.PodIdentity, a.AwsRoleArn = true, pulumi.String("r") }, []string{"awsRoleArn"}},
		"another's service account": {func(a *BifrostWorkloadArgs) {
			a.ExistingServiceAccount, a.AwsRoleArn, a.EcrRoleArn = true, pulumi.String("r"), pulumi.String("r")
		}, []string{"ecrRoleArn", "awsRoleArn"}},

		"quantities": {func(a *BifrostWorkloadArgs) {
			a.CpuRequest, a.MemoryRequest, a.EphemeralStorageRequest = "x", "x", "x"
			a.CpuLimit, a.MemoryLimit, a.EphemeralStorageLimit = "x", "x", "x"
		}, []string{"cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit", "ephemeralStorageRequest", "ephemeralStorageLimit"}},
		"requests above limits": {func(a *BifrostWorkloadArgs) {
			a.CpuRequest, a.MemoryLimit, a.EphemeralStorageLimit = "2", "256Mi", "1Mi"
		}, []string{"cpuRequest", "memoryRequest", "ephemeralStorageRequest"}},

		"storage": {func(a *BifrostWorkloadArgs) {
			a.Storage = &WorkloadStorageArgs{Size: "-1", ClassName: "A", ExistingClaim: "B"}
			a.Autoscaling = &WorkloadAutoscalingArgs{MinReplicas: 1, MaxReplicas: 1}
		}, []string{"replicas", "autoscaling", "storage.size", "storage.className", "storage.existingClaim", "storage.existingClaim"}},

		"no replicas": {func(a *BifrostWorkloadArgs) { a.Replicas = 0 }, []string{"replicas"}},
		"replicas and autoscaling": {func(a *BifrostWorkloadArgs) {
			a.Autoscaling = &WorkloadAutoscalingArgs{MinReplicas: 1, MaxReplicas: 2}
		}, []string{"replicas"}},
		"autoscaling": {func(a *BifrostWorkloadArgs) {
			autoscaled(a, WorkloadAutoscalingArgs{CpuPercent: -1, MemoryPercent: -1, ScaleDownStabilizationSeconds: 3601, ScaleDownPods: -1,
				ScaleDownPeriodSeconds: 1801})
		}, []string{
			"autoscaling.minReplicas", "autoscaling.maxReplicas", "autoscaling.cpuPercent", "autoscaling.memoryPercent",
			"autoscaling.scaleDownStabilizationSeconds", "autoscaling.scaleDownPods", "autoscaling.scaleDownPeriodSeconds",
		}},
		"fewer at most than at least": {func(a *BifrostWorkloadArgs) {
			autoscaled(a, WorkloadAutoscalingArgs{MinReplicas: 3, MaxReplicas: 2})
		}, []string{"autoscaling.maxReplicas"}},
		"no budget": {func(a *BifrostWorkloadArgs) { a.DisruptionBudget = &WorkloadDisruptionBudgetArgs{} },
			[]string{"disruptionBudget.maxUnavailable"}},
		"two budgets": {func(a *BifrostWorkloadArgs) { a.DisruptionBudget = &WorkloadDisruptionBudgetArgs{"1", "1"} },
			[]string{"disruptionBudget.maxUnavailable"}},
		"budget's form": {func(a *BifrostWorkloadArgs) {
			a.DisruptionBudget = &WorkloadDisruptionBudgetArgs{MaxUnavailable: "101%"}
		}, []string{"disruptionBudget.maxUnavailable"}},
		"a budget that blocks": {func(a *BifrostWorkloadArgs) {
			a.DisruptionBudget = &WorkloadDisruptionBudgetArgs{MaxUnavailable: "0"}
		}, []string{"disruptionBudget.maxUnavailable"}},
		"all available": {func(a *BifrostWorkloadArgs) { a.DisruptionBudget = &WorkloadDisruptionBudgetArgs{MinAvailable: "2"} },
			[]string{"disruptionBudget.minAvailable"}},
		"all available, a percent": {func(a *BifrostWorkloadArgs) { a.DisruptionBudget = &WorkloadDisruptionBudgetArgs{MinAvailable: "100%"} },
			[]string{"disruptionBudget.minAvailable"}},
		"times": {func(a *BifrostWorkloadArgs) {
			a.PreStopSeconds, a.StartupSeconds, a.TerminationGraceSeconds = 31, 4, 60
		}, []string{"startupSeconds", "terminationGraceSeconds"}},
		"times below nothing": {func(a *BifrostWorkloadArgs) { a.PreStopSeconds = -1 }, []string{"preStopSeconds"}},
		"scheduling": {func(a *BifrostWorkloadArgs) {
			a.Scheduling = &WorkloadSchedulingArgs{
				NodeSelector: map[string]string{"a": "b c"}, PriorityClass: "A", TopologySpread: &WorkloadTopologySpreadArgs{Zone: "x", Node: "y"},
			}
		}, []string{"scheduling.nodeSelector[a]", "scheduling.priorityClass", "scheduling.topologySpread.zone",
			"scheduling.topologySpread.node"}},
		"discovery": {func(a *BifrostWorkloadArgs) { a.Clustering = &WorkloadClusteringArgs{Discovery: "consul"} },
			[]string{"clustering.discovery"}},

		"service": {func(a *BifrostWorkloadArgs) {
			a.Service = &WorkloadServiceArgs{Type: "ExternalName", Port: 70000, AllowHttp: true, SourceRanges: []string{"10.0.0.1/8"},
				Annotations: map[string]string{"a b": ""}}
		}, []string{"service.type", "service.port", "service.annotations[a b]", "service.sourceRanges[0]", "service.sourceRanges",
			"networkPolicy.from"}},
		"a load balancer in clear text": {func(a *BifrostWorkloadArgs) {
			a.Service = &WorkloadServiceArgs{Type: "LoadBalancer"}
			a.NetworkPolicy = &WorkloadNetworkPolicyArgs{FromAnywhere: true}
		}, []string{"service.type"}},
		"an empty ingress": {func(a *BifrostWorkloadArgs) { a.Ingress = &WorkloadIngressArgs{} },
			[]string{"ingress.controller", "ingress.hosts", "ingress.tlsSecret"}},
		"ingress": {func(a *BifrostWorkloadArgs) {
			a.Ingress = &WorkloadIngressArgs{
				Controller: "traefik", ClassName: "A", Hosts: []string{"A.b", "*.C"}, Path: "x/", TlsSecret: "T", Public: true,
				StreamTimeoutSeconds: 86401, BodySize: "100Mi", Annotations: map[string]string{"a b": ""},
			}
		}, []string{
			"ingress.controller", "ingress.className", "ingress.hosts[0]", "ingress.hosts[1]", "ingress.path", "ingress.tlsSecret", "ingress.public",
			"ingress.streamTimeoutSeconds", "ingress.bodySize", "ingress.annotations[a b]",
		}},
		"alb": {func(a *BifrostWorkloadArgs) {
			a.Ingress = &WorkloadIngressArgs{Controller: "alb", Hosts: hosts, TlsSecret: "t", StreamTimeoutSeconds: 4001, BodySize: "1m"}
		}, []string{"ingress.tlsSecret", "ingress.certificateArn", "ingress.streamTimeoutSeconds", "ingress.bodySize", "networkPolicy.from"}},
		"alb's certificate": {func(a *BifrostWorkloadArgs) {
			a.Ingress = &WorkloadIngressArgs{Controller: "alb", Hosts: hosts, CertificateArn: "x", AllowHttp: true}
			a.NetworkPolicy = &WorkloadNetworkPolicyArgs{Disabled: true}
		}, []string{"ingress.certificateArn", "ingress.allowHttp"}},
		"nginx with a certificate of AWS": {func(a *BifrostWorkloadArgs) {
			a.Ingress = &WorkloadIngressArgs{Controller: "nginx", Hosts: hosts, CertificateArn: certificate}
		}, []string{"ingress.certificateArn", "ingress.tlsSecret"}},
		"route": {func(a *BifrostWorkloadArgs) {
			a.HttpRoute = &WorkloadHttpRouteArgs{GatewayNamespace: "A", Path: "x", RequestTimeoutSeconds: -1,
				Annotations: map[string]string{"a b": ""}}
		}, []string{
			"httpRoute.gateway", "httpRoute.gatewayNamespace", "httpRoute.section", "httpRoute.hosts", "httpRoute.path",
			"httpRoute.requestTimeoutSeconds",
			"httpRoute.annotations[a b]",
		}},
		"route's section": {func(a *BifrostWorkloadArgs) {
			a.HttpRoute = &WorkloadHttpRouteArgs{Gateway: "g", Section: "HTTPS", Hosts: hosts}
		}, []string{"httpRoute.section"}},

		"network policy": {func(a *BifrostWorkloadArgs) {
			a.NetworkPolicy = &WorkloadNetworkPolicyArgs{
				FromAnywhere: true, DatabasePorts: []int{0},
				From: []NetworkPeer{
					{}, {Namespace: "A"}, {Cidr: "10.0.0.0"}, {Namespace: "a", Cidr: "10.0.0.0/8"},
					{NamespaceLabels: map[string]string{"a": "b c"}, PodLabels: map[string]string{"a": "b c"}},
				},
				MetricsFrom: []NetworkPeer{{Namespace: "a", PodLabels: map[string]string{"a": "b"}}},
			}
		}, []string{
			"networkPolicy.from[0]", "networkPolicy.from[1].namespace", "networkPolicy.from[2].cidr", "networkPolicy.from[3]",
			"networkPolicy.from[4].namespaceLabels[a]", "networkPolicy.from[4].podLabels[a]", "networkPolicy.metricsFrom[0]",
			"networkPolicy.databasePorts[0]",
			"networkPolicy.fromAnywhere",
		}},
		"monitoring": {func(a *BifrostWorkloadArgs) {
			a.Monitoring = &WorkloadMonitoringArgs{
				Interval: "often", Labels: map[string]string{"a": "b c"},
				BasicAuth: &WorkloadBasicAuthArgs{Username: SecretKeyRef{"A", "k"}, Password: SecretKeyRef{"a", "k k"}},
			}
		}, []string{"monitoring.interval", "monitoring.labels[a]", "monitoring.basicAuth.username.secret", "monitoring.basicAuth.password.key"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := workloadArgs()
			c.change(args)
			for _, problem := range args.Validate(field.NewPath("gateway")) {
				require.Regexp(t, `^gateway\.`, problem.Field, "every problem is at the path that the caller gives")
			}
			graphtest.RequireRefused(t, args.Validate(nil), c.paths, func(ctx *pulumi.Context, on pulumi.ResourceOption) error {
				_, err := NewBifrostWorkload(ctx, "x", args, on)
				require.NotContains(t, err.Error(), graphtest.Canary)
				return err
			})
		})
	}
}
