package kubernetes

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apiserver/pkg/authentication/user"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/judge/rbac"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/kubelet"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/apiserver"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
)

// apiServer is one cluster's API server, for its nodes and pods.
type apiServer struct {
	world  *served.World
	server string
}

func nodeOf(c *double.Call) *kubelet.Node {
	return &kubelet.Node{World: c.World, Cluster: c.World.Clusters[server(c)], API: apiServer{c.World, server(c)}}
}

// podOf is the pod that a controller makes for its owner.
func podOf(c *double.Call, owner *world.Resource, template corev1.PodTemplateSpec) kubelet.Pod {
	name := double.String(owner.State, "metadata.name")
	return kubelet.Pod{
		Namespace: namespaceOf(owner), Name: name + "-" + world.Hex(5, name, c.World.Next()), Labels: template.Labels, Spec: template.Spec,
	}
}

// Data returns the content of a Secret or ConfigMap; nil where there is none.
func (a apiServer) Data(kind, namespace, name string) map[string][]byte {
	typ := map[string]string{kubelet.Secret: pulumitype.KubernetesSecret, kubelet.ConfigMap: pulumitype.KubernetesConfigMap}[kind]
	r := a.world.Get(typ, a.server, objectID(namespace, name))
	if r == nil {
		return nil
	}
	data := map[string][]byte{}
	for key, value := range double.Map(r.State, "data") {
		text := fmt.Sprint(value)
		data[key] = []byte(text)
		if kind == kubelet.Secret {
			decoded, err := base64.StdEncoding.DecodeString(text)
			if err == nil {
				data[key] = decoded
			}
		}
	}
	return data
}

// ServiceAccount returns a ServiceAccount's uid and annotations.
func (a apiServer) ServiceAccount(namespace, name string) (string, map[string]string) {
	r := a.world.Get(pulumitype.KubernetesServiceAccount, a.server, objectID(namespace, name))
	if r == nil {
		return world.GUID(a.server, namespace, name), nil
	}
	account, err := decode[corev1.ServiceAccount](r.State)
	if err != nil {
		return "", nil
	}
	return string(account.UID), account.Annotations
}

// May asks RBAC about the Roles of the world.
func (a apiServer) May(name string, groups []string, verb, resource, namespace, object string) bool {
	rules := rbac.Rules{Roles: listed[*rbacv1.Role](a, pulumitype.KubernetesRole),
		Bindings: listed[*rbacv1.RoleBinding](a, pulumitype.KubernetesRoleBinding)}
	return rules.Allow(&user.DefaultInfo{Name: name, Groups: groups},
		rbac.Request{Verb: verb, Resource: resource, Namespace: namespace, Name: object})
}

func listed[T any](a apiServer, typ string) []T {
	var all []T
	for _, r := range a.world.List(typ, a.server) {
		if object, err := decode[T](r.State); err == nil {
			all = append(all, object)
		}
	}
	return all
}

// ApplySecret writes a Secret as the API server would, in place where there is one.
func (a apiServer) ApplySecret(manifest []byte) error {
	var object double.Object
	if err := json.Unmarshal(manifest, &object); err != nil {
		return err
	}
	namespace, name := double.String(object, "metadata.namespace"), double.String(object, "metadata.name")
	id := objectID(namespace, name)
	secret := a.world.Get(pulumitype.KubernetesSecret, a.server, id)
	if secret == nil {
		double.Set(object, "metadata.uid", world.GUID(a.server, pulumitype.KubernetesSecret, id, a.world.Next()))
		touch(a.world, object)
		stored, err := apiserver.Create(object)
		if err != nil {
			return err
		}
		a.world.Put(&world.Resource{Type: pulumitype.KubernetesSecret, Scope: a.server, ID: id, Inputs: double.Clone(object), State: stored,
			Secrets: []string{"data"}})
		return nil
	}
	live := double.Clone(secret.State)
	live["data"] = object["data"]
	if typ := object["type"]; typ != nil {
		live["type"] = typ
	}
	touch(a.world, live)
	stored, err := apiserver.Update(live, secret.State)
	if err != nil {
		return err
	}
	// A refresh shows the change among the inputs, too.
	secret.State, secret.Inputs["data"] = stored, double.Clone(double.Map(object, "data"))
	delete(secret.Inputs, "stringData")
	return nil
}

// DeleteSecret deletes a Secret, and tells whether there was one.
func (a apiServer) DeleteSecret(namespace, name string) bool {
	secret := a.world.Get(pulumitype.KubernetesSecret, a.server, objectID(namespace, name))
	if secret == nil {
		return false
	}
	a.world.Remove(secret)
	return true
}
