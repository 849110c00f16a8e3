package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/hop"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/live"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// waitTime is how long the provider waits where the program says nothing (pulumi-kubernetes, "customTimeouts").
const waitTime = 10 * time.Minute

// Live returns the double for a world with a real API server (served.World.Live): the objects are there, and that server, its
// controllers and its nodes decide about them. What the world records of them is a copy.
func Live() *double.Provider {
	p := Provider()
	p.Configure, p.Unready = configureLive, unreadyLive
	for i := range kinds {
		kinds[i].toLive(p.Types[kinds[i].token])
	}
	return p
}

// configureLive finds out whether the server is there, once (pulumi-kubernetes v4.32, provider/pkg/provider/provider.go, Configure).
func configureLive(w *served.World, config double.Object) (any, error) {
	configured, err := configure(w, config)
	s, ours := configured.(*session)
	if err != nil || !ours || s.unreachable != nil || s.server != w.Live.Server {
		return configured, err
	}
	if err := w.Live.Reach(context.Background()); err != nil {
		s.unreachable = fmt.Errorf("unable to load schema information from the API server: %w", err)
	}
	return s, nil
}

// toLive lets the real server do what the sandbox does otherwise.
func (k *kind) toLive(t *double.Type) {
	if k.given {
		t.Find = k.find
		return
	}
	t.Check = func(_ *double.Call, in double.Object, fail double.Fail) { k.validateNames(in, fail) }
	t.Find, t.Preview = k.find, k.rehearse
	t.Create, t.Update, t.Await, t.Delete = k.make, k.reapply, k.wait, k.erase
	if k.broken != nil {
		t.Broken = k.brokenLive
	}
}

// away does what talks to the API server, while others use the world: the pods that it starts ask the clouds' token services. Then it
// passes on what the server warned of.
func away(c *double.Call, do func(ctx context.Context, cluster *live.Cluster) error) error {
	cluster := c.World.Live
	c.World.Unlock()
	err := do(c.Context, cluster)
	c.World.Lock()
	for _, warning := range cluster.Warnings() {
		c.World.Warn(warning)
	}
	return err
}

func (k *kind) ref(id string) live.Ref {
	group, _ := schema.ParseGroupVersion(k.apiVersion) // of a table
	resource, _, _ := strings.Cut(k.resource, ".")
	namespace, name, namespaced := strings.Cut(id, "/")
	if !namespaced {
		namespace, name = "", id
	}
	return live.Ref{Resource: group.WithResource(resource), Namespace: namespace, Name: name}
}

// fieldManager is the provider's annotation that names the owner of the object's fields.
const fieldManager = "pulumi.com/patchFieldManager"

// managed is the property in which the provider keeps that owner's name: it stays when the program no longer names it.
const managed = "__fieldManager"

// manager is the owner of the object's fields: the one that the program names, or named once, or one of its own for each resource, as the
// provider has it (pulumi-kubernetes v4.32, provider/pkg/provider/provider.go, fieldManagerName).
func (k *kind) manager(c *double.Call, id string, in double.Object) string {
	return cmp.Or(named(c, in), "pulumi-kubernetes-"+world.Hex(8, k.token, id))
}

func named(c *double.Call, in double.Object) string {
	now, _ := double.Map(in, "metadata.annotations")[fieldManager].(string)
	once, _ := c.State[managed].(string)
	return cmp.Or(now, once)
}

// remembered is a live object with the name of its fields' owner, where the program gave it one.
func remembered(c *double.Call, object, in double.Object) double.Object {
	if name := named(c, in); name != "" {
		object[managed] = name
	}
	return object
}

// find reads the live object. The world's record follows it.
func (k *kind) find(c *double.Call, id string) (*world.Resource, error) {
	var found double.Object
	err := away(c, func(ctx context.Context, cluster *live.Cluster) (err error) {
		found, err = cluster.Get(ctx, k.ref(id))
		return err
	})
	if err != nil {
		if c.Reading {
			return nil, err
		}
		return nil, lost(c, err)
	}
	r := c.World.Resources[world.Key(k.token, server(c), id)]
	if found == nil {
		if r != nil {
			c.World.Remove(r)
		}
		return nil, nil
	}
	if r == nil {
		r = &world.Resource{Type: k.token, Scope: server(c), ID: id}
		c.World.Put(r)
	}
	r.Inputs = live.Inputs(found, r.Inputs)
	r.State = remembered(c, found, nil)
	return r, nil
}

// make posts an object. A name that exists already is an error since 4.29 of the provider.
func (k *kind) make(c *double.Call, in double.Object) (string, double.Object, error) {
	name := double.String(in, "metadata.name")
	id := objectID(k.namespace(c, in), name)
	body := k.live(c, in, name)
	var made double.Object
	err := away(c, func(ctx context.Context, cluster *live.Cluster) (err error) {
		made, err = cluster.Create(ctx, k.ref(id), body, false)
		return err
	})
	if err != nil {
		return "", nil, notCreated(c, err)
	}
	return id, remembered(c, live.Stripped(made), in), nil
}

