package aws

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// The types follow terraform-provider-aws, internal/service/elbv2, and the Elastic Load Balancing API reference (2015-12-01). Only
// application load balancers are modelled.

// What the service answers where the program says nothing, by path.
var (
	balancerDefaults = double.Object{
		"internal": false, "loadBalancerType": "application", "ipAddressType": "ipv4", "idleTimeout": 60.0, "enableHttp2": true,
		"enableDeletionProtection": false, "dropInvalidHeaderFields": false, "securityGroups": []any{},
	}
	targetGroupDefaults = double.Object{
		"targetType": "instance", "protocolVersion": "HTTP1", "ipAddressType": "ipv4", "deregistrationDelay": 300.0,
		"loadBalancingAlgorithmType": "round_robin", "loadBalancingAnomalyMitigation": "off",
		"loadBalancingCrossZoneEnabled": "use_load_balancer_configuration",
		"stickiness":                    double.Object{"type": "lb_cookie", "enabled": false, "cookieDuration": 86400.0},
		"healthCheck.enabled":           true, "healthCheck.path": "/", "healthCheck.port": "traffic-port", "healthCheck.protocol": "HTTP",
		"healthCheck.matcher": "200", "healthCheck.interval": 30.0, "healthCheck.timeout": 5.0, "healthCheck.healthyThreshold": 3.0,
		"healthCheck.unhealthyThreshold": 3.0,
	}
)

func completed(state, defaults double.Object) double.Object {
	for path, v := range double.Clone(defaults) {
		double.Default(state, path, v)
	}
	return state
}

// kept is what a resource is after a change of its inputs: what the service filled in, and what it has by itself where nothing is said.
func kept(r *world.Resource, in, defaults double.Object, computed []string) double.Object {
	after := double.Overlay(r.State, r.Inputs, in)
	for _, path := range computed {
		if was := double.Get(r.State, path); was != nil {
			double.Default(after, path, was)
		}
	}
	return completed(after, defaults)
}

var balancerName = regexp.MustCompile(`^[0-9A-Za-z-]+$`)

// checkBalancerName: names of load balancers and target groups (validName and validTargetGroupName in validate.go).
func checkBalancerName(in double.Object, fail double.Fail) {
	name := double.String(in, "name")
	switch {
	case name == "":
	case len(name) > 32:
		fail("name", "%q cannot be longer than 32 characters: %q", "name", name)
	case !balancerName.MatchString(name):
		fail("name", "only alphanumeric characters and hyphens allowed in %q: %q", "name", name)
	case strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-"):
		fail("name", "%q cannot begin or end with a hyphen: %q", "name", name)
	}
}

func loadBalancer() *double.Type {
	return taggable(&double.Type{
		Args:  lb.LoadBalancerArgs{},
		Name:  named("name"),
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkBalancerName(in, fail)
			checkRanges(pulumitype.AwsLoadBalancer, in, fail)
			if strings.HasPrefix(double.String(in, "name"), "internal-") {
				fail("name", `"name" cannot begin with "internal-": %q`, double.String(in, "name"))
			}
			if typ := double.String(in, "loadBalancerType"); typ != "" && typ != "application" {
				fail("loadBalancerType", "the sandbox models load balancers of type application, not %q", typ)
			}
			if in["subnets"] == nil {
				fail("subnets", `one of "subnet_mapping,subnets" must be specified (the sandbox models subnets)`)
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name := prefixed(c, in)
			for _, other := range c.World.List(pulumitype.AwsLoadBalancer, regional(c)) {
				if other.State["name"] == name {
					return "", nil, fmt.Errorf("ELBv2 Load Balancer (%s) already exists", name)
				}
			}
			vpcID, err := checkBalancer(c, in)
			if err != nil {
				return "", nil, fmt.Errorf("creating ELBv2 application Load Balancer (%s): %w", name, err)
			}
			s := sessionOf(c)
			suffix := "app/" + name + "/" + world.Hex(16, "load balancer", c.World.Next())
			id := s.arn("elasticloadbalancing", "loadbalancer/"+suffix)
			dns := fmt.Sprintf("%s-%d.%s.elb.%s", name, 1000000000+c.World.Next(), s.region, world.DNSSuffix(s.partition))
			if in["internal"] == true {
				dns = "internal-" + dns
			}
			made := state(in, double.Object{
				"arn": id, "arnSuffix": suffix, "name": name, "dnsName": dns, "vpcId": vpcID,
				"zoneId": "Z" + strings.ToUpper(world.Hex(13, "zone", s.region)),
			})
			made = completed(made, balancerDefaults)
			if err := checkBucket(c, in); err != nil {
				err = fmt.Errorf("modifying ELBv2 Load Balancer (%s) attributes: %w", id, err)
				return id, withoutAttributes(made), &double.HalfMade{Reason: err, Planned: completed(double.Clone(in), balancerDefaults)}
			}
			return id, made, nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if len(c.Changed) == 0 {
				return r.State, nil // the engine goes on with what was half made, and the provider only reads it
			}
			vpcID, err := checkBalancer(c, in)
			if err == nil && vpcID != r.State["vpcId"] {
				err = fmt.Errorf("InvalidConfigurationRequest: the subnets are of %s, and the load balancer of %s", vpcID, r.State["vpcId"])
			}
			if err = errors.Join(err, checkBucket(c, in)); err != nil {
				return nil, fmt.Errorf("updating ELBv2 Load Balancer (%s): %w", r.ID, err)
			}
			return kept(r, in, balancerDefaults, loadBalancerTable.Computed), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			if r.State["enableDeletionProtection"] == true {
				return fmt.Errorf("deleting ELBv2 Load Balancer (%s): OperationNotPermitted: Load balancer '%s' cannot be deleted "+
					"because deletion protection is enabled", r.ID, r.ID)
			}
			for _, l := range listenersOf(c, r.ID) {
				c.World.Remove(l) // its listeners go with it
			}
			return nil
		},
	})
}

