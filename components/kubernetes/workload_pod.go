package kubernetes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// Names of the pods' volumes.
const (
	configVolume = "config"
	dataVolume   = "data"
	tmpVolume    = "tmp"
)

func (a *BifrostWorkloadArgs) validateResources() field.ErrorList {
	var errs field.ErrorList
	for _, r := range []struct{ request, limit, requested, limited, defaultRequest, defaultLimit string }{
		{"cpuRequest", "cpuLimit", a.CpuRequest, a.CpuLimit, DefaultCpuRequest, DefaultCpuLimit},
		{"memoryRequest", "memoryLimit", a.MemoryRequest, a.MemoryLimit, DefaultMemoryRequest, DefaultMemoryLimit},
		{"ephemeralStorageRequest", "ephemeralStorageLimit", a.EphemeralStorageRequest, a.EphemeralStorageLimit, DefaultEphemeralStorageRequest, DefaultEphemeralStorageLimit},
	} {
		errs = append(errs, check.Quantity(field.NewPath(r.request), r.requested)...)
		errs = append(errs, check.Quantity(field.NewPath(r.limit), r.limited)...)
		errs = append(errs, check.NotAbove(field.NewPath(r.request), cmp.Or(r.requested, r.defaultRequest), cmp.Or(r.limited, r.defaultLimit))...)
	}
	return errs
}

// newPods makes the Deployment, or the StatefulSet where the pods have storage.
func (w *workload) newPods() error {
	if w.Storage != nil {
		return w.newStatefulSet()
	}
	return w.newDeployment()
}

func (w *workload) newDeployment() error {
	opts := w.podsOptions()
	replicas := w.Replicas
	if w.Autoscaling != nil {
		// With server-side apply the provider does not send an ignored field that another manager holds, as the autoscaler does once it has
		// scaled; until then the field stays ours, for one that nobody holds falls back to 1.
		replicas = w.Autoscaling.MinReplicas
		opts = append(opts, pulumi.IgnoreChanges([]string{"spec.replicas"}))
	}
	deployment, err := appsv1.NewDeployment(w.ctx, w.prefix+"-deployment", &appsv1.DeploymentArgs{
		Metadata: w.meta(w.name()),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(replicas),
			Selector: &metav1.LabelSelectorArgs{MatchLabels: component.Merge(w.selector())},
			Strategy: &appsv1.DeploymentStrategyArgs{
				Type:          pulumi.String("RollingUpdate"),
				RollingUpdate: &appsv1.RollingUpdateDeploymentArgs{MaxUnavailable: pulumi.Int(0), MaxSurge: pulumi.Int(MaxSurge)},
			},
			ProgressDeadlineSeconds: pulumi.Int(w.progressDeadlineSeconds()),
			Template:                w.template(),
		},
	}, opts...)
	if err != nil {
		return err
	}
	w.pods, w.podsName = deployment, deployment.Metadata.Name().Elem()
	return nil
}

// progressDeadlineSeconds leave a pod that starts as slowly as it may the time to be scheduled and to pull its image.
func (a *BifrostWorkloadArgs) progressDeadlineSeconds() int {
	return a.startupSeconds() + gateway.ScheduleSeconds
}

// podsOptions wait for a rollout as long as it may take, one pod after the other. What the pods name, they name in plain text, and wait for by
// dependsOn: where a name is another resource's output, the whole spec is unknown while that resource is made anew, and for an unknown spec
// the provider deletes the running Deployment (pulumi-kubernetes, provider.go, Diff).
func (w *workload) podsOptions() []pulumi.ResourceOption {
	seconds := max(w.progressDeadlineSeconds(), 120*w.mostReplicas())
	timeout := fmt.Sprintf("%dm", (seconds+59)/60)
	timeouts := &pulumi.CustomTimeouts{Create: timeout, Update: timeout}
	// A delete waits for the pods, and 10 minutes where nothing is said.
	if end := w.terminationGraceSeconds() + 120; end > 600 {
		timeouts.Delete = fmt.Sprintf("%dm", (end+59)/60)
	}
	return []pulumi.ResourceOption{
		pulumi.Parent(w.parent), pulumi.DependsOn(w.dependsOn),
		pulumi.Timeouts(timeouts),
	}
}

func (w *workload) template() *corev1.PodTemplateSpecArgs {
	return &corev1.PodTemplateSpecArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Labels:      component.Merge(w.Labels, w.PodLabels, w.identityPodLabels(), w.selector()),
			Annotations: w.podAnnotations(),
		},
		Spec: w.pod(),
	}
}

// podAnnotations have a checksum: neither a Deployment nor a StatefulSet rolls when a Secret that it mounts changes.
func (w *workload) podAnnotations() pulumi.StringMap {
	annotations := component.Merge(w.PodAnnotations)
	annotations["checksum/config"] = w.checksum()
	return annotations
}

