package kubernetes

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// noAddress is what the provider says of an Ingress that no controller has taken (pulumi-kubernetes 4.32, await of Ingress).
const noAddress = "Ingress .status.loadBalancer field was not updated with a hostname/IP address"

// awaitIngress waits as the provider does: every path has a Service, and a controller has given the Ingress an address.
func awaitIngress(c *double.Call, r *world.Resource) []string {
	ingress, err := decode[networkingv1.Ingress](r.State)
	if err != nil {
		return []string{err.Error()}
	}
	var problems []string
	for _, backend := range backends(ingress) {
		if problem := backendProblem(c, ingress.Namespace, backend); problem != "" {
			problems = append(problems, problem)
		}
	}
	for _, tls := range ingress.Spec.TLS {
		if name := tls.SecretName; name != "" &&
			c.World.Get(pulumitype.KubernetesSecret, server(c), objectID(ingress.Namespace, name)) == nil {
			c.World.Warn(fmt.Sprintf("Ingress %s: its TLS Secret %s/%s does not exist: the controller shows a certificate of its own", r.ID,
				ingress.Namespace, name))
		}
	}
	if class := ingressClass(c, ingress); class == nil && !takenByGke(ingress) {
		problems = append(problems, fmt.Sprintf("%s: no controller takes it: %s", noAddress, missingClass(ingress)))
	} else {
		r.State["status"] = double.Object{"loadBalancer": double.Object{"ingress": []any{double.Object{
			"hostname": fmt.Sprintf("%s.%s.ingress.sandbox.example", ingress.Name, ingress.Namespace),
		}}}}
	}
	if skipAwait(r) {
		for _, problem := range problems {
			c.World.Warn(fmt.Sprintf("Ingress %s is not awaited: %s", r.ID, problem))
		}
		return nil
	}
	return problems
}

func backends(ingress networkingv1.Ingress) []*networkingv1.IngressServiceBackend {
	var all []*networkingv1.IngressServiceBackend
	if b := ingress.Spec.DefaultBackend; b != nil && b.Service != nil {
		all = append(all, b.Service)
	}
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for _, path := range rule.HTTP.Paths {
			if path.Backend.Service != nil {
				all = append(all, path.Backend.Service)
			}
		}
	}
	return all
}

// backendProblem says why a Service does not serve a path; "" where it does.
func backendProblem(c *double.Call, namespace string, backend *networkingv1.IngressServiceBackend) string {
	found := c.World.Get(pulumitype.KubernetesService, server(c), objectID(namespace, backend.Name))
	if found == nil {
		return fmt.Sprintf("Ingress has at least one rule that does not target any Service. There is no Service %s/%s", namespace,
			backend.Name)
	}
	service, err := decode[corev1.Service](found.State)
	if err != nil {
		return err.Error()
	}
	for _, port := range service.Spec.Ports {
		if port.Port == backend.Port.Number || backend.Port.Name != "" && port.Name == backend.Port.Name {
			return ""
		}
	}
	return fmt.Sprintf("Service %s/%s has no port %s%d", namespace, backend.Name, backend.Port.Name, backend.Port.Number)
}

// takenByGke tells whether GKE's own controller takes an Ingress: by an annotation, and never one that names a class (ingress-gce,
// pkg/utils/utils.go, IsGCEIngress). The configuration lets no other cluster have one.
func takenByGke(ingress networkingv1.Ingress) bool {
	class := ingress.Annotations["kubernetes.io/ingress.class"]
	return ingress.Spec.IngressClassName == nil && (class == "gce" || class == "gce-internal")
}

const defaultIngressClass = "ingressclass.kubernetes.io/is-default-class"

// ingressClass returns the class whose controller takes an Ingress; nil where there is none.
func ingressClass(c *double.Call, ingress networkingv1.Ingress) *world.Resource {
	if name := ingress.Spec.IngressClassName; name != nil {
		return c.World.Get(pulumitype.KubernetesIngressClass, server(c), *name)
	}
	return defaultOf(c, pulumitype.KubernetesIngressClass, defaultIngressClass)
}

// defaultOf returns the object of a type that its annotation makes the cluster's default.
func defaultOf(c *double.Call, typ, annotation string) *world.Resource {
	for _, class := range c.World.List(typ, server(c)) {
		if double.Map(class.State, "metadata.annotations")[annotation] == "true" {
			return class
		}
	}
	return nil
}

func missingClass(ingress networkingv1.Ingress) string {
	if name := ingress.Spec.IngressClassName; name != nil {
		return fmt.Sprintf("ingressclass.networking.k8s.io %q not found", *name)
	}
	return "it names no ingressClassName, and the cluster has no default class"
}
