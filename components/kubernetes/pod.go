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
	return &corev1.PodSecurityContextArgs{
		RunAsNonRoot:   pulumi.Bool(true),
		RunAsUser:      pulumi.Int(uid),
		RunAsGroup:     pulumi.Int(uid),
		FsGroup:        pulumi.Int(uid),
		SeccompProfile: &corev1.SeccompProfileArgs{Type: pulumi.String("RuntimeDefault")},
	}
}

// restrictedContainer is the container half; every container states its user itself.
func restrictedContainer(uid int) *corev1.SecurityContextArgs {
	return &corev1.SecurityContextArgs{
		AllowPrivilegeEscalation: pulumi.Bool(false),
		Capabilities:             &corev1.CapabilitiesArgs{Drop: pulumi.StringArray{pulumi.String("ALL")}},
		ReadOnlyRootFilesystem:   pulumi.Bool(true),
		RunAsNonRoot:             pulumi.Bool(true),
		RunAsUser:                pulumi.Int(uid),
	}
}

// bifrostPod is a pod with the gateway's image. It mounts no token.
func bifrostPod(serviceAccount string, pullSecret pulumi.StringInput, scheduling *WorkloadSchedulingArgs) *corev1.PodSpecArgs {
	pod := &corev1.PodSpecArgs{
		ServiceAccountName:           pulumi.String(serviceAccount),
		AutomountServiceAccountToken: pulumi.Bool(false),
		EnableServiceLinks:           pulumi.Bool(false),
		SecurityContext:              restrictedPod(gateway.Uid),
	}
	if pullSecret != nil {
		pod.ImagePullSecrets = corev1.LocalObjectReferenceArray{
			&corev1.LocalObjectReferenceArgs{Name: pullSecret.ToStringOutput().ToStringPtrOutput()},
		}
	}
	scheduling.place(pod)
	return pod
}

// bifrostContainer is a container of the gateway's image. It writes to two folders alone, and reads config.json.
func bifrostContainer(name, image, pullPolicy string, requests, limits amounts, mounts ...corev1.VolumeMountInput) *corev1.ContainerArgs {
	return &corev1.ContainerArgs{
		Name:            pulumi.String(name),
		Image:           pulumi.String(image),
		ImagePullPolicy: pulumi.String(cmp.Or(pullPolicy, "IfNotPresent")),
		Resources:       resources(requests, limits),
		SecurityContext: restrictedContainer(gateway.Uid),
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