// identityPodLabels: the Azure webhook picks pods by their own label, never by the ServiceAccount's.
func (a *BifrostWorkloadArgs) identityPodLabels() map[string]string {
	if a.AzureClientId == "" {
		return nil
	}
	return map[string]string{"azure.workload.identity/use": "true"}
}

func (w *workload) pod() *corev1.PodSpecArgs {
	pod := &corev1.PodSpecArgs{
		ServiceAccountName:            pulumi.String(w.serviceAccount()),
		AutomountServiceAccountToken:  pulumi.Bool(false),
		EnableServiceLinks:            pulumi.Bool(false),
		SecurityContext:               restrictedPod(gateway.Uid),
		TerminationGracePeriodSeconds: pulumi.Int(w.terminationGraceSeconds()),
		InitContainers:                w.InitContainers,
		Containers:                    append(corev1.ContainerArray{w.container()}, w.ExtraContainers...),
		Volumes:                       append(w.volumes(), w.ExtraVolumes...),
	}
	if w.PullSecret != nil {
		pod.ImagePullSecrets = corev1.LocalObjectReferenceArray{&corev1.LocalObjectReferenceArgs{Name: w.PullSecret.ToStringOutput().ToStringPtrOutput()}}
	}
	w.schedule(pod)
	return pod
}

func (w *workload) container() *corev1.ContainerArgs {
	container := &corev1.ContainerArgs{
		Name:            pulumi.String("bifrost"),
		Image:           pulumi.String(w.Image),
		ImagePullPolicy: pulumi.String(cmp.Or(w.ImagePullPolicy, "IfNotPresent")),
		Ports:           append(corev1.ContainerPortArray{containerPort("http", gateway.Port, "TCP")}, w.peerPorts()...),
		Env:             w.containerEnv(gateway.NoMigrateVariable),
		Resources: resources(
			amounts{cmp.Or(w.CpuRequest, DefaultCpuRequest), cmp.Or(w.MemoryRequest, DefaultMemoryRequest), cmp.Or(w.EphemeralStorageRequest, DefaultEphemeralStorageRequest)},
			amounts{cmp.Or(w.CpuLimit, DefaultCpuLimit), cmp.Or(w.MemoryLimit, DefaultMemoryLimit), w.ephemeralStorageLimit()}),
		StartupProbe:   w.startupProbe(),
		LivenessProbe:  livenessProbe(),
		ReadinessProbe: readinessProbe(),
		Lifecycle: &corev1.LifecycleArgs{PreStop: &corev1.LifecycleHandlerArgs{
			Exec: &corev1.ExecActionArgs{Command: pulumi.ToStringArray([]string{"sleep", strconv.Itoa(w.preStopSeconds())})},
		}},
		SecurityContext: restrictedContainer(gateway.Uid),
		VolumeMounts: append(corev1.VolumeMountArray{
			writable(dataVolume, gateway.DataDir),
			writable(tmpVolume, "/tmp"),
			&corev1.VolumeMountArgs{
				Name: pulumi.String(configVolume), MountPath: pulumi.String(gateway.DataDir + "/" + gateway.ConfigFile),
				SubPath: pulumi.String(gateway.ConfigFile), ReadOnly: pulumi.Bool(true),
			},
		}, w.ExtraVolumeMounts...),
	}
	if w.environmentSecret != nil {
		container.EnvFrom = corev1.EnvFromSourceArray{&corev1.EnvFromSourceArgs{
			SecretRef: &corev1.SecretEnvSourceArgs{Name: pulumi.String(w.secretName("env"))},
		}}
	}
	if w.DatabaseCa != nil {
		container.VolumeMounts = append(container.VolumeMounts.(corev1.VolumeMountArray), mount(databaseCaVolume, databaseCaDir))
	}
	if w.discovers() {
		container.VolumeMounts = append(container.VolumeMounts.(corev1.VolumeMountArray), mount(kubernetesTokenVolumeName, kubernetesTokenDir))
	}
	return container
}

