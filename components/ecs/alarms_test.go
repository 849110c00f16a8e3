package ecs_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"bifrost/components/ecs"
)

func TestEcsAlarms(t *testing.T) {
	t.Parallel()
	g := recordEcs(t, func(a *ecs.EcsServiceArgs) {
		withLoadBalancer(a)
		a.Alarms = &ecs.EcsAlarmsArgs{TopicArn: topic, ServerErrors: 3}
	})
	for name, metric := range map[string]string{
		"unhealthy-targets": "UnHealthyHostCount", "server-errors": "HTTPCode_Target_5XX_Count",
		"load-balancer-errors": "HTTPCode_ELB_5XX_Count",
	} {
		alarm := g.Named(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "x-alarm-"+name)
		require.Equal(t, "dev/bifrost-"+name, alarm.Input(t, "name"))
		require.Equal(t, metric, alarm.Input(t, "metricName"))
		require.Equal(t, "AWS/ApplicationELB", alarm.Input(t, "namespace"))
		require.Equal(t, "suffix-of-x-lb", alarm.Input(t, "dimensions.LoadBalancer"))
		require.Equal(t, "notBreaching", alarm.Input(t, "treatMissingData"))
	}
	require.Len(t, recordEcs(t, func(a *ecs.EcsServiceArgs) {
		withLoadBalancer(a)
		a.Name, a.Alarms = strings.Repeat("n", 102), &ecs.EcsAlarmsArgs{TopicArn: topic}
		a.ClusterArn = "arn:aws:ecs:eu-west-1:111122223333:cluster/" + strings.Repeat("c", 150)
	}).Named(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "x-alarm-server-errors").Input(t, "name"), 255)
	require.Equal(t, 3.0, g.Named(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "x-alarm-server-errors").Input(t, "threshold"))
	running := g.Named(t, "aws:cloudwatch/metricAlarm:MetricAlarm", "x-alarm-running-tasks")
	require.Equal(t, "desired - running", running.Input(t, "metricQueries[2].expression"))
	require.Equal(t, true, running.Input(t, "metricQueries[2].returnData"))
	require.Equal(t, map[string]any{"ClusterName": "dev", "ServiceName": "bifrost"}, running.Input(t, "metricQueries[0].metric.dimensions"))
	for _, alarm := range g.Of("aws:cloudwatch/metricAlarm:MetricAlarm") {
		require.Equal(t, []any{topic}, alarm.Input(t, "alarmActions"), alarm.Name)
		require.Equal(t, []any{topic}, alarm.Input(t, "okActions"), alarm.Name)
	}
}
