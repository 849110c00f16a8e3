package ecs

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/effects"
)

// Defaults of EcsAutoscalingArgs, in seconds: capacity comes fast and goes slowly, since each task that goes has streams to finish.
const (
	DefaultScaleInSeconds  = 300
	DefaultScaleOutSeconds = 60
)

// EcsAutoscalingArgs keep the number of tasks such that every named measure stays near its target (Application Auto Scaling,
// "Target tracking scaling policies"): the measure that asks for most tasks wins. At least one target is needed.
type EcsAutoscalingArgs struct {
	// MinTasks is the least number of tasks. Default: the desired count.
	MinTasks int `pulumi:"minTasks,optional"`
	// MaxTasks is the most tasks.
	MaxTasks int `pulumi:"maxTasks"`
	// CpuPercent is the average use of the CPU to keep, 1 to 100. At least one target is needed.
	CpuPercent int `pulumi:"cpuPercent,optional"`
	// MemoryPercent is the average use of the memory to keep, 1 to 100.
	MemoryPercent int `pulumi:"memoryPercent,optional"`
	// RequestsPerTarget is the number of requests in a minute to keep. It needs a load balancer or a target group.
	RequestsPerTarget int `pulumi:"requestsPerTarget,optional"`
	// ScaleInSeconds is the pause after tasks were taken away, 1 to 3600. Default 300.
	ScaleInSeconds int `pulumi:"scaleInSeconds,optional"`
	// ScaleOutSeconds is the pause after tasks were added, 1 to 3600. Default 60.
	ScaleOutSeconds int `pulumi:"scaleOutSeconds,optional"`
}

// Validate reports every problem, at paths below p. Nil is no autoscaling. The service checks what fits its own number of tasks.
func (a *EcsAutoscalingArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	var errs field.ErrorList
	if a.MaxTasks == 0 {
		errs = append(errs, field.Required(p.Child("maxTasks"), "the most tasks that may run"))
	}
	if a.CpuPercent == 0 && a.MemoryPercent == 0 && a.RequestsPerTarget == 0 {
		errs = append(errs, field.Required(p.Child("cpuPercent"),
			"give at least one of cpuPercent, memoryPercent and requestsPerTarget; 60 percent of the CPU is a beginning"))
	}
	if a.RequestsPerTarget < 0 {
		errs = append(errs, field.Invalid(p.Child("requestsPerTarget"), a.RequestsPerTarget, "at least 1"))
	}
	return slices.Concat(errs,
		// 0 is absent.
		check.Between(p.Child("cpuPercent"), a.CpuPercent, 0, 100, "percent"),
		check.Between(p.Child("memoryPercent"), a.MemoryPercent, 0, 100, "percent"),
		check.Between(p.Child("scaleInSeconds"), a.scaleInSeconds(), 1, 3600, "seconds"),
		check.Between(p.Child("scaleOutSeconds"), a.scaleOutSeconds(), 1, 3600, "seconds"),
	)
}

func (a *EcsAutoscalingArgs) scaleInSeconds() int {
	return cmp.Or(a.ScaleInSeconds, DefaultScaleInSeconds)
}

func (a *EcsAutoscalingArgs) scaleOutSeconds() int {
	return cmp.Or(a.ScaleOutSeconds, DefaultScaleOutSeconds)
}

// validateScaling checks the bounds against the number of tasks to begin with, and that somebody counts requests.
func (a *EcsServiceArgs) validateScaling(p *field.Path) field.ErrorList {
	scaling := a.Autoscaling
	if scaling == nil {
		return nil
	}
	var errs field.ErrorList
	least := cmp.Or(scaling.MinTasks, a.DesiredCount)
	most := max(least, a.DesiredCount)
	if least < 1 {
		errs = append(errs, field.Invalid(p.Child("minTasks"), scaling.MinTasks, "at least 1"))
	}
	if scaling.MaxTasks != 0 && scaling.MaxTasks < most {
		errs = append(errs, field.Invalid(p.Child("maxTasks"), scaling.MaxTasks,
			fmt.Sprintf("at least the number to begin with and minTasks, which is %d", most)))
	}
	if least > a.DesiredCount {
		errs = append(errs, field.Invalid(p.Child("minTasks"), scaling.MinTasks,
			fmt.Sprintf("above the number of tasks to begin with, which is %d", a.DesiredCount)))
	}
	if scaling.RequestsPerTarget > 0 && !a.behindTargetGroup() {
		errs = append(errs, field.Invalid(p.Child("requestsPerTarget"), scaling.RequestsPerTarget,
			"counted by a load balancer, and there is none; give loadBalancer or targetGroupArn, or remove this"))
	}
	return errs
}

