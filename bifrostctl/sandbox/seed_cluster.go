package sandbox

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	doublekubernetes "bifrost/bifrostctl/sandbox/cloud/kubernetes"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/crds"
	"bifrost/stacks"
)

// clusterContents are what the configuration takes for granted in its cluster: definitions of custom resources, classes, and objects that
// others have made.
func clusterContents(file *stacks.Config) doublekubernetes.Contents {
	g := &file.Gateway
	c := &contents{namespace: g.Namespace, data: map[dataName]map[string]string{}}
	if r := g.HttpRoute; r != nil {
		c.Definitions = append(c.Definitions, crds.HTTPRoutes)
		c.Gateways = []doublekubernetes.Gateway{{Listener: r.Section,
			Name: doublekubernetes.Name{Namespace: cmp.Or(r.GatewayNamespace, g.Namespace), Name: r.Gateway}}}
	}
	monitoring, storage := orEmpty(g.Monitoring), orEmpty(g.Storage)
	for definition, wanted := range map[string]bool{crds.ServiceMonitors: monitoring.ServiceMonitor,
		crds.PrometheusRules: monitoring.AlertRules} {
		if wanted {
			c.Definitions = append(c.Definitions, definition)
		}
	}
	if g.Ingress != nil {
		c.IngressClasses = oneName(g.Ingress.Class())
	}
	c.StorageClasses, c.PriorityClasses = oneName(storage.ClassName), oneName(orEmpty(g.Scheduling).PriorityClass)
	if g.ExistingNamespace {
		c.Namespaces = oneName(c.namespace)
	}
	for _, object := range file.NamedObjects() {
		c.named(file, object)
	}
	c.finish()
	return c.Contents
}

// oneName is a list of one name, or none where that is empty.
func oneName(name string) []string {
	if name == "" {
		return nil
	}
	return []string{name}
}

type contents struct {
	doublekubernetes.Contents
	namespace string
	// data are the keys of Secrets and ConfigMaps.
	data map[dataName]map[string]string
}

type dataName struct{ kind, typ, name string }

func (c *contents) name(name string) doublekubernetes.Name {
	return doublekubernetes.Name{Namespace: c.namespace, Name: name}
}

// fake is what there is in objects that others have made.
const fake = "sandbox-fake"

// anyKey is the key of an object of which nobody can tell what is read.
const anyKey = "sandbox"

// named takes what the configuration names, with the keys that are read of it. Where nobody can tell which, it has one that nobody asks
// for.
func (c *contents) named(file *stacks.Config, object stacks.NamedObject) {
	switch object.Kind {
	case stacks.NamedServiceAccount:
		c.ServiceAccounts = append(c.ServiceAccounts, c.name(object.Name))
		return
	case stacks.NamedClaim:
		c.Claims = append(c.Claims, c.name(object.Name))
		return
	}
	key := dataName{object.Kind, object.Type, object.Name}
	if c.data[key] == nil {
		c.data[key] = map[string]string{}
	}
	switch {
	case object.Type == "kubernetes.io/tls":
		c.data[key]["tls.crt"], c.data[key]["tls.key"] = fake, fake
	case object.Type == "kubernetes.io/dockerconfigjson":
		host, _, _ := strings.Cut(file.Registry.Image, "/")
		c.data[key][".dockerconfigjson"] = fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host,
			base64.StdEncoding.EncodeToString([]byte("sandbox:"+fake)))
	case object.Key == "config.json":
		c.data[key][object.Key] = "{}"
	default:
		c.data[key][cmp.Or(object.Key, anyKey)] = fake
	}
}

func (c *contents) finish() {
	for _, of := range slices.SortedFunc(maps.Keys(c.data), func(a, b dataName) int { return strings.Compare(a.name, b.name) }) {
		object := doublekubernetes.Data{Name: c.name(of.name), Type: of.typ, Keys: c.data[of]}
		if of.kind == stacks.NamedConfigMap {
			c.ConfigMaps = append(c.ConfigMaps, object)
			continue
		}
		c.Secrets = append(c.Secrets, object)
	}
}
