package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/world"
)

// skipAwait tells whether the program asked the provider not to wait for the object.
func skipAwait(r *world.Resource) bool {
	return double.Map(r.State, "metadata.annotations")["pulumi.com/skipAwait"] == "true"
}

func namespaceOf(r *world.Resource) string { return double.String(r.State, "metadata.namespace") }

func condition(typ, status, reason, message string) double.Object {
	return double.Object{"type": typ, "status": status, "reason": reason, "message": message}
}

// awaitDeployment starts a Deployment's pods.
func awaitDeployment(c *double.Call, r *world.Resource) []string {
	problems := podProblems(c, r)
	replicas, given := double.Get(r.State, "spec.replicas").(float64)
	if !given {
		replicas = 1
	}
	if replicas == 0 {
		problems = nil
	}
	status := double.Object{"observedGeneration": double.Get(r.State, "metadata.generation"), "replicas": replicas, "updatedReplicas": replicas}
	if len(problems) > 0 {
		status["unavailableReplicas"] = replicas
		status["conditions"] = []any{condition("Available", "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")}
	} else {
		status["readyReplicas"], status["availableReplicas"] = replicas, replicas
		status["conditions"] = []any{
			condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."),
			condition("Progressing", "True", "NewReplicaSetAvailable", "ReplicaSet has successfully progressed."),
		}
	}
	r.State["status"] = status
	if skipAwait(r) {
		return nil
	}
	return problems
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
	problems := podProblems(c, r)
	if len(problems) == 0 && c.World.Hooks.JobRan != nil {
		if err := c.World.Hooks.JobRan(c.World, r); err != nil {
			problems = []string{err.Error()}
		}
	}
	if len(problems) > 0 {
		conditions := []any{}
		for _, problem := range problems {
			conditions = append(conditions, condition("Failed", "True", "BackoffLimitExceeded", problem))
		}
		r.State["status"] = double.Object{"startTime": now, "failed": 1.0, "conditions": conditions}
		return
	}
	refreshSecrets(c, r)
	r.State["status"] = double.Object{
		"startTime": now, "completionTime": now, "succeeded": 1.0,
		"conditions": []any{condition("Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods")},
	}
}

// failure returns the reasons of a Job's failure.
func failure(state double.Object) []string {
	var reasons []string
	for _, v := range double.List(state, "status.conditions") {
		if c, ok := v.(double.Object); ok && c["type"] == "Failed" {
			reasons = append(reasons, double.String(c, "message"))
		}
	}
	return reasons
}

// brokenJob names the annotation by which a program asks for a failed Job to be replaced.
func brokenJob(c *double.Call, id string, after double.Object) string {
	const annotation = "pulumi.com/replaceUnready"
	live := c.World.Get(jobType, server(c), id)
	if live == nil || double.Map(after, "metadata.annotations")[annotation] != "true" || len(failure(live.State)) == 0 {
		return ""
	}
	return fmt.Sprintf("metadata.annotations[%q]", annotation)
}

// refreshSecrets does what a pull secret's refresher does: it writes a new token into the pull Secrets that the Job's
// ServiceAccount may patch by name.
func refreshSecrets(c *double.Call, job *world.Resource) {
	namespace := namespaceOf(job)
	hosts := registriesOf(job)
	for _, name := range patchable(c, namespace, double.String(job.State, "spec.template.spec.serviceAccountName")) {
		secret := c.World.Get(secretType, server(c), objectID(namespace, name))
		if secret == nil || secret.State["type"] != "kubernetes.io/dockerconfigjson" {
			continue
		}
		data := double.Object{dockerConfig: pullToken(hosts, c.World.Next())}
		// A refresh shows the change among the inputs, too.
		secret.State["data"], secret.Inputs["data"] = data, double.Clone(data)
		delete(secret.Inputs, "stringData")
		touch(c.World, secret.State)
	}
}

// registriesOf returns the private registries that the Job's pod names: those are what it fetches tokens for.
func registriesOf(job *world.Resource) []string {
	text, err := json.Marshal(double.Map(job.State, "spec.template.spec"))
	if err != nil {
		panic(err) // it came from JSON
	}
	return privateRegistry.FindAllString(string(text), -1)
}

// pullToken returns the base64 text of a pull secret's document with a token that never was before.
func pullToken(hosts []string, serial int) string {
	login := map[string]any{"auth": base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "sandbox:token-%d", serial))}
	auths := map[string]any{}
	for _, host := range hosts {
		auths[host] = login
	}
	document, err := json.Marshal(map[string]any{"auths": auths})
	if err != nil {
		panic(err) // strings always encode
	}
	return base64.StdEncoding.EncodeToString(document)
}

// patchable returns the names of the Secrets that Roles of the namespace let a ServiceAccount patch.
func patchable(c *double.Call, namespace, serviceAccount string) []string {
	var names []string
	for _, r := range c.World.List(roleBindingType, server(c)) {
		binding, err := decode[rbacv1.RoleBinding](r.State)
		if err != nil || binding.Namespace != namespace || binding.RoleRef.Kind != "Role" || !binds(binding, serviceAccount) {
			continue
		}
		role := c.World.Get(roleType, server(c), objectID(namespace, binding.RoleRef.Name))
		if role == nil {
			continue
		}
		rules, err := decode[rbacv1.Role](role.State)
		if err != nil {
			continue
		}
		for _, rule := range rules.Rules {
			if slices.Contains(rule.APIGroups, "") && slices.Contains(rule.Resources, "secrets") && slices.Contains(rule.Verbs, "patch") {
				names = append(names, rule.ResourceNames...)
			}
		}
	}
	return names
}

func binds(binding rbacv1.RoleBinding, serviceAccount string) bool {
	return slices.ContainsFunc(binding.Subjects, func(s rbacv1.Subject) bool {
		return s.Kind == rbacv1.ServiceAccountKind && s.Name == serviceAccount && (s.Namespace == "" || s.Namespace == binding.Namespace)
	})
}

// awaitService looks for ready pods behind a Service, for which the provider waits unless it has no selector, no address
// of its own, or another name only.
func awaitService(c *double.Call, r *world.Resource) []string {
	selector := double.Map(r.State, "spec.selector")
	headless := double.Get(r.State, "spec.clusterIP") == "None" || double.Get(r.State, "spec.type") == "ExternalName"
	if len(selector) == 0 || headless || skipAwait(r) {
		return nil
	}
	for _, d := range c.World.List(deploymentType, server(c)) {
		if namespaceOf(d) == namespaceOf(r) && subset(selector, double.Map(d.State, "spec.template.metadata.labels")) && available(d) {
			return nil
		}
	}
	return []string{"Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not match labels on any Pods"}
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
