package checks

import (
	"context"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/verify/check"
)

// kind is one of an API server's.
type kind struct{ groupVersion, name string }

func (k kind) String() string { return k.name + " of " + k.groupVersion }

// definition is the name of the CustomResourceDefinition that brings it. All of customKinds have regular plurals.
func (k kind) definition() string {
	group, _, _ := strings.Cut(k.groupVersion, "/")
	return strings.ToLower(k.name) + "s." + group
}

// stackKinds are what the stack makes in its cluster.
func (s Stack) stackKinds() []kind {
	var all []kind
	own := map[string][]string{
		"v1":                           {"Namespace", "ServiceAccount", "Secret", "ConfigMap", "Service"},
		"apps/v1":                      {s.kind()},
		"batch/v1":                     {"CronJob", "Job"},
		"rbac.authorization.k8s.io/v1": {"Role", "RoleBinding"},
	}
	for _, groupVersion := range slices.Sorted(maps.Keys(own)) {
		for _, name := range own[groupVersion] {
			all = append(all, kind{groupVersion, name})
		}
	}
	return append(all, s.customKinds()...)
}

// customKinds are those of others' definitions, where the configuration asks for them.
func (s Stack) customKinds() []kind {
	const operator = "monitoring.coreos.com/v1"
	var all []kind
	if s.Config.Gateway.HttpRoute != nil {
		all = append(all, kind{gatewayAPI, "HTTPRoute"})
	}
	if m := s.Config.Gateway.Monitoring; m != nil && m.ServiceMonitor {
		all = append(all, kind{operator, "ServiceMonitor"})
	}
	if m := s.Config.Gateway.Monitoring; m != nil && m.AlertRules {
		all = append(all, kind{operator, "PrometheusRule"})
	}
	return all
}

// knows asks the API server for kinds.
func (s Stack) knows(client clientFunc, kinds []kind) func(context.Context) check.Result {
	return func(ctx context.Context) check.Result {
		c, err := client(ctx)
		if err != nil {
			return unreadable("the cluster", err, s.clusterLogin())
		}
		known := map[string]map[string]bool{}
		for _, k := range kinds {
			if known[k.groupVersion] != nil {
				continue
			}
			known[k.groupVersion] = map[string]bool{}
			list, err := c.Discovery().ServerResourcesForGroupVersion(k.groupVersion)
			if apierrors.IsNotFound(err) {
				continue
			}
			if err != nil {
				return unreadable("the kinds of "+k.groupVersion, err, s.clusterLogin())
			}
			for _, r := range list.APIResources {
				known[k.groupVersion][r.Kind] = true
			}
		}
		return s.lacking(kinds, known)
	}
}

func (s Stack) lacking(kinds []kind, known map[string]map[string]bool) check.Result {
	lacking := slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return known[k.groupVersion][k.name] })
	if len(lacking) == 0 {
		return check.Pass("%d", len(kinds))
	}
	var names []string
	for _, k := range lacking {
		names = append(names, k.String())
	}
	slices.Sort(names)
	result := check.Fail("install the custom resource definitions of "+quoted(names)+", or upgrade the cluster",
		"the API server does not know %s", quoted(names))
	for _, k := range lacking {
		if slices.Contains(s.customKinds(), k) {
			result = result.Without(pulumitype.KubernetesDefinition, k.definition())
		}
	}
	return result
}
