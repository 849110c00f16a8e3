package kubernetes

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// rootCA is the ConfigMap that a controller publishes in every namespace.
const rootCA = "kube-root-ca.crt"

// podProblems returns why the pods of a Deployment, StatefulSet or Job do not start or do not become ready, in the words of events where
// there are any: admission forbids them, what they refer to is not there, or what they need cannot be reached.
func podProblems(c *double.Call, owner *world.Resource) []string {
	namespace := namespaceOf(owner)
	pod, err := decode[corev1.PodTemplateSpec](double.Map(owner.State, "spec.template"))
	if err != nil {
		return []string{err.Error()}
	}
	for _, admit := range admissions {
		forbidden, err := admit(c, namespace, double.String(owner.State, "metadata.name"), &pod)
		if err != nil {
			return []string{err.Error()}
		}
		if forbidden != "" {
			return []string{forbidden}
		}
	}
	p := podCheck{call: c, namespace: namespace}
	p.serviceAccount(pod.Spec.ServiceAccountName)
	p.priorityClass(pod.Spec.PriorityClassName)
	for _, v := range pod.Spec.Volumes {
		p.volume(v)
		p.claim(owner, v)
	}
	for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		p.environment(container)
	}
	p.rights(pod.Spec.ServiceAccountName)
	p.cutOff(&pod, append(append(p.databases(&pod), p.broker(&pod)...), p.dns())...)
	p.cutOff(&pod, append(p.metadata(&pod), p.apiServer(&pod)...)...)
	p.anonymous(&pod)
	if owner.Type == pulumitype.KubernetesJob {
		p.cutOff(&pod, cloudAPIs)
	}
	p.discovery(&pod)
	p.problems = append(p.problems, unscheduled(c, owner, pod)...)
	return append(p.problems, nodeOf(c).Pull(podOf(c, owner, pod))...)
}

// admissions are the plug-ins that change or forbid pods, in the order in which they are asked.
var admissions = []func(c *double.Call, namespace, owner string, pod *corev1.PodTemplateSpec) (forbidden string, err error){
	constrain, podSecurity,
}

// podCheck collects what keeps a pod from starting.
type podCheck struct {
	call      *double.Call
	namespace string
	problems  []string
}

func (p *podCheck) add(format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf(format, args...))
}

func (p *podCheck) find(typ, name string) *world.Resource {
	return p.call.World.Get(typ, server(p.call), objectID(p.namespace, name))
}

// serviceAccount: "default" exists in every namespace.
func (p *podCheck) serviceAccount(name string) {
	if name == "" || name == "default" || p.find(pulumitype.KubernetesServiceAccount, name) != nil {
		return
	}
	p.add("error looking up service account %s/%s: serviceaccount %q not found", p.namespace, name, name)
}

// priorityClass does what the admission plug-in Priority does. Every cluster has the two system classes.
func (p *podCheck) priorityClass(name string) {
	if name != "" && name != "system-cluster-critical" && name != "system-node-critical" &&
		p.call.World.Get(pulumitype.KubernetesPriorityClass, server(p.call), name) == nil {
		p.add("FailedCreate: Error creating: pods is forbidden: no PriorityClass with name %s was found", name)
	}
}

// claim looks for a claim that the pod names, and binds it.
func (p *podCheck) claim(owner *world.Resource, v corev1.Volume) {
	if v.PersistentVolumeClaim == nil {
		return
	}
	claim := p.find(pulumitype.KubernetesVolumeClaim, v.PersistentVolumeClaim.ClaimName)
	if claim == nil {
		p.add("FailedScheduling: persistentvolumeclaim %q not found", v.PersistentVolumeClaim.ClaimName)
		return
	}
	if problem := bind(p.call, claim); problem != "" {
		p.add("FailedScheduling: %s", problem)
	}
	p.multiAttach(owner, claim)
}

