package kubernetes

import (
	"bifrost/internal/component"
	"bifrost/internal/gateway"
	"cmp"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Ports on which clustered gateways speak to each other: gossip over TCP and UDP, state over gRPC.
const (
	GossipPort = 10101
	GrpcPort   = 10102
)

// Values of WorkloadClusteringArgs.Discovery.
const (
	discoveryKubernetes = "kubernetes"
	discoveryDns        = "dns"
)

const kubernetesTokenVolumeName = "kubernetes-token"

// discovers tells whether the pods ask the API server for each other: only then they hold a token.
func (a *BifrostWorkloadArgs) discovers() bool {
	return a.Clustering != nil && cmp.Or(a.Clustering.Discovery, discoveryKubernetes) == discoveryKubernetes
}

// peersName is the headless Service's.
func (a *BifrostWorkloadArgs) peersName() string { return a.name() + "-peers" }

func (a *BifrostWorkloadArgs) peerPorts() corev1.ContainerPortArray {
	if a.Clustering == nil {
		return nil
	}
	return corev1.ContainerPortArray{
		containerPort("gossip", gateway.GossipPort, "TCP"), containerPort("gossip-udp", gateway.GossipPort, "UDP"), containerPort("grpc", gateway.GrpcPort, "TCP"),
	}
}

// newDiscovery lets the pods read the pods of their own namespace: RBAC cannot say which of them.
func (w *workload) newDiscovery() error {
	if !w.discovers() {
		return nil
	}
	binding, err := w.grant("discovery", &rbacv1.PolicyRuleArgs{
		ApiGroups: pulumi.StringArray{pulumi.String("")},
		Resources: pulumi.StringArray{pulumi.String("pods")},
		Verbs:     pulumi.ToStringArray([]string{"get", "list", "watch"}),
	}, &rbacv1.SubjectArgs{
		Kind: pulumi.String("ServiceAccount"), Name: w.serviceAccountName, Namespace: w.Namespace,
	})
	if err != nil {
		return err
	}
	w.dependsOn = append(w.dependsOn, binding)
	return nil
}

// newPeers makes the headless Service under whose name the pods have addresses, ready or not: they must meet before they serve. A
// StatefulSet's pod has its name from it.
func (w *workload) newPeers() error {
	if w.Clustering == nil && w.Storage == nil {
		return nil
	}
	ports := corev1.ServicePortArray{servicePortArgs("peer-http", gateway.Port, "TCP")}
	if w.Clustering != nil {
		ports = corev1.ServicePortArray{
			servicePortArgs("gossip", gateway.GossipPort, "TCP"), servicePortArgs("gossip-udp", gateway.GossipPort, "UDP"), servicePortArgs("grpc", gateway.GrpcPort, "TCP"),
		}
	}
	meta := w.meta(w.peersName())
	annotations := component.Merge(w.Annotations)
	// The provider would wait for pods that wait for this Service.
	annotations["pulumi.com/skipAwait"] = pulumi.String("true")
	meta.Annotations = annotations
	_, err := corev1.NewService(w.ctx, w.prefix+"-peers", &corev1.ServiceArgs{
		Metadata: meta,
		Spec: &corev1.ServiceSpecArgs{
			Type:                     pulumi.String("ClusterIP"),
			ClusterIP:                pulumi.String("None"),
			PublishNotReadyAddresses: pulumi.Bool(true),
			Selector:                 component.Merge(w.selector()),
			IpFamilies:               w.serviceFamilies(),
			Ports:                    ports,
		},
	}, pulumi.Parent(w.parent))
	return err
}

func servicePortArgs(name string, port int, protocol string) *corev1.ServicePortArgs {
	return &corev1.ServicePortArgs{Name: pulumi.String(name), Port: pulumi.Int(port), TargetPort: pulumi.Int(port), Protocol: pulumi.String(protocol)}
}
