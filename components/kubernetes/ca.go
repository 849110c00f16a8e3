package kubernetes

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// ConfigMapKeyRef is a key of an existing ConfigMap in the gateway's namespace.
type ConfigMapKeyRef struct {
	// Name of the ConfigMap. Required.
	Name string `pulumi:"name"`
	// Key in the ConfigMap. Required.
	Key string `pulumi:"key"`
}

// CaArgs are certificate authorities as PEM, in exactly one of three places.
type CaArgs struct {
	// Pem is the text. It is kept in a ConfigMap made here, and a change makes the pods anew.
	Pem string `pulumi:"pem,optional"`
	// ConfigMap is a key of a ConfigMap that exists. Its changes make no pods anew.
	ConfigMap *ConfigMapKeyRef `pulumi:"configMap,optional"`
	// Secret is a key of a Secret that exists. Its changes make no pods anew.
	Secret *SecretKeyRef `pulumi:"secret,optional"`
}

// Validate reports every problem of the reference, at p and below it.
func (r ConfigMapKeyRef) Validate(p *field.Path) field.ErrorList {
	errs := check.Subdomain(p.Child("name"), r.Name)
	return append(errs, check.SecretKey(p.Child("key"), r.Key)...)
}

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *CaArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	var errs field.ErrorList
	if !check.ExactlyOne(a.Pem != "", a.ConfigMap != nil, a.Secret != nil) {
		errs = append(errs, field.Required(p, "give exactly one of pem, configMap and secret"))
	}
	if a.ConfigMap != nil {
		errs = append(errs, a.ConfigMap.Validate(p.Child("configMap"))...)
	}
	if a.Secret != nil {
		errs = append(errs, a.Secret.Validate(p.Child("secret"))...)
	}
	return errs
}

// volume has the authorities in one file of that name, wherever they come from. made is the name of the ConfigMap that is made here, where
// the file is the key.
func (a *CaArgs) volume(name, made, file string) *corev1.VolumeArgs {
	volume := &corev1.VolumeArgs{Name: pulumi.String(name)}
	item := func(key string) corev1.KeyToPathArray {
		return corev1.KeyToPathArray{&corev1.KeyToPathArgs{Key: pulumi.String(key), Path: pulumi.String(file)}}
	}
	switch {
	case a.Secret != nil:
		volume.Secret = &corev1.SecretVolumeSourceArgs{SecretName: pulumi.String(a.Secret.Secret), Items: item(a.Secret.Key)}
	case a.ConfigMap != nil:
		volume.ConfigMap = &corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String(a.ConfigMap.Name), Items: item(a.ConfigMap.Key)}
	default:
		volume.ConfigMap = &corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String(made), Items: item(file)}
	}
	return volume
}
