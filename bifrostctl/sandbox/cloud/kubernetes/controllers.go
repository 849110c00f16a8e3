package kubernetes

import (
	"fmt"
	"slices"
	"time"

	batchv1 "k8s.io/api/batch/v1"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// skipAwait tells whether the program asked the provider not to wait for the object.
func skipAwait(r *world.Resource) bool {
	return double.Map(r.State, "metadata.annotations")["pulumi.com/skipAwait"] == "true"
}

func namespaceOf(r *world.Resource) string { return double.String(r.State, "metadata.namespace") }

func condition(typ, status, reason, message string) double.Object {
	return double.Object{"type": typ, "status": status, "reason": reason, "message": message}
}

// replicasOf returns how many pods a Deployment or StatefulSet is to have.
func replicasOf(r *world.Resource) float64 {
	replicas, given := double.Get(r.State, "spec.replicas").(float64)
	if !given {
		return 1
	}
	return replicas
}

// awaitDeployment starts a Deployment's pods.
func awaitDeployment(c *double.Call, r *world.Resource) []string {
	rescale(c, r)
	problems := podProblems(c, r)
	if replicasOf(r) == 0 {
		problems = nil
	}
	r.State["status"] = deploymentStatus(r, len(problems) == 0)
	if skipAwait(r) {
		return nil
	}
	return problems
}

func deploymentStatus(r *world.Resource, ready bool) double.Object {
	replicas := replicasOf(r)
	status := double.Object{"observedGeneration": double.Get(r.State, "metadata.generation"), "replicas": replicas,
		"updatedReplicas": replicas}
	if !ready {
		status["unavailableReplicas"] = replicas
		status["conditions"] = []any{condition("Available", "False", "MinimumReplicasUnavailable",
			"Deployment does not have minimum availability.")}
		return status
	}
	status["readyReplicas"], status["availableReplicas"] = replicas, replicas
	status["conditions"] = []any{
		condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
		condition("Progressing", "True", "NewReplicaSetAvailable", "ReplicaSet has successfully progressed."),
	}
	return status
}

func available(r *world.Resource) bool {
	n, _ := double.Get(r.State, "status.availableReplicas").(float64)
	return n > 0
}

// awaitJob runs a Job's pod once. A Job that failed stays failed.
func awaitJob(c *double.Call, r *world.Resource) []string {
	if len(double.List(r.State, "status.conditions")) == 0 {
		runJob(c, r)
	}
	if skipAwait(r) {
		return nil
	}
	return failure(r.State)
}

func runJob(c *double.Call, r *world.Resource) {
	now := time.Now().UTC().Format(time.RFC3339)
	if c.Interrupted() {
		r.State["status"] = double.Object{"startTime": now, "active": 1.0}
		return
	}
	problems := podProblems(c, r)
	if err := c.Lost(); err != nil {
		problems = append(problems, err.Error())
	}
	if len(problems) == 0 {
		problems = append(problems, runPod(c, r)...)
	}
	if len(problems) > 0 {
		conditions := []any{}
		for _, problem := range problems {
			conditions = append(conditions, condition("Failed", "True", "BackoffLimitExceeded", problem))
		}
		r.State["status"] = double.Object{"startTime": now, "failed": 1.0, "conditions": conditions}
		return
	}
	r.State["status"] = double.Object{
		"startTime": now, "completionTime": now, "succeeded": 1.0,
		"conditions": []any{condition("Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods")},
	}
}

// runPod runs the Job's pod, again and again up to its backoff limit, whose default is 6.
func runPod(c *double.Call, job *world.Resource) []string {
	spec, err := decode[batchv1.Job](job.State)
	if err != nil {
		return []string{err.Error()}
	}
	retries := int32(6)
	if spec.Spec.BackoffLimit != nil {
		retries = *spec.Spec.BackoffLimit
	}
	if failure := nodeOf(c).Run(podOf(c, job, spec.Spec.Template), int(retries)+1); failure != "" {
		return []string{"Job has reached the specified backoff limit: " + failure}
	}
	return nil
}

// failure returns the reasons of a Job's failure.
func failure(state double.Object) []string {
	var reasons []string
	for _, v := range double.List(state, "status.conditions") {
		if c, ok := v.(double.Object); ok && c["type"] == "Failed" {
			reasons = append(reasons, fmt.Sprintf("[%s] %s", c["reason"], c["message"]))
		}
	}
	return reasons
}

// brokenJob names the annotation by which a program asks for a Job to be replaced that is not complete, one that still runs as well
// (pulumi-kubernetes, provider.go, Diff: readLiveObject and checker/job, jobComplete; one that is not found is left alone).
func brokenJob(c *double.Call, id string, after double.Object) string {
	job := c.World.Get(pulumitype.KubernetesJob, server(c), id)
	if job == nil || complete(job.State) {
		return ""
	}
	return replaceUnready(after)
}

// complete tells whether a Job has succeeded.
func complete(state double.Object) bool {
	return slices.ContainsFunc(double.List(state, "status.conditions"), func(v any) bool {
		c, ok := v.(double.Object)
		return ok && c["type"] == "Complete" && c["status"] == "True"
	})
}

// replaceUnready returns the path of the annotation, where the program has set it.
func replaceUnready(after double.Object) string {
	const annotation = "pulumi.com/replaceUnready"
	if double.Map(after, "metadata.annotations")[annotation] != "true" {
		return ""
	}
	return fmt.Sprintf("metadata.annotations[%q]", annotation)
}

// awaitService looks for pods behind a Service that are not ready, for which the provider waits unless it has no selector, no address of
// its own, or another name only. It waits for no pods where there are none (pulumi-kubernetes v4.32, provider/pkg/await/service.go).
func awaitService(c *double.Call, r *world.Resource) []string {
	selector := double.Map(r.State, "spec.selector")
	headless := double.Get(r.State, "spec.clusterIP") == "None" || double.Get(r.State, "spec.type") == "ExternalName"
	if len(selector) == 0 || headless || skipAwait(r) {
		return nil
	}
	for _, owner := range slices.Concat(c.World.List(pulumitype.KubernetesDeployment, server(c)),
		c.World.List(pulumitype.KubernetesStatefulSet, server(c))) {
		unready := namespaceOf(owner) == namespaceOf(r) && subset(selector, double.Map(owner.State, "spec.template.metadata.labels")) &&
			!available(owner) && replicasOf(owner) > 0
		if unready {
			return []string{"Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match " +
				"labels on any Pods"}
		}
	}
	return nil
}

// subset tells whether labels have all of a selector's.
func subset(selector, labels double.Object) bool {
	for key, v := range selector {
		if labels[key] != v {
			return false
		}
	}
	return true
}
