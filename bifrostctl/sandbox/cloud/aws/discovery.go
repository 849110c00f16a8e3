package aws

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/servicediscovery"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// The types follow terraform-provider-aws, internal/service/servicediscovery, and the Cloud Map API reference.

// dnsName is a name of labels of at most 63 characters (Cloud Map API reference, CreatePrivateDnsNamespace and CreateService).
var dnsName = regexp.MustCompile(`^[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9_])?)*$`)

func checkDNSName(in double.Object, limit int, fail double.Fail) {
	name := double.String(in, "name")
	if name != "" && (len(name) > limit || !dnsName.MatchString(name)) {
		fail("name", "InvalidInput: %q is no DNS name of at most %d characters", name, limit)
	}
}

func privateDNSNamespace() *double.Type {
	return taggable(&double.Type{
		Args:  servicediscovery.PrivateDnsNamespaceArgs{},
		Name:  named("name"),
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkDNSName(in, 253, fail)
			checkTexts(pulumitype.AwsPrivateDnsNamespace, in, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name, vpcID := double.String(in, "name"), double.String(in, "vpc")
			failed := func(format string, args ...any) (string, double.Object, error) {
				return "", nil, fmt.Errorf("creating Service Discovery Private DNS Namespace (%s): %s", name, fmt.Sprintf(format, args...))
			}
			if c.World.Get(pulumitype.AwsVpc, regional(c), vpcID) == nil {
				return failed("CANNOT_CREATE_HOSTED_ZONE: The VPC that you chose, %s in region %s, is not valid", vpcID,
					sessionOf(c).region)
			}
			for _, other := range c.World.List(pulumitype.AwsPrivateDnsNamespace, regional(c)) {
				if other.State["name"] == name && other.State["vpc"] == vpcID {
					return failed("CANNOT_CREATE_HOSTED_ZONE: The VPC that you chose, %s in region %s, is already associated with "+
						"another private hosted zone that has an overlapping name space, %s.", vpcID, sessionOf(c).region, name)
				}
			}
			id := "ns-" + world.Hex(16, "namespace", c.World.Next())
			return id, state(in, double.Object{
				"arn":        sessionOf(c).arn("servicediscovery", "namespace/"+id),
				"hostedZone": "Z" + strings.ToUpper(world.Hex(20, "zone", id)),
			}), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			for _, s := range c.World.List(pulumitype.AwsDiscoveryService, regional(c)) {
				if namespaceOf(s.State) == r.ID {
					return fmt.Errorf("deleting Service Discovery Private DNS Namespace (%s): ResourceInUse: Namespace has associated "+
						"services, such as %s", r.ID, s.ID)
				}
			}
			return nil
		},
	})
}

// namespaceOf is the id of the namespace of a service of Cloud Map.
func namespaceOf(in double.Object) string {
	if id := double.String(in, "dnsConfig.namespaceId"); id != "" {
		return id
	}
	return double.String(in, "namespaceId")
}

func registryService() *double.Type {
	return taggable(&double.Type{
		Args:  servicediscovery.ServiceArgs{},
		Name:  named("name"),
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkDNSName(in, 127, fail)
			checkTexts(pulumitype.AwsDiscoveryService, in, fail)
			checkDNSConfig(in, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name, namespace := double.String(in, "name"), namespaceOf(in)
			failed := func(format string, args ...any) (string, double.Object, error) {
				return "", nil, fmt.Errorf("creating Service Discovery Service (%s): %s", name, fmt.Sprintf(format, args...))
			}
			if c.World.Get(pulumitype.AwsPrivateDnsNamespace, regional(c), namespace) == nil {
				return failed("NamespaceNotFound: The namespace with ID %q does not exist", namespace)
			}
			if in["healthCheckConfig"] != nil {
				return failed("InvalidInput: A health check config cannot be specified for a service in a private DNS namespace")
			}
			for _, other := range c.World.List(pulumitype.AwsDiscoveryService, regional(c)) {
				if namespaceOf(other.State) == namespace && strings.EqualFold(double.String(other.State, "name"), name) {
					return failed("ServiceAlreadyExists: Service already exists in namespace %s", namespace)
				}
			}
			id := "srv-" + world.Hex(16, "registry", c.World.Next())
			s := state(in, double.Object{"arn": sessionOf(c).arn("servicediscovery", "service/"+id), "namespaceId": namespace})
			double.Default(s, "type", "DNS_HTTP")
			double.Default(s, "dnsConfig.routingPolicy", "MULTIVALUE")
			return id, s, nil
		},
		Delete: func(c *double.Call, r *world.Resource, in double.Object) error {
			for _, s := range c.World.List(pulumitype.AwsEcsService, regional(c)) {
				if in["forceDestroy"] != true && double.String(s.State, "serviceRegistries.registryArn") == double.String(r.State, "arn") {
					return fmt.Errorf("deleting Service Discovery Service (%s): ResourceInUse: Service contains registered instances; "+
						"delete the instances before deleting the service", r.ID)
				}
			}
			return nil
		},
	})
}

var (
	recordTypes     = []string{"A", "AAAA", "CNAME", "SRV"}
	routingPolicies = []string{"MULTIVALUE", "WEIGHTED"}
)

func checkDNSConfig(in double.Object, fail double.Fail) {
	for i, v := range double.List(in, "dnsConfig.dnsRecords") {
		record, _ := v.(double.Object)
		at := fmt.Sprintf("dnsConfig.dnsRecords[%d]", i)
		if typ := double.String(record, "type"); typ != "" && !slices.Contains(recordTypes, typ) {
			fail(at+".type", "expected type to be one of %v, got %s", recordTypes, typ)
		}
		if ttl, known := record["ttl"].(float64); known && (ttl < 0 || ttl > 2147483647) {
			fail(at+".ttl", "InvalidInput: a TTL is from 0 to 2147483647 seconds, got %v", ttl)
		}
	}
	if policy := double.String(in, "dnsConfig.routingPolicy"); policy != "" && !slices.Contains(routingPolicies, policy) {
		fail("dnsConfig.routingPolicy", "expected routing_policy to be one of %v, got %s", routingPolicies, policy)
	}
	if in["healthCheckConfig"] != nil && in["healthCheckCustomConfig"] != nil {
		fail("healthCheckCustomConfig", "InvalidInput: HealthCheckConfig and HealthCheckCustomConfig cannot both be specified")
	}
}

// findRegistry returns the service of Cloud Map with an ARN, or nil.
func findRegistry(c *double.Call, arn string) *world.Resource {
	for _, r := range c.World.List(pulumitype.AwsDiscoveryService, regional(c)) {
		if r.State["arn"] == arn {
			return r
		}
	}
	return nil
}

// checkRegistry refuses a service of ECS whose registry does not exist or does not suit tasks with addresses of their own (ECS API
// reference, ServiceRegistry).
func checkRegistry(c *double.Call, in double.Object) error {
	registry := double.Map(in, "serviceRegistries")
	if registry == nil {
		return nil
	}
	arn := double.String(registry, "registryArn")
	found := findRegistry(c, arn)
	if found == nil {
		return fmt.Errorf("InvalidParameterException: The service registry %s does not exist", arn)
	}
	for _, v := range double.List(found.State, "dnsConfig.dnsRecords") {
		record, _ := v.(double.Object)
		if record["type"] == "SRV" && registry["port"] == nil && registry["containerPort"] == nil {
			return fmt.Errorf("InvalidParameterException: When specifying 'SRV' type DNS records with network mode 'awsvpc', you must " +
				"specify a 'port' or a 'containerName' and 'containerPort' combination")
		}
	}
	return nil
}
