package kubernetes_test

import (
	"testing"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/stretchr/testify/require"

	"bifrost/components/kubernetes"
)

const (
	deploymentType = "kubernetes:apps/v1:Deployment"
	budgetType     = "kubernetes:policy/v1:PodDisruptionBudget"
	hpaType        = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
)

func TestDisruptionBudget(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*kubernetes.BifrostWorkloadArgs)
		want   map[string]any
	}{
		"two pods": {asIs, map[string]any{"maxUnavailable": 1.0}},
		"one pod":  {func(a *kubernetes.BifrostWorkloadArgs) { a.Replicas = 1 }, nil},
		"autoscaled from one": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Replicas, a.Autoscaling = 0, &kubernetes.WorkloadAutoscalingArgs{MinReplicas: 1, MaxReplicas: 3}
		}, nil},
		"autoscaled": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Replicas, a.Autoscaling = 0, &kubernetes.WorkloadAutoscalingArgs{MinReplicas: 3, MaxReplicas: 3}
		}, map[string]any{"maxUnavailable": 1.0}},
		"percentage": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.DisruptionBudget = &kubernetes.WorkloadDisruptionBudgetArgs{MaxUnavailable: "25%"}
		}, map[string]any{"maxUnavailable": "25%"}},
		"a percentage that lets one of three go": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.Replicas, a.DisruptionBudget = 3, &kubernetes.WorkloadDisruptionBudgetArgs{MinAvailable: "66%"}
		}, map[string]any{"minAvailable": "66%"}},
		"available": {func(a *kubernetes.BifrostWorkloadArgs) {
			a.DisruptionBudget = &kubernetes.WorkloadDisruptionBudgetArgs{MinAvailable: "1"}
		}, map[string]any{"minAvailable": 1.0}},
	} {
		t.Run(name, func(t *testing.T) {
			g := recordWorkload(t, c.change)
			if c.want == nil {
				require.Empty(t, g.Of(budgetType))
				return
			}
			c.want["selector"], c.want["unhealthyPodEvictionPolicy"] = map[string]any{"matchLabels": map[string]any{"app": "bifrost"}}, "AlwaysAllow"
			require.Equal(t, c.want, g.One(t, budgetType).Input(t, "spec"))
		})
	}
}

// TestAutoscaling: the Deployment begins with the least, and no `up` reverts what the autoscaler made of it.
func TestAutoscaling(t *testing.T) {
	t.Parallel()
	require.Empty(t, recordWorkload(t, asIs).Of(hpaType))
	g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Replicas, a.Autoscaling = 0, &kubernetes.WorkloadAutoscalingArgs{MinReplicas: 3, MaxReplicas: 10}
	})
	d := g.One(t, deploymentType)
	require.EqualValues(t, 3, d.Input(t, "spec.replicas"))
	require.Equal(t, []string{"spec.replicas"}, d.Request.GetIgnoreChanges())
	require.Equal(t, "20m", d.Request.GetCustomTimeouts().GetUpdate(), "ten pods, one after the other")
	require.Equal(t, map[string]any{
		"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": "bifrost"},
		"minReplicas":    3.0, "maxReplicas": 10.0,
		"metrics": []any{utilization("cpu", 70)},
		"behavior": map[string]any{"scaleDown": map[string]any{
			"stabilizationWindowSeconds": 900.0,
			"policies":                   []any{map[string]any{"type": "Pods", "value": 1.0, "periodSeconds": 300.0}},
		}},
	}, g.One(t, hpaType).Input(t, "spec"))

	both := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Replicas, a.Autoscaling = 0, &kubernetes.WorkloadAutoscalingArgs{MinReplicas: 1, MaxReplicas: 2, CpuPercent: 50, MemoryPercent: 80}
	})
	require.Equal(t, []any{utilization("cpu", 50), utilization("memory", 80)}, both.One(t, hpaType).Input(t, "spec.metrics"))
	memory := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Replicas, a.Autoscaling = 0, &kubernetes.WorkloadAutoscalingArgs{MinReplicas: 1, MaxReplicas: 2, MemoryPercent: 80}
	})
	require.Equal(t, []any{utilization("memory", 80)}, memory.One(t, hpaType).Input(t, "spec.metrics"))
}

func utilization(of string, percent float64) map[string]any {
	return map[string]any{"type": "Resource", "resource": map[string]any{
		"name": of, "target": map[string]any{"type": "Utilization", "averageUtilization": percent},
	}}
}

