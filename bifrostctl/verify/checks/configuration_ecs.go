package checks

import (
	"context"
	"fmt"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
)

// ecsDrift compares the configuration with what runs on ECS.
type ecsDrift struct {
	Stack
	ecs service.ECS
}

func (s Stack) ecsConfiguration(c service.Clouds) []check.Check {
	d := ecsDrift{s, c.ECS}
	return []check.Check{
		{Code: "ecs-config-image", Description: "the configured image is that of the ECS service's tasks", Run: d.image},
		{Code: "ecs-config-count", Description: "the configured number of tasks is that of the ECS service", Run: d.count},
	}
}

func (d ecsDrift) image(ctx context.Context) check.Result {
	running, err := d.ecs.Service(ctx, d.Outputs.ECS.Cluster, d.Outputs.ECS.Service)
	if err != nil {
		return d.failedService(err)
	}
	task, err := d.ecs.TaskDefinition(ctx, running.TaskDefinition)
	if err != nil {
		return unreadable("task definition "+running.TaskDefinition, err, d.awsLogin())
	}
	want := d.Stack.Config.Image().String()
	if have := task.Images[d.Outputs.ECS.Service]; have != want { // the container is named as the service
		return check.Fail(d.up(), "%s runs %q, and registry.image is %s", name(running.TaskDefinition), have, want)
	}
	return check.Pass("%s in %s", want, name(running.TaskDefinition))
}

func (d ecsDrift) count(ctx context.Context) check.Result {
	running, err := d.ecs.Service(ctx, d.Outputs.ECS.Cluster, d.Outputs.ECS.Service)
	if err != nil {
		return d.failedService(err)
	}
	least, most := d.Config.Tasks()
	switch {
	case running.Desired < least || running.Desired > most:
		says := fmt.Sprint(least)
		if most > least {
			says = fmt.Sprintf("%d to %d", least, most)
		}
		return check.Fail(d.up(), "ECS service %s wants %d tasks, and the configuration says %s", d.Outputs.ECS.Service, running.Desired,
			says)
	case d.Config.Ecs.Autoscaling != nil:
		return check.Pass("%d, scaled between %d and %d", running.Desired, least, most)
	}
	return check.Pass("%d", running.Desired)
}
