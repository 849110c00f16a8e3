package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
)

// tasks is how the gateway runs on ECS.
type tasks struct {
	Stack
	ecs service.ECS
	now func() time.Time
}

func (s Stack) ecsWorkload(c service.Clouds) []check.Check {
	t := tasks{s, c.ECS, c.Now}
	starts := []string{"ecs-trust", "ecs-policy-pull", "ecs-policy-run"}
	if len(s.Config.Ecs.SecretRefs) > 0 {
		starts = append(starts, ecsReferencesCode)
	}
	checks := []check.Check{
		{Code: ecsServiceExists, Description: "the ECS service is there", Fatal: true, Run: t.exists},
		{Code: "ecs-tasks", Description: "no task stops", Needs: starts, Run: t.stopped},
		{Code: "ecs-service", Description: "the ECS service is steady on the registered task definition", Needs: []string{"ecs-tasks"},
			Run: t.steady},
	}
	if s.Outputs.ECS.BrokerTaskDefinition != "" {
		checks = append(checks, check.Check{Code: "ecs-broker", Description: "the broker of the tasks' cluster runs once", Run: t.broker})
	}
	return checks
}

func (t tasks) exists(ctx context.Context) check.Result {
	s, err := t.ecs.Service(ctx, t.Outputs.ECS.Cluster, t.Outputs.ECS.Service)
	if err != nil {
		return t.failedService(err)
	}
	if s.Status != "ACTIVE" {
		return check.Fail(t.up(), "the ECS service %s is %s", t.Outputs.ECS.Service, s.Status)
	}
	return check.Pass("%s in cluster %s", t.Outputs.ECS.Service, name(t.Outputs.ECS.Cluster))
}

// ordinary are the reasons of tasks that a deployment or a scaling ended (ECS developer guide, "Stopped tasks error codes").
var ordinary = []string{"Scaling activity initiated by", "Task stopped by user"}

func (t tasks) stopped(ctx context.Context) check.Result {
	stopped, err := t.ecs.StoppedTasks(ctx, t.Outputs.ECS.Cluster, t.Outputs.ECS.Service)
	if err != nil {
		return t.failedService(err)
	}
	for _, task := range stopped {
		words := strings.Join(append([]string{task.Reason}, task.ContainerReasons...), "\n")
		ends := slices.ContainsFunc(ordinary, func(start string) bool { return strings.HasPrefix(task.Reason, start) })
		if ends || t.now().Sub(task.At) > recent {
			continue
		}
		says, hint := t.translate(words)
		return check.Fail(hint, "task %s stopped: %s\n%s", name(task.ARN), says, words)
	}
	return check.Pass("none in the last hour")
}

func (t tasks) steady(ctx context.Context) check.Result {
	s, err := t.ecs.Service(ctx, t.Outputs.ECS.Cluster, t.Outputs.ECS.Service)
	if err != nil {
		return t.failedService(err)
	}
	events := fmt.Sprintf("aws ecs describe-services --region %s --cluster %s --services %s --query 'services[0].events[:5]'",
		t.Config.Aws.Region, name(t.Outputs.ECS.Cluster), t.Outputs.ECS.Service)
	switch {
	case s.TaskDefinition != t.Outputs.ECS.TaskDefinition:
		return check.Fail(events+"; mend what they name, then "+t.up(),
			"ECS service %s runs %s, and not the registered %s: the deployment was rolled back, or somebody changed the service",
			t.Outputs.ECS.Service, name(s.TaskDefinition), name(t.Outputs.ECS.TaskDefinition))
	case s.Rollout == "FAILED":
		force := fmt.Sprintf("aws ecs update-service --region %s --cluster %s --service %s --force-new-deployment", t.Config.Aws.Region,
			name(t.Outputs.ECS.Cluster), t.Outputs.ECS.Service)
		return check.Fail(events+"; mend what they name. ECS starts no task of it any more: "+force, "the deployment of ECS service %s "+
			"failed: %s", t.Outputs.ECS.Service, s.RolloutReason)
	case s.Running < s.Desired || s.Rollout == "IN_PROGRESS":
		newest := ""
		if len(s.Events) > 0 {
			newest = "\n" + s.Events[0]
		}
		return check.Fail("bifrostctl verify "+t.Name+" --wait 10m; "+events,
			"ECS service %s runs %d of %d tasks, and its deployment is %s%s", t.Outputs.ECS.Service, s.Running, s.Desired, s.Rollout,
			newest)
	}
	return check.Pass("%d of %d tasks of %s", s.Running, s.Desired, name(s.TaskDefinition))
}