type predefinedMetric = appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationPredefinedMetricSpecificationArgs

// scalingMetric is a measure that a target is tracked for.
type scalingMetric struct {
	name, predefined string
	target           int
	label            pulumi.StringPtrInput
}

// newAutoscaling makes the bounds and a policy for each target; nothing without autoscaling.
func (a *EcsServiceArgs) newAutoscaling(in component.Scope, service *ecs.Service, front ecsFront) error {
	if a.Autoscaling == nil {
		return nil
	}
	const namespace, dimension = "ecs", "ecs:service:DesiredCount"
	teller, told, err := effects.Tell(in, effects.ScalableTarget, "scaling")
	if err != nil {
		return err
	}
	bounds, err := appautoscaling.NewTarget(in.Ctx, in.Child("scaling"), &appautoscaling.TargetArgs{
		ServiceNamespace:  pulumi.String(namespace),
		ScalableDimension: pulumi.String(dimension),
		ResourceId:        pulumi.Sprintf("service/%s/%s", a.clusterName(), service.Name),
		MinCapacity:       pulumi.Int(cmp.Or(a.Autoscaling.MinTasks, a.DesiredCount)),
		MaxCapacity:       pulumi.Int(a.Autoscaling.MaxTasks),
	}, in.Options(told...)...)
	if err != nil {
		return in.Failed("bounds of the autoscaling", err)
	}
	teller.Say(bounds, false, true)
	// Application Auto Scaling takes one write at a time about a service, and the provider does not wait for its turn: one policy comes
	// after the other (terraform-provider-aws issue 17915).
	var last []pulumi.Resource
	for _, m := range []scalingMetric{
		{"cpu", "ECSServiceAverageCPUUtilization", a.Autoscaling.CpuPercent, nil},
		{"memory", "ECSServiceAverageMemoryUtilization", a.Autoscaling.MemoryPercent, nil},
		{"requests", "ALBRequestCountPerTarget", a.Autoscaling.RequestsPerTarget, front.resourceLabel()},
	} {
		if m.target == 0 {
			continue
		}
		teller, told, err := effects.Tell(in, effects.ScalingPolicy, "scaling-"+m.name)
		if err != nil {
			return err
		}
		policy, err := appautoscaling.NewPolicy(in.Ctx, in.Child("scaling-"+m.name), &appautoscaling.PolicyArgs{
			Name:              pulumi.String(a.name() + "-" + m.name),
			PolicyType:        pulumi.String("TargetTrackingScaling"),
			ServiceNamespace:  bounds.ServiceNamespace,
			ScalableDimension: bounds.ScalableDimension,
			ResourceId:        bounds.ResourceId,
			TargetTrackingScalingPolicyConfiguration: &appautoscaling.PolicyTargetTrackingScalingPolicyConfigurationArgs{
				PredefinedMetricSpecification: &predefinedMetric{
					PredefinedMetricType: pulumi.String(m.predefined), ResourceLabel: m.label,
				},
				TargetValue:      pulumi.Float64(m.target),
				ScaleInCooldown:  pulumi.Int(a.Autoscaling.scaleInSeconds()),
				ScaleOutCooldown: pulumi.Int(a.Autoscaling.scaleOutSeconds()),
			},
		}, in.Options(append(told, pulumi.DependsOn(last))...)...)
		if err != nil {
			return fmt.Errorf("%s: autoscaling by %s: %w", in.Name, m.name, err)
		}
		teller.Say(policy, false, true)
		last = []pulumi.Resource{policy}
	}
	return nil
}
