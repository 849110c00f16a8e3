package stacks

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"bifrost/components/kubernetes"
)

// Kinds of NamedObject.
const (
	NamedSecret         = "Secret"
	NamedConfigMap      = "ConfigMap"
	NamedClaim          = "PersistentVolumeClaim"
	NamedServiceAccount = "ServiceAccount"
)

// NamedObject is an object in the gateway's namespace that the configuration names and the stack does not make.
type NamedObject struct {
	// Kind is one of those above.
	Kind string
	// Type is that of a Secret; empty for Opaque.
	Type string
	Name string
	// Key is what is read of it; empty where all of it is, or where nobody can tell.
	Key string
	// Path is the configuration key that names it.
	Path *field.Path
	// maker says what in the cluster makes it once it is asked to; empty where nothing does.
	maker string
}

// NamedObjects are all of them, as far as they matter: what a pod may lack, because it is optional, is none of them.
func (c *Config) NamedObjects() []NamedObject {
	n := &namedObjects{}
	g := &c.Gateway
	p := field.NewPath("gateway")
	// Every namespace has a ServiceAccount "default" (Kubernetes, "Service Accounts", default service accounts).
	if g.ExistingServiceAccount && g.ServiceAccount != "default" {
		n.add(NamedObject{Kind: NamedServiceAccount, Name: g.ServiceAccount, Path: p.Child("existingServiceAccount")})
	}
	n.add(NamedObject{Kind: NamedSecret, Name: g.ExistingConfigSecret, Key: "config.json", Path: p.Child("existingConfigSecret")})
	if g.Storage != nil {
		n.add(NamedObject{Kind: NamedClaim, Name: g.Storage.ExistingClaim, Path: p.Child("storage", "existingClaim")})
	}
	if i := g.Ingress; i != nil {
		n.add(NamedObject{Kind: NamedSecret, Type: typeTls, Name: i.TlsSecret, Path: p.Child("ingress", "tlsSecret"),
			maker: certificateMaker(i.Annotations, g.Annotations)})
	}
	n.add(NamedObject{Kind: NamedSecret, Type: typeLogin, Name: c.Registry.PullSecret, Path: field.NewPath("registry", "pullSecret")})
	for i, name := range c.Refresher.ImagePullSecrets {
		n.add(NamedObject{Kind: NamedSecret, Type: typeLogin, Name: name, Path: field.NewPath("refresher", "imagePullSecrets").Index(i)})
	}
	n.below(p, reflect.ValueOf(*g))
	n.below(field.NewPath("refresher"), reflect.ValueOf(c.Refresher))
	n.below(field.NewPath("network"), reflect.ValueOf(c.Network))
	return n.all
}

// Types of Secrets that Kubernetes knows ("Secrets", types of Secret).
const (
	typeTls   = "kubernetes.io/tls"
	typeLogin = "kubernetes.io/dockerconfigjson"
)

// certificateMakers are annotations of an Ingress by which something in the cluster makes the Secret of its certificate (cert-manager,
// "Annotated Ingress resource"; Azure Kubernetes Service, "Set up a custom domain name and SSL certificate with the application routing
// add-on").
var certificateMakers = map[string]string{
	"cert-manager.io/issuer": "cert-manager", "cert-manager.io/cluster-issuer": "cert-manager", "kubernetes.io/tls-acme": "cert-manager",
	"kubernetes.azure.com/tls-cert-keyvault-uri": "the application routing add-on",
}

func certificateMaker(annotations ...map[string]string) string {
	for _, of := range annotations {
		for key := range of {
			if maker := certificateMakers[key]; maker != "" {
				return maker
			}
		}
	}
	return ""
}

type namedObjects struct{ all []NamedObject }

func (n *namedObjects) add(object NamedObject) {
	if object.Name != "" {
		n.all = append(n.all, object)
	}
}

// below finds what any part of a value names, by the types of the program and of the Kubernetes API.
func (n *namedObjects) below(p *field.Path, v reflect.Value) {
	if !v.IsValid() || v.CanInterface() && n.reference(p, v.Interface()) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		n.below(p, v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				n.below(p.Child(keyOf(f)), v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			n.below(p.Index(i), v.Index(i))
		}
	case reflect.Map:
		for _, key := range slices.SortedFunc(slices.Values(v.MapKeys()), byText) {
			n.below(p.Key(key.String()), v.MapIndex(key))
		}
	}
}

func byText(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }

