package aws

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// deployed are the properties of a service whose change starts a deployment; a rollback returns to what they were (ECS API reference,
// UpdateService; ECS developer guide, "Amazon ECS service revisions").
var deployed = []string{
	"taskDefinition", "networkConfiguration", "loadBalancers", "serviceRegistries", "platformVersion", "serviceConnectConfiguration",
	"volumeConfiguration", "vpcLatticeConfigurations",
}

// asks tells whether the provider asks ECS for anything in an update, and waits: not where only tags changed, or nothing, because the
// engine repeats what did not become ready (terraform-provider-aws 5.100, service.go, resourceServiceUpdate).
func asks(c *double.Call) bool {
	return slices.ContainsFunc(c.Changed, func(property string) bool {
		return !slices.Contains([]string{"forceDelete", "tags", "tagsAll"}, property)
	})
}

// change lets ECS make a service what it is to be, and returns what it then is.
func change(c *double.Call, r *world.Resource, becomes double.Object) double.Object {
	deploys := func(property string) bool { return slices.Contains(deployed, property) }
	if becomes["forceNewDeployment"] == true || slices.ContainsFunc(c.Changed, deploys) {
		return deploy(c, r.ID, r.State, becomes)
	}
	scale(c, r.ID, becomes)
	return becomes
}

// deploy lets ECS start the tasks of a service anew, and returns the service as it then is: where the circuit breaker gives the deployment
// up and rolls it back, with the revision that ran (ECS developer guide, "How the Amazon ECS deployment circuit breaker detects failures").
// The provider calls that a success, because the service is steady (terraform-provider-aws issue 20858). Before is nil for a new service.
func deploy(c *double.Call, id string, before, becomes double.Object) double.Object {
	desired, number := desiredTasks(becomes), tasksOf(c, id, before).Deployments+1
	defer func() { c.World.Tasks[id].Deployments = number }()
	problems := taskProblems(c, becomes, double.String(becomes, "taskDefinition"))
	if desired == 0 || len(problems) == 0 {
		c.World.Tasks[id] = &world.ServiceTasks{Running: desired}
		if desired > 0 {
			warnOfTasks(c, becomes)
		}
		return becomes
	}
	tellEvents(c, becomes, problems)
	breaker := double.Map(becomes, "deploymentCircuitBreaker")
	kept := keptTasks(becomes, tasksOf(c, id, before))
	if before == nil || breaker["enable"] != true || breaker["rollback"] != true || tasksOf(c, id, before).Failed {
		c.World.Tasks[id] = &world.ServiceTasks{Running: kept, Failed: breaker["enable"] == true}
		return becomes
	}
	back := double.Clone(becomes)
	for _, property := range deployed {
		delete(back, property)
		if was := before[property]; was != nil {
			back[property] = was
		}
	}
	// Old tasks that still run need not start again.
	if kept < desired && len(taskProblems(c, back, double.String(back, "taskDefinition"))) > 0 {
		c.World.Tasks[id] = &world.ServiceTasks{Running: kept, Failed: true}
		return becomes
	}
	c.World.Tasks[id] = &world.ServiceTasks{Running: desired}
	return back
}

// scale lets ECS start or stop tasks of the revision that runs. After a deployment that was given up it starts none.
func scale(c *double.Call, id string, service double.Object) {
	tasks, desired := tasksOf(c, id, service), desiredTasks(service)
	if desired > tasks.Running {
		if tasks.Failed {
			return
		}
		if problems := taskProblems(c, service, double.String(service, "taskDefinition")); len(problems) > 0 {
			tellEvents(c, service, problems)
			return
		}
	}
	tasks.Running = desired
}

// tasksOf is what runs of a service. A service that a sandbox of an older form has is steady.
func tasksOf(c *double.Call, id string, service double.Object) *world.ServiceTasks {
	if c.World.Tasks[id] == nil {
		c.World.Tasks[id] = &world.ServiceTasks{Running: desiredTasks(service)}
	}
	return c.World.Tasks[id]
}

