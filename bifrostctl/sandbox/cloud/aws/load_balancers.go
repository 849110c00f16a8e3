package aws

import (
	"fmt"
	"regexp"
	"slices"
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
		"healthCheck.enabled": true, "healthCheck.path": "/", "healthCheck.port": "traffic-port", "healthCheck.protocol": "HTTP",
		"healthCheck.matcher": "200", "healthCheck.interval": 30.0, "healthCheck.timeout": 5.0, "healthCheck.healthyThreshold": 3.0,
		"healthCheck.unhealthyThreshold": 3.0,
	}
)

func completed(state, defaults double.Object) double.Object {
	for path, v := range defaults {
		double.Default(state, path, v)
	}
	return state
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
				"arn": id, "arnSuffix": suffix, "name": name, "dnsName": dns, "vpcId": vpcID, "zoneId": "Z" + strings.ToUpper(world.Hex(13, "zone", s.region)),
			})
			return id, completed(made, balancerDefaults), nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if _, err := checkBalancer(c, in); err != nil {
				return nil, fmt.Errorf("updating ELBv2 Load Balancer (%s): %w", r.ID, err)
			}
			return double.Overlay(r.State, r.Inputs, in), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			if r.State["enableDeletionProtection"] == true {
				return fmt.Errorf("deleting ELBv2 Load Balancer (%s): OperationNotPermitted: Load balancer '%s' cannot be deleted because deletion protection is enabled", r.ID, r.ID)
			}
			for _, l := range listenersOf(c, r.ID) {
				c.World.Remove(l) // its listeners go with it
			}
			return nil
		},
	})
}

// checkBalancer refuses subnets, groups and a bucket that do not fit, and returns the load balancer's VPC.
func checkBalancer(c *double.Call, in double.Object) (string, error) {
	subnets, vpcID, err := subnetsOf(c, double.List(in, "subnets"))
	if err != nil {
		return "", err
	}
	zones := map[any]string{}
	for _, subnet := range subnets {
		zone := subnet.State["availabilityZone"]
		if zones[zone] != "" {
			return "", fmt.Errorf("InvalidConfigurationRequest: A load balancer cannot be attached to multiple subnets in the same Availability Zone (%s and %s in %v)", zones[zone], subnet.ID, zone)
		}
		zones[zone] = subnet.ID
	}
	if len(zones) < 2 {
		return "", fmt.Errorf("ValidationError: At least two subnets in two different Availability Zones must be specified")
	}
	if err := groupsIn(c, double.List(in, "securityGroups"), vpcID); err != nil {
		return "", fmt.Errorf("InvalidConfigurationRequest: One or more security groups are invalid: %w", err)
	}
	bucket := double.String(in, "accessLogs.bucket")
	if double.Get(in, "accessLogs.enabled") == true && c.World.Get(pulumitype.AwsBucket, regional(c), bucket) == nil {
		return "", fmt.Errorf("InvalidConfigurationRequest: Access Denied for bucket: %s. Please check S3bucket permission", bucket)
	}
	if in["internal"] == true {
		return vpcID, nil
	}
	if double.String(stateOf(c, pulumitype.AwsVpc, vpcID), "internetGateway") == "" {
		return "", fmt.Errorf("InvalidSubnet: VPC %s has no internet gateway", vpcID)
	}
	for _, subnet := range subnets {
		if !strings.HasPrefix(wayOut(c, subnet), "igw-") {
			c.World.Warn(fmt.Sprintf("the load balancer %s is internet-facing, and subnet %s has no route to an internet gateway: clients do not reach it there", c.Name, subnet.ID))
		}
	}
	return vpcID, nil
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

func targetGroup() *double.Type {
	return taggable(&double.Type{
		Args:  lb.TargetGroupArgs{},
		Name:  named("name"),
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkBalancerName(in, fail)
			checkRanges(pulumitype.AwsTargetGroup, in, fail)
			for _, property := range []string{"port", "protocol", "vpcId"} {
				if in[property] == nil && in["targetType"] != "lambda" {
					fail(property, "Attribute %q must be specified when \"target_type\" is %q.", property, targetType(in))
				}
			}
			if protocol := double.String(in, "protocol"); protocol != "" && !slices.Contains([]string{"HTTP", "HTTPS"}, protocol) {
				fail("protocol", "the sandbox models target groups of protocol HTTP and HTTPS, not %q", protocol)
			}
			if typ := targetType(in); !slices.Contains([]string{"instance", "ip"}, typ) {
				fail("targetType", "expected target_type to be one of [instance ip] (lambda and alb are not modelled), got %s", typ)
			}
			checkHealthCheck(in, fail)
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			name, s := prefixed(c, in), sessionOf(c)
			for _, other := range c.World.List(pulumitype.AwsTargetGroup, regional(c)) {
				if other.State["name"] == name {
					return "", nil, fmt.Errorf("ELBv2 Target Group (%s) already exists", name)
				}
			}
			if vpcID := double.String(in, "vpcId"); c.World.Get(pulumitype.AwsVpc, regional(c), vpcID) == nil {
				return "", nil, fmt.Errorf("creating ELBv2 Target Group (%s): ValidationError: The VPC ID '%s' is not found", name, vpcID)
			}
			suffix := "targetgroup/" + name + "/" + world.Hex(16, "target group", c.World.Next())
			id := s.arn("elasticloadbalancing", suffix)
			made := state(in, double.Object{"arn": id, "arnSuffix": suffix, "name": name, "loadBalancerArns": []any{}})
			return id, completed(made, targetGroupDefaults), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			if len(balancersOf(c, r.ID)) > 0 {
				return fmt.Errorf("deleting ELBv2 Target Group (%s): ResourceInUse: Target group '%s' is currently in use by a listener or a rule", r.ID, r.ID)
			}
			return nil
		},
	})
}

