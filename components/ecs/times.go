package ecs

import (
	"strconv"

	"bifrost/internal/gateway"
)

// deploymentTimes are how long the provider waits for a service, in seconds.
type deploymentTimes struct{ create, update, delete int }

// deletionSeconds are what the provider takes for deletions, besides the tasks' own time (terraform-provider-aws 5.100, service.go,
// resourceService).
const deletionSeconds = 20 * 60

// deploymentTimes are the gateway's. A deployment has time for two starts more than it needs: the circuit breaker gives up after three, and
// what it then rolls back must be steady in time, too. ECS starts as many tasks at once as the percentages allow, and counts those that it
// replaces until they are gone: until the load balancer has waited for their streams and they have cleaned up.
func (a *EcsServiceArgs) deploymentTimes() deploymentTimes {
	start := gateway.ScheduleSeconds + a.startupSeconds()
	drain := a.drainSeconds()
	return deploymentTimes{create: 2 * start, update: 2*start + a.waves()*(start+drain), delete: deletionSeconds + drain}
}

// brokerTimes are the broker's: one task, behind no load balancer, that cleans up within ECS's own 30 s.
func (a *EcsServiceArgs) brokerTimes() deploymentTimes {
	start := gateway.ScheduleSeconds + a.startupSeconds()
	return deploymentTimes{create: 2 * start, update: 3*start + defaultEcsStop, delete: deletionSeconds + defaultEcsStop}
}

// defaultEcsStop is how long ECS lets a container clean up that says nothing of it (Amazon ECS API reference, ContainerDefinition).
const defaultEcsStop = 30

// drainSeconds are what a task takes at most to go.
func (a *EcsServiceArgs) drainSeconds() int {
	switch {
	case a.LoadBalancer != nil:
		return a.LoadBalancer.deregistrationDelay() + a.stopTimeout()
	case a.TargetGroupArn != "":
		return a.targetGroupDelay() + a.stopTimeout()
	}
	return a.stopTimeout()
}

// waves are how often ECS starts tasks until all are replaced: as many at once as are allowed beyond those that must run, of the most tasks
// that there may be.
func (a *EcsServiceArgs) waves() int {
	tasks := a.DesiredCount
	if a.Autoscaling != nil {
		tasks = max(tasks, a.Autoscaling.MaxTasks)
	}
	fewest, most := rolloutTasks(tasks, a.minHealthyPercent(), a.maxHealthyPercent())
	room := max(1, most-fewest)
	return (tasks + room - 1) / room
}

func seconds(n int) string { return strconv.Itoa(n) + "s" }
