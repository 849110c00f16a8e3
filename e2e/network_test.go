package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"bifrost/e2e/images"
	"bifrost/e2e/kubelet"
	"bifrost/e2e/reach"
)

// crossing is a way between those who play two parts, and whether the stack's NetworkPolicies leave it open.
type crossing struct {
	from, to string
	protocol corev1.Protocol
	port     uint16
	open     bool
}

const tcp, udp = corev1.ProtocolTCP, corev1.ProtocolUDP

// crossings are those of every stack that is tried.
var crossings = []crossing{
	{"balancer", "gateway", tcp, 8080, true},
	{"prometheus", "gateway", tcp, 8080, true},
	{"prometheus", "gateway's Service", tcp, 80, true},
	{"stranger", "gateway", tcp, 8080, false},
	{"stranger", "gateway's Service", tcp, 80, false},
	{"internet", "gateway", tcp, 8080, false},
	{"balancer", "gateway", tcp, 22, false},
	{"prometheus", "gateway", tcp, 22, false},
	{"stranger", "gateway", tcp, 10101, false},
	{"stranger", "gateway", udp, 10101, false},
	{"refresher", "gateway", tcp, 10102, false},
	{"gateway", "gateway", tcp, 10101, true},
	{"gateway", "gateway", udp, 10101, true},
	{"gateway", "gateway", tcp, 10102, true},
	{"gateway", "gateway", udp, 10102, false},
	{"gateway", "gateway", tcp, 22, false},
	{"refresher", "gateway", tcp, 8080, false},
	{"gateway", "DNS", udp, 53, true},
	{"gateway", "DNS", tcp, 53, true},
	{"gateway", "DNS's Service", udp, 53, true},
	{"gateway", "database", tcp, 5432, true},
	{"gateway", "internet", tcp, 443, true},
	{"gateway", "internet", tcp, 80, false},
	{"gateway", "internet", tcp, 25, false},
	{"gateway", "internet", udp, 443, false},
	{"gateway", "API server", tcp, 443, true},
	{"gateway", "API server's Service", tcp, 443, true},
	{"gateway", "API server", tcp, 6443, true},
	{"gateway", "agent", tcp, 80, false},
	{"gateway", "metadata service", tcp, 80, false},
	{"gateway", "Azure's host", tcp, 443, false},
	{"gateway", "kubelet", tcp, 10250, false},
	{"gateway", "stranger", tcp, 8080, false},
	{"gateway", "refresher", tcp, 443, false},
	{"refresher", "DNS", udp, 53, true},
	{"refresher", "DNS's Service", udp, 53, true},
	{"refresher", "internet", tcp, 443, true},
	{"refresher", "internet", tcp, 25, false},
	{"refresher", "API server's Service", tcp, 443, true},
	{"refresher", "database", tcp, 5432, false},
	{"refresher", "metadata service", tcp, 80, false},
	{"refresher", "kubelet", tcp, 10250, false},
	{"refresher", "stranger", tcp, 8080, false},
	{"prometheus", "refresher", tcp, 8080, false},
	{"internet", "refresher", tcp, 8080, false},
	// Whom no policy selects: the ways above are closed by policies, and by nothing else.
	{"stranger", "prometheus", tcp, 8080, true},
	{"stranger", "internet", tcp, 25, true},
	{"stranger", "database", tcp, 5432, true},
	{"stranger", "metadata service", tcp, 80, true},
	{"stranger", "Azure's host", tcp, 443, true},
	{"stranger", "kubelet", tcp, 10250, true},
	{"internet", "stranger", tcp, 8080, true},
}

// cast is who plays which part, on every node where that makes a difference.
type cast map[string][]reach.Place

// waits makes a pod that waits, on one node and until the test ends, and returns it once it runs.
func (s *site) waits(t *testing.T, on *kubelet.Node, space string, pod *corev1.Pod) reach.Place {
	t.Helper()
	ctx := context.Background()
	pod.Namespace, pod.Name, pod.Spec.NodeName = space, pod.Name+"-"+on.Name, on.Name
	made, err := s.client.CoreV1().Pods(space).Create(ctx, pod, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { s.gone(t, made) })
	eventually(t, "pod "+made.Name+" runs", func(ctx context.Context) error {
		made, err = s.client.CoreV1().Pods(space).Get(ctx, made.Name, metav1.GetOptions{})
		if err == nil && made.Status.Phase != corev1.PodRunning {
			err = fmt.Errorf("%+v", made.Status)
		}
		return err
	})
	place, err := reach.Pod(made.Name, made)
	require.NoError(t, err)
	return place
}

