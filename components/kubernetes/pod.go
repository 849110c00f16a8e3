package kubernetes

import (
	"cmp"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/gateway"
)

// Volumes of every pod with the gateway's image.
const (
	configVolume = "config"
	dataVolume   = "data"
	tmpVolume    = "tmp"
)

// restrictedPod is the pod half of the Pod Security Standard "restricted". The numeric user matters: admission does not look
// into images, and the kubelet refuses runAsNonRoot for an image whose user is a name.
func restrictedPod(uid int) *corev1.PodSecurityContextArgs {
	pod := &corev1.PodSecurityContextArgs{
		RunAsNonRoot:   pulumi.Bool(true),
		SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
	}
	if uid != namespaceUid {
		pod.RunAsUser, pod.RunAsGroup, pod.FsGroup = pulumi.Int(uid), pulumi.Int(uid), pulumi.Int(uid)
	}
	return pod
}

// namespaceUid stands for a user and a group of the namespace's range: a pod that states none gets them there (OpenShift, "Managing
// security context constraints", restricted-v2: MustRunAsRange of users, MustRunAs of fsGroup, and another id in a pod is refused).
const namespaceUid = 0

// uid is the one that pods state.
func uid(ofNamespace bool, own int) int {
	if ofNamespace {
		return namespaceUid
	}
	return own
}

// restrictedContainer is the container half; every container states its user itself.
func restrictedContainer(uid int) *corev1.SecurityContextArgs {
	container := &corev1.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		Capabilities:             &corev1.CapabilitiesArgs{Drop: pulumi.StringArray{pulumi.String("ALL")}},
		ReadOnlyRootFilesystem:   pulumi.Bool(true),
		RunAsNonRoot:             pulumi.Bool(true),
	}
	if uid != namespaceUid {
		container.RunAsUser = pulumi.Int(uid)
	}
	return container
}

// bifrostPod is a pod with the gateway's image, of a user. It mounts no token.
func bifrostPod(
	serviceAccount string, pullSecret pulumi.StringInput, scheduling *WorkloadSchedulingArgs, uid int,
) *corev1.PodSpecArgs {
	pod := &corev1.PodSpecArgs{
		ServiceAccountName:           pulumi.String(serviceAccount),
		AutomountServiceAccountToken: pulumi.Bool(false),
		EnableServiceLinks:           pulumi.Bool(false),
		SecurityContext:              restrictedPod(uid),
	}
	if pullSecret != nil {
		pod.ImagePullSecrets = corev1.LocalObjectReferenceArray{
			&corev1.LocalObjectReferenceArgs{Name: pullSecret.ToStringOutput().ToStringPtrOutput()},
		}
	}
	scheduling.place(pod)
	return pod
}

// bifrostContainer is a container of the gateway's image, of a user. It writes to two folders alone, and reads config.json.
func bifrostContainer(
	name, image, pullPolicy string, uid int, requests, limits amounts, mounts ...corev1.VolumeMountInput,
) *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String(name),
		Image:           pulumi.String(image),
		ImagePullPolicy: pulumi.String(cmp.Or(pullPolicy, "IfNotPresent")),
		Resources:       resources(requests, limits),
		SecurityContext: restrictedContainer(uid),
		VolumeMounts: append(corev1.VolumeMountArray{
			writable(dataVolume, gateway.DataDir),
			writable(tmpVolume, "/tmp"),
			&corev1.VolumeMountArgs{
				Name: pulumi.String(configVolume), MountPath: pulumi.String(gateway.DataDir + "/" + gateway.ConfigFile),
				SubPath: pulumi.String(gateway.ConfigFile), ReadOnly: pulumi.Bool(true),
			},
		}, mounts...),
	}
}

// scratch is an empty folder on the node's disk.
func scratch(name, limit string) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{Name: pulumi.String(name), EmptyDir: &corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(limit)}}
}

func env(name string, value pulumi.StringInput) *corev1.EnvVarArgs {
	return &corev1.EnvVarArgs{Name: pulumi.String(name), Value: value.ToStringOutput().ToStringPtrOutput()}
}

func containerPort(name string, port int, protocol string) *corev1.ContainerPortArgs {
	return &corev1.ContainerPortArgs{Name: pulumi.String(name), ContainerPort: pulumi.Int(port), Protocol: pulumi.String(protocol)}
}

func servicePort(name string, port int, protocol string) *corev1.ServicePortArgs {
	return &corev1.ServicePortArgs{
		Name: pulumi.String(name), Port: pulumi.Int(port), TargetPort: pulumi.Int(port), Protocol: pulumi.String(protocol),
	}
}

// amounts are what a container requests or may have.
type amounts struct{ cpu, memory, ephemeralStorage string }

func (a amounts) stringMap() pulumi.StringMap {
	return pulumi.StringMap{
		"cpu": pulumi.String(a.cpu), "memory": pulumi.String(a.memory), "ephemeral-storage": pulumi.String(a.ephemeralStorage),
	}
}

func resources(requests, limits amounts) *corev1.ResourceRequirementsArgs {
	return &corev1.ResourceRequirementsArgs{Requests: requests.stringMap(), Limits: limits.stringMap()}
}
