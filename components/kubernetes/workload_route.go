package kubernetes

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
)

// maxRouteHosts is the most names of one route (Gateway API, HTTPRouteSpec, hostnames).
const maxRouteHosts = 16

func (a *WorkloadHttpRouteArgs) requestTimeoutSeconds() int {
	return cmp.Or(a.RequestTimeoutSeconds, DefaultStreamTimeoutSeconds)
}

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadHttpRouteArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	errs := check.Subdomain(p.Child("gateway"), a.Gateway)
	errs = append(errs, check.IfSet(p.Child("gatewayNamespace"), a.GatewayNamespace, check.Label)...)
	errs = append(errs, check.IfSet(p.Child("section"), a.Section, check.Subdomain)...)
	if a.Section == "" && !a.AllowHttp {
		errs = append(errs, field.Required(p.Child("section"), "the name of the Gateway's HTTPS listener; without it the route joins "+
			"HTTP listeners, too: set "+p.Child("allowHttp").String()+" where that is meant"))
	}
	errs = append(errs, check.Hosts(p.Child("hosts"), a.Hosts)...)
	if len(a.Hosts) > maxRouteHosts {
		errs = append(errs, field.TooMany(p.Child("hosts"), len(a.Hosts), maxRouteHosts))
	}
	errs = append(errs, servedPath(p.Child("path"), a.Path)...)
	errs = append(errs, check.Between(p.Child("requestTimeoutSeconds"), a.requestTimeoutSeconds(), 1, 86400)...)
	return append(errs, check.Annotations(p.Child("annotations"), a.Annotations)...)
}

func (a *BifrostWorkloadArgs) newHttpRoute(s component.Scope, service pulumi.StringOutput) error {
	route, app := a.HttpRoute, a.application()
	if route == nil {
		return nil
	}
	meta := app.meta(app.name)
	meta.Annotations = component.OptionalMap(a.Annotations, route.Annotations)
	return httpRoute.create(s, "http-route", meta, route.spec(service, a.Service.resolved().Port))
}

// spec leads all hosts to the Service.
func (a *WorkloadHttpRouteArgs) spec(service pulumi.StringOutput, port int) pulumi.Map {
	parent := pulumi.Map{"name": pulumi.String(a.Gateway)}
	if a.GatewayNamespace != "" {
		parent["namespace"] = pulumi.String(a.GatewayNamespace)
	}
	if a.Section != "" {
		parent["sectionName"] = pulumi.String(a.Section)
	}
	path := pulumi.Map{"type": pulumi.String("PathPrefix"), "value": pulumi.String(cmp.Or(a.Path, "/"))}
	timeout := pulumi.String(fmt.Sprintf("%ds", a.requestTimeoutSeconds()))
	return pulumi.Map{
		"parentRefs": pulumi.Array{parent},
		"hostnames":  pulumi.ToStringArray(a.Hosts),
		"rules": pulumi.Array{pulumi.Map{
			"matches":     pulumi.Array{pulumi.Map{"path": path}},
			"timeouts":    pulumi.Map{"request": timeout, "backendRequest": timeout},
			"backendRefs": pulumi.Array{pulumi.Map{"name": service, "port": pulumi.Int(port)}},
		}},
	}
}
