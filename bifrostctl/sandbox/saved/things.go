package saved

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud"
	"bifrost/bifrostctl/verify/service"
	"bifrost/bifrostctl/world"
)

// existsIn asks a world for a thing, as the real clouds are asked.
func existsIn(w *cloud.World) service.Exists {
	return func(_ context.Context, t service.Thing) error {
		w.Lock()
		defer w.Unlock()
		// Policies of account "aws" are AWS's own: they exist in every account.
		if t.Type == pulumitype.AwsPolicy && strings.Contains(t.ID, ":iam::aws:policy/") {
			return nil
		}
		deleted := false
		for _, r := range w.Resources {
			if r.Type != t.Type || r.PulumiID() != t.ID {
				continue
			}
			if status := text(r, "status"); !r.Deleted && t.Type == pulumitype.AwsCertificate && status != "ISSUED" {
				return &service.GoneError{Why: fmt.Sprintf("is %s, and no load balancer takes it", status)}
			}
			if !r.Deleted {
				return nil
			}
			deleted = !r.Edited
		}
		if deleted && t.Type == pulumitype.AwsSecret {
			return &service.GoneError{Why: "is scheduled for deletion",
				Mend: "aws secretsmanager restore-secret --secret-id " + t.ID}
		}
		return fmt.Errorf("%s: %w", t.ID, service.ErrNotFound)
	}
}

// objects are those that a cluster of the world holds, with what follows from them.
type objects struct {
	w      *cloud.World
	server string
}

// objectsAt returns the objects of the cluster at server.
func objectsAt(w *cloud.World, server string) func(context.Context) (service.Objects, error) {
	return func(context.Context) (service.Objects, error) {
		w.Lock()
		defer w.Unlock()
		if w.Clusters[server] == nil {
			return nil, fmt.Errorf("the API server %q: %w", server, service.ErrNotFound)
		}
		return objects{w, server}, nil
	}
}

// Object implements service.Objects.
func (o objects) Object(_ context.Context, name service.ObjectName) (*unstructured.Unstructured, error) {
	found := o.find(name.APIVersion, name.Kind, func(u *unstructured.Unstructured) bool {
		return u.GetNamespace() == name.Namespace && u.GetName() == name.Name
	})
	if len(found) == 0 {
		return nil, fmt.Errorf("%s %s: %w", name.Kind, name.Name, service.ErrNotFound)
	}
	return &found[0], nil
}

// List implements service.Objects.
func (o objects) List(_ context.Context, apiVersion, kind, namespace string) ([]unstructured.Unstructured, error) {
	return o.find(apiVersion, kind, func(u *unstructured.Unstructured) bool {
		return namespace == "" || u.GetNamespace() == namespace
	}), nil
}

// find copies the objects of one kind alone: a cluster has many of others.
func (o objects) find(apiVersion, kind string, is func(*unstructured.Unstructured) bool) []unstructured.Unstructured {
	o.w.Lock()
	defer o.w.Unlock()
	var found []unstructured.Unstructured
	for _, r := range o.w.Resources {
		if r.Scope != o.server || r.Deleted || r.State["apiVersion"] != apiVersion || r.State["kind"] != kind {
			continue
		}
		if u := unstructuredOf(r); u != nil && is(u) {
			if r.Type == pulumitype.KubernetesHttpRoute && u.Object["status"] == nil {
				u.Object["status"] = o.routeStatus(u)
			}
			found = append(found, *u)
		}
	}
	return found
}

// routeStatus is what the controller of a Gateway says of a route (Gateway API specification, RouteParentStatus): nothing where there is no
// such Gateway, and no where it has no such listener.
func (o objects) routeStatus(route *unstructured.Unstructured) map[string]any {
	parents := []any{}
	refs, _, _ := unstructured.NestedSlice(route.Object, "spec", "parentRefs")
	for _, ref := range refs {
		ref, _ := ref.(map[string]any)
		namespace, named := ref["namespace"].(string)
		if !named {
			namespace = route.GetNamespace()
		}
		gateway := o.w.Get(pulumitype.KubernetesGateway, o.server, fmt.Sprintf("%s/%v", namespace, ref["name"]))
		if gateway == nil {
			continue
		}
		accepted := map[string]any{"type": "Accepted", "status": "False", "reason": "NoMatchingParent", "message": "no listener matches"}
		spec, _ := gateway.State["spec"].(map[string]any)
		listeners, _ := spec["listeners"].([]any)
		for _, listener := range listeners {
			listener, _ := listener.(map[string]any)
			if ref["sectionName"] == nil || ref["sectionName"] == listener["name"] {
				accepted = map[string]any{"type": "Accepted", "status": "True", "reason": "Accepted"}
			}
		}
		parents = append(parents, map[string]any{"parentRef": ref, "conditions": []any{accepted}})
	}
	return map[string]any{"parents": parents}
}

// unstructuredOf is a copy of a saved object; nil for what is none.
func unstructuredOf(r *world.Resource) *unstructured.Unstructured {
	text, err := json.Marshal(r.State)
	if err != nil {
		return nil
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(text); err != nil {
		return nil // it has no kind
	}
	return u
}
