package kubernetes

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	podsecurity "k8s.io/pod-security-admission/api"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/crds"
	"bifrost/bifrostctl/sandbox/cloud/served"
	"bifrost/bifrostctl/world"
	"bifrost/internal/check"
)

// Contents are what stands in a cluster before the first deployment, beside what every cluster has. What stands there already stays as
// it is, and so does what somebody has changed or removed by hand.
type Contents struct {
	// Definitions are names of package crds.
	Definitions []string
	// StorageClasses give volumes to the first pod that asks, and are no default.
	StorageClasses, IngressClasses, PriorityClasses []string
	// Namespaces enforce the Pod Security Standard "restricted".
	Namespaces              []string
	ServiceAccounts, Claims []Name
	Secrets, ConfigMaps     []Data
	// Nodes are those on which pods run; without any every pod finds one.
	Nodes []Node
	// Image is the gateway's, without tag and digest, and Architectures the processors that it is built for; without any all.
	Image         string
	Architectures []string
	Gateways      []Gateway
}

// Gateway is one of the Gateway API, with the one listener that takes routes of every namespace.
type Gateway struct {
	Name
	Listener string
}

// Name is that of an object in a namespace.
type Name struct{ Namespace, Name string }

// Data is a Secret or ConfigMap with the texts of its keys. A Secret without a Type is Opaque.
type Data struct {
	Name
	Type string
	Keys map[string]string
}

// classes are the StorageClasses that clusters come with, the default one first. EKS has none that is the default since 1.30 (EKS user
// guide, "Review release notes for Kubernetes versions", 1.30); AKS has (AKS, "Storage options for applications", storage classes), and so
// has GKE (Google Kubernetes Engine, "About persistent volumes and dynamic provisioning", StorageClasses). Of the others kind has standard
// and k3s local-path, each of local-path-provisioner and the default.
var classes = map[string]struct {
	names      []string
	hasDefault bool
}{
	"eks": {[]string{"gp2"}, false},
	"aks": {[]string{"default", "managed", "managed-csi", "managed-csi-premium", "managed-premium", "azurefile", "azurefile-csi",
		"azurefile-premium", "azurefile-csi-premium"}, true},
	"gke":            {[]string{"standard-rwo", "premium-rwo", "standard"}, true},
	world.Kubeconfig: {[]string{"standard"}, true},
}

// Furnish puts contents into the cluster at server, with what clusters of its cloud have. Without a cluster of the sandbox's own there
// it does nothing.
func Furnish(w *served.World, server string, contents Contents) {
	w.Lock()
	defer w.Unlock()
	cluster := w.Clusters[server]
	if cluster == nil || w.Live != nil {
		return
	}
	f := furnisher{world: w, server: server, silent: true}
	own := classes[cluster.Cloud]
	for i, name := range own.names {
		f.storageClass(name, i == 0 && own.hasDefault)
	}
	f.nodes(contents.Nodes)
	f.image(contents.Image, contents.Architectures)
	f.silent = false
	for _, name := range contents.StorageClasses {
		if !slices.Contains(own.names, name) {
			f.storageClass(name, false)
		}
	}
	for _, name := range contents.IngressClasses {
		f.put(pulumitype.KubernetesIngressClass, "networking.k8s.io/v1", Name{Name: name}, nil)
	}
	for _, name := range contents.PriorityClasses {
		f.put(pulumitype.KubernetesPriorityClass, "scheduling.k8s.io/v1", Name{Name: name}, nil)
	}
	for _, name := range contents.Definitions {
		f.put(pulumitype.KubernetesDefinition, "apiextensions.k8s.io/v1", Name{Name: name}, double.Object{"spec": crds.All()[name]["spec"]})
	}
	for _, g := range contents.Gateways {
		f.put(pulumitype.KubernetesGateway, "gateway.networking.k8s.io/v1", g.Name, double.Object{"spec": double.Object{
			"listeners": []any{double.Object{"name": cmp.Or(g.Listener, "https"), "port": 443.0, "protocol": "HTTPS",
				"allowedRoutes": double.Object{"namespaces": double.Object{"from": "All"}}}},
		}})
	}
	f.namespaced(contents)
}

type furnisher struct {
	world  *served.World
	server string
	// silent: nobody needs to be told of what every such cluster has, or what the stack file describes.
	silent bool
}

