package ecs

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// Defaults of EcsAutoscalingArgs, in seconds: capacity comes fast and goes slowly, since each task that goes has streams to finish.
const (
	DefaultScaleInSeconds  = 300
	DefaultScaleOutSeconds = 60
)

// EcsAutoscalingArgs keep the number of tasks such that every named measure stays near its target (Application Auto Scaling,
// "Target tracking scaling policies"): the measure that asks for most tasks wins. At least one target is needed.
type EcsAutoscalingArgs struct {
	// MinTasks and MaxTasks bound the number. MinTasks defaults to the desired count.
	MinTasks int `pulumi:"minTasks,optional"`
	MaxTasks int `pulumi:"maxTasks"`
	// CpuPercent and MemoryPercent are averages over the tasks, 1 to 100.
	CpuPercent    int `pulumi:"cpuPercent,optional"`
	MemoryPercent int `pulumi:"memoryPercent,optional"`
	// RequestsPerTarget in a minute; it needs a load balancer or a target group.
	RequestsPerTarget int `pulumi:"requestsPerTarget,optional"`
	// ScaleInSeconds and ScaleOutSeconds are the pauses after a change. Defaults 300 and 60.
	ScaleInSeconds  int `pulumi:"scaleInSeconds,optional"`
	ScaleOutSeconds int `pulumi:"scaleOutSeconds,optional"`
}

// Validate reports every problem, at paths below p. desired is the number of tasks to begin with.
func (a *EcsAutoscalingArgs) Validate(p *field.Path, desired int, behindTargetGroup bool) field.ErrorList {
	var errs field.ErrorList
	least := cmp.Or(a.MinTasks, desired)
	if least < 1 {
		errs = append(errs, field.Invalid(p.Child("minTasks"), a.MinTasks, "at least 1"))
	}
	if a.MaxTasks == 0 {
		errs = append(errs, field.Required(p.Child("maxTasks"), "the most tasks that may run"))
	} else if a.MaxTasks < max(least, desired) {
		errs = append(errs, field.Invalid(p.Child("maxTasks"), a.MaxTasks, fmt.Sprintf("at least the number to begin with and minTasks, which is %d", max(least, desired))))
	}
	if least > desired {
		errs = append(errs, field.Invalid(p.Child("minTasks"), a.MinTasks, fmt.Sprintf("above the number of tasks to begin with, which is %d", desired)))
	}
	if a.CpuPercent == 0 && a.MemoryPercent == 0 && a.RequestsPerTarget == 0 {
		errs = append(errs, field.Required(p.Child("cpuPercent"), "give at least one of cpuPercent, memoryPercent and requestsPerTarget; 60 percent of the CPU is a beginning"))
	}
	// 0 is absent.
	errs = append(errs, check.Between(p.Child("cpuPercent"), a.CpuPercent, 0, 100, "percent")...)
	errs = append(errs, check.Between(p.Child("memoryPercent"), a.MemoryPercent, 0, 100, "percent")...)
	switch {
	case a.RequestsPerTarget < 0:
		errs = append(errs, field.Invalid(p.Child("requestsPerTarget"), a.RequestsPerTarget, "at least 1"))
	case a.RequestsPerTarget > 0 && !behindTargetGroup:
		errs = append(errs, field.Invalid(p.Child("requestsPerTarget"), a.RequestsPerTarget, "counted by a load balancer, and there is none; give loadBalancer or targetGroupArn, or remove this"))
	}
	errs = append(errs, check.Between(p.Child("scaleInSeconds"), cmp.Or(a.ScaleInSeconds, DefaultScaleInSeconds), 1, 3600, "seconds")...)
	return append(errs, check.Between(p.Child("scaleOutSeconds"), cmp.Or(a.ScaleOutSeconds, DefaultScaleOutSeconds), 1, 3600, "seconds")...)
}

// scalingMetric is a measure that a target is tracked for.
type scalingMetric struct {
	name, predefined string
	target           int
	label            pulumi.StringPtrInput
}

// newAutoscaling makes the bounds and a policy for each target; nothing without autoscaling.
func (a *EcsServiceArgs) newAutoscaling(ctx *pulumi.Context, name string, parent pulumi.Resource, service *ecs.Service, front ecsFront) error {
	if a.Autoscaling == nil {
		return nil
	}
	const namespace, dimension = "ecs", "ecs:service:DesiredCount"
	bounds, err := appautoscaling.NewTarget(ctx, name+"-scaling", &appautoscaling.TargetArgs{
		ServiceNamespace:  pulumi.String(namespace),
		ScalableDimension: pulumi.String(dimension),
		ResourceId:        pulumi.Sprintf("service/%s/%s", a.clusterName(), service.Name),
		MinCapacity:       pulumi.Int(cmp.Or(a.Autoscaling.MinTasks, a.DesiredCount)),
		MaxCapacity:       pulumi.Int(a.Autoscaling.MaxTasks),
	}, pulumi.Parent(parent))
	if err != nil {
		return fmt.Errorf("%s: bounds of the autoscaling: %w", name, err)
	}
	for _, m := range []scalingMetric{
		{"cpu", "ECSServiceAverageCPUUtilization", a.Autoscaling.CpuPercent, nil},
		{"memory", "ECSServiceAverageMemoryUtilization", a.Autoscaling.MemoryPercent, nil},
		{"requests", "ALBRequestCountPerTarget", a.Autoscaling.RequestsPerTarget, front.resourceLabel()},
	} {
		if m.target == 0 {
			continue
		}
		if _, err := appautoscaling.NewPolicy(ctx, name+"-scaling-"+m.name, &appautoscaling.PolicyArgs{
			Name:              pulumi.String(a.name() + "-" + m.name),
			PolicyType:        pulumi.String("TargetTrackingScaling"),
			ServiceNamespace:  bounds.ServiceNamespace,
			ScalableDimension: bounds.ScalableDimension,
			ResourceId:        bounds.ResourceId,
			TargetTrackingScalingPolicyConfiguration: &appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs{
				PredefinedMetricSpecification: &appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs{
					PredefinedMetricType: pulumi.String(m.predefined), ResourceLabel: m.label,
				},
				TargetValue:      pulumi.Float64(m.target),
				ScaleInCooldown:  pulumi.Int(cmp.Or(a.Autoscaling.ScaleInSeconds, DefaultScaleInSeconds)),
				ScaleOutCooldown: pulumi.Int(cmp.Or(a.Autoscaling.ScaleOutSeconds, DefaultScaleOutSeconds)),
			},
		}, pulumi.Parent(parent)); err != nil {
			return fmt.Errorf("%s: autoscaling by %s: %w", name, m.name, err)
		}
	}
	return nil
}
