package kubernetes

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/gateway"
)

const (
	kubernetesTokenDir   = "/var/run/secrets/kubernetes.io/serviceaccount"
	workDir              = "/work"
	homeDir              = "/home/token"
	refresherUid         = 65532
	tokenLifetimeSeconds = 3600
	// runSeconds are what one try of a refresh may take, from the moment in which a node has the pod.
	runSeconds = 300
	// networkCaVariable names the file of the network's authorities to the script.
	networkCaVariable = "NETWORK_CA_FILE"
)

// pod runs two containers in order: the cloud's CLI writes the Secret's manifest to memory, kubectl applies it. The
// two never share a token: the first has only the cloud's, the second only the API server's. What the cloud's CLI keeps for itself, such as
// credentials in a cache, goes to a home that the second does not see; all that they share is the manifest.
func (r refresher) pod(serviceAccount pulumi.StringPtrInput, credentialConfig pulumi.StringInput) *corev1.PodSpecArgs {
	mounts := corev1.VolumeMountArray{writable("work", workDir), writable("home", homeDir)}
	volumes := corev1.VolumeArray{memory("work", "64Mi"), memory("home", "64Mi"), kubernetesTokenVolume("kubernetes-token")}
	if credentialConfig != nil {
		mounts = append(mounts, mount(credentialConfigMap, credentialConfigDir))
		volumes = append(volumes, &corev1.VolumeArgs{
			Name: pulumi.String(credentialConfigMap), ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: credentialConfig},
		})
	}
	if r.pods.Ca != nil {
		mounts = append(mounts, mount(networkCaVolume, networkCaDir))
		volumes = append(volumes, r.pods.Ca.volume(networkCaVolume, refresherCaName, gateway.NetworkCaFile))
	}
	user := uid(r.pods.NamespaceUserIds, refresherUid)
	pod := &corev1.PodSpecArgs{
		ServiceAccountName:           serviceAccount,
		AutomountServiceAccountToken: pulumi.Bool(false),
		// Never: a retry is a new pod, and the failed one keeps its log.
		RestartPolicy: pulumi.String("Never"),
		// A pod that waits for a node has not begun (Kubernetes, kubelet, pastActiveDeadline): it runs as soon as there is one.
		ActiveDeadlineSeconds: pulumi.Int(runSeconds),
		ImagePullSecrets:      r.pods.pullSecrets(),
		EnableServiceLinks:    pulumi.Bool(false),
		SecurityContext:       restrictedPod(user),
		InitContainers: corev1.ContainerArray{&corev1.ContainerArgs{
			Name:            pulumi.String("token"),
			Image:           pulumi.String(r.source.image),
			Command:         pulumi.StringArray{pulumi.String("/bin/sh"), pulumi.String("-c"), pulumi.String(r.source.script)},
			Env:             r.tokenEnv(),
			VolumeMounts:    append(mounts, r.source.mounts...),
			Resources:       resources(amounts{"50m", "128Mi", "64Mi"}, amounts{"500m", "512Mi", "512Mi"}),
			SecurityContext: restrictedContainer(user),
			// The reason is then in the pod's status, where it outlives the log.
			TerminationMessagePolicy: pulumi.String("FallbackToLogsOnError"),
		}},
		Containers: corev1.ContainerArray{&corev1.ContainerArgs{
			Name:  pulumi.String("apply"),
			Image: pulumi.String(r.kubectlImage),
			// The image has no shell. Apply writes in place, so the Secret is never missing and keeps its uid.
			Command: pulumi.ToStringArray([]string{
				"kubectl", "apply", "--server-side", "--force-conflicts", "--field-manager=bifrost-pull",
				"--filename=" + workDir + "/secret.json",
			}),
			Env:                      corev1.EnvVarArray{env("HOME", pulumi.String(workDir))},
			VolumeMounts:             corev1.VolumeMountArray{writable("work", workDir), mount("kubernetes-token", kubernetesTokenDir)},
			Resources:                resources(amounts{"50m", "64Mi", "64Mi"}, amounts{"500m", "256Mi", "256Mi"}),
			SecurityContext:          restrictedContainer(user),
			TerminationMessagePolicy: pulumi.String("FallbackToLogsOnError"),
		}},
		Volumes: append(volumes, r.source.volumes...),
	}
	r.pods.Scheduling.place(pod)
	return pod
}

