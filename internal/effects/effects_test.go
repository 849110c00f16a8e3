package effects_test

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/stretchr/testify/require"

	"bifrost/internal/effects"
)

type object = map[string]any

// pods are the inputs of a workload with a number of pods, of an image, and with more in its spec.
func pods(replicas int, image string, more object) resource.PropertyMap {
	spec := object{"replicas": float64(replicas), "template": object{"spec": object{"containers": []any{object{"name": "main", "image": image}}}}}
	for key, value := range more {
		spec[key] = value
	}
	return resource.NewPropertyMapFromMap(object{"metadata": object{"name": "app", "namespace": "one"}, "spec": spec})
}

func rolling(surge, unavailable any) object {
	return object{"strategy": object{"type": "RollingUpdate", "rollingUpdate": object{"maxSurge": surge, "maxUnavailable": unavailable}}}
}

// TestPods: how a controller makes pods anew, by its strategy.
func TestPods(t *testing.T) {
	t.Parallel()
	renamed := pods(2, "a", nil)
	renamed["metadata"] = resource.NewPropertyValue(object{"name": "other", "namespace": "one"})
	unknown := pods(2, "a", nil)
	unknown["spec"].ObjectValue()["template"] = resource.MakeComputed(resource.NewProperty(""))
	dark := pods(2, "a", nil)
	dark["spec"] = resource.MakeComputed(resource.NewProperty(""))
	for name, c := range map[string]struct {
		change effects.Change
		want   string
	}{
		"one more than there are": {effects.Change{Type: effects.Deployment, Op: effects.Update,
			Before: pods(3, "a", rolling(1.0, 0.0)), After: pods(3, "b", rolling(1.0, 0.0))}, "rolls 3 pods, one by one (image)"},
		"shares": {effects.Change{Type: effects.Deployment, Op: effects.Update,
			Before: pods(8, "a", rolling("25%", "25%")), After: pods(8, "b", rolling("25%", "25%"))}, "rolls 8 pods, 4 at a time (image)"},
		"no strategy is 25 %": {effects.Change{Type: effects.Deployment, Op: effects.Update,
			Before: pods(4, "a", nil), After: pods(4, "b", nil)}, "rolls 4 pods, 2 at a time (image)"},
		"a single pod": {effects.Change{Type: effects.Deployment, Op: effects.Update,
			Before: pods(1, "a", rolling(1.0, 0.0)), After: pods(1, "b", rolling(1.0, 0.0))}, "rolls 1 pod, the new one first (image)"},
		"Recreate": {effects.Change{Type: effects.Deployment, Op: effects.Update,
			Before: pods(1, "a", nil), After: pods(1, "b", object{"strategy": object{"type": "Recreate"}})},
			"replaces: the pod is down until the new one is ready (image)"},
		"rolls and scales": {effects.Change{Type: effects.Deployment, Op: effects.Update,
			Before: pods(3, "a", rolling(1.0, 0.0)), After: pods(5, "b", rolling(1.0, 0.0))},
			"rolls 3 pods, one by one (image); scales from 3 to 5: 2 new pods"},
		"nothing runs": {effects.Change{Type: effects.Deployment, Op: effects.Update,
			Before: pods(0, "a", nil), After: pods(0, "b", nil)}, "no pod is touched: none runs (image)"},
		"a strategy alone": {effects.Change{Type: effects.Deployment, Op: effects.Update,
			Before: pods(3, "a", nil), After: pods(3, "a", rolling(1.0, 0.0))}, "no pod is touched"},
		"an unknown template": {effects.Change{Type: effects.Deployment, Op: effects.Update, Before: pods(2, "a", nil), After: unknown},
			"may roll its pods: not all of the template is known before the up"},
		"an unknown spec": {effects.Change{Type: effects.Deployment, Op: effects.Update, Before: pods(2, "a", nil), After: dark},
			"may replace its pods, which are down meanwhile: not all of it is known before the up"},
		"replaced in its place": {effects.Change{Type: effects.Deployment, Op: effects.Replace, Before: pods(2, "a", nil), After: pods(2, "b", nil)},
			"replaces: the pods are down until the new ones are ready"},
		"replaced by another name": {effects.Change{Type: effects.Deployment, Op: effects.Replace, Before: pods(2, "a", nil), After: renamed},
			"made anew: new pods start, and the former ones go"},
		"deleted": {effects.Change{Type: effects.Deployment, Op: effects.Delete, Before: pods(2, "a", nil)}, "2 pods go"},
		"several of a StatefulSet": {effects.Change{Type: effects.StatefulSet, Op: effects.Update,
			Before: pods(3, "a", nil), After: pods(3, "b", nil)},
			"rolls 3 pods, one by one, each down until the new one of its name is ready (image)"},
		"OnDelete": {effects.Change{Type: effects.StatefulSet, Op: effects.Update,
			Before: pods(3, "a", nil), After: pods(3, "b", object{"updateStrategy": object{"type": "OnDelete"}})},
			"no pod is touched until somebody deletes it (image)"},
		"no workload": {effects.Change{Type: "kubernetes:core/v1:Service", Op: effects.Update}, ""},
	} {
		require.Equal(t, c.want, effects.Of(c.change), name)
	}
}

