package aws

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

func taskDefinition() *double.Type {
	return taggable(&double.Type{
		Args:  ecs.TaskDefinitionArgs{},
		Scope: regional,
		// The provider's id is the family, the same for every revision.
		Key: func(id string, state double.Object) string {
			if revision := double.String(state, "arn"); revision != "" {
				return revision
			}
			return id
		},
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkTexts(pulumitype.AwsTaskDefinition, in, fail)
			containers, err := containersOf(in)
			if err != nil {
				fail("containerDefinitions", "%v", err)
				return
			}
			checkFargate(in, fail)
			checkPlatform(in, fail)
			checkContainers(in, containers, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			family := double.String(in, "family")
			unrevised := sessionOf(c).arn("ecs", "task-definition/"+family)
			c.World.Revisions[unrevised]++
			revision := c.World.Revisions[unrevised]
			s := state(in, double.Object{
				"arn": fmt.Sprintf("%s:%d", unrevised, revision), "arnWithoutRevision": unrevised, "revision": float64(revision),
			})
			double.Default(s, "networkMode", "bridge")
			double.Default(s, "enableFaultInjection", false)
			return family, s, nil
		},
	})
}

// fargateMemory gives, in MiB, the least and most memory of a Fargate task by its CPU units, and the step between sizes
// (ECS developer guide, "Task size").
var fargateMemory = map[int][3]int{
	512:   {1024, 4096, 1024},
	1024:  {2048, 8192, 1024},
	2048:  {4096, 16384, 1024},
	4096:  {8192, 30720, 1024},
	8192:  {16384, 61440, 4096},
	16384: {32768, 122880, 8192},
}

func isFargate(in double.Object) bool {
	return slices.Contains(double.List(in, "requiresCompatibilities"), any("FARGATE"))
}

func checkFargate(in double.Object, fail double.Fail) {
	if !isFargate(in) {
		return
	}
	if mode, known := in["networkMode"].(string); known && mode != "awsvpc" || in["networkMode"] == nil {
		fail("networkMode", "ClientException: Fargate only supports network mode 'awsvpc'.")
	}
	if in["cpu"] == nil || in["memory"] == nil {
		fail("cpu", "ClientException: Fargate requires that 'cpu' and 'memory' be defined at the task level.")
		return
	}
	if in["cpu"] == double.Unknown || in["memory"] == double.Unknown {
		return
	}
	cpu, memory := double.String(in, "cpu"), double.String(in, "memory")
	if !fargateSize(cpu, memory) {
		fail("cpu", "ClientException: No Fargate configuration exists for given values: %s CPU, %s memory.", cpu, memory)
	}
}

func fargateSize(cpu, memory string) bool {
	units, err1 := strconv.Atoi(cpu)
	mib, err2 := strconv.Atoi(memory)
	if err1 != nil || err2 != nil {
		return false
	}
	if units == 256 {
		return mib == 512 || mib == 1024 || mib == 2048
	}
	size, ok := fargateMemory[units]
	return ok && mib >= size[0] && mib <= size[1] && (mib-size[0])%size[2] == 0
}

// checkPlatform: ECS API reference, RuntimePlatform, as far as the gateway runs there.
func checkPlatform(in double.Object, fail double.Fail) {
	platform := double.Map(in, "runtimePlatform")
	if cpu := double.String(platform, "cpuArchitecture"); cpu != "" && cpu != x86 && cpu != arm {
		fail("runtimePlatform.cpuArchitecture", "expected cpu_architecture to be one of [%s %s], got %s", x86, arm, cpu)
	}
	if system := double.String(platform, "operatingSystemFamily"); system != "" && system != "LINUX" {
		fail("runtimePlatform.operatingSystemFamily", "the sandbox models LINUX, not %q", system)
	}
}

func service() *double.Type {
	return taggable(&double.Type{
		Args: ecs.ServiceArgs{},
		// The cluster is answered as an ARN, and may be asked for by name.
		Equal: map[string]func(state, input any) bool{"cluster": func(state, input any) bool {
			return state == input || strings.HasSuffix(state.(string), ":cluster/"+input.(string))
		}},
		Name:  double.AutoName{Path: "name", Separator: "-", Digits: 7},
		Scope: regional,
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
			s := state(in, double.Object{"cluster": cluster.ARN(sessionOf(c).account),
				"iamRole": "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", "triggers": double.Object{}})
			double.Default(s, "launchType", "EC2")
			double.Default(s, "platformVersion", "LATEST")
			double.Default(s, "schedulingStrategy", "REPLICA")
			double.Default(s, "desiredCount", 0.0)
			return id, s, nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if err := checkGracePeriod(r.State, in); err != nil {
				return nil, fmt.Errorf("updating ECS Service (%s): %w", r.ID, err)
			}
			if err := checkService(c, in); err != nil {
				return nil, fmt.Errorf("updating ECS Service (%s): %w", r.ID, err)
			}
			s := double.Overlay(r.State, r.Inputs, in)
			s["cluster"] = r.State["cluster"] // answered as an ARN, whatever was asked
			warnOfNoRoom(c, r.State, s)
			if rolledBack(c, r, s) {
				s["taskDefinition"] = r.State["taskDefinition"]
			}
			return s, nil
		},
		Await: steadyState,
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			removeScaling(c, r)
			return nil
		},
	})
}

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

// findTask returns a task definition by ARN, by family:revision, or the newest by family.
func findTask(c *double.Call, name string) *world.Resource {
	if !arn.IsARN(name) {
		name = sessionOf(c).arn("ecs", "task-definition/"+name)
	}
	if revision, ok := c.World.Revisions[name]; ok {
		name = fmt.Sprintf("%s:%d", name, revision)
	}
	return c.World.Get(pulumitype.AwsTaskDefinition, regional(c), name)
}
