package adopt

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"bifrost/components/kubernetes"
	"bifrost/stacks"
)

// made is an object that the stack makes under a name.
type made struct {
	resource, apiVersion, kind, name string
	// change is what becomes of it; empty for what every object gets, the labels of the stack.
	change string
	// skip says that the stack does not make it.
	skip bool
}

// takeObjects takes in what else has a name of the stack's.
func (o *onCluster) takeObjects() {
	g, c := &o.c.Gateway, o.c
	on, _ := c.Cluster()
	gateway, pull := o.target+"-gateway-", o.target+"-pull-"
	secret, cronJob := pullNames(c)
	for _, m := range []made{
		{resource: o.target + "-namespace", apiVersion: "v1", kind: "Namespace", name: o.namespace, skip: g.ExistingNamespace,
			change: "it enforces Pod Security restricted, which the stack's pods meet; what runs goes on, and what does not meet it is " +
				"not made anew"},
		{resource: gateway + "service-account", apiVersion: "v1", kind: "ServiceAccount", name: g.ServiceAccount,
			skip:   g.ExistingServiceAccount,
			change: "it mounts no token, and its annotations are the stack's"},
		{resource: gateway + "config", apiVersion: "v1", kind: "Secret", name: g.Name + "-config", skip: g.ExistingConfigSecret != "",
			change: "its content becomes the stack's config.json; what it has now is in the stack's state, encrypted, until the up is " +
				"done"},
		{resource: gateway + "network-policy", apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", name: g.Name,
			skip: g.NetworkPolicy != nil && g.NetworkPolicy.Disabled},
		{resource: gateway + "disruption-budget", apiVersion: "policy/v1", kind: "PodDisruptionBudget", name: g.Name, skip: c.Stateful()},
		{resource: gateway + "autoscaler", apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", name: g.Name,
			skip: g.Autoscaling == nil},
		{resource: gateway + "ingress", apiVersion: "networking.k8s.io/v1", kind: "Ingress", name: g.Name, skip: g.Ingress == nil},
		{resource: pull + "service-account", apiVersion: "v1", kind: "ServiceAccount", name: c.Refresher.ServiceAccount,
			skip:   !on.Refreshes,
			change: "the refresher's alone; it mounts no token, and has no annotation that it does not need"},
		{resource: pull + "secret", apiVersion: "v1", kind: "Secret", name: secret, skip: !on.Refreshes && !on.StaticKey,
			change: "it stays, with its token, and is written in place from now on"},
		{resource: pull + "credential-config", apiVersion: "v1", kind: "ConfigMap", name: "gcp-credential-config",
			skip: !on.Refreshes || o.target == "eks" || o.target == "gke"},
		{resource: pull + "role", apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", name: "secret-manager", skip: !on.Refreshes,
			change: "create and patch on the one pull Secret, instead of every Secret of the namespace"},
		{resource: pull + "role-binding", apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", name: "secret-manager-binding",
			skip: !on.Refreshes, change: "its subject becomes the refresher's ServiceAccount"},
		{resource: pull + "cron-job", apiVersion: "batch/v1", kind: "CronJob", name: cronJob, skip: !on.Refreshes,
			change: "it writes the Secret in place, with an image that has what it needs"},
	} {
		o.takeObject(m)
	}
}

// pullNames are those of the pull Secret and of the CronJob that keeps it fresh.
func pullNames(c *stacks.Config) (secret, cronJob string) {
	secret, cronJob = "bifrost-pull-secret", kubernetes.DefaultArCronJobName
	switch {
	case c.Eks != nil:
		return c.Eks.SecretName, kubernetes.DefaultEcrCronJobName
	case c.Aks != nil:
		secret = c.Aks.SecretName
	case c.Gke != nil:
		secret = c.Gke.SecretName
	case c.Kubernetes != nil:
		secret = c.Kubernetes.SecretName
	}
	return secret, cronJob
}

func (o *onCluster) takeObject(m made) {
	if m.skip {
		return
	}
	ref := objectRef{m.apiVersion, m.kind, o.namespace, m.name}
	if m.kind == "Namespace" {
		ref.namespace = ""
	}
	found, err := o.get(ref)
	if !o.found(ref.String(), err) {
		return
	}
	if why, mend := o.unfit(m, found); why != "" {
		o.plan.Cannot = append(o.plan.Cannot, Note{What: ref.String(), Why: why, Mend: mend})
		return
	}
	if found.GetLabels()["app.kubernetes.io/managed-by"] == "pulumi" && !o.known[m.resource] {
		o.plan.Left = append(o.plan.Left, Note{What: ref.String(), Why: "its labels say that a stack of Pulumi made it: take it in only " +
			"if this stack has lost its state"})
	}
	if o.take(Thing{m.resource, ref.typ(), ref.id(), ref.String()}) && m.change != "" {
		o.plan.Changes = append(o.plan.Changes, ref.String()+": "+m.change)
	}
}

// unfit says what of an object never changes and is another one than the stack's.
func (o *onCluster) unfit(m made, found *unstructured.Unstructured) (why, mend string) {
	remove := fmt.Sprintf("kubectl delete %s %s --namespace %s, right before the up", strings.ToLower(m.kind), m.name, o.namespace)
	switch {
	case m.kind == "Secret" && strings.HasSuffix(m.resource, "-pull-secret"):
		if is, _, _ := unstructured.NestedString(found.Object, "type"); is != string(corev1.SecretTypeDockerConfigJson) {
			return "its type is " + is + ", and the type of a Secret never changes", remove
		}
	case m.kind == "Secret":
		if is, _, _ := unstructured.NestedString(found.Object, "type"); is != "" && is != string(corev1.SecretTypeOpaque) {
			return "its type is " + is + ", and the type of a Secret never changes", remove
		}
	case m.kind == "RoleBinding":
		if role, _, _ := unstructured.NestedString(found.Object, "roleRef", "name"); role != "secret-manager" {
			return "it binds " + role + ", and a binding never changes what it binds", remove
		}
	}
	if immutable, _, _ := unstructured.NestedBool(found.Object, "immutable"); immutable {
		return "it is immutable", remove
	}
	return "", ""
}
