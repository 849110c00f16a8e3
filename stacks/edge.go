package stacks

import (
	"fmt"

	"bifrost/components/kubernetes"
)

// retired are the ingress controllers at the end of their life, and what follows (Kubernetes, "Ingress NGINX Retirement"; Azure Kubernetes
// Service, "Configure ingress with the Kubernetes Gateway API via the application routing add-on").
var retired = map[string]string{
	kubernetes.IngressNginx: "ingress-nginx was retired in March 2026, and nobody mends its security any more; a Gateway of the Gateway " +
		"API follows (gateway.httpRoute), of whichever implementation the cluster has",
	kubernetes.IngressAppRouting: "Azure supports NGINX of AKS' application routing, with security patches alone, until the end of " +
		"November 2026; its Gateway API follows: `az aks update --enable-gateway-api --enable-app-routing-istio`, a Gateway of the " +
		"GatewayClass approuting-istio, and gateway.httpRoute, beside this until clients have moved (examples/aks-production)",
}

// retiredController tells of an ingress controller that somebody should leave.
func retiredController(c *Config) string {
	if c.onKubernetes() == nil || c.Gateway.Ingress == nil {
		return ""
	}
	why, old := retired[c.Gateway.Ingress.Controller]
	if !old {
		return ""
	}
	return fmt.Sprintf("gateway.ingress.controller %s: %s", c.Gateway.Ingress.Controller, why)
}

// shortDrain tells of a task that is stopped while the load balancer may still send it requests: ECS takes it out of the target group,
// waits for the deregistration delay and then lets it end (Amazon ECS developer guide, "Task lifecycle states", DEACTIVATING).
func shortDrain(c *Config) string {
	if c.Ecs == nil || c.Ecs.LoadBalancer == nil || c.Ecs.LoadBalancer.DeregistrationDelaySeconds == nil {
		return ""
	}
	return drains("ecs.loadBalancer.deregistrationDelaySeconds", *c.Ecs.LoadBalancer.DeregistrationDelaySeconds)
}

// drains says what a short delay means; empty where it is long enough.
func drains(whose string, delay int) string {
	if delay >= kubernetes.DefaultAlbPreStopSeconds {
		return ""
	}
	return fmt.Sprintf("%s is %d s: a task that goes gets SIGTERM that long after the load balancer is told, which may still send it "+
		"requests, and longer streams are cut; %d or more drops none that end by then", whose, delay, kubernetes.DefaultAlbPreStopSeconds)
}

// tokenless tells of a password that a program is to print, where the gateway has no identity with which to ask a cloud for one.
func tokenless(c *Config) string {
	on := c.onKubernetes()
	if on == nil || c.Gateway.ExistingServiceAccount {
		return ""
	}
	for _, database := range c.databases(on) {
		if database.Command && !on.identified(c) {
			return fmt.Sprintf("%s: its password_command prints a password, and the gateway has no identity of its own: where that is a "+
				"token of RDS or of Entra, nobody gives it one; %s", c.Gateway.configPath().Child(database.Store, "config"), on.identify())
		}
	}
	return ""
}
