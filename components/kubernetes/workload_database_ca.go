package kubernetes

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/effects"
	"bifrost/internal/gateway"
)

const (
	databaseCaDir    = "/etc/bifrost/database-ca"
	databaseCaVolume = "database-ca"
)

// databaseCaName is the name of the ConfigMap that is made here.
func (a *BifrostWorkloadArgs) databaseCaName() string { return a.application().child("database-ca") }

// newDatabaseCa keeps given authorities in a ConfigMap of their own.
func (a *BifrostWorkloadArgs) newDatabaseCa(s component.Scope) (pulumi.Resource, error) {
	if a.DatabaseCa == nil || a.DatabaseCa.Pem == "" {
		return nil, nil
	}
	watched, err := effects.Watch(s, "database-ca")
	if err != nil {
		return nil, err
	}
	return corev1.NewConfigMap(s.Ctx, s.Child("database-ca"), &corev1.ConfigMapArgs{
		Metadata: a.application().meta(a.databaseCaName()),
		Data:     pulumi.StringMap{gateway.DatabaseCaFile: pulumi.String(a.DatabaseCa.Pem)},
	}, s.Options(watched...)...)
}
