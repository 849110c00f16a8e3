// Package kubelet is a node of the sandbox's clusters, as far as a pull needs one: it gives pods their files and tokens, pulls
// their images with the credentials that a kubelet has, and runs the containers of Jobs. Their scripts are interpreted; no
// process is started, and no file of this machine is opened.
package kubelet

import (
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// API is the cluster's API server, as kubelets and pods use it.
type API interface {
	// Data returns the content of a Secret or ConfigMap, by key; nil where there is none.
	Data(kind, namespace, name string) map[string][]byte
	// ServiceAccount returns a ServiceAccount's uid and annotations.
	ServiceAccount(namespace, name string) (uid string, annotations map[string]string)
	// May asks RBAC.
	May(user string, groups []string, verb, resource, namespace, name string) bool
	// ApplySecret writes a Secret, server-side, in place where it exists. DeleteSecret deletes one; it tells whether there was one.
	ApplySecret(manifest []byte) error
	DeleteSecret(namespace, name string) bool
}

// The kinds of Data.
const (
	Secret    = "Secret"
	ConfigMap = "ConfigMap"
)

// Node is a node of a cluster.
type Node struct {
	World   *served.World
	Cluster *world.Cluster
	API     API
}

// Pod is a pod that is to run there.
type Pod struct {
	Namespace, Name string
	Labels          map[string]string
	Spec            corev1.PodSpec
}

func (p *Pod) serviceAccount() string {
	if p.Spec.ServiceAccountName == "" {
		return "default"
	}
	return p.Spec.ServiceAccountName
}

// Pull pulls the images of all containers and returns the events of those that cannot be.
func (n *Node) Pull(p Pod) []string {
	n.World.Network.Refusals.Take()
	var events []string
	for _, container := range containersOf(p) {
		if !n.private(container.Image) {
			continue
		}
		if refusals := n.pull(context.Background(), p, container.Image); refusals != nil {
			events = append(events, "Failed to pull image \""+container.Image+"\": ImagePullBackOff: "+hop.Join(refusals))
		}
	}
	return events
}

// Run runs a pod's containers, one after the other, as often as a Job would, and returns why the last run failed; "" when one
// succeeded. Each try is a new pod with new tokens.
func (n *Node) Run(p Pod, tries int) string {
	var failure string
	var refusals []*hop.Refusal
	for range tries {
		n.World.Network.Refusals.Take()
		failure = n.runOnce(p)
		if failure == "" {
			return ""
		}
		refusals = append(refusals, n.World.Network.Refusals.Take()...)
	}
	if len(refusals) == 0 { // the container's own script gave up
		refusals = append(refusals, hop.Refuse(hop.Container, hop.Failed, "it asked no service; see its own words"))
	}
	return failure + ": " + hop.Join(refusals)
}

func (n *Node) runOnce(p Pod) string {
	files, err := n.mount(p)
	if err != nil {
		return err.Error()
	}
	for _, container := range containersOf(p) {
		if failure := n.runContainer(p, files, container); failure != "" {
			return failure
		}
	}
	return ""
}

// containersOf returns the containers in the order in which they start.
func containersOf(p Pod) []corev1.Container {
	return append(append([]corev1.Container{}, p.Spec.InitContainers...), p.Spec.Containers...)
}

// lastWords are the end of a container's log, as an event shows it: the service's words and the script's.
func lastWords(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-2):], "; ")
}