// reapply applies an object's new inputs, once what people did with kubectl is the stack's. An owner of before, whom the last inputs name,
// has nothing afterwards: what it alone had goes (pulumi-kubernetes v4.32, provider/pkg/provider/provider.go, Update).
func (k *kind) reapply(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
	var made double.Object
	manager, before := k.manager(c, r.ID, in), k.manager(c, r.ID, r.Inputs)
	err := away(c, func(ctx context.Context, cluster *live.Cluster) error {
		found, err := cluster.TakeOver(ctx, k.ref(r.ID), r.State, manager)
		if err != nil {
			return err
		}
		made, err = cluster.Apply(ctx, k.ref(r.ID), k.request(c, found, in, manager), k.patch(c, r.ID, in))
		if err != nil || before == manager {
			return err
		}
		return cluster.Relinquish(ctx, k.ref(r.ID), made, before)
	})
	switch {
	case err == nil:
		return remembered(c, live.Stripped(made), in), nil
	case live.Away(err), apierrors.IsNotFound(err):
		return nil, lost(c, err)
	}
	return nil, notUpdated(c, r.ID, err)
}

// request is what a change sends. Of what the program ignores it leaves out what others own alone: applying it would take it over or be
// refused. All else is sent as it is, because leaving it out would delete it.
func (k *kind) request(c *double.Call, found, in double.Object, manager string) double.Object {
	body := k.live(c, in, double.String(found, "metadata.name"))
	for _, path := range c.IgnoreChanges {
		if live.OwnedByOthersAlone(found, path, manager) {
			remove(body, path)
		}
	}
	return body
}

// remove takes the value at a dotted path away.
func remove(o double.Object, path string) {
	parent, key := o, path
	if end := strings.LastIndex(path, "."); end >= 0 {
		parent, key = double.Map(o, path[:end]), path[end+1:]
	}
	delete(parent, key)
}

// patchForce is the provider's annotation for taking fields over from other managers.
const patchForce = "pulumi.com/patchForce"

func (k *kind) patch(c *double.Call, id string, in double.Object) live.Patch {
	forced := sessionOf(c).patchForce || double.Map(in, "metadata.annotations")[patchForce] == "true"
	return live.Patch{Manager: k.manager(c, id, in), Force: forced}
}

// rehearse lets the server try a plan without effect. It says nothing about what would take the place of an object under its name,
// or comes into a namespace that is not there yet.
func (k *kind) rehearse(c *double.Call, r *world.Resource, in double.Object) error {
	name, namespace := double.String(in, "metadata.name"), k.namespace(c, in)
	id := objectID(namespace, name)
	err := away(c, func(ctx context.Context, cluster *live.Cluster) error {
		if r != nil {
			patch := k.patch(c, id, in)
			patch.DryRun, patch.Force = true, patch.Force || live.Uncontested(r.State)
			_, err := cluster.Apply(ctx, k.ref(id), k.request(c, r.State, in, k.manager(c, id, in)), patch)
			return err
		}
		known, err := cluster.Get(ctx, k.ref(id))
		if err != nil || known != nil {
			return err
		}
		if namespace != "" {
			place, err := cluster.Get(ctx, kindOf(pulumitype.KubernetesNamespace).ref(namespace))
			if err != nil || place == nil {
				return err
			}
		}
		_, err = cluster.Create(ctx, k.ref(id), k.live(c, in, name), true)
		return err
	})
	switch {
	case err == nil || apierrors.IsForbidden(err): // who may not try a plan may still carry it out
		return nil
	case r == nil:
		return notCreated(c, err)
	}
	return notUpdated(c, id, err)
}

func kindOf(token string) *kind {
	for i := range kinds {
		if kinds[i].token == token {
			return &kinds[i]
		}
	}
	return nil
}

// wait waits for what the provider waits for; a read looks once. Beside the reasons of a
// Job it tells which services refused its pod meanwhile.
func (k *kind) wait(c *double.Call, r *world.Resource) []string {
	timeout := cmp.Or(c.Timeout, waitTime)
	if c.Reading || skipAwait(r) {
		timeout = 0
	}
	var found double.Object
	var reasons []string
	err := away(c, func(ctx context.Context, cluster *live.Cluster) (err error) {
		found, reasons, err = cluster.Await(ctx, k.ref(r.ID), k.kind, timeout)
		return err
	})
	if found != nil {
		r.State = remembered(c, live.Stripped(found), r.Inputs)
	}
	if err != nil {
		reasons = append(reasons, err.Error())
	}
	if skipAwait(r) && err == nil {
		return nil
	}
	if k.token != pulumitype.KubernetesJob || c.World.Network == nil { // a command that ends has closed it
		return reasons
	}
	refusals := c.World.Network.Refusals.Take()
	if len(reasons) > 0 && len(refusals) > 0 {
		reasons = append(reasons, "refused meanwhile: "+hop.Join(refusals))
	}
	return reasons
}

// erase deletes an object and waits until it is gone.
func (k *kind) erase(c *double.Call, r *world.Resource, in double.Object) error {
	err := away(c, func(ctx context.Context, cluster *live.Cluster) error {
		return cluster.Delete(ctx, k.ref(r.ID), cmp.Or(c.Timeout, waitTime))
	})
	if err != nil {
		return err
	}
	return k.remove(c, r, in)
}

// brokenLive is brokenJob for a live Job.
func (k *kind) brokenLive(c *double.Call, id string, after double.Object) string {
	var found double.Object
	err := away(c, func(ctx context.Context, cluster *live.Cluster) (err error) {
		found, err = cluster.Get(ctx, k.ref(id))
		return err
	})
	if err != nil || found == nil || complete(found) {
		return "" // what is wrong with the server the next call says
	}
	return replaceUnready(after)
}