// reference takes a value that names another object; false where it is none.
func (n *namedObjects) reference(p *field.Path, value any) bool {
	one := func(kind, key string, name *string, optional *bool, at string) {
		if !ptr.Deref(optional, false) {
			n.add(NamedObject{Kind: kind, Name: ptr.Deref(name, ""), Key: key, Path: p.Child(at)})
		}
	}
	files := func(kind string, name *string, items []corev1.KeyToPath, optional *bool, at string) {
		if len(items) == 0 {
			one(kind, "", name, optional, at)
		}
		for _, item := range items {
			one(kind, item.Key, name, optional, at)
		}
	}
	switch of := value.(type) {
	case kubernetes.SecretKeyRef:
		one(NamedSecret, of.Key, &of.Secret, nil, "secret")
	case kubernetes.ConfigMapKeyRef:
		one(NamedConfigMap, of.Key, &of.Name, nil, "name")
	case corev1.SecretKeySelector:
		one(NamedSecret, of.Key, of.Name, of.Optional, "name")
	case corev1.ConfigMapKeySelector:
		one(NamedConfigMap, of.Key, of.Name, of.Optional, "name")
	case corev1.SecretEnvSource:
		one(NamedSecret, "", of.Name, of.Optional, "name")
	case corev1.ConfigMapEnvSource:
		one(NamedConfigMap, "", of.Name, of.Optional, "name")
	case corev1.SecretVolumeSource:
		files(NamedSecret, of.SecretName, of.Items, of.Optional, "secretName")
	case corev1.ConfigMapVolumeSource:
		files(NamedConfigMap, of.Name, of.Items, of.Optional, "name")
	case corev1.SecretProjection:
		files(NamedSecret, of.Name, of.Items, of.Optional, "name")
	case corev1.ConfigMapProjection:
		files(NamedConfigMap, of.Name, of.Items, of.Optional, "name")
	case corev1.LocalObjectReference:
		one(NamedSecret, "", of.Name, nil, "name")
	case corev1.PersistentVolumeClaimVolumeSource:
		n.add(NamedObject{Kind: NamedClaim, Name: of.ClaimName, Path: p.Child("claimName")})
	default:
		return false
	}
	return true
}

// suppliedName is how gateway.suppliedObjects names an object, in the words of kubectl.
func (o NamedObject) suppliedName() string { return strings.ToLower(o.Kind) + "/" + o.Name }

// rootCA is a ConfigMap that Kubernetes puts into every namespace (kube-controller-manager, root-ca-cert-publisher).
const rootCA = "kube-root-ca.crt"

// validateNamedObjects refuses what cannot be there at the first up: an object that nobody makes, in a namespace that the stack makes
// together with the pods that need it.
func (c *Config) validateNamedObjects(k *checker) {
	g := &c.Gateway
	supplied := field.NewPath("gateway", "suppliedObjects")
	named := c.NamedObjects()
	if g.ExistingNamespace {
		if len(g.SuppliedObjects) > 0 {
			k.add(field.Forbidden(supplied, "gateway.existingNamespace says that the namespace exists, and what is in it; remove it"))
		}
		return
	}
	for i, name := range g.SuppliedObjects {
		if !slices.ContainsFunc(named, func(o NamedObject) bool { return o.suppliedName() == name }) {
			k.add(field.Invalid(supplied.Index(i), name, "nothing here names such an object; "+orNames(named)))
		}
	}
	for _, object := range named {
		given := slices.Contains(g.SuppliedObjects, object.suppliedName()) || object.maker != "" ||
			object.Kind == NamedConfigMap && object.Name == rootCA
		if given {
			continue
		}
		k.add(field.Invalid(object.Path, cmp.Or(object.value(), object.Name), fmt.Sprintf("%s cannot be there before the first up; make "+
			"namespace %s and what it needs beforehand and set gateway.existingNamespace to true, or list in "+
			"gateway.suppliedObjects what the cluster, or somebody since, puts there", object.suppliedName(), g.Namespace)))
	}
}

// value is what stands at a path that holds no name.
func (o NamedObject) value() string {
	if o.Kind == NamedServiceAccount {
		return "true"
	}
	return ""
}

// orNames says which names there are.
func orNames(named []NamedObject) string {
	var names []string
	for _, o := range named {
		names = append(names, o.suppliedName())
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "remove it"
	}
	return "named here: " + strings.Join(slices.Compact(names), ", ")
}
