package kubernetes

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

const (
	databaseCaDir    = "/etc/bifrost/database-ca"
	databaseCaVolume = "database-ca"
)

// ConfigMapKeyRef is a key of an existing ConfigMap in the gateway's namespace.
type ConfigMapKeyRef struct {
	// Name of the ConfigMap. Required.
	Name string `pulumi:"name"`
	// Key in the ConfigMap. Required.
	Key string `pulumi:"key"`
}

// WorkloadDatabaseCaArgs are the authorities that sign the certificates of the databases, as PEM: exactly one of the three.
type WorkloadDatabaseCaArgs struct {
	// Pem is the text. It is kept in a ConfigMap made here, and a change rolls the pods.
	Pem string `pulumi:"pem,optional"`
	// ConfigMap is a key of a ConfigMap that exists. Its changes roll no pods.
	ConfigMap *ConfigMapKeyRef `pulumi:"configMap,optional"`
	// Secret is a key of a Secret that exists. Its changes roll no pods.
	Secret *SecretKeyRef `pulumi:"secret,optional"`
}

// Validate reports every problem of the reference, at p and below it.
func (r ConfigMapKeyRef) Validate(p *field.Path) field.ErrorList {
	errs := check.Subdomain(p.Child("name"), r.Name)
	return append(errs, check.SecretKey(p.Child("key"), r.Key)...)
}

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadDatabaseCaArgs) Validate(p *field.Path) field.ErrorList {
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

// databaseCaName is the name of the ConfigMap that is made here.
func (a *BifrostWorkloadArgs) databaseCaName() string { return a.application().child("database-ca") }

// newDatabaseCa keeps given authorities in a ConfigMap of their own.
func (a *BifrostWorkloadArgs) newDatabaseCa(s component.Scope) (pulumi.Resource, error) {
	if a.DatabaseCa == nil || a.DatabaseCa.Pem == "" {
		return nil, nil
	}
	return corev1.NewConfigMap(s.Ctx, s.Child("database-ca"), &corev1.ConfigMapArgs{
		Metadata: a.application().meta(a.databaseCaName()),
		Data:     pulumi.StringMap{gateway.DatabaseCaFile: pulumi.String(a.DatabaseCa.Pem)},
	}, s.Options()...)
}

// volume has the file, under one name wherever it comes from. made is the name of the ConfigMap that is made here.
func (a *WorkloadDatabaseCaArgs) volume(made string) *corev1.VolumeArgs {
	volume := &corev1.VolumeArgs{Name: pulumi.String(databaseCaVolume)}
	file := func(key string) corev1.KeyToPathArray {
		return corev1.KeyToPathArray{&corev1.KeyToPathArgs{Key: pulumi.String(key), Path: pulumi.String(gateway.DatabaseCaFile)}}
	}
	switch {
	case a.Secret != nil:
		volume.Secret = &corev1.SecretVolumeSourceArgs{SecretName: pulumi.String(a.Secret.Secret), Items: file(a.Secret.Key)}
	case a.ConfigMap != nil:
		volume.ConfigMap = &corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String(a.ConfigMap.Name), Items: file(a.ConfigMap.Key)}
	default:
		volume.ConfigMap = &corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String(made), Items: file(gateway.DatabaseCaFile)}
	}
	return volume
}
