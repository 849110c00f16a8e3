package checks

import (
	"cmp"
	"context"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
)

const gatewayAPI = "gateway.networking.k8s.io/v1"

// gateway asks for the parent of the route: its listener, whom that lets in, and whether a controller runs it. A listener that says nothing
// takes routes of its own namespace (Gateway API specification, AllowedRoutes).
func (n givenNames) gateway(ctx context.Context) check.Result {
	route, own := n.Config.Gateway.HttpRoute, n.Config.Gateway.Namespace
	namespace := cmp.Or(route.GatewayNamespace, own)
	look := "kubectl get gateway -A; gateway.httpRoute.gateway, gatewayNamespace and section name one of them"
	objects, err := n.objects(ctx)
	if err != nil {
		return unreadable("the cluster", err, n.clusterLogin())
	}
	found, err := objects.Object(ctx,
		service.ObjectName{APIVersion: gatewayAPI, Kind: "Gateway", Namespace: namespace, Name: route.Gateway})
	switch {
	case missing(err):
		return check.Fail(look, "there is no Gateway %s in namespace %s, which gateway.httpRoute names", route.Gateway, namespace).
			Without(pulumitype.KubernetesGateway, namespace+"/"+route.Gateway)
	case err != nil:
		return unreadable("Gateway "+route.Gateway, err, n.clusterLogin())
	}
	var names []string
	for _, listener := range listAt(found.Object, "spec", "listeners") {
		name, _ := listener["name"].(string)
		names = append(names, name)
		if route.Section != "" && name != route.Section {
			continue
		}
		from, _ := at(listener, "allowedRoutes", "namespaces", "from").(string)
		if cmp.Or(from, "Same") == "Same" && namespace != own {
			return check.Fail("let who runs Gateway "+route.Gateway+" set allowedRoutes.namespaces of that listener for namespace "+own,
				"listener %s of Gateway %s takes routes of namespace %s alone, and the gateway is in %s", name, route.Gateway, namespace,
				own)
		}
		if bad := untrue(listAt(found.Object, "status", "conditions"), "Accepted", "Programmed"); bad != "" {
			return check.Fail("kubectl describe gateway "+route.Gateway+" -n "+namespace, "Gateway %s: %s", route.Gateway, bad)
		}
		return check.Pass("listener %s of Gateway %s in namespace %s", name, route.Gateway, namespace)
	}
	return check.Fail(look, "Gateway %s in namespace %s has no listener %s, which gateway.httpRoute.section names, but %s", route.Gateway,
		namespace, route.Section, quoted(names))
}

// at is the value at a path of objects; nil where there is none.
func at(object map[string]any, path ...string) any {
	var value any = object
	for _, key := range path {
		object, isObject := value.(map[string]any)
		if !isObject {
			return nil
		}
		value = object[key]
	}
	return value
}

// listAt are the objects in the list at a path.
func listAt(object map[string]any, path ...string) []map[string]any {
	list, _ := at(object, path...).([]any)
	var all []map[string]any
	for _, each := range list {
		if object, isObject := each.(map[string]any); isObject {
			all = append(all, object)
		}
	}
	return all
}

// untrue tells of the first condition of the given types that is false; "" where none is.
func untrue(conditions []map[string]any, types ...string) string {
	for _, typ := range types {
		for _, c := range conditions {
			if c["type"] == typ && c["status"] == "False" {
				return typ + " is False: " + text(c["reason"]) + ": " + text(c["message"])
			}
		}
	}
	return ""
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
