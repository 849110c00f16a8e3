package kubernetes

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
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
	// Pem is the text; it becomes a ConfigMap.
	Pem string `pulumi:"pem,optional"`
	// ConfigMap or Secret exists; its changes roll no pods.
	ConfigMap *ConfigMapKeyRef `pulumi:"configMap,optional"`
	Secret    *SecretKeyRef    `pulumi:"secret,optional"`
}

func (a *BifrostWorkloadArgs) validateDatabaseCa() field.ErrorList {
	ca, p := a.DatabaseCa, field.NewPath("databaseCa")
	if ca == nil {
		return nil
	}
	var errs field.ErrorList
	given := 0
	for _, is := range []bool{ca.Pem != "", ca.ConfigMap != nil, ca.Secret != nil} {
		if is {
			given++
		}
	}
	if given != 1 {
		errs = append(errs, field.Required(p, "give exactly one of pem, configMap and secret"))
	}
	if ca.ConfigMap != nil {
		errs = append(errs, check.Subdomain(p.Child("configMap", "name"), ca.ConfigMap.Name)...)
		errs = append(errs, check.SecretKey(p.Child("configMap", "key"), ca.ConfigMap.Key)...)
	}
	if ca.Secret != nil {
		errs = append(errs, ca.Secret.validate(p.Child("secret"))...)
	}
	_, plain := a.Env[gateway.DatabaseCaVariable]
	_, secret := a.SecretEnv[gateway.DatabaseCaVariable]
	if _, referred := a.SecretRefs[gateway.DatabaseCaVariable]; plain || secret || referred {
		errs = append(errs, field.Forbidden(p, gateway.DatabaseCaVariable+" is set, too; keep one of them"))
	}
	return errs
}

// newDatabaseCa keeps given authorities in a ConfigMap of their own.
func (w *workload) newDatabaseCa() error {
	if w.DatabaseCa == nil || w.DatabaseCa.Pem == "" {
		return nil
	}
	made, err := corev1.NewConfigMap(w.ctx, w.prefix+"-database-ca", &corev1.ConfigMapArgs{
		Metadata: w.meta(w.secretName("database-ca")),
		Data:     pulumi.StringMap{gateway.DatabaseCaFile: pulumi.String(w.DatabaseCa.Pem)},
	}, pulumi.Parent(w.parent))
	if err != nil {
		return err
	}
	w.dependsOn = append(w.dependsOn, made)
	return nil
}

// databaseCaVolumeArgs is the volume with the file, under one name wherever it comes from.
func (w *workload) databaseCaVolumeArgs() *corev1.VolumeArgs {
	volume := &corev1.VolumeArgs{Name: pulumi.String(databaseCaVolume)}
	items := func(key string) corev1.KeyToPathArray {
		return corev1.KeyToPathArray{&corev1.KeyToPathArgs{Key: pulumi.String(key), Path: pulumi.String(gateway.DatabaseCaFile)}}
	}
	switch ca := w.DatabaseCa; {
	case ca.ConfigMap != nil:
		volume.ConfigMap = &corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String(ca.ConfigMap.Name), Items: items(ca.ConfigMap.Key)}
	case ca.Secret != nil:
		volume.Secret = &corev1.SecretVolumeSourceArgs{SecretName: pulumi.String(ca.Secret.Secret), Items: items(ca.Secret.Key)}
	default:
		volume.ConfigMap = &corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String(w.secretName("database-ca")), Items: items(gateway.DatabaseCaFile)}
	}
	return volume
}
