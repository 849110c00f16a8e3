package ecs

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/names"
)

// DefaultServerErrors is how many 5xx answers in five minutes are too many.
const DefaultServerErrors = 10

// EcsAlarmsArgs are the CloudWatch alarms of the service: tasks that fail their checks, 5xx answers, fewer tasks than desired.
type EcsAlarmsArgs struct {
	// TopicArn is an existing SNS topic, to which alarms and their ends are sent.
	TopicArn string `pulumi:"topicArn"`
	// ServerErrors is how many 5xx answers in five minutes raise the alarm. Default 10.
	ServerErrors int `pulumi:"serverErrors,optional"`
}

// Validate reports every problem, at paths below p. Nil is no alarms.
func (a *EcsAlarmsArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	var errs field.ErrorList
	if a.TopicArn == "" {
		errs = append(errs, field.Required(p.Child("topicArn"), "the ARN of an existing SNS topic"))
	}
	errs = append(errs, check.Arn(p.Child("topicArn"), a.TopicArn, check.TopicArn)...)
	if a.ServerErrors < 0 {
		errs = append(errs, field.Invalid(p.Child("serverErrors"), a.ServerErrors, "at least 1"))
	}
	return errs
}

const (
	albMetrics = "AWS/ApplicationELB"
	ecsMetrics = "ECS/ContainerInsights"
)

// maxAlarmName, in characters (CloudWatch API reference, PutMetricAlarm, AlarmName).
const maxAlarmName = 255

// alarmName has the cluster's name before the service's, as those of ECS' own scaling have: an account's region has a name once, and
// CloudWatch overwrites the alarm that has it, without a word (CloudWatch API reference, PutMetricAlarm).
func (a *EcsServiceArgs) alarmName(what string) string {
	name := a.clusterName() + "/" + a.name() + "-" + what
	if len(name) > maxAlarmName {
		return names.Hashed(name, maxAlarmName, name)
	}
	return name
}

// newAlarms makes the alarms; nothing without them. Under another name an alarm comes before the former one goes.
func (a *EcsServiceArgs) newAlarms(in component.Scope, service *ecs.Service, front ecsFront) error {
	if a.Alarms == nil {
		return nil
	}
	topic := pulumi.Array{pulumi.String(a.Alarms.TopicArn)}
	for what, alarm := range a.alarms(service, front) {
		alarm.Name, alarm.AlarmActions, alarm.OkActions = pulumi.String(a.alarmName(what)), topic, topic
		opts := in.Options(pulumi.DeleteBeforeReplace(false))
		if _, err := cloudwatch.NewMetricAlarm(in.Ctx, in.Child("alarm-"+what), alarm, opts...); err != nil {
			return fmt.Errorf("%s: alarm %s: %w", in.Name, what, err)
		}
	}
	return nil
}

// alarms are those that the front has measures for.
func (a *EcsServiceArgs) alarms(service *ecs.Service, front ecsFront) map[string]*cloudwatch.MetricAlarmArgs {
	alarms := map[string]*cloudwatch.MetricAlarmArgs{"running-tasks": a.runningAlarm(service)}
	if front.targetGroupArn != nil {
		target := pulumi.StringMap{"LoadBalancer": front.loadBalancerSuffix, "TargetGroup": front.targetGroupSuffix}
		alarms["unhealthy-targets"] = unhealthyAlarm(target)
		alarms["server-errors"] = a.serverErrorAlarm("The Bifrost gateway itself answers with too many 5xx.",
			"HTTPCode_Target_5XX_Count", target)
	}
	if front.made {
		// Where others use the load balancer, too, these answers are theirs as well.
		alarms["load-balancer-errors"] = a.serverErrorAlarm(
			"The load balancer answers with too many 5xx of its own: no task takes the requests, or in time.",
			"HTTPCode_ELB_5XX_Count", pulumi.StringMap{"LoadBalancer": front.loadBalancerSuffix})
	}
	return alarms
}

func unhealthyAlarm(target pulumi.StringMap) *cloudwatch.MetricAlarmArgs {
	return &cloudwatch.MetricAlarmArgs{
		AlarmDescription:   pulumi.String("A task of the Bifrost gateway has failed the load balancer's checks for three minutes."),
		Namespace:          pulumi.String(albMetrics),
		MetricName:         pulumi.String("UnHealthyHostCount"),
		Dimensions:         target,
		Statistic:          pulumi.String("Maximum"),
		Period:             pulumi.Int(60),
		EvaluationPeriods:  pulumi.Int(3),
		ComparisonOperator: pulumi.String("GreaterThanThreshold"),
		Threshold:          pulumi.Float64(0),
		TreatMissingData:   pulumi.String("notBreaching"),
	}
}

func (a *EcsServiceArgs) serverErrorAlarm(description, metric string, dimensions pulumi.StringMap) *cloudwatch.MetricAlarmArgs {
	return &cloudwatch.MetricAlarmArgs{
		AlarmDescription:   pulumi.String(description),
		Namespace:          pulumi.String(albMetrics),
		MetricName:         pulumi.String(metric),
		Dimensions:         dimensions,
		Statistic:          pulumi.String("Sum"),
		Period:             pulumi.Int(300),
		EvaluationPeriods:  pulumi.Int(1),
		ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"),
		Threshold:          pulumi.Float64(cmp.Or(a.Alarms.ServerErrors, DefaultServerErrors)),
		// No such answer is no data.
		TreatMissingData: pulumi.String("notBreaching"),
	}
}

// runningAlarm compares what Container Insights counts: ECS itself has no measure of the desired count. The topic also hears when no
// more numbers come.
func (a *EcsServiceArgs) runningAlarm(service *ecs.Service) *cloudwatch.MetricAlarmArgs {
	count := func(id, metric string) *cloudwatch.MetricAlarmMetricQueryArgs {
		return &cloudwatch.MetricAlarmMetricQueryArgs{
			Id: pulumi.String(id),
			Metric: &cloudwatch.MetricAlarmMetricQueryMetricArgs{
				Namespace:  pulumi.String(ecsMetrics),
				MetricName: pulumi.String(metric),
				Dimensions: pulumi.StringMap{"ClusterName": pulumi.String(a.clusterName()), "ServiceName": service.Name},
				Period:     pulumi.Int(60),
				Stat:       pulumi.String("Average"),
			},
		}
	}
	return &cloudwatch.MetricAlarmArgs{
		AlarmDescription: pulumi.String("Fewer tasks of the Bifrost gateway run than ECS should run, for five minutes."),
		MetricQueries: cloudwatch.MetricAlarmMetricQueryArray{
			count("desired", "DesiredTaskCount"),
			count("running", "RunningTaskCount"),
			&cloudwatch.MetricAlarmMetricQueryArgs{
				Id: pulumi.String("missing"), Label: pulumi.String("tasks missing"),
				Expression: pulumi.String("desired - running"), ReturnData: pulumi.Bool(true),
			},
		},
		EvaluationPeriods:       pulumi.Int(5),
		ComparisonOperator:      pulumi.String("GreaterThanThreshold"),
		Threshold:               pulumi.Float64(0),
		TreatMissingData:        pulumi.String("missing"),
		InsufficientDataActions: pulumi.Array{pulumi.String(a.Alarms.TopicArn)},
	}
}
