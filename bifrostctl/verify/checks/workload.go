package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/internal/gateway"
)

// runs is how the gateway runs in a cluster.
type runs struct {
	Stack
	objects *objects
	now     func() time.Time
	clouds  service.Clouds
}

func (s Stack) kubernetesWorkload(c service.Clouds, o *objects) []check.Check {
	r := runs{s, o, c.Now, c}
	exists := check.Check{Code: workloadExists, Description: "the " + s.kind() + " is there", Fatal: true, Run: r.exists}
	rollout := check.Check{Code: "workload-rollout", Description: "the rollout is complete", Run: r.rollout}
	checks := []check.Check{exists}
	if s.Config.Stateful() {
		checks = append(checks, check.Check{Code: "workload-claims",
			Description: "the claims of the pods' volumes are bound, and as configured",
			Run:         r.claims})
		rollout.Needs = []string{"workload-claims"}
	}
	rollout.Needs = append(rollout.Needs, "workload-scheduled")
	scheduled := check.Check{Code: "workload-scheduled", Description: "nodes take the pods", Run: r.scheduled}
	checks = append(append(checks, scheduled, rollout),
		[]check.Check{
			{Code: "workload-restarts", Description: "no container is restarted", Run: r.restarts},
			{Code: "workload-probes", Description: "readiness asks the gateway for its health, liveness does not depend on its stores",
				Run: r.probes},
			{Code: "workload-endpoints", Description: "the Service has ready endpoints", Needs: []string{"workload-rollout"},
				Run: r.endpoints},
			{Code: "workload-disruption", Description: "the disruption budget lets nodes be drained", Needs: []string{"workload-rollout"},
				Run: r.disruption},
		}...)
	checks = append(checks, r.live()...)
	if s.Config.MakesNetworkPolicies() {
		checks = append(checks, check.Check{Code: "workload-network-policies",
			Description: "the cluster enforces the stack's network policies", Run: r.enforced})
	}
	if s.Config.Discovers() {
		checks = append(checks, check.Check{Code: "workload-discovery", Description: "the gateway's pods may look for each other",
			Run: r.discovery})
	}
	if cluster := s.Outputs.Cluster(); cluster.Broker != "" {
		checks = append(checks, check.Check{Code: "workload-broker", Description: "the broker of the gateway's cluster runs once",
			Run: r.broker})
	}
	if annotation, want := s.runtimeIdentity(); want != "" {
		run := r.identity
		if annotation == "" {
			run = r.association
		}
		checks = append(checks, check.Check{Code: "workload-identity", Description: "the gateway has its own cloud identity", Run: run})
	}
	return checks
}

const (
	azurePodLabel = "azure.workload.identity/use"
)

func (r runs) status() string {
	return fmt.Sprintf("kubectl describe %s %s -n %s; look again with bifrostctl verify %s --wait 10m", strings.ToLower(r.kind()),
		r.objects.names.Deployment, r.objects.names.Namespace, r.Name)
}

func (r runs) exists(ctx context.Context) check.Result {
	d, err := r.objects.workload(ctx)
	if err != nil {
		return r.failedWorkload(r.objects, err)
	}
	return check.Pass("%s in namespace %s", d.Name, d.Namespace)
}

func (r runs) rollout(ctx context.Context) check.Result {
	d, err := r.objects.workload(ctx)
	if err != nil {
		return r.failedWorkload(r.objects, err)
	}
	if d.complete() {
		return check.Pass("%d of %d", d.available, d.replicas)
	}
	waiting, words, err := r.objects.waiting(ctx)
	if err != nil {
		return unreadable("the pods", err, r.clusterLogin())
	}
	if words != "" {
		return check.Block("pod %s waits for its image", waiting)
	}
	if d.halted != "" {
		return check.Fail(r.status(), "%s: %s%s", d, d.halted, r.because(ctx))
	}
	return check.Fail(r.status(), "%s wants %d pods: %d are of the newest template, %d are available, %d are there%s", d, d.replicas,
		d.updated, d.available, d.there, r.because(ctx))
}

// discovery: clustered pods find each other in the API server.
func (r runs) discovery(ctx context.Context) check.Result {
	client, err := r.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, r.clusterLogin())
	}
	namespace, account := r.objects.names.Namespace, r.Config.Gateway.ServiceAccount
	rules, err := rulesOf(ctx, client, namespace)
	if err != nil {
		return unreadable("Roles and RoleBindings", err, r.clusterLogin())
	}
	if lacking := lacks(rules, namespace, account, "pods", "", "get", "list", "watch"); len(lacking) > 0 {
		return check.Fail(r.up(), "no Role of ServiceAccount %s/%s lets it %s pods: the gateway's pods do not find each other", namespace,
			account, strings.Join(lacking, ", "))
	}
	return check.Pass("ServiceAccount %s may get, list and watch pods", account)
}

// recent is how long a restart, or a stopped task, is of interest.
const recent = time.Hour

