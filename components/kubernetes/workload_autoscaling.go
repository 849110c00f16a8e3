package kubernetes

import (
	"cmp"

	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/effects"
)

// Defaults of autoscaling.
const (
	DefaultCpuPercent             = 70
	DefaultScaleDownStabilization = 900
	DefaultScaleDownPods          = 1
	DefaultScaleDownPeriodSeconds = 300
)

// Validate reports every problem of the arguments, at p and below it. Nil has none. The bounds of scaling down are those of the API
// (autoscaling/v2, HPAScalingRules and HPAScalingPolicy).
func (a *WorkloadAutoscalingArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	errs := check.Between(p.Child("minReplicas"), a.MinReplicas, 1, 1000)
	errs = append(errs, check.Between(p.Child("maxReplicas"), a.MaxReplicas, max(a.MinReplicas, 1), 1000)...)
	errs = append(errs, check.Between(p.Child("cpuPercent"), a.CpuPercent, 0, 1000)...)
	errs = append(errs, check.Between(p.Child("memoryPercent"), a.MemoryPercent, 0, 1000)...)
	errs = append(errs, check.Between(p.Child("scaleDownStabilizationSeconds"), a.ScaleDownStabilizationSeconds, 0, 3600)...)
	errs = append(errs, check.Between(p.Child("scaleDownPods"), a.ScaleDownPods, 0, 1000)...)
	return append(errs, check.Between(p.Child("scaleDownPeriodSeconds"), a.ScaleDownPeriodSeconds, 0, 1800)...)
}

// newAutoscaler scales up at once, and down slowly: a stream ends with its pod.
func (a *BifrostWorkloadArgs) newAutoscaler(s component.Scope, deployment pulumi.StringOutput) error {
	scaling, app := a.Autoscaling, a.application()
	if scaling == nil {
		return nil
	}
	teller, told, err := effects.Tell(s, effects.Autoscaler, "autoscaler")
	if err != nil {
		return err
	}
	autoscaler, err := autoscalingv2.NewHorizontalPodAutoscaler(s.Ctx, s.Child("autoscaler"), &autoscalingv2.HorizontalPodAutoscalerArgs{
		Metadata: app.meta(app.name),
		Spec: &autoscalingv2.HorizontalPodAutoscalerSpecArgs{
			ScaleTargetRef: &autoscalingv2.CrossVersionObjectReferenceArgs{
				ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: deployment,
			},
			MinReplicas: pulumi.Int(scaling.MinReplicas), MaxReplicas: pulumi.Int(scaling.MaxReplicas),
			Metrics: scaling.metrics(),
			Behavior: &autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{
				ScaleDown: &autoscalingv2.HPAScalingRulesArgs{
					StabilizationWindowSeconds: pulumi.Int(cmp.Or(scaling.ScaleDownStabilizationSeconds, DefaultScaleDownStabilization)),
					Policies: autoscalingv2.HPAScalingPolicyArray{&autoscalingv2.HPAScalingPolicyArgs{
						Type:          pulumi.String("Pods"),
						Value:         pulumi.Int(cmp.Or(scaling.ScaleDownPods, DefaultScaleDownPods)),
						PeriodSeconds: pulumi.Int(cmp.Or(scaling.ScaleDownPeriodSeconds, DefaultScaleDownPeriodSeconds)),
					}},
				},
			},
		},
	}, s.Options(told...)...)
	if err != nil {
		return err
	}
	teller.Say(autoscaler, false, true)
	return nil
}

// metrics are the resources that have a target. Where none has one, it is the CPU by default.
func (a *WorkloadAutoscalingArgs) metrics() autoscalingv2.MetricSpecArray {
	cpu := a.CpuPercent
	if a.CpuPercent == 0 && a.MemoryPercent == 0 {
		cpu = DefaultCpuPercent
	}
	var metrics autoscalingv2.MetricSpecArray
	for _, target := range []struct {
		resource string
		percent  int
	}{
		{"cpu", cpu}, {"memory", a.MemoryPercent},
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
	return metrics
}
