package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/internal/gateway"
)

// What Enterprise tells of its cluster (Bifrost, "Clustering", "Health Check Endpoints" and "Key log messages"). The endpoint is "if
// exposed"; the gateway's API reference has none.
const clusterPath = "/cluster/status"

var (
	healthLine = regexp.MustCompile(`cluster health: (NOT )?HEALTHY`)
	badLine    = regexp.MustCompile(`failed to join cluster|discovery failed|no new nodes discovered|node marked as suspect|error ` +
		`listing pods`)
)

// clusterStatus is the answer at clusterPath.
type clusterStatus struct {
	Members int    `json:"members"`
	Healthy int    `json:"healthy_members"`
	Health  string `json:"cluster_health"`
}

// The forms of cluster_config.
const (
	meshForm   = "mesh"
	brokerForm = "broker"
)

// clusterOf is the form of cluster_config; empty where clustering is off.
func clusterOf(document map[string]any) string {
	cluster, _ := document["cluster_config"].(map[string]any)
	switch {
	case cluster["enabled"] != true:
		return ""
	case cluster["type"] == brokerForm:
		return brokerForm
	}
	return meshForm
}

// members are the pods that should know each other.
type members struct {
	answers
	objects *objects
	pod     func(ctx context.Context, namespace, pod string) (service.Pod, error)
}

func (m members) checks() []check.Check {
	all := []check.Check{{Code: "gateway-members", Description: "every pod is a member of the gateway's cluster",
		Needs: []string{"gateway-health"}, Run: m.joined}}
	switch clusterOf(m.Config.Document()) {
	case "":
		return nil
	case brokerForm:
		return all
	}
	return append([]check.Check{{Code: "gateway-peers", Description: "every pod has its address among the peers",
		Needs: []string{"workload-rollout"}, Run: m.peers}}, all...)
}

// running are the pods that run.
func (m members) running(ctx context.Context) ([]corev1.Pod, error) {
	pods, err := m.objects.pods(ctx)
	return slices.DeleteFunc(slices.Clone(pods), func(p corev1.Pod) bool { return p.Status.Phase != corev1.PodRunning }), err
}

// peers looks at the headless Service, under whose name the pods have addresses.
func (m members) peers(ctx context.Context) check.Result {
	client, err := m.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, m.clusterLogin())
	}
	pods, err := m.running(ctx)
	if err != nil {
		return unreadable("the pods", err, m.clusterLogin())
	}
	namespace, peers := m.objects.names.Namespace, m.objects.names.Deployment+"-peers"
	if _, err := client.CoreV1().Services(namespace).Get(ctx, peers, metav1.GetOptions{}); apierrors.IsNotFound(err) {
		return check.Fail(m.up(), "there is no Service %s in namespace %s", peers, namespace)
	}
	found, err := client.DiscoveryV1().EndpointSlices(namespace).List(ctx,
		metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + peers})
	if err != nil {
		return unreadable("the endpoints of Service "+peers, err, m.clusterLogin())
	}
	listed := map[string]bool{}
	for _, slice := range found.Items {
		for _, e := range slice.Endpoints {
			if e.TargetRef != nil && len(e.Addresses) > 0 {
				listed[e.TargetRef.Name] = true
			}
		}
	}
	for _, pod := range pods {
		if !listed[pod.Name] {
			return check.Fail(fmt.Sprintf("kubectl describe service %s -n %s; its selector must be the pods' labels: %s", peers, namespace,
				m.up()), "pod %s runs, and has no address in Service %s", pod.Name, peers)
		}
	}
	return check.Pass("%d in Service %s", len(pods), peers)
}

// joined asks every pod: what listens, and what it says of its cluster. That packets go between two pods, only the gateway itself can tell.
func (m members) joined(ctx context.Context) check.Result {
	if m.pod == nil || m.reach == nil {
		return check.Skip("the sandbox runs no gateway")
	}
	pods, err := m.running(ctx)
	if err != nil {
		return unreadable("the pods", err, m.clusterLogin())
	}
	inMesh := clusterOf(m.Config.Document()) == meshForm
	said := 0
	for _, each := range pods {
		pod, err := m.pod(ctx, each.Namespace, each.Name)
		if err != nil {
			return unreadable("pod "+each.Name, err, m.clusterLogin())
		}
		if inMesh {
			for _, port := range []int{gateway.GossipPort, gateway.GrpcPort} {
				if listens, err := pod.Listens(ctx, port); err != nil || !listens {
					return m.deaf(each.Name, port, err)
				}
			}
		}
		says, ended := m.says(ctx, pod, each, len(pods))
		if ended != nil {
			return *ended
		}
		if says {
			said++
		}
	}
	listen := "run"
	if inMesh {
		listen = fmt.Sprintf("listen at %d and %d", gateway.GossipPort, gateway.GrpcPort)
	}
	if said < len(pods) {
		return check.Pass("%d pods %s, and %d of them say that their cluster is healthy: whether the others are members is not known",
			len(pods), listen, said)
	}
	return check.Pass("%d pods %s, and each says that its cluster is healthy", len(pods), listen)
}