// containerEnv are the variables in a fixed order, so that an unchanged up stays unchanged. What the caller sets himself wins. With a
// migration the one of a migrating or of a serving process is set.
func (w *workload) containerEnv(migration string) corev1.EnvVarArray {
	elsewhere := map[string]pulumi.StringInput{}
	maps.Copy(elsewhere, w.SecretEnv)
	for name := range w.SecretRefs {
		elsewhere[name] = nil
	}
	memory := resource.MustParse(cmp.Or(w.MemoryLimit, DefaultMemoryLimit))
	plain := gateway.WithMemoryLimit(w.Env, elsewhere, strconv.FormatInt(memory.Value()*9/10, 10))
	for name, value := range w.Log.variables() {
		_, own := plain[name]
		if _, secret := elsewhere[name]; !own && !secret {
			plain[name] = value
		}
	}

	if w.MigrationJob {
		plain[migration] = "1"
	}
	if w.IpFamily == gateway.IPv6 {
		plain[gateway.HostVariable] = gateway.AnyHost
	}
	if w.DatabaseCa != nil {
		plain[gateway.DatabaseCaVariable] = databaseCaDir + "/" + gateway.DatabaseCaFile
	}

	vars := corev1.EnvVarArray{}
	for _, name := range slices.Sorted(maps.Keys(plain)) {
		vars = append(vars, env(name, pulumi.String(plain[name])))
	}
	for _, name := range slices.Sorted(maps.Keys(w.SecretRefs)) {
		vars = append(vars, secretEnv(name, &corev1.SecretKeySelectorArgs{
			Name: pulumi.String(w.SecretRefs[name].Secret), Key: pulumi.String(w.SecretRefs[name].Key),
		}))
	}
	if w.encryptionKeySecret != nil {
		vars = append(vars, secretEnv(gateway.EncryptionKeyVariable, &corev1.SecretKeySelectorArgs{
			Name: pulumi.String(w.secretName("encryption-key")), Key: pulumi.String(gateway.EncryptionKeyVariable),
		}))
	}
	return vars
}

// variables are those that the image's entrypoint turns into the gateway's flags.
func (a *WorkloadLogArgs) variables() map[string]string {
	all := map[string]string{}
	if a != nil && a.Level != "" {
		all["LOG_LEVEL"] = a.Level
	}
	if a != nil && a.Style != "" {
		all["LOG_STYLE"] = a.Style
	}
	return all
}

func secretEnv(name string, from *corev1.SecretKeySelectorArgs) *corev1.EnvVarArgs {
	return &corev1.EnvVarArgs{Name: pulumi.String(name), ValueFrom: &corev1.EnvVarSourceArgs{SecretKeyRef: from}}
}

func containerPort(name string, port int, protocol string) *corev1.ContainerPortArgs {
	return &corev1.ContainerPortArgs{Name: pulumi.String(name), ContainerPort: pulumi.Int(port), Protocol: pulumi.String(protocol)}
}

// health asks the gateway; it answers 503 when a store is down, unless config.json keeps the stores out of it.
var health = &corev1.HTTPGetActionArgs{Path: pulumi.String("/health"), Port: pulumi.Int(gateway.Port)}

const startupPeriodSeconds = 5

// startupProbe gives migrations their time: until it succeeds, the others wait.
func (a *BifrostWorkloadArgs) startupProbe() *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		HttpGet: health, PeriodSeconds: pulumi.Int(startupPeriodSeconds), TimeoutSeconds: pulumi.Int(5),
		FailureThreshold: pulumi.Int((a.startupSeconds() + startupPeriodSeconds - 1) / startupPeriodSeconds),
	}
}

// livenessProbe does not ask for the stores' health: a database that is down must not restart the pods.
func livenessProbe() *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		TcpSocket:     &corev1.TCPSocketActionArgs{Port: pulumi.Int(gateway.Port)},
		PeriodSeconds: pulumi.Int(10), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(6),
	}
}

// readinessProbe takes a pod that cannot serve out of the Service.
func readinessProbe() *corev1.ProbeArgs {
	return &corev1.ProbeArgs{
		HttpGet: health, PeriodSeconds: pulumi.Int(5), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(3),
	}
}

func (w *workload) volumes() corev1.VolumeArray {
	volumes := corev1.VolumeArray{
		&corev1.VolumeArgs{Name: pulumi.String(configVolume), Secret: &corev1.SecretVolumeSourceArgs{SecretName: w.configSecret}},
		w.scratch(tmpVolume),
	}
	switch {
	case w.Storage == nil:
		volumes = append(volumes, w.scratch(dataVolume))
	case w.Storage.ExistingClaim != "":
		volumes = append(volumes, &corev1.VolumeArgs{
			Name: pulumi.String(dataVolume), PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSourceArgs{ClaimName: pulumi.String(w.Storage.ExistingClaim)},
		})
	}
	if w.DatabaseCa != nil {
		volumes = append(volumes, w.databaseCaVolumeArgs())
	}
	if w.discovers() {
		volumes = append(volumes, kubernetesTokenVolume(kubernetesTokenVolumeName))
	}
	return volumes
}

// scratch is an empty folder on the node's disk.
func (a *BifrostWorkloadArgs) scratch(name string) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{Name: pulumi.String(name), EmptyDir: &corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(a.ephemeralStorageLimit())}}
}

func (a *BifrostWorkloadArgs) ephemeralStorageLimit() string {
	return cmp.Or(a.EphemeralStorageLimit, DefaultEphemeralStorageLimit)
}
