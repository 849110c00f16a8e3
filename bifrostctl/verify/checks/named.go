package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"bifrost/bifrostctl/verify/check"
	"bifrost/bifrostctl/verify/service"
	"bifrost/stacks"
)

// givenNames asks for what the configuration names and others have made.
type givenNames struct {
	Stack
	objects func(context.Context) (service.Objects, error)
	// before says that the stack was never up: a namespace that it makes has nothing in it yet.
	before bool
}

// namedChecks are those of a stack on Kubernetes that names anything.
func (s Stack) namedChecks(c service.Clouds, before bool) []check.Check {
	n := givenNames{s, c.Objects, before}
	var all []check.Check
	if len(n.wanted()) > 0 {
		all = append(all, check.Check{Code: "named-objects",
			Description: "the Secrets, ConfigMaps and claims that the configuration names are there", Run: n.inNamespace})
	}
	if len(n.classes()) > 0 {
		all = append(all, check.Check{Code: "named-classes",
			Description: "the namespace and the classes that the configuration names are there", Run: n.inCluster})
	}
	if kinds := s.customKinds(); !before && len(kinds) > 0 { // before, pre-kinds asks for all kinds
		all = append(all, check.Check{Code: "named-kinds", Description: "the API server knows the kinds that others have defined",
			Run: s.knows(c.Kubernetes, kinds)})
	}
	if s.Config.Gateway.HttpRoute != nil {
		all = append(all, check.Check{Code: "named-gateway", Description: "the Gateway takes the route in", Run: n.gateway})
	}
	return all
}

// wanted are the named objects that no check of its own asks for.
func (n givenNames) wanted() []stacks.NamedObject {
	gateway := n.Config.Gateway
	if n.before && !gateway.ExistingNamespace {
		return nil
	}
	return slices.DeleteFunc(n.Config.NamedObjects(), func(o stacks.NamedObject) bool {
		return !n.before && (o.Kind == stacks.NamedClaim || o.Name == n.Config.Registry.PullSecret)
	})
}

func (n givenNames) inNamespace(ctx context.Context) check.Result {
	return n.each(ctx, n.wanted(), func(objects service.Objects, o stacks.NamedObject) *check.Result {
		namespace := n.Config.Gateway.Namespace
		found, err := objects.Object(ctx, service.ObjectName{APIVersion: "v1", Kind: o.Kind, Namespace: namespace, Name: o.Name})
		switch {
		case missing(err):
			gone := check.Fail(n.make(o), "there is no %s %s in namespace %s, which %s names", o.Kind, o.Name, namespace, o.Path)
			return ptrTo(gone.Without(kubernetesType("v1", o.Kind), namespace+"/"+o.Name))
		case err != nil:
			return ptrTo(unreadable(o.Kind+" "+o.Name, err, n.clusterLogin()))
		}
		return n.unfit(o, found)
	})
}

// unfit tells of an object that lacks what is read of it.
func (n givenNames) unfit(o stacks.NamedObject, found *unstructured.Unstructured) *check.Result {
	if typ, _ := found.Object["type"].(string); o.Type != "" && typ != o.Type {
		return failed(n.make(o), "Secret %s is of type %s, and %s needs %s", o.Name, typ, o.Path, o.Type)
	}
	if o.Key == "" {
		return nil
	}
	for _, of := range []string{"data", "binaryData", "stringData"} {
		if data, _ := found.Object[of].(map[string]any); data[o.Key] != nil {
			return nil
		}
	}
	return failed(fmt.Sprintf("kubectl edit %s %s -n %s, or write another key into %s", strings.ToLower(o.Kind), o.Name,
		n.Config.Gateway.Namespace, o.Path), "%s %s has no key %s, which %s names", o.Kind, o.Name, o.Key, o.Path)
}