// restarts tells of containers that are restarted again and again, and of those that were restarted lately.
func (r runs) restarts(ctx context.Context) check.Result {
	pods, err := r.objects.pods(ctx)
	if err != nil {
		return r.failedWorkload(r.objects, err)
	}
	var warning *check.Result
	for _, pod := range pods {
		for _, c := range append(slices.Clone(pod.Status.InitContainerStatuses), pod.Status.ContainerStatuses...) {
			why, hint := r.cause(c)
			if w := c.State.Waiting; w != nil && w.Reason == "CrashLoopBackOff" {
				return check.Fail(hint, "container %s of pod %s was restarted %d times: %s", c.Name, pod.Name, c.RestartCount, why)
			}
			if ended := c.LastTerminationState.Terminated; ended != nil && r.now().Sub(ended.FinishedAt.Time) < recent && warning == nil {
				found := check.Warn(hint, "container %s of pod %s was restarted %d times, last at %s: %s", c.Name, pod.Name, c.RestartCount,
					when(&ended.FinishedAt), why)
				warning = &found
			}
		}
	}
	if warning != nil {
		return *warning
	}
	return check.Pass("%d pods", len(pods))
}

// cause is why a container ended.
func (r runs) cause(c corev1.ContainerStatus) (why, hint string) {
	ended := c.LastTerminationState.Terminated
	if ended == nil {
		return "for an unknown reason", r.logs()
	}
	why = fmt.Sprintf("%s, exit code %d", ended.Reason, ended.ExitCode)
	says, hint := r.translate(ended.Reason + " " + ended.Message)
	if says != unknownWords {
		why += ": " + says
	}
	return why, hint
}

func (r runs) probes(ctx context.Context) check.Result {
	d, err := r.objects.workload(ctx)
	if err != nil {
		return r.failedWorkload(r.objects, err)
	}
	c, err := d.container()
	if err != nil {
		return check.Fail(r.up(), "%s: %v", d, err)
	}
	readiness, liveness := c.ReadinessProbe, c.LivenessProbe
	switch {
	case readiness == nil || readiness.HTTPGet == nil || readiness.HTTPGet.Path != gateway.HealthPath:
		return check.Fail(r.up(), "the readiness probe of %s does not ask for /health: pods that cannot serve get requests", d)
	case liveness == nil:
		return check.Fail(r.up(), "%s has no liveness probe", d)
	case liveness.HTTPGet != nil && liveness.HTTPGet.Path == gateway.HealthPath && liveness.FailureThreshold < 10:
		return check.Fail(r.up(), "the liveness probe of %s asks for /health, which fails with the gateway's stores: an outage of the "+
			"database would restart every pod", d)
	}
	return check.Pass("readiness /health")
}

func (r runs) endpoints(ctx context.Context) check.Result {
	client, err := r.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, r.clusterLogin())
	}
	namespace, service := r.objects.names.Namespace, r.objects.names.Service
	if _, err := client.CoreV1().Services(namespace).Get(ctx, service, metav1.GetOptions{}); apierrors.IsNotFound(err) {
		return check.Fail(r.up(), "there is no Service %s in namespace %s", service, namespace)
	}
	slicesOf, err := client.DiscoveryV1().EndpointSlices(namespace).List(ctx,
		metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + service})
	if err != nil {
		return unreadable("the endpoints of Service "+service, err, r.clusterLogin())
	}
	ready := 0
	for _, slice := range slicesOf.Items {
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				ready += len(e.Addresses)
			}
		}
	}
	if ready == 0 {
		return check.Fail(r.up(), "Service %s selects no ready pod", service)
	}
	return check.Pass("%d", ready)
}

func (r runs) disruption(ctx context.Context) check.Result {
	d, err := r.objects.workload(ctx)
	if err != nil {
		return r.failedWorkload(r.objects, err)
	}
	client, err := r.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, r.clusterLogin())
	}
	budgets, err := client.PolicyV1().PodDisruptionBudgets(d.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return unreadable("the disruption budgets", err, r.clusterLogin())
	}
	var found []string
	for _, b := range budgets.Items {
		selector, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err != nil || !selector.Matches(labels.Set(d.template.Labels)) {
			continue
		}
		found = append(found, fmt.Sprintf("%s allows %d", b.Name, b.Status.DisruptionsAllowed))
		if b.Status.DisruptionsAllowed < 1 {
			return check.Warn(fmt.Sprintf("kubectl describe poddisruptionbudget %s -n %s, then %s", b.Name, b.Namespace, r.up()),
				"PodDisruptionBudget %s allows no disruption (%d healthy of %d wanted): no node of these pods can be drained", b.Name,
				b.Status.CurrentHealthy, b.Status.DesiredHealthy)
		}
	}
	switch len(found) {
	case 0:
		return check.Skip("there is no budget for these pods")
	case 1:
		return check.Pass("%s", found[0])
	}
	// Kubernetes, pkg/registry/core/pod/storage, EvictionREST.Create: more than one budget for a pod is an error.
	return check.Warn("kubectl get poddisruptionbudgets -n "+d.Namespace+"; delete those that the stack did not make",
		"more than one PodDisruptionBudget selects the pods, and Kubernetes then evicts none: %s", quoted(found))
}