func (f furnisher) namespaced(contents Contents) {
	for _, name := range contents.Namespaces {
		if slices.Contains(builtin, name) {
			continue
		}
		labels := double.Object{corev1.LabelMetadataName: name, podsecurity.EnforceLevelLabel: string(podsecurity.LevelRestricted)}
		r := f.put(pulumitype.KubernetesNamespace, "v1", Name{Name: name}, double.Object{"status": double.Object{"phase": "Active"}})
		double.Set(r.State, "metadata.labels", labels)
	}
	for _, name := range contents.ServiceAccounts {
		f.put(pulumitype.KubernetesServiceAccount, "v1", name, nil)
	}
	for _, name := range contents.Claims {
		f.put(pulumitype.KubernetesVolumeClaim, "v1", name, double.Object{
			"spec": double.Object{"accessModes": []any{"ReadWriteOnce"},
				"resources": double.Object{"requests": double.Object{"storage": "10Gi"}}},
			"status": double.Object{"phase": "Bound"},
		})
	}
	for _, secret := range contents.Secrets {
		data := double.Object{}
		for key, text := range secret.Keys {
			data[key] = base64.StdEncoding.EncodeToString([]byte(text))
		}
		f.keep(pulumitype.KubernetesSecret, secret.Name, data)
		f.put(pulumitype.KubernetesSecret, "v1", secret.Name,
			double.Object{"type": cmp.Or(secret.Type, "Opaque"), "data": data}).Secrets = []string{"data"}
	}
	for _, configMap := range contents.ConfigMaps {
		data := double.Object{}
		for key, text := range configMap.Keys {
			data[key] = text
		}
		f.keep(pulumitype.KubernetesConfigMap, configMap.Name, data)
		f.put(pulumitype.KubernetesConfigMap, "v1", configMap.Name, double.Object{"data": data})
	}
}

// keep leaves the keys that an object of others has. What is named for the first time comes to them, and is told of; a key that takes the
// place of another one but for a slip does not, or a misspelt name would make its own object fit.
func (f furnisher) keep(typ string, name Name, data double.Object) {
	known := f.world.Get(typ, f.server, objectID(name.Namespace, name.Name))
	if known == nil || !known.Seeded || known.Edited {
		return
	}
	has := keysOf(known.State)
	unnamed := slices.DeleteFunc(slices.Clone(has), func(key string) bool { return data[key] != nil })
	var further []string
	for key := range data {
		switch {
		case slices.Contains(has, key):
		case check.Nearest(key, unnamed) != "":
			delete(data, key)
		default:
			further = append(further, key)
		}
	}
	for _, key := range has {
		data[key] = double.Map(known.State, "data")[key]
	}
	if slices.Sort(further); len(further) > 0 {
		f.world.Given = append(f.world.Given, world.Given{Kind: typ[strings.LastIndex(typ, ":")+1:], ID: known.ID, Keys: further})
	}
}

func (f furnisher) storageClass(name string, isDefault bool) {
	r := f.put(pulumitype.KubernetesStorageClass, "storage.k8s.io/v1", Name{Name: name},
		double.Object{"volumeBindingMode": "WaitForFirstConsumer"})
	if isDefault {
		double.Set(r.State, "metadata.annotations", double.Object{defaultStorageClass: "true"})
	}
}

// keysOf are the keys of a Secret or ConfigMap.
func keysOf(object double.Object) []string {
	return slices.Sorted(maps.Keys(double.Map(object, "data")))
}

// put settles an object, and returns it as it is to be.
func (f furnisher) put(typ, apiVersion string, name Name, more double.Object) *world.Resource {
	id := objectID(name.Namespace, name.Name)
	metadata := double.Object{
		"name": name.Name, "uid": world.GUID(f.server, typ, id), "resourceVersion": "1", "creationTimestamp": "2025-01-01T00:00:00Z",
	}
	if name.Namespace != "" {
		metadata["namespace"] = name.Namespace
	}
	state := double.Object{"apiVersion": apiVersion, "kind": typ[strings.LastIndex(typ, ":")+1:], "metadata": metadata}
	for key, v := range more {
		state[key] = v
	}
	r := &world.Resource{Type: typ, Scope: f.server, ID: id, Inputs: double.Object{}, State: state}
	if !f.silent && f.world.Resources[r.Key()] == nil {
		f.world.Given = append(f.world.Given, world.Given{Kind: fmt.Sprint(state["kind"]), ID: id, Keys: keysOf(more)})
	}
	f.world.Settle(r)
	return r
}
