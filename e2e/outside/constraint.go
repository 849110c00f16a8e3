package outside

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// UserIDs has pods admitted as OpenShift's constraint restricted-v2 admits them, with the ids of users and groups from first on, which it
// takes from the annotations of the namespace: who asks for another id is refused, who asks for none gets the first. count 0 ends it.
func (s *Server) UserIDs(first, count int64) {
	s.webhook.mu.Lock()
	defer s.webhook.mu.Unlock()
	s.webhook.ids = ids{first, first + count - 1}
}

// ids are those of users and groups that a namespace has, the first and the last; none where the last is before the first.
type ids struct{ first, last int64 }

func (i ids) none() bool { return i.last < i.first }

func (i ids) has(id *int64) bool { return id == nil || *id >= i.first && *id <= i.last }

// admit gives a pod its ids, or tells why it is refused (OpenShift Container Platform, "Managing security context constraints").
func (i ids) admit(pod *corev1.Pod) error {
	if pod.Spec.SecurityContext == nil {
		pod.Spec.SecurityContext = &corev1.PodSecurityContext{}
	}
	own := pod.Spec.SecurityContext
	var wrong []string
	if !i.has(own.FSGroup) {
		wrong = append(wrong, fmt.Sprintf(".spec.securityContext.fsGroup: Invalid value: []int64{%d}: %d is not an allowed group",
			*own.FSGroup, *own.FSGroup))
	}
	own.FSGroup = ptr.To(ptr.Deref(own.FSGroup, i.first))
	for n, c := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		asked := own.RunAsUser
		if c.SecurityContext != nil && c.SecurityContext.RunAsUser != nil {
			asked = c.SecurityContext.RunAsUser
		}
		if !i.has(asked) {
			wrong = append(wrong, fmt.Sprintf(".containers[%d].runAsUser: Invalid value: %d: must be in the ranges: [%d, %d]", n, *asked,
				i.first, i.last))
		}
	}
	if len(wrong) > 0 {
		return fmt.Errorf("unable to validate against any security context constraint: [provider restricted-v2: %s]",
			strings.Join(wrong, ", provider restricted-v2: "))
	}
	own.RunAsUser = ptr.To(ptr.Deref(own.RunAsUser, i.first))
	return nil
}
