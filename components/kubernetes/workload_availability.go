package kubernetes

import (
	"cmp"
	"strconv"

	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// Defaults of availability.
const (
	DefaultPreStopSeconds = 15
	// MaxSurge is how many pods a rollout of the Deployment adds.
	MaxSurge                      = 1
	DefaultCpuPercent             = 70
	DefaultScaleDownStabilization = 900
	DefaultScaleDownPods          = 1
	DefaultScaleDownPeriodSeconds = 300

	// cleanUpSeconds is what the gateway takes at most after SIGTERM, with its streams: what ends later is delivered, and not accounted.
	cleanUpSeconds = 30
	// graceMargin is what a pod has after the wait before SIGTERM, unless it says otherwise.
	graceMargin = cleanUpSeconds + 15
)

// Values of WorkloadTopologySpreadArgs.
const (
	spreadAnyway = "ScheduleAnyway"
	spreadAlways = "DoNotSchedule"
	spreadNone   = "None"
)

func (a *BifrostWorkloadArgs) preStopSeconds() int {
	return cmp.Or(a.PreStopSeconds, DefaultPreStopSeconds)
}

func (a *BifrostWorkloadArgs) terminationGraceSeconds() int {
	return cmp.Or(a.TerminationGraceSeconds, a.preStopSeconds()+graceMargin)
}

func (a *BifrostWorkloadArgs) startupSeconds() int {
	return cmp.Or(a.StartupSeconds, gateway.DefaultStartupSeconds)
}

// leastReplicas and mostReplicas are how many pods there are, rollouts aside.
func (a *BifrostWorkloadArgs) leastReplicas() int {
	if a.Autoscaling != nil {
		return a.Autoscaling.MinReplicas
	}
	return a.Replicas
}

func (a *BifrostWorkloadArgs) mostReplicas() int {
	if a.Autoscaling != nil {
		return a.Autoscaling.MaxReplicas
	}
	return a.Replicas
}

func (a *BifrostWorkloadArgs) validateAvailability() field.ErrorList {
	var errs field.ErrorList
	switch replicas := field.NewPath("replicas"); {
	case a.Storage != nil:
		// Its own check.
	case a.Autoscaling != nil && a.Replicas != 0:
		errs = append(errs, field.Forbidden(replicas, "autoscaling decides; remove it or autoscaling"))
	case a.Autoscaling == nil && a.Replicas < 1:
		errs = append(errs, field.Invalid(replicas, a.Replicas, "at least 1"))
	}
	if a.Autoscaling != nil {
		errs = append(errs, a.Autoscaling.validate(field.NewPath("autoscaling"))...)
	}
	if a.DisruptionBudget != nil {
		errs = append(errs, a.DisruptionBudget.validate(field.NewPath("disruptionBudget"), a.leastReplicas())...)
	}
	const anHour = 3600
	errs = append(errs, check.Between(field.NewPath("preStopSeconds"), a.preStopSeconds(), 1, anHour)...)
	errs = append(errs, check.Between(field.NewPath("startupSeconds"), a.startupSeconds(), startupPeriodSeconds, anHour)...)
	if least := a.preStopSeconds() + cleanUpSeconds; a.terminationGraceSeconds() < least {
		errs = append(errs, field.Invalid(field.NewPath("terminationGraceSeconds"), a.terminationGraceSeconds(),
			"at least "+strconv.Itoa(least)+": preStopSeconds and the gateway's clean-up of "+strconv.Itoa(cleanUpSeconds)+" s"))
	}
	return errs
}

func (a *WorkloadAutoscalingArgs) validate(p *field.Path) field.ErrorList {
	errs := check.Between(p.Child("minReplicas"), a.MinReplicas, 1, 1000)
	errs = append(errs, check.Between(p.Child("maxReplicas"), a.MaxReplicas, max(a.MinReplicas, 1), 1000)...)
	errs = append(errs, check.Between(p.Child("cpuPercent"), a.CpuPercent, 0, 1000)...)
	errs = append(errs, check.Between(p.Child("memoryPercent"), a.MemoryPercent, 0, 1000)...)
	// The bounds are those of the API (autoscaling/v2, HPAScalingRules and HPAScalingPolicy).
	errs = append(errs, check.Between(p.Child("scaleDownStabilizationSeconds"), a.ScaleDownStabilizationSeconds, 0, 3600)...)
	errs = append(errs, check.Between(p.Child("scaleDownPods"), a.ScaleDownPods, 0, 1000)...)
	return append(errs, check.Between(p.Child("scaleDownPeriodSeconds"), a.ScaleDownPeriodSeconds, 0, 1800)...)
}

func (a *WorkloadDisruptionBudgetArgs) validate(p *field.Path, replicas int) field.ErrorList {
	errs := check.Count(p.Child("maxUnavailable"), a.MaxUnavailable)
	errs = append(errs, check.Count(p.Child("minAvailable"), a.MinAvailable)...)
	if (a.MaxUnavailable == "") == (a.MinAvailable == "") {
		return append(errs, field.Required(p.Child("maxUnavailable"), "give exactly one of maxUnavailable and minAvailable"))
	}
	// Such a budget blocks every drain for ever.
	if a.MaxUnavailable == "0" || a.MaxUnavailable == "0%" {
		errs = append(errs, field.Invalid(p.Child("maxUnavailable"), a.MaxUnavailable, "no node with a pod of the gateway could ever be drained; at least 1"))
	}
	if n, err := strconv.Atoi(a.MinAvailable); a.MinAvailable == "100%" || (err == nil && n >= replicas) {
		errs = append(errs, field.Invalid(p.Child("minAvailable"), a.MinAvailable,
			"no node with a pod of the gateway could ever be drained; less than the replicas, "+strconv.Itoa(replicas)))
	}
	return errs
}

func (a *BifrostWorkloadArgs) validateScheduling() field.ErrorList {
	if a.Scheduling == nil {
		return nil
	}
	p := field.NewPath("scheduling")
	errs := check.Labels(p.Child("nodeSelector"), a.Scheduling.NodeSelector)
	if a.Scheduling.PriorityClass != "" {
		errs = append(errs, check.Subdomain(p.Child("priorityClass"), a.Scheduling.PriorityClass)...)
	}
	spread := a.topologySpread()
	errs = append(errs, check.OneOf(p.Child("topologySpread", "zone"), spread.Zone, spreadAnyway, spreadAlways, spreadNone)...)
	return append(errs, check.OneOf(p.Child("topologySpread", "node"), spread.Node, spreadAnyway, spreadAlways, spreadNone)...)
}

func (a *BifrostWorkloadArgs) topologySpread() WorkloadTopologySpreadArgs {
	if a.Scheduling == nil || a.Scheduling.TopologySpread == nil {
		return WorkloadTopologySpreadArgs{}
	}
	return *a.Scheduling.TopologySpread
}

// schedule says on which nodes the pods run.
func (a *BifrostWorkloadArgs) schedule(pod *corev1.PodSpecArgs) {
	pod.TopologySpreadConstraints = a.spreadConstraints()
	if a.Scheduling == nil {
		return
	}
	pod.NodeSelector = component.OptionalMap(a.Scheduling.NodeSelector)
	pod.Tolerations = a.Scheduling.Tolerations
	pod.Affinity = a.Scheduling.Affinity
	pod.PriorityClassName = component.OptionalString(a.Scheduling.PriorityClass)
}

// spreadConstraints count the pods of one revision: those of the former one would bend the spread while it goes.
func (a *BifrostWorkloadArgs) spreadConstraints() corev1.TopologySpreadConstraintArray {
	if a.Storage != nil {
		return nil
	}
	spread := a.topologySpread()
	var constraints corev1.TopologySpreadConstraintArray
	for _, over := range []struct{ key, when string }{
		{"topology.kubernetes.io/zone", cmp.Or(spread.Zone, spreadAnyway)},
		{"kubernetes.io/hostname", cmp.Or(spread.Node, spreadAnyway)},
	} {
		if over.when == spreadNone {
			continue
		}
		constraints = append(constraints, &corev1.TopologySpreadConstraintArgs{
			MaxSkew: pulumi.Int(1), TopologyKey: pulumi.String(over.key), WhenUnsatisfiable: pulumi.String(over.when),
			LabelSelector:  &metav1.LabelSelectorArgs{MatchLabels: component.Merge(a.selector())},
			MatchLabelKeys: pulumi.StringArray{pulumi.String("pod-template-hash")},
		})
	}
	return constraints
}

// newDisruptionBudget keeps drains of nodes from taking all pods at once. A pod that is not ready serves nobody: it never holds a
// drain up.
func (w *workload) newDisruptionBudget() error {
	budget := w.DisruptionBudget
	if budget == nil {
		if w.leastReplicas() < 2 {
			return nil
		}
		budget = &WorkloadDisruptionBudgetArgs{MaxUnavailable: "1"}
	}
	_, err := policyv1.NewPodDisruptionBudget(w.ctx, w.prefix+"-disruption-budget", &policyv1.PodDisruptionBudgetArgs{
		Metadata: w.meta(w.name()),
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             countOrPercent(budget.MaxUnavailable),
			MinAvailable:               countOrPercent(budget.MinAvailable),
			Selector:                   &metav1.LabelSelectorArgs{MatchLabels: component.Merge(w.selector())},
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
		},
	}, pulumi.Parent(w.parent))
	return err
}

