package kubernetes

import (
	"cmp"
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/component"
	"bifrost/internal/effects"
	"bifrost/internal/gateway"
)

// brokerMemoryMi is the limit of the broker's memory, in MiB.
const brokerMemoryMi = 512

// What a broker gets. It keeps nothing, and reads nothing but its part of config.json.
var (
	brokerRequests = amounts{cpu: "100m", memory: "128Mi", ephemeralStorage: "64Mi"}
	brokerLimits   = amounts{cpu: "500m", memory: fmt.Sprintf("%dMi", brokerMemoryMi), ephemeralStorage: "256Mi"}
)

// newDeployment runs one pod at a time: half of the nodes would meet in a second one.
func (a *BifrostBrokerArgs) newDeployment(s component.Scope, needs []pulumi.Resource) (object, error) {
	app := a.application()
	teller, told, err := effects.Tell(s, effects.Deployment, "deployment")
	if err != nil {
		return object{}, err
	}
	deployment, err := appsv1.NewDeployment(s.Ctx, s.Child("deployment"), &appsv1.DeploymentArgs{
		Metadata: app.meta(app.name),
		Spec: &appsv1.DeploymentSpecArgs{
			Replicas: pulumi.Int(1),
			Selector: app.pods(),
			Strategy: &appsv1.DeploymentStrategyArgs{Type: pulumi.String("Recreate")},
			Template: a.template(),
		},
	}, append(s.Options(pulumi.DependsOn(needs)), told...)...)
	if err != nil {
		return object{}, err
	}
	teller.Say(deployment, true, false)
	return object{deployment.Metadata.Name().Elem(), []pulumi.Resource{deployment}}, nil
}

// template is what the Deployment makes its pod from. What the pod names, it names in plain text.
func (a *BifrostBrokerArgs) template() *corev1.PodTemplateSpecArgs {
	app := a.application()
	pod := bifrostPod(cmp.Or(a.ServiceAccount, app.name), a.PullSecret, a.Scheduling, uid(a.NamespaceUserIds, gateway.Uid))
	pod.Containers = corev1.ContainerArray{a.container()}
	pod.Volumes = corev1.VolumeArray{
		&corev1.VolumeArgs{
			Name:      pulumi.String(configVolume),
			ConfigMap: &corev1.ConfigMapVolumeSourceArgs{Name: pulumi.String(app.child("config"))},
		},
		scratch(tmpVolume, brokerLimits.ephemeralStorage),
		scratch(dataVolume, brokerLimits.ephemeralStorage),
	}
	// A Deployment does not roll when a Secret that it reads changes.
	read := checksum(a.SecretEnv, map[string]pulumi.StringInput{gateway.ConfigFile: a.Config}, a.SecretEnv[gateway.BrokerTokenVariable])
	return &corev1.PodTemplateSpecArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Labels: component.Merge(a.Labels, app.selector()), Annotations: pulumi.StringMap{"checksum/config": read},
		},
		Spec: pod,
	}
}

func (a *BifrostBrokerArgs) container() *corev1.ContainerArgs {
	container := bifrostContainer("broker", a.Image, a.ImagePullPolicy, uid(a.NamespaceUserIds, gateway.Uid), brokerRequests,
		brokerLimits)
	container.Ports = corev1.ContainerPortArray{containerPort("grpc", gateway.BrokerPort, "TCP")}
	container.Env = append(corev1.EnvVarArray{
		env(gateway.ModeVariable, pulumi.String(gateway.ModeBroker)),
		env(gateway.MemoryLimitVariable, pulumi.String(fmt.Sprintf("%dMiB", gateway.SoftMemory(brokerMemoryMi)))),
	}, referredEnv(a.SecretRefs)...)
	container.EnvFrom = a.application().environment(a.SecretEnv)
	// The broker registers the health service of gRPC for readiness (Bifrost Enterprise, "Clustering", "Running the broker").
	container.ReadinessProbe = &corev1.ProbeArgs{
		Grpc:          &corev1.GRPCActionArgs{Port: pulumi.Int(gateway.BrokerPort)},
		PeriodSeconds: pulumi.Int(5), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(3),
	}
	container.LivenessProbe = &corev1.ProbeArgs{
		TcpSocket:           &corev1.TCPSocketActionArgs{Port: pulumi.Int(gateway.BrokerPort)},
		InitialDelaySeconds: pulumi.Int(30), PeriodSeconds: pulumi.Int(10), TimeoutSeconds: pulumi.Int(5), FailureThreshold: pulumi.Int(6),
	}
	return container
}
