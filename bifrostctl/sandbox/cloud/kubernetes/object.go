package kubernetes

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// builtin are the namespaces that every cluster has.
var builtin = []string{"default", "kube-system", "kube-public", "kube-node-lease"}

// create posts an object. A name that exists already is an error since 4.29 of the provider.
func (k *kind) create(c *double.Call, in double.Object) (string, double.Object, error) {
	name, namespace := double.String(in, "metadata.name"), k.namespace(c, in)
	id := objectID(namespace, name)
	failed := func(format string, args ...any) (string, double.Object, error) {
		return "", nil, notCreated(c, fmt.Errorf(format, args...))
	}
	if namespace != "" && !namespaceExists(c, namespace) {
		return failed("namespaces %q not found", namespace)
	}
	if c.World.Get(k.token, server(c), id) != nil || k.clusterWide && slices.Contains(builtin, name) {
		return failed("%s %q already exists", k.resource, name)
	}
	live := k.live(c, in, name)
	double.Set(live, "metadata.uid", world.GUID(server(c), k.token, id, c.World.Next()))
	double.Set(live, "metadata.creationTimestamp", time.Now().UTC().Format(time.RFC3339))
	double.Set(live, "metadata.generation", 1.0)
	touch(c.World, live)
	if k.allocate != nil {
		k.allocate(c, live)
	}
	stored, err := k.store(c, live, nil)
	if err != nil {
		return failed("%w", err)
	}
	return id, stored, nil
}

// live begins the object that is to exist: what was asked for, with its kind and its place.
func (k *kind) live(c *double.Call, in double.Object, name string) double.Object {
	live := double.Clone(in)
	live["apiVersion"], live["kind"] = k.apiVersion, k.kind
	double.Set(live, "metadata.name", name)
	if namespace := k.namespace(c, in); namespace != "" {
		double.Set(live, "metadata.namespace", namespace)
	}
	return live
}

// update applies an object's new inputs.
func (k *kind) update(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
	live := double.Overlay(r.State, r.Inputs, in)
	generation, _ := double.Get(live, "metadata.generation").(float64)
	double.Set(live, "metadata.generation", generation+1)
	touch(c.World, live)
	stored, err := k.store(c, live, r.State)
	if err != nil {
		return nil, notUpdated(c, r.ID, err)
	}
	return stored, nil
}

// remove takes with a namespace all that is in it.
func (k *kind) remove(c *double.Call, r *world.Resource, _ double.Object) error {
	if k.leave != nil {
		k.leave(c, r)
	}
	if !k.clusterWide {
		return nil
	}
	for _, other := range c.World.Resources {
		if other.Scope == r.Scope && double.Get(other.State, "metadata.namespace") == r.ID {
			c.World.Remove(other)
		}
	}
	return nil
}

// touch gives a live object the resource version that every write changes.
func touch(w *served.World, live double.Object) {
	double.Set(live, "metadata.resourceVersion", strconv.Itoa(w.Next()))
}

func (k *kind) namespace(c *double.Call, in double.Object) string {
	if k.clusterWide {
		return ""
	}
	if namespace := double.String(in, "metadata.namespace"); namespace != "" {
		return namespace
	}
	return cmp.Or(sessionOf(c).namespace, "default")
}

func objectID(namespace, name string) string { return strings.TrimPrefix(namespace+"/"+name, "/") }

func namespaceExists(c *double.Call, name string) bool {
	return slices.Contains(builtin, name) || c.World.Get(pulumitype.KubernetesNamespace, server(c), name) != nil
}

// immutableSecret says what of a Secret needs a new one: its content, unless the provider was told otherwise.
func immutableSecret(c *double.Call, before double.Object) []string {
	if sessionOf(c).secretMutable && before["immutable"] != true {
		return nil
	}
	return []string{"data", "stringData"}
}

func immutableConfigMap(c *double.Call, before double.Object) []string {
	if sessionOf(c).configMapMutable && before["immutable"] != true {
		return nil
	}
	return []string{"data", "binaryData"}
}

// allocateService gives a Service an address, as the API server's allocator does before it validates.
func allocateService(c *double.Call, live double.Object) {
	if double.Get(live, "spec.type") == "ExternalName" {
		return
	}
	if double.Get(live, "spec.clusterIP") == nil {
		n := c.World.Next()
		address := fmt.Sprintf("172.20.%d.%d", n/250%250, n%250+1)
		if families := double.List(live, "spec.ipFamilies"); len(families) > 0 && families[0] == "IPv6" {
			address = fmt.Sprintf("fd00:10::%x", n+1)
		}
		double.Set(live, "spec.clusterIP", address)
	}
	double.Set(live, "spec.clusterIPs", []any{double.Get(live, "spec.clusterIP")})
	double.Default(live, "spec.ipFamilies", []any{"IPv4"})
	double.Default(live, "spec.ipFamilyPolicy", "SingleStack")
}
