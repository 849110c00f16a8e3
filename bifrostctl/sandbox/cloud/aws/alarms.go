package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// Values that an alarm's properties may have (CloudWatch API reference, PutMetricAlarm).
var (
	comparisons = []string{
		"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
		"LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold",
	}
	statistics      = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}
	missingData     = []string{"breaching", "notBreaching", "ignore", "missing"}
	alarmProperties = map[string][]string{"comparisonOperator": comparisons, "statistic": statistics, "treatMissingData": missingData}
)

// metricAlarm follows terraform-provider-aws, internal/service/cloudwatch/metric_alarm.go.
func metricAlarm() *double.Type {
	return taggable(&double.Type{
		Args:  cloudwatch.MetricAlarmArgs{},
		Name:  named("name"),
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkTexts(pulumitype.AwsMetricAlarm, in, fail)
			checkRanges(pulumitype.AwsMetricAlarm, in, fail)
			for property, values := range alarmProperties {
				if value := double.String(in, property); value != "" && !slices.Contains(values, value) {
					fail(property, "expected %s to be one of %v, got %s", property, values, value)
				}
			}
			checkMetric(in, fail)
			checkPeriods(in, fail)
			checkActions(in, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name := double.String(in, "name")
			if c.World.Get(pulumitype.AwsMetricAlarm, regional(c), name) != nil {
				c.World.Warn(fmt.Sprintf("the alarm %s existed already and is overwritten: whoever made it has none any more", name))
			}
			warnOfTopics(c, in)
			s := state(in, double.Object{"arn": sessionOf(c).arn("cloudwatch", "alarm:"+name)})
			double.Default(s, "actionsEnabled", true)
			double.Default(s, "treatMissingData", "missing")
			return name, s, nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			warnOfTopics(c, in)
			return kept(r, in, double.Object{"actionsEnabled": true, "treatMissingData": "missing"}, nil), nil
		},
	})
}

func checkMetric(in double.Object, fail double.Fail) {
	queries := double.List(in, "metricQueries")
	metric := in["metricName"] != nil
	switch {
	case metric && len(queries) > 0:
		fail("metricQueries", `"metric_query": conflicts with metric_name`)
	case !metric && len(queries) == 0:
		fail("metricName", "one of `metric_name,metric_query` must be specified")
	case metric && (in["statistic"] == nil) == (in["extendedStatistic"] == nil):
		fail("statistic", "One of `statistic` or `extended_statistic` must be set for a cloudwatch metric alarm")
	case metric && (in["namespace"] == nil || in["period"] == nil):
		fail("namespace", "ValidationError: an alarm on a metric needs its namespace and a period")
	}
	if in["threshold"] == nil && in["thresholdMetricId"] == nil {
		fail("threshold", "ValidationError: one of threshold and thresholdMetricId must be given")
	}
	checkQueries(queries, fail)
}

// checkQueries: exactly one query returns the alarm's data; ids begin with a small letter and are unique (MetricDataQuery).
func checkQueries(queries []any, fail double.Fail) {
	if len(queries) == 0 {
		return
	}
	returning, ids := 0, []string{}
	for i, v := range queries {
		query, _ := v.(double.Object)
		at := fmt.Sprintf("metricQueries[%d]", i)
		id := double.String(query, "id")
		switch {
		case id == "" || id[0] < 'a' || id[0] > 'z':
			fail(at+".id", "ValidationError: the id %q must begin with a small letter", id)
		case slices.Contains(ids, id):
			fail(at+".id", "ValidationError: the id %q is not unique", id)
		case (query["expression"] == nil) == (query["metric"] == nil):
			fail(at, "ValidationError: exactly one of expression and metric must be given")
		}
		if query["returnData"] == true {
			returning++
		}
		ids = append(ids, id)
	}
	if returning != 1 {
		fail("metricQueries", "ValidationError: Exactly one element of the metrics list should return data.")
	}
}

// checkPeriods: a period is 10, 20, 30 or a multiple of 60 seconds; an alarm looks back a week at most, or a day with periods below
// an hour (API reference, PutMetricAlarm).
func checkPeriods(in double.Object, fail double.Fail) {
	periods, _ := in["evaluationPeriods"].(float64)
	if points, known := in["datapointsToAlarm"].(float64); known && points > periods && periods > 0 {
		fail("datapointsToAlarm", "ValidationError: DatapointsToAlarm must not be greater than EvaluationPeriods: %v and %v", points,
			periods)
	}
	period, known := in["period"].(float64)
	if !known {
		return
	}
	if period != 10 && period != 20 && period != 30 && (period < 60 || int(period)%60 != 0) {
		fail("period", "ValidationError: period must be 10, 20, 30, or a multiple of 60, got %v", period)
	}
	limit := 86400.0
	if period >= 3600 {
		limit *= 7
	}
	if periods*period > limit {
		fail("evaluationPeriods", "ValidationError: Metrics cannot be checked across more than %v seconds (EvaluationPeriods * Period)",
			limit)
	}
}

var actionLists = []string{"alarmActions", "okActions", "insufficientDataActions"}

func checkActions(in double.Object, fail double.Fail) {
	for _, list := range actionLists {
		actions := double.List(in, list)
		if len(actions) > 5 {
			fail(list, "Too many list items: No more than 5 actions are allowed, got %d", len(actions))
		}
		for _, v := range actions {
			if action, known := v.(string); known && !arn.IsARN(action) {
				fail(list, "%q is an invalid ARN", action)
			}
		}
	}
}

// warnOfTopics: CloudWatch does not ask whether the topics exist; nobody would hear of the alarm.
func warnOfTopics(c *double.Call, in double.Object) {
	s := sessionOf(c)
	for _, list := range actionLists {
		for _, v := range double.List(in, list) {
			topic, _ := v.(string)
			if strings.HasPrefix(topic, s.arn("sns", "")) && c.World.Get(pulumitype.AwsTopic, regional(c), topic) == nil {
				c.World.Warn(fmt.Sprintf("the alarm %s notifies %s, a topic that does not exist", double.String(in, "name"), topic))
			}
		}
	}
}