// checkBalancer refuses subnets and groups that do not fit, and returns the load balancer's VPC.
func checkBalancer(c *double.Call, in double.Object) (string, error) {
	subnets, vpcID, err := subnetsOf(c, double.List(in, "subnets"))
	if err != nil {
		return "", err
	}
	zones := map[any]string{}
	for _, subnet := range subnets {
		zone := subnet.State["availabilityZone"]
		if zones[zone] != "" {
			return "", fmt.Errorf("InvalidConfigurationRequest: A load balancer cannot be attached to multiple subnets in the same "+
				"Availability Zone (%s and %s in %v)", zones[zone], subnet.ID, zone)
		}
		zones[zone] = subnet.ID
	}
	if len(zones) < 2 {
		return "", fmt.Errorf("ValidationError: At least two subnets in two different Availability Zones must be specified")
	}
	if err := groupsIn(c, double.List(in, "securityGroups"), vpcID); err != nil {
		return "", fmt.Errorf("InvalidConfigurationRequest: One or more security groups are invalid: %w", err)
	}
	if in["internal"] == true {
		return vpcID, nil
	}
	if double.String(stateOf(c, pulumitype.AwsVpc, vpcID), "internetGateway") == "" {
		return "", fmt.Errorf("InvalidSubnet: VPC %s has no internet gateway", vpcID)
	}
	for _, subnet := range subnets {
		if !strings.HasPrefix(wayOut(c, subnet), "igw-") {
			c.World.Warn(fmt.Sprintf("the load balancer %s is internet-facing, and subnet %s has no route to an internet gateway: "+
				"clients do not reach it there", c.Name, subnet.ID))
		}
	}
	return vpcID, nil
}

func checkBucket(c *double.Call, in double.Object) error {
	bucket := double.String(in, "accessLogs.bucket")
	if double.Get(in, "accessLogs.enabled") == true && c.World.Get(pulumitype.AwsBucket, regional(c), bucket) == nil {
		return fmt.Errorf("InvalidConfigurationRequest: Access Denied for bucket: %s. Please check S3bucket permission", bucket)
	}
	return nil
}

// withoutAttributes is a load balancer whose attributes were not set: a create sets them in a second call, all or none
// (terraform-provider-aws, load_balancer.go, resourceLoadBalancerCreate).
func withoutAttributes(made double.Object) double.Object {
	bare := double.Clone(made)
	for _, attribute := range []string{"accessLogs", "dropInvalidHeaderFields", "enableDeletionProtection", "enableHttp2", "idleTimeout"} {
		delete(bare, attribute)
	}
	return completed(bare, balancerDefaults)
}

// subnetsOf returns subnets of one VPC, and the VPC.
func subnetsOf(c *double.Call, ids []any) (subnets []*world.Resource, vpcID string, err error) {
	for _, v := range ids {
		id, _ := v.(string)
		subnet := c.World.Get(pulumitype.AwsSubnet, regional(c), id)
		if subnet == nil {
			return nil, "", fmt.Errorf("InvalidSubnetID.NotFound: The subnet ID '%s' does not exist", id)
		}
		of := double.String(subnet.State, "vpcId")
		if vpcID != "" && vpcID != of {
			return nil, "", fmt.Errorf("InvalidSubnet: the subnets %s and %s are of different VPCs", subnets[0].ID, id)
		}
		vpcID = of
		subnets = append(subnets, subnet)
	}
	return subnets, vpcID, nil
}

// groupsIn refuses security groups that do not exist or are of another VPC.
func groupsIn(c *double.Call, ids []any, vpcID string) error {
	for _, v := range ids {
		id, _ := v.(string)
		group := c.World.Get(pulumitype.AwsSecurityGroup, regional(c), id)
		if group == nil {
			return fmt.Errorf("InvalidGroup.NotFound: The security group '%s' does not exist", id)
		}
		if group.State["vpcId"] != vpcID {
			return fmt.Errorf("InvalidParameter: Security group %s and the subnets, of %s, belong to different networks", id, vpcID)
		}
	}
	return nil
}
