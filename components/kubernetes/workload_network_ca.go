package kubernetes

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/effects"
	"bifrost/internal/gateway"
)

const (
	networkCaDir    = "/etc/bifrost/network-ca"
	networkCaVolume = "network-ca"
)

// networkCaName is the name of the ConfigMap that is made here.
func (a *BifrostWorkloadArgs) networkCaName() string { return a.application().child(networkCaVolume) }

// newNetworkCa keeps given authorities of the network in a ConfigMap of their own.
func (a *BifrostWorkloadArgs) newNetworkCa(s component.Scope) (pulumi.Resource, error) {
	if a.NetworkCa == nil || a.NetworkCa.Pem == "" {
		return nil, nil
	}
	watched, err := effects.Watch(s, networkCaVolume)
	if err != nil {
		return nil, err
	}
	return corev1.NewConfigMap(s.Ctx, s.Child(networkCaVolume), &corev1.ConfigMapArgs{
		Metadata: a.application().meta(a.networkCaName()),
		Data:     pulumi.StringMap{gateway.NetworkCaFile: pulumi.String(a.NetworkCa.Pem)},
	}, s.Options(watched...)...)
}