// rights reports a ServiceAccount that may do more with Secrets than write named ones: who reads and makes any Secret of a
// namespace can have a token of every other ServiceAccount in it.
func (p *podCheck) rights(name string) {
	if name == "" {
		name = "default"
	}
	api := apiServer{p.call.World, server(p.call)}
	user, groups := "system:serviceaccount:"+p.namespace+":"+name, []string{"system:serviceaccounts", "system:authenticated"}
	var broad []string
	for _, verb := range []string{"get", "list", "watch", "create", "update", "patch", "delete"} {
		if api.May(user, groups, verb, "secrets", p.namespace, "any-other-secret") {
			broad = append(broad, verb)
		}
	}
	if len(broad) > 0 {
		p.call.World.Warn(fmt.Sprintf("ServiceAccount %s/%s may %s every Secret of its namespace; give its Role resourceNames, and no "+
			"verb but create and patch",
			p.namespace, name, strings.Join(broad, ", ")))
	}
}

func (p *podCheck) volume(v corev1.Volume) {
	if v.Secret != nil {
		p.file(v.Name, pulumitype.KubernetesSecret, v.Secret.SecretName, v.Secret.Items, v.Secret.Optional)
	}
	if v.ConfigMap != nil {
		p.file(v.Name, pulumitype.KubernetesConfigMap, v.ConfigMap.Name, v.ConfigMap.Items, v.ConfigMap.Optional)
	}
	if v.Projected == nil {
		return
	}
	for _, source := range v.Projected.Sources {
		if source.Secret != nil {
			p.file(v.Name, pulumitype.KubernetesSecret, source.Secret.Name, source.Secret.Items, source.Secret.Optional)
		}
		if source.ConfigMap != nil {
			p.file(v.Name, pulumitype.KubernetesConfigMap, source.ConfigMap.Name, source.ConfigMap.Items, source.ConfigMap.Optional)
		}
	}
}

// file checks the object that a volume shows as files.
func (p *podCheck) file(volume, typ, name string, items []corev1.KeyToPath, optional *bool) {
	if optional != nil && *optional {
		return
	}
	if typ == pulumitype.KubernetesConfigMap && name == rootCA {
		return
	}
	object := p.find(typ, name)
	if object == nil {
		p.add("MountVolume.SetUp failed for volume %q : %s %q not found", volume, words[typ], name)
		return
	}
	for _, item := range items {
		if !hasKey(object, item.Key) {
			p.add("MountVolume.SetUp failed for volume %q : references non-existent %s key: %s", volume, words[typ], item.Key)
		}
	}
}

// words are the kubelet's names of what pods refer to.
var words = map[string]string{pulumitype.KubernetesSecret: "secret", pulumitype.KubernetesConfigMap: "configmap"}

func (p *podCheck) environment(container corev1.Container) {
	for _, env := range container.Env {
		if env.ValueFrom == nil {
			continue
		}
		if ref := env.ValueFrom.SecretKeyRef; ref != nil {
			p.variable(pulumitype.KubernetesSecret, ref.Name, ref.Key, ref.Optional)
		}
		if ref := env.ValueFrom.ConfigMapKeyRef; ref != nil {
			p.variable(pulumitype.KubernetesConfigMap, ref.Name, ref.Key, ref.Optional)
		}
	}
	for _, from := range container.EnvFrom {
		if from.SecretRef != nil {
			p.variable(pulumitype.KubernetesSecret, from.SecretRef.Name, "", from.SecretRef.Optional)
		}
		if from.ConfigMapRef != nil {
			p.variable(pulumitype.KubernetesConfigMap, from.ConfigMapRef.Name, "", from.ConfigMapRef.Optional)
		}
	}
}

// variable checks the object that gives an environment variable; an empty key stands for all its keys.
func (p *podCheck) variable(typ, name, key string, optional *bool) {
	if optional != nil && *optional {
		return
	}
	object := p.find(typ, name)
	if object == nil {
		p.add("Error: %s %q not found", words[typ], name)
		return
	}
	if key != "" && !hasKey(object, key) {
		p.add("Error: couldn't find key %s in %s %s/%s", key, words[typ], p.namespace, name)
	}
}

func hasKey(object *world.Resource, key string) bool {
	return double.Map(object.State, "data")[key] != nil || double.Map(object.State, "binaryData")[key] != nil
}
