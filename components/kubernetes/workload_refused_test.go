package kubernetes_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/kubernetes"
	"bifrost/internal/graphtest"
)

func TestBifrostWorkloadRefuses(t *testing.T) {
	t.Parallel()
	require.Empty(t, workloadArgs().Validate(nil))
	hosts := []string{"llm.example.com"}
	autoscaled := func(a *kubernetes.BifrostWorkloadArgs, scaling kubernetes.WorkloadAutoscalingArgs) {
		a.Replicas, a.Autoscaling = 0, &scaling
	}
	for name, c := range map[string]struct {
		change func(*kubernetes.BifrostWorkloadArgs)
		paths  []string
	}{
		"nothing given": {func(a *kubernetes.BifrostWorkloadArgs) { *a = kubernetes.BifrostWorkloadArgs{} }, []string{"namespace", "image", "config", "replicas"}},
		"names": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Name, a.Image, a.ServiceAccount, a.ImagePullPolicy = "Bifrost", "bifrost:latest", "A", "Never"
		}, []string{"name", "image", "serviceAccount", "imagePullPolicy"}},
		"labels": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Labels, a.PodLabels = map[string]string{"a": "b c"}, map[string]string{"app": "other", "d": "e f"}
			a.Annotations, a.PodAnnotations = map[string]string{"a b": ""}, map[string]string{"c d": ""}
		}, []string{"labels[a]", "podLabels[d]", "podLabels[app]", "annotations[a b]", "podAnnotations[c d]"}},

		"two configurations":   {func(a *kubernetes.BifrostWorkloadArgs) { a.ExistingConfigSecret = "c" }, []string{"config"}},
		"config secret's name": {func(a *kubernetes.BifrostWorkloadArgs) { a.Config, a.ExistingConfigSecret = nil, "C" }, []string{"existingConfigSecret"}},
		"environment": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Env = map[string]string{"A B": "", "TWICE": "", "THRICE": ""}
			a.SecretEnv = map[string]pulumi.StringInput{"C D": pulumi.String(""), "TWICE": pulumi.String(""), "FOURTH": pulumi.String("")}
			a.SecretRefs = map[string]kubernetes.SecretKeyRef{"THRICE": {"s", "k"}, "FOURTH": {"s", "k"}, "E F": {"S", "k k"}}
		}, []string{
			"env[A B]", "env[TWICE]", "secretEnv[C D]", "secretRefs[THRICE]", "secretRefs[FOURTH]", "secretRefs[E F]", "secretRefs[E F].secret",
			"secretRefs[E F].key",
		}},
		"an unguarded key": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.EncryptionKey = nil
			a.Env = map[string]string{"BIFROST_ENCRYPTION_KEY": graphtest.Canary}
		}, []string{"env[BIFROST_ENCRYPTION_KEY]"}},
		"an unguarded secret key": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.SecretEnv = map[string]pulumi.StringInput{"BIFROST_ENCRYPTION_KEY": graphtest.Secret(graphtest.Canary)}
		}, []string{"secretEnv[BIFROST_ENCRYPTION_KEY]"}},
		"two keys": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.SecretRefs = map[string]kubernetes.SecretKeyRef{"BIFROST_ENCRYPTION_KEY": {"s", "k"}}
		}, []string{"secretRefs[BIFROST_ENCRYPTION_KEY]"}},
		"log": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Log = &kubernetes.WorkloadLogArgs{Level: "loud", Style: "xml"}
		}, []string{"log.level", "log.style"}},

		"two clouds": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.AwsRoleArn, a.AzureClientId = pulumi.String("r"), pulumi.String("00000000-0000-4000-8000-00000000000c")
		}, []string{"azureClientId"}},
		"client id":      {func(a *kubernetes.BifrostWorkloadArgs) { a.AzureClientId = pulumi.String("x") }, []string{"azureClientId"}},
		"two identities": {func(a *kubernetes.BifrostWorkloadArgs) { a.PodIdentity, a.AwsRoleArn = true, pulumi.String("r") }, []string{"awsRoleArn"}},
		"another's service account": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.ExistingServiceAccount, a.AwsRoleArn, a.EcrRoleArn = true, pulumi.String("r"), pulumi.String("r")
		}, []string{"ecrRoleArn", "awsRoleArn"}},

		"quantities": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.CpuRequest, a.MemoryRequest, a.EphemeralStorageRequest = "x", "x", "x"
			a.CpuLimit, a.MemoryLimit, a.EphemeralStorageLimit = "x", "x", "x"
		}, []string{"cpuRequest", "cpuLimit", "memoryRequest", "memoryLimit", "ephemeralStorageRequest", "ephemeralStorageLimit"}},
		"requests above limits": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.CpuRequest, a.MemoryLimit, a.EphemeralStorageLimit = "2", "256Mi", "1Mi"
		}, []string{"cpuRequest", "memoryRequest", "ephemeralStorageRequest"}},

		"storage": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Storage = &kubernetes.WorkloadStorageArgs{Size: "-1", ClassName: "A", ExistingClaim: "B"}
			a.Autoscaling = &kubernetes.WorkloadAutoscalingArgs{MinReplicas: 1, MaxReplicas: 1}
		}, []string{"replicas", "autoscaling", "storage.size", "storage.className", "storage.existingClaim", "storage.existingClaim"}},

		"no replicas": {func(a *kubernetes.BifrostWorkloadArgs) { a.Replicas = 0 }, []string{"replicas"}},
		"replicas and autoscaling": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Autoscaling = &kubernetes.WorkloadAutoscalingArgs{MinReplicas: 1, MaxReplicas: 2}
		}, []string{"replicas"}},
		"autoscaling": {func(a *kubernetes.BifrostWorkloadArgs) {
			autoscaled(a, kubernetes.WorkloadAutoscalingArgs{CpuPercent: -1, MemoryPercent: -1, ScaleDownStabilizationSeconds: 3601, ScaleDownPods: -1,
				ScaleDownPeriodSeconds: 1801})
		}, []string{
			"autoscaling.minReplicas", "autoscaling.maxReplicas", "autoscaling.cpuPercent", "autoscaling.memoryPercent",
			"autoscaling.scaleDownStabilizationSeconds", "autoscaling.scaleDownPods", "autoscaling.scaleDownPeriodSeconds",
		}},
		"fewer at most than at least": {func(a *kubernetes.BifrostWorkloadArgs) {
			autoscaled(a, kubernetes.WorkloadAutoscalingArgs{MinReplicas: 3, MaxReplicas: 2})
		}, []string{"autoscaling.maxReplicas"}},
		"no budget": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.DisruptionBudget = &kubernetes.WorkloadDisruptionBudgetArgs{}
		},
			[]string{"disruptionBudget.maxUnavailable"}},
		"two budgets": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.DisruptionBudget = &kubernetes.WorkloadDisruptionBudgetArgs{"1", "1"}
		},
			[]string{"disruptionBudget.maxUnavailable"}},
		"budget's form": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.DisruptionBudget = &kubernetes.WorkloadDisruptionBudgetArgs{MaxUnavailable: "101%"}
		}, []string{"disruptionBudget.maxUnavailable"}},
		"a budget that blocks": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.DisruptionBudget = &kubernetes.WorkloadDisruptionBudgetArgs{MaxUnavailable: "0"}
		}, []string{"disruptionBudget.maxUnavailable"}},
		"all available": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.DisruptionBudget = &kubernetes.WorkloadDisruptionBudgetArgs{MinAvailable: "2"}
		},
			[]string{"disruptionBudget.minAvailable"}},
		"all available, a percent": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.DisruptionBudget = &kubernetes.WorkloadDisruptionBudgetArgs{MinAvailable: "100%"}
		},
			[]string{"disruptionBudget.minAvailable"}},
		"all available, rounded up": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Replicas, a.DisruptionBudget = 3, &kubernetes.WorkloadDisruptionBudgetArgs{MinAvailable: "67%"}
		}, []string{"disruptionBudget.minAvailable"}},
		"all available when load is least": {func(a *kubernetes.BifrostWorkloadArgs) {
			autoscaled(a, kubernetes.WorkloadAutoscalingArgs{MinReplicas: 2, MaxReplicas: 10})
			a.DisruptionBudget = &kubernetes.WorkloadDisruptionBudgetArgs{MinAvailable: "51%"}
		}, []string{"disruptionBudget.minAvailable"}},
		"half of one": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Replicas, a.DisruptionBudget = 1, &kubernetes.WorkloadDisruptionBudgetArgs{MinAvailable: "1%"}
		}, []string{"disruptionBudget.minAvailable"}},
		"memory in thousandths of a byte": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.MemoryRequest, a.MemoryLimit, a.EphemeralStorageLimit = "512m", "512", "0.5"
			a.Replicas, a.Storage = 1, &kubernetes.WorkloadStorageArgs{Size: "10"}
		}, []string{"memoryRequest", "memoryLimit", "ephemeralStorageRequest", "ephemeralStorageLimit", "storage.size"}},
		"times": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.PreStopSeconds, a.StartupSeconds, a.TerminationGraceSeconds = 31, 4, 60
		}, []string{"startupSeconds", "terminationGraceSeconds"}},
		"times below nothing": {func(a *kubernetes.BifrostWorkloadArgs) { a.PreStopSeconds = -1 }, []string{"preStopSeconds"}},
		"scheduling": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Scheduling = &kubernetes.WorkloadSchedulingArgs{
				NodeSelector: map[string]string{"a": "b c"}, PriorityClass: "A", TopologySpread: &kubernetes.WorkloadTopologySpreadArgs{Zone: "x", Node: "y"},
			}
		}, []string{"scheduling.nodeSelector[a]", "scheduling.priorityClass", "scheduling.topologySpread.zone",
			"scheduling.topologySpread.node"}},
		"discovery": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Clustering = &kubernetes.WorkloadClusteringArgs{Discovery: "consul"}
		},
			[]string{"clustering.discovery"}},

		"service": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Service = &kubernetes.WorkloadServiceArgs{Type: "ExternalName", Port: 70000, AllowHttp: true, SourceRanges: []string{"10.0.0.1/8"},
				Annotations: map[string]string{"a b": ""}}
		}, []string{"service.type", "service.port", "service.annotations[a b]", "service.sourceRanges[0]", "service.sourceRanges",
			"networkPolicy.from"}},
		"a load balancer in clear text": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Service = &kubernetes.WorkloadServiceArgs{Type: "LoadBalancer"}
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{FromAnywhere: true}
		}, []string{"service.type", "service.sourceRanges"}},
		"an empty ingress": {func(a *kubernetes.BifrostWorkloadArgs) { a.Ingress = &kubernetes.WorkloadIngressArgs{} },
			[]string{"ingress.controller", "ingress.hosts"}},
		"ingress": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Ingress = &kubernetes.WorkloadIngressArgs{
				Controller: "traefik", ClassName: "A", Hosts: []string{"A.b", "*.C"}, Path: "x/", TlsSecret: "T", Public: true,
				StreamTimeoutSeconds: 86401, BodySize: "100Mi", Annotations: map[string]string{"a b": ""},
			}
		}, []string{
			"ingress.controller", "ingress.className", "ingress.hosts[0]", "ingress.hosts[1]", "ingress.path", "ingress.tlsSecret", "ingress.public",
			"ingress.streamTimeoutSeconds", "ingress.bodySize", "ingress.annotations[a b]", "ingress.allowedCidrs",
		}},
		"alb": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Ingress = &kubernetes.WorkloadIngressArgs{Controller: "alb", Hosts: hosts, TlsSecret: "t", StreamTimeoutSeconds: 4001, BodySize: "1m"}
		}, []string{"ingress.tlsSecret", "ingress.certificateArn", "ingress.streamTimeoutSeconds", "ingress.bodySize", "networkPolicy.from"}},
		"alb's certificate": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Ingress = &kubernetes.WorkloadIngressArgs{Controller: "alb", Hosts: hosts, CertificateArn: "x", AllowHttp: true}
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{Disabled: true}
		}, []string{"ingress.certificateArn", "ingress.allowHttp"}},
		"nginx with a certificate of AWS": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Ingress = &kubernetes.WorkloadIngressArgs{Controller: "nginx", Hosts: hosts, CertificateArn: certificate}
		}, []string{"ingress.certificateArn", "ingress.tlsSecret", "ingress.allowedCidrs"}},
		"route": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.HttpRoute = &kubernetes.WorkloadHttpRouteArgs{GatewayNamespace: "A", Path: "x", RequestTimeoutSeconds: -1,
				Annotations: map[string]string{"a b": ""}}
		}, []string{
			"httpRoute.gateway", "httpRoute.gatewayNamespace", "httpRoute.section", "httpRoute.hosts", "httpRoute.path",
			"httpRoute.requestTimeoutSeconds",
			"httpRoute.annotations[a b]",
		}},
		"a path of the ingress that is not served": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Ingress = &kubernetes.WorkloadIngressArgs{Controller: "nginx", Hosts: hosts, TlsSecret: "t", AllowedCidrs: []string{"10.0.0.0/8"}, Path: "/llm"}
		}, []string{"ingress.path"}},
		"a path of the route that is not served": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.HttpRoute = &kubernetes.WorkloadHttpRouteArgs{Gateway: "g", Section: "https", Hosts: hosts, Path: "/v12"}
		}, []string{"httpRoute.path"}},
		"streams cut before the pod goes": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.PreStopSeconds = 120
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{FromAnywhere: true}
			a.Ingress = &kubernetes.WorkloadIngressArgs{Controller: "alb", Hosts: hosts, CertificateArn: certificate, Path: "/v1", Annotations: map[string]string{
				"alb.ingress.kubernetes.io/target-group-attributes": "stickiness.enabled=true, deregistration_delay.timeout_seconds=119",
			}}
			a.Service = &kubernetes.WorkloadServiceArgs{Annotations: map[string]string{
				"service.beta.kubernetes.io/aws-load-balancer-target-group-attributes": "deregistration_delay.timeout_seconds=30",
			}}
		}, []string{
			"ingress.annotations[alb.ingress.kubernetes.io/target-group-attributes]",
			"service.annotations[service.beta.kubernetes.io/aws-load-balancer-target-group-attributes]",
		}},
		"route's section": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.HttpRoute = &kubernetes.WorkloadHttpRouteArgs{Gateway: "g", Section: "HTTPS", Hosts: hosts}
		}, []string{"httpRoute.section"}},

		"network policy": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.NetworkPolicy = &kubernetes.WorkloadNetworkPolicyArgs{
				FromAnywhere: true, DatabasePorts: []int{0},
				Destinations: []kubernetes.NetworkDestination{{Port: 0}, {Port: 1, Peer: &kubernetes.NetworkPeer{}}},
				From: []kubernetes.NetworkPeer{
					{}, {Namespace: "A"}, {Cidr: "10.0.0.0"}, {Namespace: "a", Cidr: "10.0.0.0/8"},
					{NamespaceLabels: map[string]string{"a": "b c"}, PodLabels: map[string]string{"a": "b c"}},
				},
				MetricsFrom: []kubernetes.NetworkPeer{{Namespace: "a", PodLabels: map[string]string{"a": "b"}}},
			}
		}, []string{
			"networkPolicy.from[0]", "networkPolicy.from[1].namespace", "networkPolicy.from[2].cidr", "networkPolicy.from[3]",
			"networkPolicy.from[4].namespaceLabels[a]", "networkPolicy.from[4].podLabels[a]", "networkPolicy.metricsFrom[0]",
			"networkPolicy.databasePorts[0]", "networkPolicy.destinations[0].port", "networkPolicy.destinations[1].peer",
			"networkPolicy.fromAnywhere",
		}},
		"monitoring": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Monitoring = &kubernetes.WorkloadMonitoringArgs{
				Interval: "often", Labels: map[string]string{"a": "b c"},
				BasicAuth: &kubernetes.WorkloadBasicAuthArgs{Username: kubernetes.SecretKeyRef{"A", "k"}, Password: kubernetes.SecretKeyRef{"a", "k k"}},
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
				_, err := kubernetes.NewBifrostWorkload(ctx, "x", args, on)
				require.NotContains(t, err.Error(), graphtest.Canary)
				return err
			})
		})
	}
}