// sleeper is a container that does nothing.
var sleeper = corev1.Container{Name: "c", Image: images.Tool, Command: []string{"/bin/sleep", "86400"}}

// idle is a pod that does nothing.
func idle(name string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{sleeper}}}
}

// space makes a namespace until the test ends.
func (s *site) space(t *testing.T, name string) {
	t.Helper()
	_, err := s.client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { s.drop(t, name) })
	eventually(t, "the ServiceAccount of "+name, func(ctx context.Context) error {
		_, err := s.client.CoreV1().ServiceAccounts(name).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// everyone plays the parts of crossings: pods in two namespaces on each node, the refresher's with its template, and what is outside.
func (s *site) everyone(t *testing.T) cast {
	t.Helper()
	s.space(t, "monitoring")
	s.space(t, "elsewhere")
	c := cast{
		"internet": {reach.Here("internet", s.network.Outside)}, "database": {reach.Here("database", s.network.Outside)},
		"API server":       {reach.Here("API server", s.network.Gateway)},
		"metadata service": {s.address(t, "metadata service", "169.254.169.254")}, "Azure's host": {s.address(t, "Azure's host", "168.63.129.16")},
		"agent":                {reach.Here("agent", netip.MustParseAddr("169.254.170.23"))},
		"API server's Service": {s.service(t, "default", "kubernetes")}, "DNS's Service": {s.service(t, "kube-system", "kube-dns")},
		"gateway's Service": {s.service(t, namespace, gateway)}, "DNS": s.running(t, "kube-system", "k8s-app=kube-dns"),
		"gateway": s.running(t, namespace, "app="+gateway),
	}
	jobs, err := s.client.BatchV1().CronJobs(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, jobs.Items, 1)
	template := jobs.Items[0].Spec.JobTemplate.Spec.Template
	for _, node := range s.nodes {
		c["kubelet"] = append(c["kubelet"], reach.Behind("kubelet of "+node.Name, node.Host.Address))
		c["prometheus"] = append(c["prometheus"], s.waits(t, node, "monitoring", idle("prometheus", nil)))
		c["stranger"] = append(c["stranger"], s.waits(t, node, "elsewhere", idle("stranger", map[string]string{"app": gateway})))
		refresher := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "refresher", Labels: maps.Clone(template.Labels)}, Spec: *template.Spec.DeepCopy()}
		refresher.Spec.InitContainers = nil
		refresher.Spec.Containers = refresher.Spec.Containers[:1]
		refresher.Spec.Containers[0].Image, refresher.Spec.Containers[0].Command, refresher.Spec.Containers[0].Args = sleeper.Image, sleeper.Command, nil
		c["refresher"] = append(c["refresher"], s.waits(t, node, namespace, refresher))
	}
	return c
}

// address is one outside of every cluster. It stays until the machine of the tests goes: another cluster's test may look at it, too.
func (s *site) address(t *testing.T, name, address string) reach.Place {
	t.Helper()
	lo, err := netlink.LinkByName("lo")
	require.NoError(t, err)
	wanted, err := netlink.ParseAddr(address + "/32")
	require.NoError(t, err)
	if err := netlink.AddrAdd(lo, wanted); !errors.Is(err, syscall.EEXIST) {
		require.NoError(t, err)
	}
	return reach.Here(name, netip.MustParseAddr(address))
}

func (s *site) service(t *testing.T, space, name string) reach.Place {
	t.Helper()
	service, err := s.client.CoreV1().Services(space).Get(t.Context(), name, metav1.GetOptions{})
	require.NoError(t, err)
	return reach.Behind(name+"'s Service", netip.MustParseAddr(service.Spec.ClusterIP))
}

