package kubernetes

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"

	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/sandbox/cloud/kubernetes/crds"
	"bifrost/bifrostctl/sandbox/cloud/world"
)

// Types of what clusters have and the program only names.
const (
	storageClassType  = "kubernetes:storage.k8s.io/v1:StorageClass"
	ingressClassType  = "kubernetes:networking.k8s.io/v1:IngressClass"
	priorityClassType = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
)

// Contents are what stands in a cluster before the first deployment, beside what every cluster has. It is left as it is where it stands
// already, or where somebody has changed or removed it by hand.
type Contents struct {
	// Definitions are names of package crds.
	Definitions []string
	// StorageClasses wait for the first pod; the default one is that of the cluster's own.
	StorageClasses, IngressClasses, PriorityClasses []string
	Namespaces                                      []string
	ServiceAccounts, Claims                         []Name
	Secrets                                         []Secret
}

// Name is that of an object in a namespace.
type Name struct{ Namespace, Name string }

// Secret is a Secret with the texts of its keys. An empty Type is Opaque.
type Secret struct {
	Name
	Type string
	Data map[string]string
}

// classes are the StorageClasses that clusters come with, the default one first. EKS has none that is the default since 1.30 (EKS user
// guide, "Review release notes for Kubernetes versions", 1.30); AKS has (AKS, "Storage options for applications", storage classes).
var classes = map[string]struct {
	names      []string
	hasDefault bool
}{
	"eks": {[]string{"gp2"}, false},
	"aks": {[]string{"default", "managed", "managed-csi", "managed-csi-premium", "managed-premium", "azurefile", "azurefile-csi", "azurefile-premium", "azurefile-csi-premium"}, true},
}

// Furnish puts contents into the cluster at server, with what clusters of its cloud have.
func Furnish(w *world.World, server string, contents Contents) error {
	w.Lock()
	defer w.Unlock()
	cluster := w.Clusters[server]
	if cluster == nil {
		return fmt.Errorf("there is no cluster at %s", server)
	}
	f := furnisher{w, server}
	own := classes[cluster.Cloud]
	for i, name := range own.names {
		annotations := double.Object{}
		if i == 0 && own.hasDefault {
			annotations[defaultStorageClass] = "true"
		}
		f.put(storageClassType, "storage.k8s.io/v1", "StorageClass", Name{Name: name}, double.Object{"volumeBindingMode": "WaitForFirstConsumer"}, annotations)
	}
	for _, name := range contents.StorageClasses {
		if !slices.Contains(own.names, name) {
			f.put(storageClassType, "storage.k8s.io/v1", "StorageClass", Name{Name: name}, double.Object{"volumeBindingMode": "WaitForFirstConsumer"}, nil)
		}
	}
	for _, name := range contents.IngressClasses {
		f.put(ingressClassType, "networking.k8s.io/v1", "IngressClass", Name{Name: name}, nil, nil)
	}
	for _, name := range contents.PriorityClasses {
		f.put(priorityClassType, "scheduling.k8s.io/v1", "PriorityClass", Name{Name: name}, nil, nil)
	}
	for _, name := range contents.Namespaces {
		if !slices.Contains(builtin, name) {
			f.put(namespaceType, "v1", "Namespace", Name{Name: name}, double.Object{"status": double.Object{"phase": "Active"}}, nil)
		}
	}
	for _, account := range contents.ServiceAccounts {
		f.put(serviceAccountType, "v1", "ServiceAccount", account, nil, nil)
	}
	for _, claim := range contents.Claims {
		f.put(claimType, "v1", "PersistentVolumeClaim", claim, double.Object{
			"spec":   double.Object{"accessModes": []any{"ReadWriteOnce"}, "resources": double.Object{"requests": double.Object{"storage": "10Gi"}}},
			"status": double.Object{"phase": "Bound"},
		}, nil)
	}
	for _, secret := range contents.Secrets {
		f.putSecret(secret)
	}
	return f.define(contents.Definitions)
}

type furnisher struct {
	world  *world.World
	server string
}

func (f furnisher) put(typ, apiVersion, kind string, name Name, more, annotations double.Object) {
	id := objectID(name.Namespace, name.Name)
	metadata := double.Object{
		"name": name.Name, "uid": world.GUID(f.server, typ, id), "resourceVersion": "1", "creationTimestamp": "2025-01-01T00:00:00Z",
	}
	if name.Namespace != "" {
		metadata["namespace"] = name.Namespace
	}
	if len(annotations) > 0 {
		metadata["annotations"] = annotations
	}
	state := double.Object{"apiVersion": apiVersion, "kind": kind, "metadata": metadata}
	for key, v := range more {
		state[key] = v
	}
	f.world.Settle(&world.Resource{Type: typ, Scope: f.server, ID: id, Inputs: double.Object{}, State: state})
}

func (f furnisher) putSecret(secret Secret) {
	data := double.Object{}
	for key, text := range secret.Data {
		data[key] = base64.StdEncoding.EncodeToString([]byte(text))
	}
	f.put(secretType, "v1", "Secret", secret.Name, double.Object{"type": cmp.Or(secret.Type, "Opaque"), "data": data}, nil)
	if r := f.world.Get(secretType, f.server, objectID(secret.Namespace, secret.Name.Name)); r != nil {
		r.Secrets = []string{"data"}
	}
}

func (f furnisher) define(names []string) error {
	all, err := crds.Load()
	if err != nil {
		return fmt.Errorf("the CustomResourceDefinitions: %w", err)
	}
	for _, name := range names {
		definition := all[name]
		if definition == nil {
			return fmt.Errorf("the sandbox has no CustomResourceDefinition %q", name)
		}
		f.put(definitionType, "apiextensions.k8s.io/v1", "CustomResourceDefinition", Name{Name: name}, double.Object{"spec": definition["spec"]}, nil)
	}
	return nil
}
