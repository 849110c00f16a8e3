package aws

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ecs"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// maxTaskDefinition, in bytes, is the most that ECS takes of containers.
const maxTaskDefinition = 64 << 10

func taskDefinition() *double.Type {
	return taggable(&double.Type{
		Args: ecs.TaskDefinitionArgs{},
		Equal: map[string]func(state, input any) bool{"containerDefinitions": func(state, input any) bool {
			before, _ := state.(string)
			after, known := input.(string)
			return known && sameContainers(before, after, true)
		}},
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
			// Amazon ECS endpoints and quotas, "Task definition size".
			if size := len(double.String(in, "containerDefinitions")); size > maxTaskDefinition {
				fail("containerDefinitions", "Actual length: '%d'. Max allowed length is '%d' bytes.", size, maxTaskDefinition)
			}
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
			for _, v := range double.List(s, "volumes") {
				double.Default(v.(double.Object), "configureAtLaunch", false)
			}
			containers, err := answeredContainers(double.String(in, "containerDefinitions"), s["networkMode"] == "awsvpc")
			s["containerDefinitions"] = containers
			return family, s, err
		},
		// With skipDestroy the provider asks ECS for nothing: the revision stays active (terraform-provider-aws 5.100, task_definition.go,
		// resourceTaskDefinitionDelete).
		Keeps:  func(in double.Object) bool { return in["skipDestroy"] == true },
		Delete: deregister,
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

// deregister makes a revision inactive. One that a service uses stays: the service goes on with it, and no other may take it (ECS API
// reference, DeregisterTaskDefinition).
func deregister(c *double.Call, r *world.Resource, _ double.Object) error {
	for _, service := range c.World.List(pulumitype.AwsEcsService, regional(c)) {
		if taskARN(c, double.String(service.State, "taskDefinition")) == r.ID {
			r.Deleted = true
		}
	}
	return nil
}

// taskARN is the ARN of a revision that is named by ARN, by family:revision, or by its family, whose newest it then is.
func taskARN(c *double.Call, name string) string {
	if !arn.IsARN(name) {
		name = sessionOf(c).arn("ecs", "task-definition/"+name)
	}
	if revision, ok := c.World.Revisions[name]; ok {
		name = fmt.Sprintf("%s:%d", name, revision)
	}
	return name
}

// findTask returns an active task definition.
func findTask(c *double.Call, name string) *world.Resource {
	return c.World.Get(pulumitype.AwsTaskDefinition, regional(c), taskARN(c, name))
}

// registeredTask returns a task definition that a service uses, also an inactive one.
func registeredTask(c *double.Call, name string) *world.Resource {
	return c.World.Resources[world.Key(pulumitype.AwsTaskDefinition, regional(c), taskARN(c, name))]
}
