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
		Update: func(_ *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			return kept(r, in, targetGroupDefaults, targetGroupTable.Computed), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			if len(balancersOf(c, r.ID)) > 0 {
				return fmt.Errorf("deleting ELBv2 Target Group (%s): ResourceInUse: Target group '%s' is currently in use by a listener "+
					"or a rule", r.ID, r.ID)
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
		fail("healthCheck.protocol", `Attribute "health_check[0].protocol" cannot have value "TCP" when "protocol" is %q.`,
			double.String(in, "protocol"))
	}
	interval, known1 := check["interval"].(float64)
	timeout, known2 := check["timeout"].(float64)
	if known1 && known2 && timeout >= interval {
		fail("healthCheck.timeout", "ValidationError: Health check timeout '%v' must be smaller than the interval '%v'", timeout, interval)
	}
}

// checkGracePeriod: a service gets or loses its load balancers and its grace period in two calls of UpdateService, never in one. The
// provider sends both in one, and 0 where there is no period any more (terraform-provider-aws 5.x, service.go, resourceServiceUpdate;
// #31104, and cloudformation-coverage-roadmap #1313 for the other direction).
func checkGracePeriod(before, after double.Object) error {
	const period = "healthCheckGracePeriodSeconds"
	had, has := len(double.List(before, "loadBalancers")) > 0, len(double.List(after, "loadBalancers")) > 0
	was, _ := before[period].(float64)
	is, _ := after[period].(float64)
	if had == has || was == is {
		return nil
	}
	return fmt.Errorf("InvalidParameterException: Health check grace period is only valid for services configured to use load balancers")
}
