package aws

import (
	"fmt"
	"math"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

func service() *double.Type {
	return taggable(&double.Type{
		Args:  ecs.ServiceArgs{},
		Name:  double.AutoName{Path: "name", Separator: "-", Digits: 7},
		Scope: regional,
		// An import names a service as CLUSTER/NAME (terraform-provider-aws 5.100, service.go, resourceServiceImport).
		Find: func(c *double.Call, id string) (*world.Resource, error) {
			if !arn.IsARN(id) {
				id = sessionOf(c).arn("ecs", "service/"+id)
			}
			return c.World.Get(pulumitype.AwsEcsService, regional(c), id), nil
		},
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkTexts(pulumitype.AwsEcsService, in, fail)
			checkRanges(pulumitype.AwsEcsService, in, fail)
			checkPercents(in, fail)
			if in["healthCheckGracePeriodSeconds"] != nil && in["loadBalancers"] == nil {
				fail("healthCheckGracePeriodSeconds", "InvalidParameterException: healthCheckGracePeriodSeconds is only valid for "+
					"services configured to use load balancers")
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name := double.String(in, "name")
			cluster, err := findCluster(c, double.String(in, "cluster"))
			if err != nil {
				return "", nil, fmt.Errorf("creating ECS Service (%s): %w", name, err)
			}
			if err := checkService(c, in); err != nil {
				return "", nil, fmt.Errorf("creating ECS Service (%s): %w", name, err)
			}
			id := sessionOf(c).arn("ecs", "service/"+cluster.Name+"/"+name)
			if c.World.Get(pulumitype.AwsEcsService, regional(c), id) != nil {
				return "", nil, fmt.Errorf("creating ECS Service (%s): InvalidParameterException: Creation of service was not idempotent",
					name)
			}
			return id, deploy(c, id, nil, completed(state(in, nil), double.Clone(serviceAnswers))), nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if err := checkGracePeriod(r.State, in); err != nil {
				return nil, fmt.Errorf("updating ECS Service (%s): %w", r.ID, err)
			}
			s := double.Overlay(r.State, r.Inputs, in)
			for _, property := range staying {
				double.Default(s, property, r.State[property])
			}
			completed(s, double.Clone(serviceAnswers))
			if !asks(c) {
				scale(c, r.ID, s) // ECS does so by itself
				return s, nil
			}
			if err := checkService(c, in); err != nil {
				return nil, fmt.Errorf("updating ECS Service (%s): %w", r.ID, err)
			}
			warnOfNoRoom(c, r.State, s)
			return change(c, r, s), nil
		},
		Await:  steadyState,
		Delete: deleteService,
	})
}

// serviceAnswers are what ECS answers of a service where nothing was asked for (terraform-provider-aws 5.100, service.go,
// resourceServiceRead). Cluster and task definition are kept in the form in which they were asked for.
var serviceAnswers = double.Object{
	"availabilityZoneRebalancing": "DISABLED", "deploymentController": double.Object{"type": "ECS"}, "deploymentMaximumPercent": 200.0,
	"deploymentMinimumHealthyPercent": 100.0, "desiredCount": 0.0, "enableEcsManagedTags": false, "enableExecuteCommand": false,
	"healthCheckGracePeriodSeconds": 0.0, "iamRole": "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", "launchType": "EC2",
	"platformVersion": "LATEST", "propagateTags": "NONE", "schedulingStrategy": "REPLICA", "triggers": double.Object{},
}

// staying are the properties that ECS keeps when they are taken away: the provider sends nothing for them (terraform-provider-aws 5.100,
// service.go: SuppressMissingOptionalConfigurationBlock, and an empty propagate_tags, which the SDK leaves out).
var staying = []string{"alarms", "deploymentCircuitBreaker", "propagateTags"}

// checkPercents: ECS developer guide, "Service deployment parameters". Limits are as CreateService has them.
func checkPercents(in double.Object, fail double.Fail) {
	least, known1 := in["deploymentMinimumHealthyPercent"].(float64)
	most, known2 := in["deploymentMaximumPercent"].(float64)
	if known1 && known2 && least == 100 && most == 100 {
		fail("deploymentMaximumPercent", "InvalidParameterException: Both maximumPercent and minimumHealthyPercent cannot be 100 as this "+
			"will block deployments.")
	}
	if known1 && (least < 0 || least > 100) {
		fail("deploymentMinimumHealthyPercent", "InvalidParameterException: minimumHealthyPercent must be from 0 to 100, got %v", least)
	}
	if known2 && most < 100 {
		fail("deploymentMaximumPercent", "InvalidParameterException: maximumPercent must be 100 or more, got %v", most)
	}
}

// warnOfNoRoom tells of a deployment that ECS can never finish: the percentages let it neither start a new task nor stop an old one.
// ECS rounds the most down and the least up.
func warnOfNoRoom(c *double.Call, before, after double.Object) {
	if before["taskDefinition"] == after["taskDefinition"] {
		return
	}
	tasks, _ := after["desiredCount"].(float64)
	least, most := 100.0, 200.0
	if percent, ok := after["deploymentMinimumHealthyPercent"].(float64); ok {
		least = percent
	}
	if percent, ok := after["deploymentMaximumPercent"].(float64); ok {
		most = percent
	}
	if tasks > 0 && math.Floor(tasks*most/100) <= tasks && math.Ceil(tasks*least/100) >= tasks {
		c.World.Warn(fmt.Sprintf("a deployment of service %s cannot go on: with %v tasks, %v %% at least and %v %% at most, ECS may "+
			"neither start one nor stop one", after["name"], tasks, least, most))
	}
}

// checkService refuses a service whose task definition, network, target groups or registry are not there, or do not fit together (ECS
// API reference, CreateService).
func checkService(c *double.Call, in double.Object) error {
	task := findTask(c, double.String(in, "taskDefinition"))
	if task == nil {
		return fmt.Errorf("InvalidParameterException: TaskDefinition not found: %s", double.String(in, "taskDefinition"))
	}
	awsvpc := task.State["networkMode"] == "awsvpc"
	if awsvpc && in["networkConfiguration"] == nil {
		return fmt.Errorf("InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified")
	}
	if in["launchType"] == "FARGATE" && !isFargate(task.State) {
		return fmt.Errorf("InvalidParameterException: Task definition does not support launch_type FARGATE")
	}
	if in["enableExecuteCommand"] == true && double.String(task.State, "taskRoleArn") == "" {
		return fmt.Errorf("InvalidParameterException: The service couldn't be created because a valid taskRoleArn is not being used. " +
			"Specify a valid task role in your task definition and try again")
	}
	if awsvpc {
		if err := checkPlace(c, in); err != nil {
			return err
		}
	}
	if err := checkTargets(c, in, task); err != nil {
		return err
	}
	return checkRegistry(c, in)
}

// checkTargets refuses target groups that no load balancer uses, or that do not take addresses, and ports that no container has.
func checkTargets(c *double.Call, in double.Object, task *world.Resource) error {
	containers, err := containersOf(task.State)
	if err != nil {
		return err
	}
	for _, v := range double.List(in, "loadBalancers") {
		at, _ := v.(double.Object)
		arn, name, port := double.String(at, "targetGroupArn"), double.String(at, "containerName"), at["containerPort"]
		group := c.World.Get(pulumitype.AwsTargetGroup, regional(c), arn)
		switch {
		case group == nil:
			return fmt.Errorf("InvalidParameterException: The target group %s does not exist", arn)
		case len(balancersOf(c, arn)) == 0:
			return fmt.Errorf("InvalidParameterException: The target group with targetGroupArn %s does not have an associated load "+
				"balancer", arn)
		case task.State["networkMode"] == "awsvpc" && group.State["targetType"] != "ip":
			return fmt.Errorf("InvalidParameterException: The provided target group %s has target type %v, which is incompatible with "+
				"the awsvpc network mode specified in the task definition", arn, group.State["targetType"])
		}
		i := slices.IndexFunc(containers, func(c container) bool { return c.Name == name })
		if i < 0 {
			return fmt.Errorf("InvalidParameterException: The container %s does not exist in the task definition", name)
		}
		if !slices.ContainsFunc(containers[i].PortMappings, func(m portMapping) bool { return float64(m.ContainerPort) == port }) {
			return fmt.Errorf("InvalidParameterException: The container %s did not have a container port %v defined", name, port)
		}
	}
	return nil
}
