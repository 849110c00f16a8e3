package checks

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/components"
	"bifrost/internal/bifrostconfig"
)

// What Enterprise tells of its cluster (Bifrost, "Clustering", "Health Check Endpoints" and "Key log messages"). The endpoint is "if
// exposed"; the gateway's API reference has none.
const clusterPath = "/cluster/status"

var (
	healthLine = regexp.MustCompile(`cluster health: (NOT )?HEALTHY`)
	badLine    = regexp.MustCompile(`failed to join cluster|discovery failed|no new nodes discovered|node marked as suspect|error listing pods`)
)

// clusterStatus is the answer at clusterPath.
type clusterStatus struct {
	Members int    `json:"members"`
	Healthy int    `json:"healthy_members"`
	Health  string `json:"cluster_health"`
}

// clusterOf is the form of cluster_config: mesh or broker; empty where clustering is off.
func clusterOf(document map[string]any) string {
	if !bifrostconfig.Clustered(document) {
		return ""
	}
	cluster, _ := document["cluster_config"].(map[string]any)
	if cluster["type"] == "broker" {
		return "broker"
	}
	return "mesh"
}

// brokerName is the Deployment of the stack's own broker: the first label of its address.
func brokerName(document map[string]any) string {
	cluster, _ := document["cluster_config"].(map[string]any)
	broker, _ := cluster["broker"].(map[string]any)
	address, _ := broker["address"].(string)
	host, _, _ := strings.Cut(address, ":")
	first, _, _ := strings.Cut(host, ".")
	return first
}

// members are the pods that should know each other.
type members struct {
	answers
	objects *objects
	pod     func(ctx context.Context, namespace, pod string) (service.Pod, error)
}

func (m members) checks() []check.Check {
	form := clusterOf(m.Config.Document())
	all := []check.Check{{Code: "gateway-members", Description: "every pod is a member of the gateway's cluster", Needs: []string{"gateway-health"}, Run: m.joined}}
	switch form {
	case "":
		return nil
	case "broker":
		return append([]check.Check{{Code: "gateway-broker", Description: "one broker runs", Needs: []string{workloadExists}, Run: m.broker}}, all...)
	}
	return append([]check.Check{{Code: "gateway-peers", Description: "every pod has its address among the peers", Needs: []string{"workload-rollout"}, Run: m.peers}}, all...)
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
	found, err := client.DiscoveryV1().EndpointSlices(namespace).List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + peers})
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
			return check.Fail(fmt.Sprintf("kubectl describe service %s -n %s; its selector must be the pods' labels: %s", peers, namespace, m.up()), "pod %s runs, and has no address in Service %s", pod.Name, peers)
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
	mesh := clusterOf(m.Config.Document()) == "mesh"
	said := 0
	for _, each := range pods {
		pod, err := m.pod(ctx, each.Namespace, each.Name)
		if err != nil {
			return unreadable("pod "+each.Name, err, m.clusterLogin())
		}
		if mesh {
			for _, port := range []int{components.GossipPort, components.GrpcPort} {
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
	listen := ""
	if mesh {
		listen = fmt.Sprintf(", and listens at %d and %d", components.GossipPort, components.GrpcPort)
	}
	if said < len(pods) {
		return check.Pass("%d pods run%s; %d of them tell of their cluster, and it is healthy: that the others are members is not known", len(pods), listen, said)
	}
	return check.Pass("each of %d pods says that its cluster is healthy%s", len(pods), listen)
}

// deaf is the result where a port of the cluster is closed, or could not be looked at.
func (m members) deaf(pod string, port int, err error) check.Result {
	if err != nil {
		return unreadable(fmt.Sprintf("port %d of pod %s", port, pod), err, m.clusterLogin())
	}
	return check.Fail("the open-source gateway ignores cluster_config: write an image of Bifrost Enterprise into registry.image; the gateway's own words: "+m.words,
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

const clusterHint = "let 10101 (TCP and UDP) and 10102 (TCP) through between the gateway's own pods or tasks, in network policies and security groups"

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
	result := check.Fail(clusterHint+"; "+a.words, "%s knows %d members, %d of them healthy, and %d run", who, status.Members, status.Healthy, want)
	return &result
}

// broker: two brokers are two clusters, and none is no cluster.
func (m members) broker(ctx context.Context) check.Result {
	client, err := m.objects.client(ctx)
	if err != nil {
		return unreadable("the cluster", err, m.clusterLogin())
	}
	namespace, name := m.objects.names.Namespace, brokerName(m.Config.Document())
	broker, err := client.AppsV1().Deployments(namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return m.noBroker(name, namespace)
	case err != nil:
		return unreadable("Deployment "+name, err, m.clusterLogin())
	case wanted(broker.Spec.Replicas) != 1:
		return check.Fail(m.up(), "Deployment %s has %d replicas: the gateway's pods that reach one broker do not hear of those at another", name, wanted(broker.Spec.Replicas))
	case broker.Status.AvailableReplicas != 1:
		return check.Fail(fmt.Sprintf("kubectl describe deployment %s -n %s", name, namespace), "Deployment %s has %d available pods, and needs one", name, broker.Status.AvailableReplicas)
	}
	return check.Pass("Deployment %s", name)
}

// noBroker is the result without the Deployment: somebody else's broker cannot be seen.
func (m members) noBroker(name, namespace string) check.Result {
	return check.Skip("there is no Deployment %s in namespace %s: the broker of cluster_config is not the stack's own", name, namespace)
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
	return []check.Check{{Code: "ecs-gateway-members", Description: "every task is a member of the gateway's cluster", Needs: []string{"ecs-gateway-health"}, Run: m.joined}}
}

// joined asks the one task that the load balancer picks: there is no way to each of them.
func (m taskMembers) joined(ctx context.Context) check.Result {
	if _, ended := m.ask(ctx, service.Request{Path: "/health"}); ended != nil {
		return *ended
	}
	tasks, err := m.ecs.Service(ctx, m.Outputs.ECS.Cluster, m.Outputs.ECS.Service)
	if err != nil {
		return m.failedService(err)
	}
	status, known := m.status(ctx)
	if !known {
		return check.Skip("the gateway does not answer %s; look for %q: %s --filter-pattern '\"cluster health\"'", clusterPath, "cluster health: HEALTHY", m.words)
	}
	if result := m.judge("a task", status, tasks.Running); result != nil {
		return *result
	}
	return check.Pass("a task knows %d healthy members, and %d run", status.Healthy, tasks.Running)
}
