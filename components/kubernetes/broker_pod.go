package kubernetes

import (
	"bifrost/internal/component"
	"bifrost/internal/gateway"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// broker is what the steps of NewBifrostBroker hand on to each other.
type broker struct {
	*BifrostBrokerArgs
	ctx    *pulumi.Context
	parent pulumi.Resource
	prefix string

	// dependsOn is what the pod names, in plain text, and waits for.
	dependsOn  []pulumi.Resource
	deployment *appsv1.Deployment
	service    *corev1.Service
}

// newDeployment runs one pod at a time: half of the nodes would meet in a second one.
func (b *broker) newDeployment() error {
	pod := &corev1.PodSpecArgs{
		ServiceAccountName:           pulumi.String(cmp.Or(b.ServiceAccount, b.name())),
		AutomountServiceAccountToken: pulumi.Bool(false),
		EnableServiceLinks:           pulumi.Bool(false),
		SecurityContext:              restrictedPod(gateway.Uid),
		Containers:                   corev1.ContainerArray{b.container()},
		Volumes: corev1.VolumeArray{
			&corev1.VolumeArgs{Name: pulumi.String(configVolume), ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String(b.name() + "-config")}},
			b.scratch(tmpVolume), b.scratch(dataVolume),
		},
	}
	if b.PullSecret != nil {
		pod.ImagePullSecrets = corev1.LocalObjectReferenceArray{
			&corev1.LocalObjectReferenceArgs{Name: b.PullSecret.ToStringOutput().ToStringPtrOutput()},
		}
	}
	if s := b.Scheduling; s != nil {
		pod.NodeSelector, pod.PriorityClassName = component.OptionalMap(s.NodeSelector), component.OptionalString(s.PriorityClass)
		pod.Tolerations, pod.Affinity = s.Tolerations, s.Affinity
	}
	// A Deployment does not roll when a Secret that it reads changes.
	annotations := pulumi.StringMap{"checksum/config": b.checksum()}
	var err error
	b.deployment, err = appsv1.NewDeployment(b.ctx, b.prefix+"-deployment", &appsv1.DeploymentArgs{
		Metadata: b.meta(b.name()),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1),
			Selector: &metav1.LabelSelectorArgs{MatchLabels: component.Merge(b.selector())},
			Strategy: &appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
			Template: &corev1.PodTemplateSpecArgs{
				Metadata: &metav1.ObjectMetaArgs{Labels: component.Merge(b.Labels, b.selector()), Annotations: annotations},
				Spec:     pod,
			},
		},
	}, pulumi.Parent(b.parent), pulumi.DependsOn(b.dependsOn))
	return err
}

func (b *broker) container() *corev1.ContainerArgs {
	container := &corev1.ContainerArgs{
		Name:            pulumi.String("broker"),
		Image:           pulumi.String(b.Image),
		ImagePullPolicy: pulumi.String(cmp.Or(b.ImagePullPolicy, "IfNotPresent")),
		Ports:           corev1.ContainerPortArray{containerPort("grpc", gateway.BrokerPort, "TCP")},
		Env:             corev1.EnvVarArray{env(gateway.ModeVariable, pulumi.String(gateway.ModeBroker)), env("GOMEMLIMIT", pulumi.String(brokerMemory))},
		Resources: resources(
			amounts{brokerCpuRequest, brokerMemoryRequest, brokerStorageRequest},
			amounts{brokerCpuLimit, brokerMemoryLimit, brokerStorageLimit}),
		// The broker registers the health service of gRPC for readiness (Bifrost Enterprise, "Clustering", "Running the broker").
		ReadinessProbe: &corev1.ProbeArgs{
			Grpc:          &corev1.GRPCActionArgs{Port: pulumi.Int(gateway.BrokerPort)},
			PeriodSeconds: pulumi.Int(5), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(3),
		},
		LivenessProbe: &corev1.ProbeArgs{
			TcpSocket:           &corev1.TCPSocketActionArgs{Port: pulumi.Int(gateway.BrokerPort)},
			InitialDelaySeconds: pulumi.Int(30), PeriodSeconds: pulumi.Int(10), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(6),
		},
		SecurityContext: restrictedContainer(gateway.Uid),
		VolumeMounts: corev1.VolumeMountArray{
			writable(dataVolume, gateway.DataDir),
			writable(tmpVolume, "/tmp"),
			&corev1.VolumeMountArgs{
				Name: pulumi.String(configVolume), MountPath: pulumi.String(gateway.DataDir + "/" + gateway.ConfigFile),
				SubPath: pulumi.String(gateway.ConfigFile), ReadOnly: pulumi.Bool(true),
			},
		},
	}
	for _, name := range slices.Sorted(maps.Keys(b.SecretRefs)) {
		container.Env = append(container.Env.(corev1.EnvVarArray), secretEnv(name, &corev1.SecretKeySelectorArgs{
			Name: pulumi.String(b.SecretRefs[name].Secret), Key: pulumi.String(b.SecretRefs[name].Key),
		}))
	}
	if len(b.SecretEnv) > 0 {
		container.EnvFrom = corev1.EnvFromSourceArray{
			&corev1.EnvFromSourceArgs{SecretRef: &corev1.SecretEnvSourceArgs{Name: pulumi.String(b.name() + "-env")}},
		}
	}
	return container
}

func (b *broker) scratch(name string) *corev1.VolumeArgs {
	return &corev1.VolumeArgs{
		Name: pulumi.String(name), EmptyDir: &corev1.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.String(brokerStorageLimit)},
	}
}

// checksum changes with every value that the pod reads at start, and stays a Pulumi secret where one of them is.
func (b *broker) checksum() pulumi.StringOutput {
	return digest(b.SecretEnv, map[string]pulumi.StringInput{gateway.ConfigFile: b.Config})
}

// digest is one over all values at once, of variables and of others by name.
func digest(variables, others map[string]pulumi.StringInput) pulumi.StringOutput {
	values := pulumi.StringMap{}
	for name, value := range variables {
		values["env."+name] = value
	}
	maps.Copy(values, others)
	return values.ToStringMapOutput().ApplyT(func(values map[string]string) string {
		h := sha256.New()
		for _, k := range slices.Sorted(maps.Keys(values)) {
			fmt.Fprintf(h, "%q=%q\n", k, values[k])
		}
		return hex.EncodeToString(h.Sum(nil))
	}).(pulumi.StringOutput)
}
