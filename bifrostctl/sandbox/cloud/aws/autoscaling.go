package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/appautoscaling"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// The types follow terraform-provider-aws, internal/service/appautoscaling, and the Application Auto Scaling API reference; only the
// desired count of ECS services is modelled.

const (
	ecsNamespace = "ecs"
	desiredCount = "ecs:service:DesiredCount"
)

var scalableID = regexp.MustCompile(`^service/[^/]+/[^/]+$`)

func checkScalable(in double.Object, fail double.Fail) {
	if namespace, known := in["serviceNamespace"].(string); known && namespace != ecsNamespace {
		fail("serviceNamespace", "the sandbox models the namespace %s, not %q", ecsNamespace, namespace)
	}
	if dimension, known := in["scalableDimension"].(string); known && dimension != desiredCount {
		fail("scalableDimension", "ValidationException: Unsupported service namespace, resource type or scalable dimension: %q; services "+
			"of ECS have %s", dimension, desiredCount)
	}
	if id, known := in["resourceId"].(string); known && !scalableID.MatchString(id) {
		fail("resourceId", "ValidationException: Unsupported resource type: %q; services of ECS are service/CLUSTER/SERVICE", id)
	}
}

func scalableTarget() *double.Type {
	return taggable(&double.Type{
		Args:  appautoscaling.TargetArgs{},
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkScalable(in, fail)
			least, known1 := in["minCapacity"].(float64)
			most, known2 := in["maxCapacity"].(float64)
			if known1 && least < 0 {
				fail("minCapacity", "ValidationException: Minimum capacity cannot be less than 0")
			}
			if known1 && known2 && most < least {
				fail("maxCapacity", "ValidationException: Maximum capacity cannot be less than minimum capacity")
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			id := double.String(in, "resourceId")
			if c.World.Get(pulumitype.AwsScalableTarget, regional(c), id) != nil && len(double.Map(in, "tags")) > 0 {
				//lint:ignore ST1005 the words are not ours
				return "", nil, fmt.Errorf("creating Application AutoScaling Target (%s): ValidationException: The scalable target that "+
					"you tried to tag already exists. To update tags on an existing scalable target, use the TagResource API.", id)
			}
			if err := keepWithin(c, in); err != nil {
				return "", nil, fmt.Errorf("creating Application AutoScaling Target (%s): %w", id, err)
			}
			s := sessionOf(c)
			made := state(in, double.Object{"arn": s.arn("application-autoscaling",
				"scalable-target/"+world.Hex(24, "scalable target", c.World.Next()))})
			double.Default(made, "roleArn", s.arn("iam",
				"role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"))
			return id, made, nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if err := keepWithin(c, in); err != nil {
				return nil, fmt.Errorf("updating Application AutoScaling Target (%s): %w", r.ID, err)
			}
			return double.Overlay(r.State, r.Inputs, in), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			removePolicies(c, r.ID)
			return nil
		},
		Exclusive: oneWriteATarget,
	})
}

// oneWriteATarget: Application Auto Scaling refuses a call about a scalable target while it works on another (API reference,
// ConcurrentUpdateException), and the provider does not try again (terraform-provider-aws #17915; 5.x, appautoscaling/policy.go,
// resourcePolicyCreate).
var oneWriteATarget = &double.Exclusive{
	Place: func(c *double.Call, _ string, in double.Object) string {
		return regional(c) + "/" + double.String(in, "resourceId")
	},
	Refuse: func(place string) error {
		return fmt.Errorf("ConcurrentUpdateException: You already have a pending update to an Auto Scaling resource: %s", place)
	},
}

// removePolicies: policies go with their scalable target (API reference, DeregisterScalableTarget).
func removePolicies(c *double.Call, resourceID string) {
	for _, policy := range policiesOf(c, resourceID) {
		c.World.Remove(policy)
	}
}

// removeScaling: a scalable target goes with its service (terraform-provider-aws #5747, #10432 and #14254).
func removeScaling(c *double.Call, service *world.Resource) {
	_, id, _ := strings.Cut(service.ID, ":service/")
	if target := c.World.Get(pulumitype.AwsScalableTarget, regional(c), "service/"+id); target != nil {
		removePolicies(c, target.ID)
		c.World.Remove(target)
	}
}

// scaledService is the service that a scalable target is about, or nil.
func scaledService(c *double.Call, resourceID string) *world.Resource {
	return c.World.Get(pulumitype.AwsEcsService, regional(c), sessionOf(c).arn("ecs", resourceID))
}

// keepWithin brings the desired count of the target's service between its least and its most.
func keepWithin(c *double.Call, in double.Object) error {
	id := double.String(in, "resourceId")
	scaled := scaledService(c, id)
	if scaled == nil {
		return fmt.Errorf("ValidationException: ECS service doesn't exist: %s", id)
	}
	desired, _ := scaled.State["desiredCount"].(float64)
	scaled.State["desiredCount"] = min(max(desired, in["minCapacity"].(float64)), in["maxCapacity"].(float64))
	return nil
}

func policiesOf(c *double.Call, resourceID string) []*world.Resource {
	return slices.DeleteFunc(c.World.List(pulumitype.AwsScalingPolicy, regional(c)), func(p *world.Resource) bool {
		return p.State["resourceId"] != resourceID
	})
}

