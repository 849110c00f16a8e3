package effects

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const noTask = "no task is touched"

// deploying are the properties of an ECS service for which ECS starts its tasks anew, as people call them (Amazon ECS API reference,
// UpdateService; developer guide, "Amazon ECS service revisions").
var deploying = []struct {
	property resource.PropertyKey
	cause    string
}{
	{"taskDefinition", "another revision of the task"},
	{"networkConfiguration", "subnets, security groups or public address"},
	{"loadBalancers", "the target group"},
	{"serviceRegistries", "the name in Cloud Map"},
	{"platformVersion", "the platform version"},
	{"serviceConnectConfiguration", "Service Connect"},
	{"volumeConfiguration", "volumes"},
	{"vpcLatticeConfigurations", "VPC Lattice"},
}

// ofTasks is of an ECS service.
func ofTasks(c Change) string {
	before, after := number(c.Before, 1, "desiredCount"), number(c.After, 1, "desiredCount")
	switch c.Op {
	case Create:
		return c.starts(after, "task")
	case Anew:
		return c.starts(after, "task") + "; a former service goes first, with its tasks"
	case Delete:
		return fmt.Sprintf("%d %s", before, goes("task", before))
	case Replace:
		return "replaces: the tasks go first, and none serves until the new ones are healthy"
	case Same:
		return c.untouched(noTask, tasksCounted)
	}
	scales := c.scaling(before, after, "task")
	for _, d := range deploying {
		if c.differs(d.property) {
			c.Causes = append(c.Causes, d.cause)
		}
	}
	forced, _ := at(c.After, "forceNewDeployment")
	switch {
	case len(c.Causes) > 0 || forced.IsBool() && forced.BoolValue():
		return joined(c.because(c.deploys(before)), scales)
	case scales != "":
		return scales
	}
	return c.untouched(noTask, tasksCounted)
}

// deploys says how ECS starts tasks anew: it stops none below the least share that must be healthy, rounded up, which is all of them where
// nothing is said (Amazon ECS API reference, DeploymentConfiguration).
func (c Change) deploys(tasks int) string {
	kept := (tasks*number(c.After, 100, "deploymentMinimumHealthyPercent") + 99) / 100
	switch {
	case tasks == 0 && !c.Autoscaled:
		return noTask + ": none runs"
	case kept == 0:
		return "replaces: the tasks go first, and none serves until the new ones are healthy"
	case kept >= tasks:
		return fmt.Sprintf("rolls %s, new ones first", c.count(tasks, "task"))
	}
	return fmt.Sprintf("rolls %s, of which at least %d stay until new ones are healthy", c.count(tasks, "task"), kept)
}
