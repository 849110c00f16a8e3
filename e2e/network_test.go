package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// place is one end of a connection: a pod as the cluster has it, or an address outside.
type place struct {
	name    string
	pod     *corev1.Pod
	space   *corev1.Namespace
	address string
}

// flow is a connection that is tried.
type flow struct {
	from, to place
	protocol corev1.Protocol
	port     int
}

// network decides flows by the stored NetworkPolicies, with the API's own code for selectors. Nothing in this cluster enforces them.
type network struct {
	t        *testing.T
	policies []networkingv1.NetworkPolicy
}

func (s *site) policies(t *testing.T) network {
	t.Helper()
	list, err := s.client.NetworkingV1().NetworkPolicies("").List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.NotEmpty(t, list.Items)
	return network{t, list.Items}
}

func (n network) selected(selector *metav1.LabelSelector, set map[string]string) bool {
	found, err := metav1.LabelSelectorAsSelector(selector)
	require.NoError(n.t, err)
	return found.Matches(labels.Set(set))
}

// allows: both ends must allow a flow; an end that no policy of that direction selects allows all (Kubernetes, "Network Policies").
func (n network) allows(f flow) bool {
	return n.end(f.from, networkingv1.PolicyTypeEgress, f.to, f) && n.end(f.to, networkingv1.PolicyTypeIngress, f.from, f)
}

func (n network) end(at place, direction networkingv1.PolicyType, other place, f flow) bool {
	if at.pod == nil {
		return true
	}
	isolated := false
	for _, policy := range n.policies {
		if policy.Namespace != at.pod.Namespace || !n.selected(&policy.Spec.PodSelector, at.pod.Labels) || !slices.Contains(policy.Spec.PolicyTypes, direction) {
			continue
		}
		isolated = true
		if direction == networkingv1.PolicyTypeEgress {
			for _, rule := range policy.Spec.Egress {
				if n.peers(rule.To, policy.Namespace, other) && ports(rule.Ports, f) {
					return true
				}
			}
			continue
		}
		for _, rule := range policy.Spec.Ingress {
			if n.peers(rule.From, policy.Namespace, other) && ports(rule.Ports, f) {
				return true
			}
		}
	}
	return !isolated
}

func (n network) peers(peers []networkingv1.NetworkPolicyPeer, own string, other place) bool {
	for _, peer := range peers {
		switch {
		case peer.IPBlock != nil && other.pod == nil:
			inside := netip.MustParsePrefix(peer.IPBlock.CIDR).Contains(netip.MustParseAddr(other.address))
			for _, except := range peer.IPBlock.Except {
				inside = inside && !netip.MustParsePrefix(except).Contains(netip.MustParseAddr(other.address))
			}
			if inside {
				return true
			}
		case peer.IPBlock == nil && other.pod != nil:
			space := other.pod.Namespace == own
			if peer.NamespaceSelector != nil {
				space = n.selected(peer.NamespaceSelector, other.space.Labels)
			}
			if space && (peer.PodSelector == nil || n.selected(peer.PodSelector, other.pod.Labels)) {
				return true
			}
		}
	}
	return len(peers) == 0
}

func ports(ports []networkingv1.NetworkPolicyPort, f flow) bool {
	for _, p := range ports {
		last := int32(p.Port.IntValue())
		if p.EndPort != nil {
			last = *p.EndPort
		}
		if *p.Protocol == f.protocol && p.Port.IntValue() <= f.port && f.port <= int(last) {
			return true
		}
	}
	return len(ports) == 0
}

