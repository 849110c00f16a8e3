package stacks

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/components/kubernetes"
)

// abroad is what a cluster of one cloud passes over: with an annotation of another cloud, or another's ingress controller, the gateway
// would seem closed, or to speak TLS, and would not be.
type abroad struct {
	// annotations begin so.
	annotations []string
	// controllers of an Ingress.
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
	onEks.name(): {[]string{azureBalancers, googleNetwork, googleCloud}, []string{kubernetes.IngressAppRouting}},
	onAks.name(): {[]string{awsBalancers, awsIngresses, googleNetwork, googleCloud}, []string{kubernetes.IngressALB}},
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
	if slices.Contains(foreign.controllers, g.Ingress.Controller) {
		k.add(field.Invalid(p.Child("controller"), g.Ingress.Controller, on.title()+" does not run it"))
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
