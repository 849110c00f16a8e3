package effects

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// bounds are between how many pods or tasks an autoscaler keeps.
type bounds struct{ least, most int }

func (b bounds) String() string { return fmt.Sprintf("%d to %d", b.least, b.most) }

// counts say that pods or tasks are not made anew, but counted by an autoscaler, which has a line of its own where it changes.
const (
	podsCounted  = "no pod is made anew; the autoscaler counts them"
	tasksCounted = "no task is made anew; the autoscaler counts them"
)

// untouched is what is said of a workload that a change leaves alone: how many run is not its own business under an autoscaler.
func (c Change) untouched(alone, counted string) string {
	if c.Autoscaled {
		return counted
	}
	return alone
}

// ofAutoscaler is of a HorizontalPodAutoscaler. How many pods run is known to the cluster alone: between the bounds of before.
func ofAutoscaler(c Change) string {
	of := func(inputs resource.PropertyMap) bounds {
		return bounds{number(inputs, 1, "spec", "minReplicas"), number(inputs, 1, "spec", "maxReplicas")}
	}
	if said := c.rescales(of(c.Before), of(c.After), "pod"); said != "" || c.Op != Update || !c.differs("spec", "metrics") {
		return said
	}
	return measured("pod")
}

// ofTarget is of the bounds between which Application Auto Scaling keeps the tasks of a service.
func ofTarget(c Change) string {
	of := func(inputs resource.PropertyMap) bounds {
		return bounds{number(inputs, 0, "minCapacity"), number(inputs, 0, "maxCapacity")}
	}
	return c.rescales(of(c.Before), of(c.After), "task")
}

// ofPolicy is of a measure by which Application Auto Scaling counts tasks.
func ofPolicy(c Change) string {
	switch {
	case c.Op == Create, c.Op == Anew:
		return "counts the tasks by this measure from now on"
	case c.Op == Delete:
		return "counts no task by this measure any more"
	case c.Op == Update && !c.differs("targetTrackingScalingPolicyConfiguration"), c.Op == Same:
		return ""
	}
	return measured("task")
}

func measured(thing string) string {
	return fmt.Sprintf("may start %[1]ss or end some: the autoscaler counts them by other measures", thing)
}

// rescales says how many may come or go with other bounds. Those above the new bounds end, and those that the new ones lack start, at
// once; what the load asks for between them is the autoscaler's.
func (c Change) rescales(before, after bounds, thing string) string {
	switch c.Op {
	case Create, Anew:
		return fmt.Sprintf("counts the %ss from now on, %v: starts what the least lacks", thing, after)
	case Delete:
		return fmt.Sprintf("counts no %s any more, before %v", thing, before)
	case Same:
		return ""
	}
	now := fmt.Sprintf("keeps %v now, before %v", after, before)
	switch {
	case before == after:
		return ""
	case after.least > before.least:
		n := after.least - before.least
		return fmt.Sprintf("may start %d %s at once, where no more than the former least run: %s", n, plural(thing, n), now)
	case after.most < before.most:
		n := before.most - after.most
		return fmt.Sprintf("may end %d %s at once, where the former most run: %s", n, plural(thing, n), now)
	case after.most > before.most:
		n := after.most - before.most
		return fmt.Sprintf("may start %d more %s, where the load asks for them: %s", n, plural(thing, n), now)
	}
	n := before.least - after.least
	return fmt.Sprintf("may end %d more %s, where the load lets it: %s", n, plural(thing, n), now)
}