// countOrPercent is a number where it is one: the API takes no number in quotes.
func countOrPercent(s string) pulumi.Input {
	if s == "" {
		return nil
	}
	if n, err := strconv.Atoi(s); err == nil {
		return pulumi.Int(n)
	}
	return pulumi.String(s)
}

// newAutoscaler scales up at once, and down slowly: a stream ends with its pod.
func (w *workload) newAutoscaler() error {
	a := w.Autoscaling
	if a == nil {
		return nil
	}
	var metrics autoscalingv2.MetricSpecArray
	for _, target := range []struct {
		resource string
		percent  int
	}{
		{"cpu", a.cpuPercent()}, {"memory", a.MemoryPercent},
	} {
		if target.percent == 0 {
			continue
		}
		metrics = append(metrics, &autoscalingv2.MetricSpecArgs{
			Type: pulumi.String("Resource"),
			Resource: &autoscalingv2.ResourceMetricSourceArgs{
				Name:   pulumi.String(target.resource),
				Target: &autoscalingv2.MetricTargetArgs{Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(target.percent)},
			},
		})
	}
	_, err := autoscalingv2.NewHorizontalPodAutoscaler(w.ctx, w.prefix+"-autoscaler", &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: w.meta(w.name()),
		Spec: &autoscalingv2.HorizontalPodAutoscalerSpecArgs{
			ScaleTargetRef: &autoscalingv2.CrossVersionObjectReferenceArgs{
				ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: w.podsName,
			},
			MinReplicas: pulumi.Int(a.MinReplicas), MaxReplicas: pulumi.Int(a.MaxReplicas),
			Metrics: metrics,
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{
				ScaleDown: &autoscalingv2.HPAScalingRulesArgs{
					StabilizationWindowSeconds: pulumi.Int(cmp.Or(a.ScaleDownStabilizationSeconds, DefaultScaleDownStabilization)),
					Policies: autoscalingv2.HPAScalingPolicyArray{&autoscalingv2.HPAScalingPolicyArgs{
						Type:          pulumi.String("Pods"),
						Value:         pulumi.Int(cmp.Or(a.ScaleDownPods, DefaultScaleDownPods)),
						PeriodSeconds: pulumi.Int(cmp.Or(a.ScaleDownPeriodSeconds, DefaultScaleDownPeriodSeconds)),
					}},
				},
			},
		},
	}, pulumi.Parent(w.parent))
	return err
}

// cpuPercent is 0 where memory alone decides.
func (a *WorkloadAutoscalingArgs) cpuPercent() int {
	if a.CpuPercent == 0 && a.MemoryPercent == 0 {
		return DefaultCpuPercent
	}
	return a.CpuPercent
}