func TestScheduling(t *testing.T) {
	t.Parallel()
	over := func(key, when string) map[string]any {
		return map[string]any{
			"maxSkew": 1.0, "topologyKey": key, "whenUnsatisfiable": when, "matchLabelKeys": []any{"pod-template-hash"},
			"nodeTaintsPolicy": "Honor",
			"labelSelector":    map[string]any{"matchLabels": map[string]any{"app": "bifrost"}},
		}
	}
	const constraints = "spec.template.spec.topologySpreadConstraints"
	require.Equal(t, []any{over("topology.kubernetes.io/zone", "ScheduleAnyway"), over("kubernetes.io/hostname", "ScheduleAnyway")},
		recordWorkload(t, asIs).One(t, deploymentType).Input(t, constraints))

	d := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Scheduling = &kubernetes.WorkloadSchedulingArgs{
			NodeSelector:  map[string]string{"pool": "llm"},
			Tolerations:   corev1.TolerationArray{&corev1.TolerationArgs{Key: pulumi.String("llm"), Operator: pulumi.String("Exists")}},
			Affinity:      &corev1.AffinityArgs{PodAntiAffinity: &corev1.PodAntiAffinityArgs{}},
			PriorityClass: "high", TopologySpread: &kubernetes.WorkloadTopologySpreadArgs{Zone: "DoNotSchedule", Node: "None"},
		}
	}).One(t, deploymentType)
	require.Equal(t, []any{over("topology.kubernetes.io/zone", "DoNotSchedule")}, d.Input(t, constraints))
	require.Equal(t, map[string]any{"pool": "llm"}, d.Input(t, "spec.template.spec.nodeSelector"))
	require.Equal(t, []any{map[string]any{"key": "llm", "operator": "Exists"}}, d.Input(t, "spec.template.spec.tolerations"))
	require.True(t, d.Has("spec.template.spec.affinity.podAntiAffinity"))
	require.Equal(t, "high", d.Input(t, "spec.template.spec.priorityClassName"))
}

// TestExtras: what the caller adds goes beside ours, and the selector stays `app` alone.
func TestExtras(t *testing.T) {
	t.Parallel()
	g := recordWorkload(t, func(a *kubernetes.BifrostWorkloadArgs) {
		a.Name, a.ImagePullPolicy = "gw", "Always"
		a.Labels, a.Annotations = map[string]string{"team": "ai"}, map[string]string{"owner": "me"}
		a.PodLabels, a.PodAnnotations = map[string]string{"mesh": "on"}, map[string]string{"inject": "no"}
		a.ExtraVolumes = corev1.VolumeArray{&corev1.VolumeArgs{Name: pulumi.String("ca"),
			ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String("ca")}}}
		a.ExtraVolumeMounts = corev1.VolumeMountArray{&corev1.VolumeMountArgs{Name: pulumi.String("ca"), MountPath: pulumi.String("/etc/ca")}}
		a.ExtraContainers = corev1.ContainerArray{&corev1.ContainerArgs{Name: pulumi.String("proxy")}}
		a.InitContainers = corev1.ContainerArray{&corev1.ContainerArgs{Name: pulumi.String("wait")}}
	})
	d := g.One(t, deploymentType)
	require.Equal(t, "gw", d.Input(t, "metadata.name"))
	require.Equal(t, map[string]any{"app": "gw"}, d.Input(t, "spec.selector.matchLabels"))
	require.Equal(t, map[string]any{"app": "gw", "team": "ai", "mesh": "on"}, d.Input(t, "spec.template.metadata.labels"))
	require.Equal(t, "no", d.Input(t, "spec.template.metadata.annotations.inject"))
	require.Equal(t, "Always", d.Input(t, gatewayContainer+".imagePullPolicy"))
	require.Equal(t, "ca", d.Input(t, "spec.template.spec.volumes[3].name"))
	require.Equal(t, map[string]any{"name": "ca", "mountPath": "/etc/ca"}, d.Input(t, gatewayContainer+".volumeMounts[3]"))
	require.Equal(t, "proxy", d.Input(t, "spec.template.spec.containers[1].name"))
	require.Equal(t, "wait", d.Input(t, "spec.template.spec.initContainers[0].name"))
	for _, r := range g.Resources {
		if r.Request.GetCustom() && r.Parent() == g.One(t, kubernetes.BifrostWorkloadType).URN {
			require.Equal(t, map[string]any{"app": "gw", "team": "ai"}, r.Input(t, "metadata.labels"), r.URN)
			require.Equal(t, "me", r.Input(t, "metadata.annotations.owner"), r.URN)
		}
	}
}