func desiredTasks(service double.Object) int {
	desired, _ := service["desiredCount"].(float64)
	return int(desired)
}

// keptTasks is how many of the tasks that run ECS does not stop before new ones are healthy: it rounds up.
func keptTasks(service double.Object, tasks *world.ServiceTasks) int {
	least, given := service["deploymentMinimumHealthyPercent"].(float64)
	if !given {
		least = 100
	}
	return min(tasks.Running, int(math.Ceil(float64(desiredTasks(service))*least/100)))
}

// tellEvents tells what `aws ecs describe-services` and the stopped tasks tell: the provider's errors have no reason.
func tellEvents(c *double.Call, service double.Object, problems []string) {
	for _, problem := range problems {
		c.World.Warn(fmt.Sprintf("tasks of ECS service %s do not stay; its events and stopped tasks say: %s", service["name"], problem))
	}
}

// serviceTimeout is how long the provider waits for a service by itself (terraform-provider-aws 5.100, service.go, resourceService).
const serviceTimeout = 20 * time.Minute

// steadyState returns that the provider waits in vain, where it waits: for as many tasks as are wanted, and until what ran before is gone
// (terraform-provider-aws 5.100, service.go, waitServiceStable, statusServiceWaitForStable). It gives no reason.
func steadyState(c *double.Call, r *world.Resource) []string {
	if c.Reading || r.Inputs["waitForSteadyState"] != true || !c.Creating && !asks(c) {
		return nil
	}
	timeout, operation := waits(c), "update"
	if c.Creating {
		operation = "create"
	}
	steady := tasksOf(c, r.ID, r.State).Running >= desiredTasks(r.State)
	if steady && (c.Creating || draining(c, r.State) < timeout) {
		return nil
	}
	return []string{fmt.Sprintf("waiting for ECS Service (%s) %s: timeout while waiting for state to become 'tfSTABLE' (last state: "+
		"'tfPENDING', timeout: %s)", r.ID, operation, timeout)}
}

func waits(c *double.Call) time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return serviceTimeout
}

// draining is how long a task takes to go: its target groups let it finish what it serves, and then it may clean up (Application load
// balancers, "Deregistration delay"; ECS API reference, ContainerDefinition, stopTimeout).
func draining(c *double.Call, service double.Object) time.Duration {
	var delay, stop float64
	for _, v := range double.List(service, "loadBalancers") {
		at, _ := v.(double.Object)
		group := c.World.Get(pulumitype.AwsTargetGroup, regional(c), double.String(at, "targetGroupArn"))
		if group == nil {
			continue
		}
		switch given := group.State["deregistrationDelay"].(type) {
		case float64:
			delay = max(delay, given)
		case string:
			seconds, _ := strconv.ParseFloat(given, 64)
			delay = max(delay, seconds)
		}
	}
	if task := registeredTask(c, double.String(service, "taskDefinition")); task != nil {
		containers, _ := containersOf(task.State)
		for _, container := range containers {
			if container.StopTimeout != nil {
				stop = max(stop, float64(*container.StopTimeout))
			}
		}
	}
	return time.Duration(delay+stop) * time.Second
}

// deleteService lets the tasks go and, with the service, the revisions that were deregistered while it used them. The provider waits for
// that (terraform-provider-aws 5.100, service.go, resourceServiceDelete, waitServiceInactive).
func deleteService(c *double.Call, r *world.Resource, _ double.Object) error {
	if tasksOf(c, r.ID, r.State).Running > 0 && draining(c, r.State) >= waits(c) {
		r.State["desiredCount"] = 0.0
		tasksOf(c, r.ID, r.State).Running = 0
		return fmt.Errorf("waiting for ECS Service (%s) delete: timeout while waiting for state to become 'INACTIVE' (last state: "+
			"'DRAINING', timeout: %s)", r.ID, waits(c))
	}
	removeScaling(c, r)
	delete(c.World.Tasks, r.ID)
	if task := registeredTask(c, double.String(r.State, "taskDefinition")); task != nil && task.Deleted {
		c.World.Remove(task)
	}
	return nil
}
