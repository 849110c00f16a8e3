package aws

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/world"
)

const (
	taskDefinitionType = "aws:ecs/taskDefinition:TaskDefinition"
	serviceType        = "aws:ecs/service:Service"
)

// container is what the double reads of a container definition.
type container struct {
	Name    string `json:"name"`
	Image   string `json:"image"`
	Secrets []struct {
		Name      string `json:"name"`
		ValueFrom string `json:"valueFrom"`
	} `json:"secrets"`
	HealthCheck *struct {
		Command []string `json:"command"`
	} `json:"healthCheck"`
	LogConfiguration *struct {
		LogDriver string            `json:"logDriver"`
		Options   map[string]string `json:"options"`
	} `json:"logConfiguration"`
}

func taskDefinition() *double.Type {
	return taggable(&double.Type{
		Args: ecs.TaskDefinitionArgs{},
		// All but tags, skipDestroy and trackLatest: ECS never changes a revision.
		Replace: []string{
			"containerDefinitions", "cpu", "enableFaultInjection", "ephemeralStorage", "executionRoleArn", "family",
			"inferenceAccelerators", "ipcMode", "memory", "networkMode", "pidMode", "placementConstraints",
			"proxyConfiguration", "requiresCompatibilities", "runtimePlatform", "taskRoleArn", "volumes",
		},
		Computed: []string{"arn", "arnWithoutRevision", "revision", "networkMode", "enableFaultInjection"},
		Scope:    regional,
		// The provider's id is the family, the same for every revision.
		Key: func(id string, state double.Object) string {
			if revision := double.String(state, "arn"); revision != "" {
				return revision
			}
			return id
		},
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkTexts(taskDefinitionType, in, fail)
			containers, err := containersOf(in)
			if err != nil {
				fail("containerDefinitions", "%v", err)
				return
			}
			checkFargate(in, fail)
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

// containersOf reads the container definitions; none where they are not known yet.
func containersOf(in double.Object) ([]container, error) {
	text, known := in["containerDefinitions"].(string)
	if !known {
		return nil, nil
	}
	var containers []container
	if err := json.Unmarshal([]byte(text), &containers); err != nil {
		return nil, fmt.Errorf("ECS Task Definition container_definitions is invalid: %w", err)
	}
	if len(containers) == 0 {
		return nil, fmt.Errorf("ClientException: Container list cannot be empty")
	}
	return containers, nil
}

func checkContainers(in double.Object, containers []container, fail double.Fail) {
	for i, c := range containers {
		at := fmt.Sprintf("containerDefinitions[%d]", i)
		if c.Name == "" || c.Image == "" {
			fail("containerDefinitions", "ClientException: %s: Container.name and Container.image should not be null or empty.", at)
		}
		if len(c.Secrets) > 0 && in["executionRoleArn"] == nil {
			fail("executionRoleArn", "ClientException: When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
		}
		if isFargate(in) && c.LogConfiguration != nil && c.LogConfiguration.LogDriver == "awslogs" && in["executionRoleArn"] == nil {
			fail("executionRoleArn", "ClientException: Fargate requires task definition to have execution role ARN to support log driver awslogs.")
		}
	}
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

func service() *double.Type {
	return taggable(&double.Type{
		Args:     ecs.ServiceArgs{},
		Name:     double.AutoName{Path: "name", Separator: "-", Digits: 7},
		Replace:  []string{"cluster", "deploymentController.type", "iamRole", "launchType", "name", "schedulingStrategy"},
		Computed: []string{"cluster", "iamRole", "launchType", "platformVersion", "triggers"},
		Scope:    regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkTexts(serviceType, in, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name := double.String(in, "name")
			cluster, err := findCluster(c, double.String(in, "cluster"))
			if err != nil {
				return "", nil, fmt.Errorf("creating ECS Service (%s): %w", name, err)
			}
			if err := checkTask(c, in); err != nil {
				return "", nil, fmt.Errorf("creating ECS Service (%s): %w", name, err)
			}
			id := sessionOf(c).arn("ecs", "service/"+cluster.Name+"/"+name)
			if c.World.Get(serviceType, regional(c), id) != nil {
				return "", nil, fmt.Errorf("creating ECS Service (%s): InvalidParameterException: Creation of service was not idempotent", name)
			}
			s := state(in, double.Object{"cluster": cluster.ARN(sessionOf(c).account), "iamRole": "/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", "triggers": double.Object{}})
			double.Default(s, "launchType", "EC2")
			double.Default(s, "platformVersion", "LATEST")
			double.Default(s, "schedulingStrategy", "REPLICA")
			double.Default(s, "desiredCount", 0.0)
			return id, s, nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if err := checkTask(c, in); err != nil {
				return nil, fmt.Errorf("updating ECS Service (%s): %w", r.ID, err)
			}
			s := double.Overlay(r.State, r.Inputs, in)
			s["cluster"] = r.State["cluster"] // answered as an ARN, whatever was asked
			if rolledBack(c, r, s) {
				s["taskDefinition"] = r.State["taskDefinition"]
			}
			return s, nil
		},
		Await: steadyState,
	})
}

// checkTask refuses a service whose task definition does not exist or does not fit its network.
func checkTask(c *double.Call, in double.Object) error {
	task := findTask(c, double.String(in, "taskDefinition"))
	if task == nil {
		return fmt.Errorf("InvalidParameterException: TaskDefinition not found: %s", double.String(in, "taskDefinition"))
	}
	if task.State["networkMode"] == "awsvpc" && in["networkConfiguration"] == nil {
		return fmt.Errorf("InvalidParameterException: Network Configuration must be provided when networkMode 'awsvpc' is specified")
	}
	if in["launchType"] == "FARGATE" && !isFargate(task.State) {
		return fmt.Errorf("InvalidParameterException: Task definition does not support launch_type FARGATE")
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
	return c.World.Get(taskDefinitionType, regional(c), name)
}