// tokenEnv are the variables of the container that fetches the token.
func (r refresher) tokenEnv() corev1.EnvVarArray {
	vars := r.ownEnv()
	if r.pods.Ca != nil {
		vars = append(vars, env(networkCaVariable, pulumi.String(networkCaDir+"/"+gateway.NetworkCaFile)))
	}
	return append(vars, r.pods.variables()...)
}

// ownEnv are the variables that the script and the CLI read in any case.
func (r refresher) ownEnv() corev1.EnvVarArray {
	return append(corev1.EnvVarArray{
		env("HOME", pulumi.String(homeDir)),
		env("TMPDIR", pulumi.String(homeDir)),
		env("REGISTRY_HOST", pulumi.String(r.registryHost)),
		env("REGISTRY_USER", pulumi.String(r.source.user)),
		env("SECRET_NAME", pulumi.String(r.secretName)),
		env("SECRET_NAMESPACE", r.namespace),
		env("MANIFEST", pulumi.String(workDir+"/secret.json")),
	}, r.source.env...)
}

func mount(volume, dir string) *corev1.VolumeMountArgs {
	return &corev1.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(dir), ReadOnly: pulumi.Bool(true)}
}

func writable(volume, dir string) *corev1.VolumeMountArgs {
	return &corev1.VolumeMountArgs{Name: pulumi.String(volume), MountPath: pulumi.String(dir)}
}

// memory is an empty folder that never touches a disk.
func memory(name, limit string) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{Name: pulumi.String(name), EmptyDir: &corev1.EmptyDirVolumeSourceArgs{
		Medium: pulumi.String("Memory"), SizeLimit: pulumi.String(limit),
	}}
}

// tokenVolume projects a token of the pod's ServiceAccount for an audience outside the cluster.
func tokenVolume(name, audience, file string) *corev1.VolumeArgs {
	return projected(name, &corev1.VolumeProjectionArgs{ServiceAccountToken: &corev1.ServiceAccountTokenProjectionArgs{
		Audience:          pulumi.String(audience),
		ExpirationSeconds: pulumi.Int(tokenLifetimeSeconds),
		Path:              pulumi.String(file),
	}})
}

// kubernetesTokenVolume is what automounting would mount, for one container instead of all.
func kubernetesTokenVolume(name string) *corev1.VolumeArgs {
	return projected(name,
		&corev1.VolumeProjectionArgs{ServiceAccountToken: &corev1.ServiceAccountTokenProjectionArgs{
			ExpirationSeconds: pulumi.Int(tokenLifetimeSeconds), Path: pulumi.String("token"),
		}},
		&corev1.VolumeProjectionArgs{ConfigMap: &corev1.ConfigMapProjectionArgs{
			Name:  pulumi.String("kube-root-ca.crt"),
			Items: corev1.KeyToPathArray{&corev1.KeyToPathArgs{Key: pulumi.String("ca.crt"), Path: pulumi.String("ca.crt")}},
		}},
		&corev1.VolumeProjectionArgs{DownwardAPI: &corev1.DownwardAPIProjectionArgs{
			Items: corev1.DownwardAPIVolumeFileArray{&corev1.DownwardAPIVolumeFileArgs{
				Path: pulumi.String("namespace"), FieldRef: &corev1.ObjectFieldSelectorArgs{FieldPath: pulumi.String("metadata.namespace")},
			}},
		}},
	)
}

func projected(name string, sources ...corev1.VolumeProjectionInput) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name:      pulumi.String(name),
		Projected: &corev1.ProjectedVolumeSourceArgs{Sources: corev1.VolumeProjectionArray(sources), DefaultMode: pulumi.Int(0o440)},
	}
}
