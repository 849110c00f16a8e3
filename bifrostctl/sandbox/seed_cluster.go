package sandbox

import (
	"encoding/base64"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"

	doublekubernetes "bifrost/bifrostctl/sandbox/cloud/kubernetes"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/crds"
	"bifrost/components/kubernetes"
	"bifrost/stacks"
)

// clusterContents are what the stack file takes for granted in its cluster: definitions of custom resources, classes, and objects that
// others have made.
func clusterContents(file *stacks.Config) doublekubernetes.Contents {
	g := &file.Gateway
	c := &contents{namespace: g.Namespace, keys: map[string]map[string]string{}}
	if g.HttpRoute != nil {
		c.Definitions = append(c.Definitions, crds.HTTPRoutes)
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
	if g.ExistingServiceAccount {
		c.ServiceAccounts = []doublekubernetes.Name{c.name(g.ServiceAccount)}
	}
	if storage.ExistingClaim != "" {
		c.Claims = []doublekubernetes.Name{c.name(storage.ExistingClaim)}
	}
	c.secrets(file)
	c.references(reflect.ValueOf(*g))
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
	// keys are those of Opaque Secrets, and of ConfigMaps under a name with this prefix, by object.
	keys map[string]map[string]string
}

const configMapPrefix = "configmap/"

func (c *contents) name(name string) doublekubernetes.Name {
	return doublekubernetes.Name{Namespace: c.namespace, Name: name}
}

// secrets are those of special types or with a content that matters.
func (c *contents) secrets(file *stacks.Config) {
	if name := orEmpty(file.Gateway.Ingress).TlsSecret; name != "" {
		keys := map[string]string{"tls.crt": fake, "tls.key": fake}
		c.Secrets = append(c.Secrets, doublekubernetes.Data{Name: c.name(name), Type: "kubernetes.io/tls", Keys: keys})
	}
	if name := file.Registry.PullSecret; name != "" {
		host, _, _ := strings.Cut(file.Registry.Image, "/")
		login := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, host, base64.StdEncoding.EncodeToString([]byte("sandbox:"+fake)))
		keys := map[string]string{".dockerconfigjson": login}
		c.Secrets = append(c.Secrets, doublekubernetes.Data{Name: c.name(name), Type: "kubernetes.io/dockerconfigjson", Keys: keys})
	}
	if name := file.Gateway.ExistingConfigSecret; name != "" {
		c.key(name, "config.json", "{}")
	}
}

// fake is what there is in objects that others have made.
const fake = "sandbox-fake"

// references finds what any part of the configuration names, by the types of the program and of the Kubernetes API.
func (c *contents) references(v reflect.Value) {
	if !v.IsValid() || v.CanInterface() && c.reference(v.Interface()) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		c.references(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				c.references(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			c.references(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			c.references(v.MapIndex(key))
		}
	}
}

// reference takes a value that names another object; false where it is none.
func (c *contents) reference(value any) bool {
	switch of := value.(type) {
	case kubernetes.SecretKeyRef:
		c.key(of.Secret, of.Key, fake)
	case kubernetes.ConfigMapKeyRef:
		c.key(configMapPrefix+of.Name, of.Key, fake)
	case corev1.SecretKeySelector:
		c.key(orEmpty(of.Name), of.Key, fake)
	case corev1.ConfigMapKeySelector:
		c.key(configMapPrefix+orEmpty(of.Name), of.Key, fake)
	case corev1.SecretEnvSource:
		c.items(orEmpty(of.Name), nil)
	case corev1.ConfigMapEnvSource:
		c.items(configMapPrefix+orEmpty(of.Name), nil)
	case corev1.SecretVolumeSource:
		c.items(orEmpty(of.SecretName), of.Items)
	case corev1.ConfigMapVolumeSource:
		c.items(configMapPrefix+orEmpty(of.Name), of.Items)
	case corev1.SecretProjection:
		c.items(orEmpty(of.Name), of.Items)
	case corev1.ConfigMapProjection:
		c.items(configMapPrefix+orEmpty(of.Name), of.Items)
	case corev1.LocalObjectReference:
		c.items(orEmpty(of.Name), nil)
	case corev1.PersistentVolumeClaimVolumeSource:
		c.Claims = append(c.Claims, c.name(of.ClaimName))
	default:
		return false
	}
	return true
}

// items are the keys of a volume that shows some of them only; without any the object has one that nobody asks for.
func (c *contents) items(object string, items []corev1.KeyToPath) {
	c.key(object, "sandbox", fake)
	for _, item := range items {
		c.key(object, item.Key, fake)
	}
}

// key adds one to an object, unless the object has no name.
func (c *contents) key(object, key, value string) {
	if strings.TrimPrefix(object, configMapPrefix) == "" {
		return
	}
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
