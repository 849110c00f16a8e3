package effects

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const noPod = "no pod is touched"

// ofPods is of a Deployment or a StatefulSet. Its controller makes pods anew for another template, and for nothing else (Kubernetes,
// "Deployments", "Updating a Deployment"; "StatefulSets", "Rolling Updates").
func ofPods(c Change) string {
	before, after := number(c.Before, 1, "spec", "replicas"), number(c.After, 1, "spec", "replicas")
	switch c.Op {
	case Create:
		return c.starts(after, "pod")
	case Anew:
		return c.starts(after, "pod") + "; those of a former one go, and go first where it has the same name"
	case Delete:
		return strings.TrimPrefix(fmt.Sprintf("%d %s", before, goes("pod", before)), "0 ")
	case Replace:
		return replaced(c)
	case Same:
		return c.untouched(noPod, podsCounted)
	}
	_, specKnown := at(c.After, "spec")
	_, templateKnown := at(c.After, "spec", "template")
	scales := c.scaling(before, after, "pod")
	switch {
	case !specKnown:
		return "may replace its pods, which are down meanwhile: not all of it is known before the up"
	case !templateKnown:
		return joined("may roll its pods: not all of the template is known before the up", scales)
	case c.differs("spec", "template"):
		return joined(c.because(c.rolls(before)), scales)
	case scales != "":
		return scales
	}
	return c.untouched(noPod, podsCounted)
}

// replaced: under the name that it had, a workload is deleted first; under another one it comes before the former one goes
// (pulumi-kubernetes v4.32, provider.go, Diff: deleteBeforeReplace).
func replaced(c Change) string {
	for _, key := range []resource.PropertyKey{"name", "namespace"} {
		if text(c.Before, "metadata", key) != text(c.After, "metadata", key) {
			return "made anew: new pods start, and the former ones go"
		}
	}
	return "replaces: the pods are down until the new ones are ready"
}

// rolls says how pods are made anew, as the strategy has it.
func (c Change) rolls(replicas int) string {
	one := replicas == 1 && !c.Autoscaled
	switch {
	case replicas == 0 && !c.Autoscaled:
		return noPod + ": none runs"
	case c.Type == StatefulSet && text(c.After, "spec", "updateStrategy", "type") == "OnDelete":
		return noPod + " until somebody deletes it"
	case text(c.After, "spec", "strategy", "type") == "Recreate", c.Type == StatefulSet && one:
		if one {
			return "replaces: the pod is down until the new one is ready"
		}
		return "replaces: the pods are down until the new ones are ready"
	case c.Type == StatefulSet:
		return fmt.Sprintf("rolls %s, one by one, each down until the new one of its name is ready", c.count(replicas, "pod"))
	case one && c.surge(replicas) > 0:
		return "rolls 1 pod, the new one first"
	}
	if n := c.surge(replicas) + c.unavailable(replicas); n != 1 {
		return fmt.Sprintf("rolls %s, %d at a time", c.count(replicas, "pod"), n)
	}
	return fmt.Sprintf("rolls %s, one by one", c.count(replicas, "pod"))
}

// surge and unavailable are how many pods more, and fewer, a rollout has; 25 % where nothing is said, of which the first is rounded up and
// the second down (Kubernetes API, RollingUpdateDeployment).
func (c Change) surge(replicas int) int { return c.share(replicas, "maxSurge", 99) }

func (c Change) unavailable(replicas int) int { return c.share(replicas, "maxUnavailable", 0) }

func (c Change) share(replicas int, name resource.PropertyKey, rounding int) int {
	value, _ := at(c.After, "spec", "strategy", "rollingUpdate", name)
	percent := 25
	switch {
	case value.IsNumber():
		return int(value.NumberValue())
	case value.IsString():
		if _, err := fmt.Sscanf(value.StringValue(), "%d%%", &percent); err != nil {
			return 0
		}
	}
	return (replicas*percent + rounding) / 100
}

// ofCronJob: pods of runs that have begun end as they began (Kubernetes, "CronJob", "Modifying a CronJob").
func ofCronJob(c Change) string {
	schedule := text(c.After, "spec", "schedule")
	switch {
	case c.Op == Create, c.Op == Anew:
		return "starts pods at " + schedule
	case c.Op == Delete:
		return "starts no pod any more"
	case c.Op == Replace, c.Op == Update && c.differs("spec", "jobTemplate"):
		return noPod + "; the next run is made from the new template"
	case c.Op == Update && c.differs("spec", "schedule"):
		return noPod + "; runs come at " + schedule
	}
	return noPod
}

// ofJob: another template is another Job (Kubernetes, "Jobs": the pod template cannot be changed).
func ofJob(c Change) string {
	switch c.Op {
	case Create, Anew:
		return "runs once, and the up waits for it"
	case Replace:
		return "runs anew, and the up waits for it"
	case Delete:
		return "goes with its pods, which have ended"
	}
	return "does not run again"
}

func joined(sentences ...string) string {
	var said []string
	for _, s := range sentences {
		if s != "" {
			said = append(said, s)
		}
	}
	return strings.Join(said, "; ")
}
