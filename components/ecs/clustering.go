package ecs

import (
	"cmp"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicediscovery"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// clusterPorts are those at which the tasks of a cluster reach each other.
var clusterPorts = []struct {
	port     int
	protocol string
}{{gateway.GossipPort, "tcp"}, {gateway.GossipPort, "udp"}, {gateway.GrpcPort, "tcp"}}

// dnsTtl, in seconds, is how long a task that has gone is still given to the others.
const dnsTtl = 10

// EcsClusteringArgs are how the tasks find each other, or their broker: a private DNS name of AWS Cloud Map, which ECS keeps to the
// addresses of the running tasks.
type EcsClusteringArgs struct {
	// Namespace is the private DNS zone to make in the VPC, such as bifrost.internal. No other zone of the VPC may have the name.
	Namespace string `pulumi:"namespace"`
	// Service is the name in the zone. Default bifrost, and of a broker bifrost-broker.
	Service string `pulumi:"service,optional"`
	// Broker is one to run. Default: the tasks speak to each other.
	Broker *EcsBrokerArgs `pulumi:"broker,optional"`
}

// DnsName is the name that answers with the addresses of all tasks, or of the broker.
func (a *EcsClusteringArgs) DnsName() string { return a.service() + "." + a.Namespace }

func (a *EcsClusteringArgs) service() string {
	if a.Broker != nil {
		return cmp.Or(a.Service, gateway.DefaultBrokerName)
	}
	return cmp.Or(a.Service, DefaultEcsName)
}

// Validate reports every problem, at paths below p. Nil is no cluster.
func (a *EcsClusteringArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	var errs field.ErrorList
	if a.Namespace == "" {
		errs = append(errs, field.Required(p.Child("namespace"), "the private DNS zone to make in the VPC, such as bifrost.internal"))
	} else {
		errs = append(errs, check.Subdomain(p.Child("namespace"), a.Namespace)...)
	}
	if a.Service != "" {
		errs = append(errs, check.Label(p.Child("service"), a.Service)...)
	}
	if len(errs) == 0 {
		errs = append(errs, check.DnsName(p.Child("namespace"), a.Namespace, a.DnsName(), "shorten this or service")...)
	}
	return append(errs, a.Broker.Validate(p.Child("broker"))...)
}

// newRegistry makes the zone and the name in it; nil without clustering. Another zone and another name stand beside the old ones while the
// service moves. Without the option the zone would go first, because its name is given, and Cloud Map keeps one that has a name in it.
func (a *EcsServiceArgs) newRegistry(in component.Scope) (*servicediscovery.Service, error) {
	if a.Clustering == nil {
		return nil, nil
	}
	options := in.Options(pulumi.DeleteBeforeReplace(false))
	namespace, err := servicediscovery.NewPrivateDnsNamespace(in.Ctx, in.Child("namespace"), &servicediscovery.PrivateDnsNamespaceArgs{
		Name:        pulumi.String(a.Clustering.Namespace),
		Description: pulumi.String("Where the tasks of the Bifrost gateway find each other."),
		Vpc:         pulumi.String(a.VpcId),
	}, options...)
	if err != nil {
		return nil, in.Failed("Cloud Map namespace", err)
	}
	registry, err := servicediscovery.NewService(in.Ctx, in.Child("registry"), &servicediscovery.ServiceArgs{
		Name: pulumi.String(a.Clustering.service()),
		DnsConfig: &servicediscovery.ServiceDnsConfigArgs{
			NamespaceId: namespace.ID(),
			DnsRecords: servicediscovery.ServiceDnsConfigDnsRecordArray{
				&servicediscovery.ServiceDnsConfigDnsRecordArgs{Type: pulumi.String("A"), Ttl: pulumi.Int(dnsTtl)},
			},
			// All addresses, not one of them.
			RoutingPolicy: pulumi.String("MULTIVALUE"),
		},
		// ECS reports the health of its tasks; Route 53 cannot reach private addresses.
		HealthCheckCustomConfig: &servicediscovery.ServiceHealthCheckCustomConfigArgs{FailureThreshold: pulumi.Int(1)},
		// ECS takes its tasks out of the name a while after the service is gone, and Cloud Map keeps a name that is in use.
		ForceDestroy: pulumi.Bool(true),
	}, options...)
	if err != nil {
		return nil, in.Failed("Cloud Map service", err)
	}
	return registry, nil
}
