package kubernetes

import (
	"cmp"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	networkingv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/networking/v1"
	rbacv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/rbac/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// Values of WorkloadClusteringArgs.Discovery.
const (
	discoveryKubernetes = "kubernetes"
	discoveryDns        = "dns"
)

// peers is the name of the headless Service, behind the workload's own.
const peers = "peers"

// peerPorts are those on which clustered pods speak to each other: gossip about the members, and gRPC for their state.
var peerPorts = []struct {
	name     string
	port     int
	protocol string
}{
	{"gossip", gateway.GossipPort, "TCP"},
	{"gossip-udp", gateway.GossipPort, "UDP"},
	{"grpc", gateway.GrpcPort, "TCP"},
}

// Validate reports every problem of the arguments, at p and below it. Nil has none.
func (a *WorkloadClusteringArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	return check.OneOf(p.Child("discovery"), a.Discovery, discoveryKubernetes, discoveryDns)
}

// discovers tells whether the pods ask the API server for each other: only then they hold a token.
func (a *BifrostWorkloadArgs) discovers() bool {
	return a.Clustering != nil && cmp.Or(a.Clustering.Discovery, discoveryKubernetes) == discoveryKubernetes
}

func (a *BifrostWorkloadArgs) peerPorts() corev1.ContainerPortArray {
	if a.Clustering == nil {
		return nil
	}
	var ports corev1.ContainerPortArray
	for _, p := range peerPorts {
		ports = append(ports, containerPort(p.name, p.port, p.protocol))
	}
	return ports
}

// peerPolicyPorts are the same in a NetworkPolicy.
func peerPolicyPorts() networkingv1.NetworkPolicyPortArray {
	var ports networkingv1.NetworkPolicyPortArray
	for _, p := range peerPorts {
		ports = append(ports, policyPort(p.protocol, p.port))
	}
	return ports
}

// newDiscovery lets the pods read the pods of their own namespace: RBAC cannot say which of them.
func (a *BifrostWorkloadArgs) newDiscovery(s component.Scope, account pulumi.StringOutput) (pulumi.Resource, error) {
	if !a.discovers() {
		return nil, nil
	}
	rule := &rbacv1.PolicyRuleArgs{
		ApiGroups: pulumi.StringArray{pulumi.String("")},
		Resources: pulumi.StringArray{pulumi.String("pods")},
		Verbs:     pulumi.ToStringArray([]string{"get", "list", "watch"}),
	}
	pods := &rbacv1.SubjectArgs{Kind: pulumi.String("ServiceAccount"), Name: account, Namespace: a.Namespace}
	return a.application().grant(s, "discovery", rule, pods)
}

// newPeers makes the headless Service under whose name the pods have addresses, ready or not: they must meet before they serve. The pod of
// a StatefulSet has its name from it.
func (a *BifrostWorkloadArgs) newPeers(s component.Scope) error {
	if a.Clustering == nil && a.Storage == nil {
		return nil
	}
	ports := corev1.ServicePortArray{servicePort("peer-http", gateway.Port, "TCP")}
	if a.Clustering != nil {
		ports = nil
		for _, p := range peerPorts {
			ports = append(ports, servicePort(p.name, p.port, p.protocol))
		}
	}
	app := a.application()
	// The provider would wait for pods that wait for this Service.
	meta := app.annotated(app.child(peers), pulumi.StringMap{"pulumi.com/skipAwait": pulumi.String("true")})
	_, err := corev1.NewService(s.Ctx, s.Child(peers), &corev1.ServiceArgs{
		Metadata: meta,
		Spec: &corev1.ServiceSpecArgs{
			Type:                     pulumi.String("ClusterIP"),
			ClusterIP:                pulumi.String("None"),
			PublishNotReadyAddresses: pulumi.Bool(true),
			Selector:                 component.Merge(app.selector()),
			IpFamilies:               a.serviceFamilies(),
			Ports:                    ports,
		},
	}, s.Options(a.anewForFamily())...)
	return err
}
