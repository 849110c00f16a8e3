package kubernetes

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// RuntimeIdentityAnnotation has the pods follow the identity of their ServiceAccount. The webhooks of IRSA, EKS Pod Identity and Azure
// Workload Identity write what a container signs in with into a pod as it is made, and never again (amazon-eks-pod-identity-webhook,
// pkg/handler/handler.go, MutatePod; azure-workload-identity, pkg/webhook/webhook.go, Handle). With Pod Identity the agent has another
// role's credentials by itself, once those that it keeps for a pod expire; those of a role that is gone are refused before that.
const RuntimeIdentityAnnotation = "bifrost/runtime-identity"

// kubernetesToken is the volume with the token that discovery needs.
const kubernetesToken = "kubernetes-token"

// template is what the Deployment or the StatefulSet makes pods from.
func (a *BifrostWorkloadArgs) template() *corev1.PodTemplateSpecArgs {
	pod := a.pod()
	pod.Containers = append(corev1.ContainerArray{a.servingContainer()}, a.ExtraContainers...)
	pod.TerminationGracePeriodSeconds = pulumi.Int(a.terminationGraceSeconds())
	pod.TopologySpreadConstraints = a.spreadConstraints()
	meta := a.podMeta(a.application().own(), podMarks{})
	if a.RuntimeIdentity != "" {
		meta.Annotations.(pulumi.StringMap)[RuntimeIdentityAnnotation] = pulumi.String(a.RuntimeIdentity)
	}
	return &corev1.PodTemplateSpecArgs{Metadata: meta, Spec: pod}
}

// podMeta is the metadata of pods that carry the given labels, and the marks where nothing else is said. It has a checksum: neither a
// Deployment nor a StatefulSet rolls when a Secret that it mounts changes.
func (a *BifrostWorkloadArgs) podMeta(labels map[string]string, marks podMarks) *metav1.ObjectMetaArgs {
	annotations := component.Merge(marks.annotations, a.PodAnnotations)
	annotations["checksum/config"] = a.checksum()
	return &metav1.ObjectMetaArgs{
		Labels:      component.Merge(marks.labels, a.Labels, a.PodLabels, a.identityLabels(), labels),
		Annotations: annotations,
	}
}

// pod is what the pods that serve and those that migrate have in common. What it names, it names in plain text.
func (a *BifrostWorkloadArgs) pod() *corev1.PodSpecArgs {
	pod := bifrostPod(a.serviceAccount(), a.PullSecret, a.Scheduling, a.uid())
	pod.InitContainers = a.InitContainers
	pod.Volumes = append(a.volumes(), a.ExtraVolumes...)
	if a.Storage != nil {
		// The files of a large volume are not all visited at every start.
		pod.SecurityContext.(*corev1.PodSecurityContextArgs).FsGroupChangePolicy = pulumi.String("OnRootMismatch")
	}
	return pod
}

// GatewayVolumes are the names of the volumes that pods of the gateway may have of its own.
func GatewayVolumes() []string {
	return []string{configVolume, dataVolume, tmpVolume, databaseCaVolume, networkCaVolume, kubernetesToken}
}

func (a *BifrostWorkloadArgs) volumes() corev1.VolumeArray {
	volumes := corev1.VolumeArray{
		&corev1.VolumeArgs{
			Name:   pulumi.String(configVolume),
			Secret: &corev1.SecretVolumeSourceArgs{SecretName: pulumi.String(a.configSecretName())},
		},
		scratch(tmpVolume, a.limits().ephemeralStorage),
	}
	switch {
	case a.Storage == nil:
		volumes = append(volumes, scratch(dataVolume, a.limits().ephemeralStorage))
	case a.Storage.ExistingClaim != "":
		claim := &corev1.PersistentVolumeClaimVolumeSourceArgs{ClaimName: pulumi.String(a.Storage.ExistingClaim)}
		volumes = append(volumes, &corev1.VolumeArgs{Name: pulumi.String(dataVolume), PersistentVolumeClaim: claim})
	}
	if a.DatabaseCa != nil {
		volumes = append(volumes, a.DatabaseCa.volume(databaseCaVolume, a.databaseCaName(), gateway.DatabaseCaFile))
	}
	if a.NetworkCa != nil {
		volumes = append(volumes, a.NetworkCa.volume(networkCaVolume, a.networkCaName(), gateway.NetworkCaFile))
	}
	if a.discovers() {
		volumes = append(volumes, kubernetesTokenVolume(kubernetesToken))
	}
	return volumes
}

// mounts of the gateway's container, beside those that every container of its image has.
func (a *BifrostWorkloadArgs) mounts() corev1.VolumeMountArray {
	mounts := append(corev1.VolumeMountArray{}, a.ExtraVolumeMounts...)
	if a.DatabaseCa != nil {
		mounts = append(mounts, mount(databaseCaVolume, databaseCaDir))
	}
	if a.NetworkCa != nil {
		mounts = append(mounts, mount(networkCaVolume, networkCaDir))
	}
	if a.discovers() {
		mounts = append(mounts, mount(kubernetesToken, kubernetesTokenDir))
	}
	return mounts
}