func targetType(in double.Object) string {
	if in["targetType"] == nil {
		return "instance"
	}
	return double.String(in, "targetType")
}

var healthCheckPort = regexp.MustCompile(`^(traffic-port|\d{1,5})$`)

func checkHealthCheck(in double.Object, fail double.Fail) {
	check := double.Map(in, "healthCheck")
	if path := double.String(check, "path"); path != "" && (!strings.HasPrefix(path, "/") || len(path) > 1024) {
		fail("healthCheck.path", "expected health_check.0.path to begin with / and have at most 1024 characters, got %q", path)
	}
	if port := double.String(check, "port"); port != "" && !healthCheckPort.MatchString(port) {
		fail("healthCheck.port", `"health_check.0.port" must be a valid port number (1-65536) or "traffic-port"`)
	}
	if double.String(check, "protocol") == "TCP" {
		fail("healthCheck.protocol", `Attribute "health_check[0].protocol" cannot have value "TCP" when "protocol" is %q.`, double.String(in, "protocol"))
	}
	interval, known1 := check["interval"].(float64)
	timeout, known2 := check["timeout"].(float64)
	if known1 && known2 && timeout >= interval {
		fail("healthCheck.timeout", "ValidationError: Health check timeout '%v' must be smaller than the interval '%v'", timeout, interval)
	}
}

func listener() *double.Type {
	return taggable(&double.Type{
		Args:  lb.ListenerArgs{},
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			checkRanges(pulumitype.AwsListener, in, fail)
			checkListenerProtocol(in, fail)
			for i, v := range double.List(in, "defaultActions") {
				action, _ := v.(double.Object)
				checkAction(in, action, fmt.Sprintf("defaultActions[%d]", i), fail)
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			balancer := double.String(in, "loadBalancerArn")
			if err := checkListener(c, "", in); err != nil {
				return "", nil, fmt.Errorf("creating ELBv2 Listener (%s): %w", balancer, err)
			}
			id := strings.Replace(balancer, ":loadbalancer/", ":listener/", 1) + "/" + world.Hex(16, "listener", c.World.Next())
			s := state(in, double.Object{"arn": id})
			if in["protocol"] == "HTTPS" {
				double.Default(s, "sslPolicy", "ELBSecurityPolicy-2016-08")
			}
			return id, s, nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if err := checkListener(c, r.ID, in); err != nil {
				return nil, fmt.Errorf("modifying ELBv2 Listener (%s): %w", r.ID, err)
			}
			return double.Overlay(r.State, r.Inputs, in), nil
		},
	})
}

func checkListenerProtocol(in double.Object, fail double.Fail) {
	switch protocol := double.String(in, "protocol"); {
	case in["protocol"] == double.Unknown:
	case protocol == "HTTPS" && in["certificateArn"] == nil:
		fail("certificateArn", "ValidationError: A certificate must be specified for HTTPS listeners")
	case protocol == "HTTP" && in["certificateArn"] != nil:
		fail("certificateArn", "ValidationError: A certificate cannot be specified for HTTP listeners")
	case protocol == "HTTP" && in["sslPolicy"] != nil:
		fail("sslPolicy", "ValidationError: An SSL policy cannot be specified for HTTP listeners")
	case protocol != "HTTP" && protocol != "HTTPS":
		fail("protocol", "expected protocol to be one of [HTTP HTTPS] for an application load balancer, got %q", protocol)
	}
	if policy := double.String(in, "sslPolicy"); policy != "" && !strings.HasPrefix(policy, "ELBSecurityPolicy-") {
		fail("sslPolicy", "SSLPolicyNotFound: SSL policy '%s' not found", policy)
	}
}

