package kubernetes

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// scalable are the kinds that an autoscaler scales here.
var scalable = map[string]string{"Deployment": pulumitype.KubernetesDeployment, "StatefulSet": pulumitype.KubernetesStatefulSet}

// awaitAutoscaler lets the autoscaler work. There is no load in the sandbox: it keeps its target between its bounds, wherever somebody
// has moved it. The provider does not wait for it.
func awaitAutoscaler(c *double.Call, r *world.Resource) []string {
	autoscaler, err := decode[autoscalingv2.HorizontalPodAutoscaler](r.State)
	if err != nil {
		return []string{err.Error()}
	}
	ref := autoscaler.Spec.ScaleTargetRef
	target := c.World.Get(scalable[ref.Kind], server(c), objectID(autoscaler.Namespace, ref.Name))
	if target == nil {
		c.World.Warn(fmt.Sprintf("HorizontalPodAutoscaler %s scales nothing: there is no %s %s/%s", r.ID, ref.Kind, autoscaler.Namespace,
			ref.Name))
		return nil
	}
	warnOfMissingRequests(c, r.ID, autoscaler, target)
	keepWithin(target, autoscaler)
	if target.Type == pulumitype.KubernetesDeployment {
		target.State["status"] = deploymentStatus(target, available(target))
	}
	r.State["status"] = double.Object{"currentReplicas": replicasOf(target), "desiredReplicas": replicasOf(target)}
	return nil
}

// rescale lets the autoscalers of a Deployment work on it after a change.
func rescale(c *double.Call, r *world.Resource) {
	for _, other := range c.World.List(pulumitype.KubernetesAutoscaler, server(c)) {
		autoscaler, err := decode[autoscalingv2.HorizontalPodAutoscaler](other.State)
		ref := autoscaler.Spec.ScaleTargetRef
		if err == nil && scalable[ref.Kind] == r.Type && objectID(autoscaler.Namespace, ref.Name) == r.ID {
			keepWithin(r, autoscaler)
		}
	}
}

// keepWithin moves the replicas to the nearer bound. Zero replicas switch an autoscaler off.
func keepWithin(target *world.Resource, autoscaler autoscalingv2.HorizontalPodAutoscaler) {
	replicas := replicasOf(target)
	if replicas == 0 {
		return
	}
	within := min(max(replicas, float64(*autoscaler.Spec.MinReplicas)), float64(autoscaler.Spec.MaxReplicas))
	double.Set(target.State, "spec.replicas", within)
}

// warnOfMissingRequests: utilisation is a share of what the containers request; without a request the real controller cannot scale
// (FailedGetResourceMetric: missing request).
func warnOfMissingRequests(c *double.Call, id string, autoscaler autoscalingv2.HorizontalPodAutoscaler, target *world.Resource) {
	pod, err := decode[corev1.PodTemplateSpec](double.Map(target.State, "spec.template"))
	if err != nil {
		return
	}
	for _, metric := range autoscaler.Spec.Metrics {
		if metric.Resource == nil || metric.Resource.Target.AverageUtilization == nil {
			continue
		}
		for _, container := range pod.Spec.Containers {
			if _, requested := container.Resources.Requests[metric.Resource.Name]; !requested {
				c.World.Warn(fmt.Sprintf("HorizontalPodAutoscaler %s cannot scale: missing request for %s in container %s", id,
					metric.Resource.Name, container.Name))
			}
		}
	}
}