// make is the command that makes a named object.
func (n givenNames) make(o stacks.NamedObject) string {
	in := o.Name + " -n " + n.Config.Gateway.Namespace
	key := o.Key
	if key == "" {
		key = "KEY"
	}
	switch {
	case o.Kind == stacks.NamedSecret && o.Type == "kubernetes.io/tls":
		return "kubectl create secret tls " + in + " --cert=FILE --key=FILE"
	case o.Kind == stacks.NamedSecret && o.Type != "":
		return "kubectl create secret docker-registry " + in + " --docker-server=HOST --docker-username=USER --docker-password=PASSWORD"
	case o.Kind == stacks.NamedSecret:
		return fmt.Sprintf("kubectl create secret generic %s --from-file=%s=FILE", in, key)
	case o.Kind == stacks.NamedConfigMap:
		return fmt.Sprintf("kubectl create configmap %s --from-file=%s=FILE", in, key)
	case o.Kind == stacks.NamedServiceAccount:
		return "kubectl create serviceaccount " + in + ", or remove gateway.existingServiceAccount"
	}
	return fmt.Sprintf("make %s %s, or change %s", o.Kind, o.Name, o.Path)
}

// class is something that lies in no namespace.
type class struct{ apiVersion, kind, name, key, list string }

func (n givenNames) classes() []class {
	g := n.Config.Gateway
	var all []class
	add := func(apiVersion, kind, name, key, list string) {
		if name != "" {
			all = append(all, class{apiVersion, kind, name, key, list})
		}
	}
	if g.ExistingNamespace {
		add("v1", "Namespace", g.Namespace, "gateway.existingNamespace",
			"kubectl create namespace "+g.Namespace+", or remove gateway.existingNamespace")
	}
	if g.Ingress != nil {
		add("networking.k8s.io/v1", "IngressClass", g.Ingress.Class(), "gateway.ingress",
			"kubectl get ingressclass shows what gateway.ingress.className may be")
	}
	if g.Storage != nil && n.before { // later the claim tells
		add("storage.k8s.io/v1", "StorageClass", g.Storage.ClassName, "gateway.storage.className",
			"kubectl get storageclass shows what it may be")
	}
	const priorities = "kubectl get priorityclass shows what it may be"
	if g.Scheduling != nil {
		add("scheduling.k8s.io/v1", "PriorityClass", g.Scheduling.PriorityClass, "gateway.scheduling.priorityClass", priorities)
	}
	if of := n.Config.Refresher.Scheduling; of != nil {
		add("scheduling.k8s.io/v1", "PriorityClass", of.PriorityClass, "refresher.scheduling.priorityClass", priorities)
	}
	return all
}

func (n givenNames) inCluster(ctx context.Context) check.Result {
	objects, err := n.objects(ctx)
	if err != nil {
		return unreadable("the cluster", err, n.clusterLogin())
	}
	var skipped *check.Result
	var names []string
	for _, c := range n.classes() {
		_, err := objects.Object(ctx, service.ObjectName{APIVersion: c.apiVersion, Kind: c.kind, Name: c.name})
		switch {
		case missing(err):
			return check.Fail(c.list, "there is no %s %s, which %s names", c.kind, c.name, c.key).
				Without(kubernetesType(c.apiVersion, c.kind), c.name)
		case err != nil:
			skipped = ptrTo(unreadable(c.kind+" "+c.name, err, n.clusterLogin()))
		}
		names = append(names, c.kind+" "+c.name)
	}
	if skipped != nil {
		return *skipped
	}
	return check.Pass("%s", quoted(names))
}

// each asks for all named objects and returns the first result that is not good; one that was skipped comes last.
func (n givenNames) each(ctx context.Context, all []stacks.NamedObject,
	ask func(service.Objects, stacks.NamedObject) *check.Result) check.Result {
	objects, err := n.objects(ctx)
	if err != nil {
		return unreadable("the cluster", err, n.clusterLogin())
	}
	var skipped *check.Result
	var names []string
	for _, o := range all {
		switch found := ask(objects, o); {
		case found == nil:
		case found.Status == check.Skipped:
			skipped = found
		default:
			return *found
		}
		if name := o.Kind + " " + o.Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if skipped != nil {
		return *skipped
	}
	return check.Pass("%s", firstOf(names))
}

func failed(hint, format string, args ...any) *check.Result {
	return ptrTo(check.Fail(hint, format, args...))
}

func ptrTo[T any](v T) *T { return &v }
