package kubernetes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	podsecurity "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"k8s.io/utils/ptr"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/kubelet"
	"bifrost/bifrostctl/world"
)

// userIDs are how many ids of users a namespace of OpenShift has.
const userIDs = 10_000

// firstUserID is where the range of a namespace's users and groups begins, which OpenShift writes to its annotation
// openshift.io/sa.scc.uid-range (OpenShift Container Platform, "Managing security context constraints").
func firstUserID(server, namespace string) int64 {
	n, _ := strconv.ParseInt(world.Hex(4, "uid range", server, namespace), 16, 64)
	return 1_000_000_000 + n%1000*userIDs
}

// constrain does what the admission plug-in SecurityContextConstraint does with a pod of OpenShift's whose ServiceAccount has no
// constraints but the default ones, restricted-v2: it gives users and groups to those that name none, and returns why it refuses others,
// in the words of the controller's FailedCreate event (openshift/apiserver-library-go, pkg/securitycontextconstraints; manifests of
// openshift/cluster-kube-apiserver-operator, scc-restricted-v2.yaml). What else the constraints ask for is what the restricted level of
// the Pod Security Standards does. On other clusters it does nothing.
func constrain(c *double.Call, namespace, owner string, pod *corev1.PodTemplateSpec) (string, error) {
	if of := c.World.OnServer(server(c)); of == nil || !of.OpenShift {
		return "", nil
	}
	first := firstUserID(server(c), namespace)
	var problems []string
	refuse := func(at string, value any, why string) {
		problems = append(problems, fmt.Sprintf("provider restricted-v2: %s: Invalid value: %v: %s", at, value, why))
	}
	ids := ptr.Deref(pod.Spec.SecurityContext, corev1.PodSecurityContext{})
	if group := ids.FSGroup; group != nil && !inRange(*group, first) {
		refuse(".spec.securityContext.fsGroup", []int64{*group}, fmt.Sprintf("%d is not an allowed group", *group))
	}
	ids.FSGroup = orFirst(ids.FSGroup, first)
	each := func(kind string, containers []corev1.Container) {
		for i := range containers {
			of := ptr.Deref(containers[i].SecurityContext, corev1.SecurityContext{})
			user := of.RunAsUser
			if user == nil {
				user = ids.RunAsUser
			}
			if user != nil && !inRange(*user, first) {
				refuse(fmt.Sprintf(".%s[%d].runAsUser", kind, i), *user,
					fmt.Sprintf("must be in the ranges: [%d, %d]", first, first+userIDs-1))
			}
			of.RunAsUser, of.RunAsNonRoot = orFirst(user, first), ptr.To(true)
			containers[i].SecurityContext = &of
		}
	}
	each("initContainers", pod.Spec.InitContainers)
	each("containers", pod.Spec.Containers)
	if ids.SeccompProfile == nil {
		ids.SeccompProfile = &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}
	}
	pod.Spec.SecurityContext = &ids
	checks, err := evaluator()
	if err != nil {
		return "", fmt.Errorf("prepare the Pod Security checks: %w", err)
	}
	restricted := podsecurity.LevelVersion{Level: podsecurity.LevelRestricted, Version: podsecurity.LatestVersion()}
	if result := policy.AggregateCheckResults(checks.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec)); !result.Allowed {
		problems = append(problems, "provider restricted-v2: "+result.ForbiddenDetail())
	}
	if len(problems) == 0 {
		return "", nil
	}
	return fmt.Sprintf("FailedCreate: Error creating: pods %q is forbidden: unable to validate against any security context constraint: "+
		"[provider \"anyuid\": Forbidden: not usable by user or serviceaccount, %s]", owner+"-", strings.Join(problems, ", ")), nil
}

func inRange(id, first int64) bool { return id >= first && id < first+userIDs }

func orFirst(id *int64, other int64) *int64 {
	if id != nil {
		return id
	}
	return &other
}

// openShiftDNS are OpenShift's DNS servers. Their Service has port 53, and the pods another one (openshift/cluster-dns-operator,
// assets/dns/daemonset.yaml and service.yaml); policies see the pods'.
var openShiftDNS = destination{
	what: "the cluster's DNS (UDP 5353, dns.operator.openshift.io/daemonset-dns=default in openshift-dns)", protocol: corev1.ProtocolUDP,
	port: 5353, namespace: "openshift-dns", namespaceLabels: labels.Set{corev1.LabelMetadataName: "openshift-dns"},
	pod: labels.Set{"dns.operator.openshift.io/daemonset-dns": "default"},
}

// dns are the DNS servers of the pod's cluster.
func (p *podCheck) dns() destination {
	if of := p.call.World.OnServer(server(p.call)); of != nil && of.OpenShift {
		return openShiftDNS
	}
	return kubeDNS
}

// anonymous reports containers that a kubelet refuses: they must not run as root, state no user of their own, and their image's is root,
// or a name (Kubernetes, pkg/kubelet/kuberuntime/security_context.go, verifyRunAsNonRoot).
func (p *podCheck) anonymous(pod *corev1.PodTemplateSpec) {
	of := ptr.Deref(pod.Spec.SecurityContext, corev1.PodSecurityContext{})
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		own := ptr.Deref(container.SecurityContext, corev1.SecurityContext{})
		nonRoot := ptr.Deref(own.RunAsNonRoot, ptr.Deref(of.RunAsNonRoot, false))
		if nonRoot && own.RunAsUser == nil && of.RunAsUser == nil && kubelet.Anonymous(container.Image) {
			p.add("Error: container has runAsNonRoot and image will run as root (container %s)", container.Name)
		}
	}
}
