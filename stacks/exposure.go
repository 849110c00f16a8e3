package stacks

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/kubernetes"
	"bifrost/internal/check"
)

// abroad is what a cluster of one cloud passes over, and what it runs instead: with an annotation of another cloud, or another's ingress
// controller, the gateway would seem closed, or to speak TLS, and would not be.
type abroad struct {
	// annotations begin so.
	annotations []string
	// controllers of an Ingress that run there.
	controllers []string
}

const (
	awsBalancers   = "service.beta.kubernetes.io/aws-"
	awsIngresses   = "alb.ingress.kubernetes.io/"
	azureBalancers = "service.beta.kubernetes.io/azure-"
	googleNetwork  = "networking.gke.io/"
	googleCloud    = "cloud.google.com/"
)

var abroads = map[string]abroad{
	onEks.name(): {[]string{azureBalancers, googleNetwork, googleCloud}, []string{kubernetes.IngressALB, kubernetes.IngressNginx}},
	onAks.name(): {[]string{awsBalancers, awsIngresses, googleNetwork, googleCloud},
		[]string{kubernetes.IngressAppRouting, kubernetes.IngressNginx}},
	onGke.name(): {[]string{awsBalancers, awsIngresses, azureBalancers}, []string{kubernetes.IngressGCE, kubernetes.IngressNginx}},

	// Whose controllers run in a cluster of one's own is not known.
	onAny.name(): {nil, []string{kubernetes.IngressNginx}},
}

// validateExposure refuses what only another cloud's controllers would read.
func (c *Config) validateExposure(k *checker, on cluster) {
	g, foreign := &c.Gateway, abroads[on.name()]
	if g.Service != nil {
		k.add(foreign.annotated(field.NewPath("gateway", "service", "annotations"), g.Service.Annotations, on)...)
	}
	if g.Ingress == nil {
		return
	}
	p := field.NewPath("gateway", "ingress")
	switch controller := g.Ingress.Controller; {
	case controller == "":
		k.add(field.Required(p.Child("controller"), strings.Join(foreign.controllers, " or ")))
	case !slices.Contains(foreign.controllers, controller):
		problem := check.NotSupported(p.Child("controller"), controller, foreign.controllers)
		problem.Detail = on.title() + " does not run it; " + problem.Detail
		k.add(problem)
	}
	k.add(foreign.annotated(p.Child("annotations"), g.Ingress.Annotations, on)...)
}

func (a abroad) annotated(p *field.Path, annotations map[string]string, on cluster) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		if slices.ContainsFunc(a.annotations, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			errs = append(errs, field.Forbidden(p.Key(name), "no controller of "+on.title()+" reads it; remove it"))
		}
	}
	return errs
}