// actionNeeds are the properties of which an action of a type needs one.
var actionNeeds = map[string][]string{
	"forward": {"targetGroupArn", "forward"}, "redirect": {"redirect"}, "fixed-response": {"fixedResponse"},
	"authenticate-oidc": {"authenticateOidc"}, "authenticate-cognito": {"authenticateCognito"},
}

func checkAction(in, action double.Object, at string, fail double.Fail) {
	typ := double.String(action, "type")
	needs, known := actionNeeds[typ]
	if typ != "" && !known {
		fail(at, "expected type to be one of [forward redirect fixed-response authenticate-oidc authenticate-cognito], got %q", typ)
		return
	}
	if known && !slices.ContainsFunc(needs, func(need string) bool { return action[need] != nil }) {
		fail(at, "Attribute %q must be specified when \"type\" is %q.", strings.Join(needs, " or "), typ)
	}
	redirect := double.Map(action, "redirect")
	if typ != "redirect" || redirect == nil {
		return
	}
	if code := double.String(redirect, "statusCode"); code != "HTTP_301" && code != "HTTP_302" {
		fail(at+".redirect.statusCode", "expected status_code to be one of [HTTP_301 HTTP_302], got %q", code)
	}
	if in["port"] != nil && in["port"] != double.Unknown && double.String(redirect, "port") == fmt.Sprint(in["port"]) && redirect["host"] == nil && redirect["path"] == nil {
		fail(at+".redirect", "InvalidLoadBalancerAction: The redirect configuration is not valid because it creates a loop.")
	}
}

// checkListener refuses what does not exist or does not fit together; id is the listener's own, "" where it is new.
func checkListener(c *double.Call, id string, in double.Object) error {
	arn := double.String(in, "loadBalancerArn")
	balancer := c.World.Get(pulumitype.AwsLoadBalancer, regional(c), arn)
	if balancer == nil {
		return fmt.Errorf("LoadBalancerNotFound: Load balancer '%s' not found", arn)
	}
	for _, other := range listenersOf(c, arn) {
		if other.ID != id && other.State["port"] == in["port"] {
			return fmt.Errorf("DuplicateListener: A listener already exists on this port for this load balancer '%s'", arn)
		}
	}
	if certificate := double.String(in, "certificateArn"); certificate != "" {
		if err := checkCertificate(c, certificate); err != nil {
			return err
		}
	}
	for _, group := range groupsOfListener(in) {
		found := c.World.Get(pulumitype.AwsTargetGroup, regional(c), group)
		if found == nil {
			return fmt.Errorf("TargetGroupNotFound: One or more target groups not found: %s", group)
		}
		if found.State["vpcId"] != balancer.State["vpcId"] {
			return fmt.Errorf("InvalidConfigurationRequest: The target group %s and the load balancer %s must be in the same VPC", group, arn)
		}
		if others := balancersOf(c, group); len(others) > 0 && !slices.Contains(others, any(arn)) {
			return fmt.Errorf("TargetGroupAssociationLimit: The following target groups cannot be associated with more than one load balancer: %s", group)
		}
	}
	return nil
}

func checkCertificate(c *double.Call, arn string) error {
	certificate := c.World.Get(pulumitype.AwsCertificate, regional(c), arn)
	if certificate == nil {
		return fmt.Errorf("CertificateNotFound: Certificate '%s' not found", arn)
	}
	if certificate.State["status"] != "ISSUED" {
		return fmt.Errorf("UnsupportedCertificate: The certificate '%s' must have a fully-qualified domain name, a supported signature, and a supported key size (its status is %v)", arn, certificate.State["status"])
	}
	return nil
}

// listenersOf returns the listeners of a load balancer.
func listenersOf(c *double.Call, balancer string) []*world.Resource {
	return slices.DeleteFunc(c.World.List(pulumitype.AwsListener, regional(c)), func(l *world.Resource) bool { return l.State["loadBalancerArn"] != balancer })
}

// groupsOfListener are the target groups to which a listener forwards.
func groupsOfListener(in double.Object) []string {
	var groups []string
	for _, v := range double.List(in, "defaultActions") {
		action, _ := v.(double.Object)
		if arn := double.String(action, "targetGroupArn"); arn != "" {
			groups = append(groups, arn)
		}
		for _, v := range double.List(action, "forward.targetGroups") {
			group, _ := v.(double.Object)
			groups = append(groups, double.String(group, "arn"))
		}
	}
	return groups
}

// balancersOf are the ARNs of the load balancers whose listeners forward to a target group.
func balancersOf(c *double.Call, group string) []any {
	balancers := []any{}
	for _, l := range c.World.List(pulumitype.AwsListener, regional(c)) {
		if slices.Contains(groupsOfListener(l.State), group) && !slices.Contains(balancers, l.State["loadBalancerArn"]) {
			balancers = append(balancers, l.State["loadBalancerArn"])
		}
	}
	return balancers
}
