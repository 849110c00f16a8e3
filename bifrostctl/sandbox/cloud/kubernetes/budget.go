package kubernetes

import (
	"fmt"
	"slices"

	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// awaitBudget warns of a budget that lets no pod go: the drain of a node would wait for ever. The provider does not wait for budgets.
func awaitBudget(c *double.Call, r *world.Resource) []string {
	budget, err := decode[policyv1.PodDisruptionBudget](r.State)
	if err != nil {
		return []string{err.Error()}
	}
	expected, allowed := 0, 0
	for _, owner := range slices.Concat(c.World.List(pulumitype.KubernetesDeployment, server(c)),
		c.World.List(pulumitype.KubernetesStatefulSet, server(c))) {
		if namespaceOf(owner) == budget.Namespace &&
			matches(budget.Spec.Selector, labelsOf(double.Map(owner.State, "spec.template.metadata.labels"))) {
			expected += int(replicasOf(owner))
		}
	}
	if limit := budget.Spec.MaxUnavailable; limit != nil {
		allowed, err = intstr.GetScaledValueFromIntOrPercent(limit, expected, true)
	} else if limit := budget.Spec.MinAvailable; limit != nil {
		var needed int
		needed, err = intstr.GetScaledValueFromIntOrPercent(limit, expected, true)
		allowed = expected - needed
	}
	if err == nil && expected > 0 && allowed <= 0 {
		c.World.Warn(fmt.Sprintf("PodDisruptionBudget %s lets none of %d pods go: the drain of a node would wait for ever", r.ID, expected))
	}
	r.State["status"] = double.Object{
		"expectedPods": float64(expected), "currentHealthy": float64(expected), "desiredHealthy": float64(expected - max(allowed, 0)),
		"disruptionsAllowed": float64(max(allowed, 0)),
		"observedGeneration": double.Get(r.State, "metadata.generation"),
	}
	return nil
}

func labelsOf(o double.Object) map[string]string {
	set := map[string]string{}
	for key, v := range o {
		set[key], _ = v.(string)
	}
	return set
}