// deaf is the result where a port of the cluster is closed, or could not be looked at.
func (m members) deaf(pod string, port int, err error) check.Result {
	if err != nil {
		return unreadable(fmt.Sprintf("port %d of pod %s", port, pod), err, m.clusterLogin())
	}
	return check.Fail("the open-source gateway ignores cluster_config: write an image of Bifrost Enterprise into registry.image; the "+
		"gateway's own words: "+m.words,
		"nothing listens at port %d of pod %s: it is in no cluster, and keys and limits differ from pod to pod", port, pod)
}

// says tells whether a pod says that its cluster is healthy. A result that is not nil says that it is not.
func (m members) says(ctx context.Context, pod service.Pod, each corev1.Pod, pods int) (bool, *check.Result) {
	alone := m
	alone.reach = func(context.Context) (service.Gateway, error) { return pod, nil }
	if status, known := alone.status(ctx); known {
		result := m.judge("pod "+each.Name, status, pods)
		return result == nil, result
	}
	const lines = 5000
	log, err := pod.Log(ctx, each.Spec.Containers[0].Name, lines)
	if err != nil {
		return false, nil // its rights to read logs are the user's own affair
	}
	health := healthLine.FindAllStringSubmatch(log, -1)
	switch {
	case len(health) > 0 && health[len(health)-1][1] == "":
		return true, nil
	case len(health) == 0 && pods > 1 && !badLine.MatchString(log), len(health) == 0 && pods == 1:
		return false, nil
	}
	words := badLine.FindString(log)
	if len(health) > 0 {
		words = health[len(health)-1][0]
	}
	result := check.Fail(clusterHint+"; "+m.words, "the log of pod %s says %q", each.Name, words)
	return false, &result
}

const clusterHint = "let 10101 (TCP and UDP) and 10102 (TCP) through between the gateway's own pods or tasks, in network policies and " +
	"security groups"

// status is what the gateway answers of its cluster; it is not known where it answers with its page, as the open-source gateway does.
func (a answers) status(ctx context.Context) (clusterStatus, bool) {
	var status clusterStatus
	answer, ended := a.signedIn(ctx, clusterPath)
	known := ended == nil && json.Unmarshal(answer.Body, &status) == nil && status.Members > 0
	return status, known
}

// judge is a result where a cluster has not all its members.
func (a answers) judge(who string, status clusterStatus, want int) *check.Result {
	if status.Members >= want && status.Healthy >= want && status.Health != "NOT HEALTHY" {
		return nil
	}
	result := check.Fail(clusterHint+"; "+a.words, "%s knows %d members, %d of them healthy, and %d run", who, status.Members,
		status.Healthy, want)
	return &result
}

// taskMembers are the tasks of ECS that should know each other.
type taskMembers struct {
	answers
	ecs service.ECS
}

func (m taskMembers) checks() []check.Check {
	if clusterOf(m.Config.TaskDocument()) == "" {
		return nil
	}
	return []check.Check{{Code: "ecs-gateway-members", Description: "every task is a member of the gateway's cluster",
		Needs: []string{"ecs-gateway-health"}, Run: m.joined}}
}

// joined asks the one task that the load balancer picks: there is no way to each of them.
func (m taskMembers) joined(ctx context.Context) check.Result {
	if _, ended := m.ask(ctx, service.Request{Path: gateway.HealthPath}); ended != nil {
		return *ended
	}
	tasks, err := m.ecs.Service(ctx, m.Outputs.ECS.Cluster, m.Outputs.ECS.Service)
	if err != nil {
		return m.failedService(err)
	}
	status, known := m.status(ctx)
	if !known {
		return check.Skip("the gateway does not answer %s; look for %q: %s --filter-pattern '\"cluster health\"'", clusterPath,
			"cluster health: HEALTHY", m.words)
	}
	if result := m.judge("a task", status, tasks.Running); result != nil {
		return *result
	}
	return check.Pass("a task knows %d healthy members, and %d run", status.Healthy, tasks.Running)
}
