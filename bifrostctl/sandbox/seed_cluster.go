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
	"bifrost/components/kubernetes"
)

// ingressClasses are those of the gateway's ingress controllers, as their installations name them.
var ingressClasses = map[string]string{
	kubernetes.IngressALB: "alb", kubernetes.IngressNginx: "nginx", kubernetes.IngressAppRouting: "webapprouting.kubernetes.azure.com",
}

// clusterContents are what the stack file takes for granted in its cluster: definitions of custom resources, classes, and objects that
// others have made.
func clusterContents(values map[string]any) doublekubernetes.Contents {
	gateway, _ := values["gateway"].(map[string]any)
	c := &contents{namespace: cmp.Or(text(gateway, "namespace"), kubernetes.DefaultNamespace), keys: map[string]map[string]string{}}
	if gateway["httpRoute"] != nil {
		c.Definitions = append(c.Definitions, crds.HTTPRoutes)
	}
	for setting, definition := range map[string]string{"serviceMonitor": crds.ServiceMonitors, "alertRules": crds.PrometheusRules} {
		if monitoring, _ := gateway["monitoring"].(map[string]any); monitoring[setting] == true {
			c.Definitions = append(c.Definitions, definition)
		}
	}
	if class := cmp.Or(text(gateway, "ingress", "className"), ingressClasses[text(gateway, "ingress", "controller")]); class != "" {
		c.IngressClasses = []string{class}
	}
	if class := text(gateway, "storage", "className"); class != "" {
		c.StorageClasses = []string{class}
	}
	if class := text(gateway, "scheduling", "priorityClass"); class != "" {
		c.PriorityClasses = []string{class}
	}
	if gateway["existingNamespace"] == true {
		c.Namespaces = []string{c.namespace}
	}
	if gateway["existingServiceAccount"] == true {
		c.ServiceAccounts = []doublekubernetes.Name{c.name(cmp.Or(text(gateway, "serviceAccount"), kubernetes.DefaultGatewayServiceAccount))}
	}
	if claim := text(gateway, "storage", "existingClaim"); claim != "" {
		c.Claims = []doublekubernetes.Name{c.name(claim)}
	}
	c.secrets(values, gateway)
	for key, node := range gateway {
		if key != "config" { // of the gateway's own words
			c.references(node)
		}
	}
	c.finish()
	return c.Contents
}

type contents struct {
	doublekubernetes.Contents
	namespace string
	// keys are those of Opaque Secrets, and of ConfigMaps under a name with this prefix, by object.
	keys map[string]map[string]string
}

const configMapPrefix = "configmap/"

func (c *contents) name(name string) doublekubernetes.Name {
	return doublekubernetes.Name{Namespace: c.namespace, Name: name}
}

// secrets are those of special types or with a content that matters.
func (c *contents) secrets(values, gateway map[string]any) {
	if name := text(gateway, "ingress", "tlsSecret"); name != "" {
		c.Secrets = append(c.Secrets, doublekubernetes.Data{Name: c.name(name), Type: "kubernetes.io/tls", Keys: map[string]string{"tls.crt": "sandbox-fake", "tls.key": "sandbox-fake"}})
	}
	if name := text(values, "registry", "pullSecret"); name != "" {
		host, _, _ := strings.Cut(text(values, "registry", "image"), "/")
		login := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte("sandbox:sandbox-fake")))
		c.Secrets = append(c.Secrets, doublekubernetes.Data{Name: c.name(name), Type: "kubernetes.io/dockerconfigjson", Keys: map[string]string{".dockerconfigjson": login}})
	}
	if name := text(gateway, "existingConfigSecret"); name != "" {
		c.key(name, "config.json", "{}")
	}
}

// references finds what any part of the configuration names: in the shapes of the Kubernetes API, and as {secret, key}.
func (c *contents) references(node any) {
	switch node := node.(type) {
	case []any:
		for _, e := range node {
			c.references(e)
		}
	case map[string]any:
		if name, key := text(node, "secret"), text(node, "key"); name != "" && key != "" {
			c.key(name, key, "sandbox-fake")
		}
		for key, v := range node {
			if of, isObject := v.(map[string]any); isObject {
				c.reference(key, of)
			}
			c.references(v)
		}
	}
}

// reference takes a field of the Kubernetes API that names another object.
func (c *contents) reference(field string, of map[string]any) {
	name := cmp.Or(text(of, "name"), text(of, "secretName"), text(of, "claimName"))
	if name == "" {
		return
	}
	switch field {
	case "persistentVolumeClaim":
		c.Claims = append(c.Claims, c.name(name))
	case "secretKeyRef":
		c.key(name, text(of, "key"), "sandbox-fake")
	case "configMapKeyRef", "caConfigMap":
		c.key(configMapPrefix+name, text(of, "key"), "sandbox-fake")
	case "secret", "secretRef":
		c.items(name, of)
	case "configMap", "configMapRef":
		c.items(configMapPrefix+name, of)
	}
}

// items are the keys of a volume that shows some of them only; without any the object has one that nobody asks for.
func (c *contents) items(object string, of map[string]any) {
	items, _ := of["items"].([]any)
	c.key(object, "sandbox", "sandbox-fake")
	for _, item := range items {
		if fields, ok := item.(map[string]any); ok {
			c.key(object, text(fields, "key"), "sandbox-fake")
		}
	}
}

func (c *contents) key(object, key, value string) {
	if c.keys[object] == nil {
		c.keys[object] = map[string]string{}
	}
	if key != "" {
		c.keys[object][key] = value
	}
}

func (c *contents) finish() {
	for _, object := range slices.Sorted(maps.Keys(c.keys)) {
		if name, ok := strings.CutPrefix(object, configMapPrefix); ok {
			c.ConfigMaps = append(c.ConfigMaps, doublekubernetes.Data{Name: c.name(name), Keys: c.keys[object]})
			continue
		}
		c.Secrets = append(c.Secrets, doublekubernetes.Data{Name: c.name(object), Keys: c.keys[object]})
	}
}