// running are the pods that are selected, on every node at least one.
func (s *site) running(t *testing.T, space, selector string) []reach.Place {
	t.Helper()
	list, err := s.client.CoreV1().Pods(space).List(t.Context(), metav1.ListOptions{LabelSelector: selector})
	require.NoError(t, err)
	var places []reach.Place
	on := map[string]bool{}
	for _, pod := range list.Items {
		place, err := reach.Pod(pod.Name, &pod)
		require.NoError(t, err)
		on[pod.Spec.NodeName] = true
		places = append(places, place)
	}
	require.Len(t, on, len(s.nodes), "pods of %s are on every node", selector)
	return places
}

// testNetwork tries every way between those who play its parts, on both nodes: who may reach the gateway and the refresher, and what these
// may reach.
func testNetwork(t *testing.T, s *site, balancers []reach.Place, more ...crossing) {
	parts := s.everyone(t)
	parts["balancer"] = balancers
	tryWays(t, parts, strings.TrimPrefix(s.folder, "examples/"), append(slices.Clone(crossings), more...))
}

// oneAtATime: what is outside of the clusters has one address for all of them, where only one flow's port can be listened at.
var oneAtATime sync.Mutex

// tryWays tries ways twice: until each is as it should be, and once more.
func tryWays(t *testing.T, parts cast, of string, all []crossing) {
	t.Helper()
	oneAtATime.Lock()
	defer oneAtATime.Unlock()
	tried := 0
	var table strings.Builder
	for _, c := range all {
		flows := parts.flows(t, c)
		for _, f := range flows {
			// What enforces the policies learns of these pods a moment later than the node.
			eventually(t, f.String(), func(context.Context) error { return as(f, c.open) })
		}
		tried += len(flows)
		fmt.Fprintf(&table, "%-52s %-8s %d of %d\n", c, c.verdict(), len(flows), len(flows))
	}
	// By now it knows them all: nothing is open for a moment.
	for _, c := range all {
		for _, f := range parts.flows(t, c) {
			if c.open {
				eventually(t, f.String(), func(context.Context) error { return as(f, true) })
				continue
			}
			require.NoError(t, as(f, false))
		}
	}
	report.add(fmt.Sprintf("NetworkPolicies of %s enforced by kube-router: %d connections tried, twice", of, tried), table.String())
}

func (c crossing) String() string {
	return fmt.Sprintf("%s -> %s %s %d", c.from, c.to, c.protocol, c.port)
}

func (c crossing) verdict() string {
	if c.open {
		return "reached"
	}
	return "refused"
}

// flows are between all who play the two parts.
func (c cast) flows(t *testing.T, way crossing) []reach.Flow {
	t.Helper()
	var flows []reach.Flow
	for _, from := range c[way.from] {
		for _, to := range c[way.to] {
			if from.Name != to.Name {
				flows = append(flows, reach.Flow{From: from, To: to, Protocol: way.protocol, Port: way.port})
			}
		}
	}
	require.NotEmpty(t, flows, "%s", way)
	return flows
}

// as tells of a way that is not as it should be.
func as(f reach.Flow, open bool) error {
	got, err := f.Try()
	if err == nil && got != open {
		err = errors.New(map[bool]string{true: "reached", false: "refused"}[got])
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f, err)
	}
	return nil
}

// balancerPods are a Gateway's, in the namespace of Gateways.
func balancerPods(t *testing.T, s *site) []reach.Place {
	t.Helper()
	s.space(t, "gateways")
	var places []reach.Place
	for _, node := range s.nodes {
		places = append(places, s.waits(t, node, "gateways", idle("envoy", nil)))
	}
	return places
}

// drop deletes a namespace and waits until it is gone, for what comes next looks at the whole cluster.
func (s *site) drop(t *testing.T, space string) {
	t.Helper()
	ctx := context.Background()
	require.NoError(t, s.client.CoreV1().Namespaces().Delete(ctx, space, metav1.DeleteOptions{}))
	eventuallyIn(ctx, t, "namespace "+space+" is gone", func(ctx context.Context) error {
		_, err := s.client.CoreV1().Namespaces().Get(ctx, space, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return err
		}
		return errors.New("still there")
	})
}