// TestMaskedChecksum: where both values are masked, the provider's path tells that pods roll, and what hooks have seen tells why.
func TestMaskedChecksum(t *testing.T) {
	t.Parallel()
	masked := pods(2, "a", rolling(1.0, 0.0))
	masked["spec"].ObjectValue()["template"].ObjectValue()["metadata"] = resource.NewPropertyValue(
		object{"annotations": object{"checksum/config": "[secret]"}})
	change := effects.Change{Type: effects.Deployment, Op: effects.Update, Before: masked, After: masked,
		Diff: []string{`spec.template.metadata.annotations["checksum/config"]`}}
	require.Equal(t, "rolls 2 pods, one by one (config.json, a secret variable or an authority)", effects.Of(change))
	change.Causes = []string{"config.json", "PG_PASSWORD", "config.json"}
	require.Equal(t, "rolls 2 pods, one by one (config.json, PG_PASSWORD)", effects.Of(change))
	change.Diff = nil
	require.Equal(t, "no pod is touched", effects.Of(change))
}

// TestTasks: for which properties ECS starts tasks anew, and how many it leaves meanwhile.
func TestTasks(t *testing.T) {
	t.Parallel()
	service := func(more object) resource.PropertyMap {
		all := object{"taskDefinition": "a:1", "desiredCount": 4.0}
		for key, value := range more {
			all[key] = value
		}
		return resource.NewPropertyMapFromMap(all)
	}
	unknown := service(nil)
	unknown["taskDefinition"] = resource.MakeComputed(resource.NewProperty(""))
	for name, c := range map[string]struct {
		after resource.PropertyMap
		want  string
	}{
		"a revision that is not known yet": {unknown, "rolls 4 tasks, new ones first (another revision of the task)"},
		"forced":                           {service(object{"forceNewDeployment": true}), "rolls 4 tasks, new ones first"},
		"half may go": {service(object{"taskDefinition": "a:2", "deploymentMinimumHealthyPercent": 50.0}),
			"rolls 4 tasks, of which at least 2 stay until new ones are healthy (another revision of the task)"},
		"all may go": {service(object{"taskDefinition": "a:2", "deploymentMinimumHealthyPercent": 0.0}),
			"replaces: the tasks go first, and none serves until the new ones are healthy (another revision of the task)"},
		"fewer":             {service(object{"desiredCount": 3.0}), "scales from 4 to 3: 1 task goes"},
		"shares and tags":   {service(object{"deploymentMaximumPercent": 150.0, "tags": object{"a": "b"}}), "no task is touched"},
		"another load path": {service(object{"loadBalancers": []any{object{"containerPort": 1.0}}}), "rolls 4 tasks, new ones first (the target group)"},
	} {
		require.Equal(t, c.want, effects.Of(effects.Change{Type: effects.EcsService, Op: effects.Update, Before: service(nil), After: c.after}), name)
	}
}