// pod makes one in a namespace of its own making, until the test ends; image does nothing on the node.
func (s *site) pod(t *testing.T, space, name string, set map[string]string) place {
	t.Helper()
	ctx := context.Background()
	if _, err := s.client.CoreV1().Namespaces().Get(ctx, space, metav1.GetOptions{}); err != nil {
		_, err = s.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: space}}, metav1.CreateOptions{})
		require.NoError(t, err)
		t.Cleanup(func() { s.drop(t, space) })
		eventually(t, "the ServiceAccount of "+space, func(ctx context.Context) error {
			_, err := s.client.CoreV1().ServiceAccounts(space).Get(ctx, "default", metav1.GetOptions{})
			return err
		})
	}
	made, err := s.client.CoreV1().Pods(space).Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: set},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "registry.example/idle:1"}}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	t.Cleanup(func() {
		now := int64(0)
		require.NoError(t, s.client.CoreV1().Pods(space).Delete(ctx, name, metav1.DeleteOptions{GracePeriodSeconds: &now}))
	})
	return s.place(t, made)
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

func (s *site) place(t *testing.T, pod *corev1.Pod) place {
	t.Helper()
	space, err := s.client.CoreV1().Namespaces().Get(t.Context(), pod.Namespace, metav1.GetOptions{})
	require.NoError(t, err)
	return place{name: pod.Namespace + "/" + pod.Name, pod: pod, space: space}
}

func beyond(name, address string) place { return place{name: name, address: address} }

// testNetwork: who may reach the gateway and the refresher, and what these may reach.
func testNetwork(t *testing.T, s *site, balancer place) {
	running, err := s.client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "app=" + gateway})
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(running.Items), 2)
	one, two := s.place(t, &running.Items[0]), s.place(t, &running.Items[1])
	one.name, two.name = "gateway", "another gateway"
	jobs, err := s.client.BatchV1().CronJobs(namespace).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.Len(t, jobs.Items, 1)
	refresher := one
	refresher.name, refresher.pod = "refresher", &corev1.Pod{ObjectMeta: jobs.Items[0].Spec.JobTemplate.Spec.Template.ObjectMeta}
	refresher.pod.Namespace = namespace
	dns := s.pod(t, "kube-system", "coredns-e2e", map[string]string{"k8s-app": "kube-dns"})
	dns.name = "DNS"
	prometheus := s.pod(t, "monitoring", "prometheus", nil)
	stranger := s.pod(t, "elsewhere", "stranger", map[string]string{"app": gateway})
	internet, database := beyond("internet", "203.0.113.7"), beyond("database", "10.200.0.9")

	const tcp, udp = corev1.ProtocolTCP, corev1.ProtocolUDP
	n := s.policies(t)
	table := ""
	for _, c := range []struct {
		flow
		want bool
	}{
		{flow{balancer, one, tcp, 8080}, true},
		{flow{prometheus, one, tcp, 8080}, true},
		{flow{stranger, one, tcp, 8080}, false},
		{flow{internet, one, tcp, 8080}, false},
		{flow{balancer, one, tcp, 22}, false},
		{flow{one, two, tcp, 10101}, true},
		{flow{one, two, udp, 10101}, true},
		{flow{one, two, tcp, 10102}, true},
		{flow{stranger, one, tcp, 10101}, false},
		{flow{stranger, one, udp, 10101}, false},
		{flow{refresher, one, tcp, 10102}, false},
		{flow{one, dns, udp, 53}, true},
		{flow{one, dns, tcp, 53}, true},
		{flow{one, database, tcp, 5432}, true},
		{flow{one, internet, tcp, 443}, true},
		{flow{one, internet, tcp, 25}, false},
		{flow{one, stranger, tcp, 8080}, false},
		{flow{refresher, dns, udp, 53}, true},
		{flow{refresher, internet, tcp, 443}, true},
		{flow{refresher, database, tcp, 5432}, false},
		{flow{refresher, one, tcp, 8080}, false},
		{flow{one, refresher, tcp, 443}, false},
		{flow{prometheus, refresher, tcp, 8080}, false},
	} {
		words := fmt.Sprintf("%s -> %s %s %d", c.from.name, c.to.name, c.protocol, c.port)
		require.Equal(t, c.want, n.allows(c.flow), "%s", words)
		table += fmt.Sprintf("%-52s %t\n", words, c.want)
	}
	report.add("NetworkPolicies as stored, "+strings.TrimPrefix(s.folder, "examples/")+", decided with the API's selector code", table)
}