func scalingPolicy() *double.Type {
	return &double.Type{
		Args:  appautoscaling.PolicyArgs{},
		Name:  named("name"),
		Scope: regional,
		// The provider's id is the name, which other targets' policies may have, too.
		Key: func(id string, state double.Object) string { return double.String(state, "resourceId") + "/" + id },
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkScalable(in, fail)
			checkTexts(pulumitype.AwsScalingPolicy, in, fail)
			checkTracking(in, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name := double.String(in, "name")
			if err := checkPolicyTarget(c, in); err != nil {
				return "", nil, fmt.Errorf("creating Application Auto Scaling Scaling Policy (%s): %w", name, err)
			}
			id := world.GUID("scaling policy", c.World.Next())
			return name, state(in, double.Object{
				"arn": sessionOf(c).arn("autoscaling",
					fmt.Sprintf("scalingPolicy:%s:resource/ecs/%s:policyName/%s", id, double.String(in, "resourceId"), name)),
				"alarmArns": []any{},
			}), nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if err := checkPolicyTarget(c, in); err != nil {
				return nil, fmt.Errorf("updating Application Auto Scaling Scaling Policy (%s): %w", r.PulumiID(), err)
			}
			return double.Overlay(r.State, r.Inputs, in), nil
		},
		Exclusive: oneWriteATarget,
	}
}

// trackedMetrics are the predefined metrics of ECS services (API reference, PredefinedMetricSpecification).
var trackedMetrics = []string{"ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization", requestsPerTarget}

const (
	requestsPerTarget = "ALBRequestCountPerTarget"
	metricType        = "targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.predefinedMetricType"
	metricLabel       = "targetTrackingScalingPolicyConfiguration.predefinedMetricSpecification.resourceLabel"
)

func checkTracking(in double.Object, fail double.Fail) {
	const tracking = "targetTrackingScalingPolicyConfiguration"
	typ := double.String(in, "policyType")
	switch {
	case in[tracking] == nil && in["stepScalingPolicyConfiguration"] == nil:
		fail("policyType", "ValidationException: a scaling policy needs the configuration of its type")
		return
	case in["stepScalingPolicyConfiguration"] != nil:
		fail("stepScalingPolicyConfiguration", "the sandbox models target tracking only")
		return
	case typ != "TargetTrackingScaling" && in["policyType"] != double.Unknown:
		fail("policyType", "ValidationException: TargetTrackingScalingPolicyConfiguration is for policies of type TargetTrackingScaling, "+
			"not %q (the default is StepScaling)", typ)
	}
	config := double.Map(in, tracking)
	if value, known := config["targetValue"].(float64); known && value <= 0 {
		fail(tracking+".targetValue", "ValidationException: TargetValue must be greater than 0, got %v", value)
	}
	for _, cooldown := range []string{"scaleInCooldown", "scaleOutCooldown"} {
		if seconds, known := config[cooldown].(float64); known && seconds < 0 {
			fail(tracking+"."+cooldown, "ValidationException: %s must be 0 or more seconds, got %v", cooldown, seconds)
		}
	}
	if (config["predefinedMetricSpecification"] == nil) == (config["customizedMetricSpecification"] == nil) {
		fail(tracking, "ValidationException: exactly one of the predefined and the customized metric specification must be given")
	}
	metric, known := double.Get(in, metricType).(string)
	if !known {
		return
	}
	switch label := double.Get(in, metricLabel); {
	case !slices.Contains(trackedMetrics, metric):
		fail(metricType, "ValidationException: The metric %q is not one of ECS services: %s", metric, strings.Join(trackedMetrics, ", "))
	case metric == requestsPerTarget && label == nil:
		fail(metricLabel, "ValidationException: A ResourceLabel must be specified for the metric %s", requestsPerTarget)
	case metric != requestsPerTarget && label != nil:
		fail(metricLabel, "ValidationException: A ResourceLabel can be specified only for the metric %s", requestsPerTarget)
	}
}

// checkPolicyTarget refuses a policy of what is not scalable, a second one of a metric, and a label of what is not the service's.
func checkPolicyTarget(c *double.Call, in double.Object) error {
	id, name := double.String(in, "resourceId"), double.String(in, "name")
	if c.World.Get(pulumitype.AwsScalableTarget, regional(c), id) == nil {
		return fmt.Errorf("ObjectNotFoundException: No scalable target registered for service namespace: %s, resource ID: %s, scalable "+
			"dimension: %s", ecsNamespace, id, desiredCount)
	}
	metric := double.String(in, metricType)
	for _, other := range policiesOf(c, id) {
		if metric != "" && other.State["name"] != name && double.String(other.State, metricType) == metric {
			return fmt.Errorf("ValidationException: Only one TargetTrackingScaling policy for a given metric specification is allowed: %s",
				metric)
		}
	}
	if metric != requestsPerTarget {
		return nil
	}
	label := double.String(in, metricLabel)
	for _, group := range targetsOf(scaledService(c, id)) {
		for _, balancer := range balancersOf(c, group) {
			of := double.String(stateOf(c, pulumitype.AwsLoadBalancer, balancer.(string)), "arnSuffix")
			if label == of+"/"+double.String(stateOf(c, pulumitype.AwsTargetGroup, group), "arnSuffix") {
				return nil
			}
		}
	}
	return fmt.Errorf("ValidationException: The resource label %q is no load balancer with a target group of the service; write "+
		"app/NAME/ID/targetgroup/NAME/ID", label)
}

// targetsOf are the ARNs of the target groups in which a service registers its tasks.
func targetsOf(service *world.Resource) []string {
	if service == nil {
		return nil
	}
	var groups []string
	for _, v := range double.List(service.State, "loadBalancers") {
		at, _ := v.(double.Object)
		groups = append(groups, double.String(at, "targetGroupArn"))
	}
	return groups
}
