package aws

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

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
			return id, answeredActions(s), nil
		},
		Update: func(c *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			if err := checkListener(c, r.ID, in); err != nil {
				return nil, fmt.Errorf("modifying ELBv2 Listener (%s): %w", r.ID, err)
			}
			return answeredActions(kept(r, in, nil, []string{"protocol", "sslPolicy"})), nil
		},
	})
}

// answeredActions: the actions of a listener come back in their order, and redirects with all their parts (listener.go,
// expandLbListenerActions and the schema's defaults).
func answeredActions(s double.Object) double.Object {
	for i, v := range double.List(s, "defaultActions") {
		action, _ := v.(double.Object)
		double.Default(action, "order", float64(i+1))
		if action["redirect"] == nil {
			continue
		}
		for path, v := range listenerTable.Defaults {
			double.Default(action, strings.TrimPrefix(path, "defaultActions."), v)
		}
	}
	return s
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
	if in["port"] != nil && in["port"] != double.Unknown && double.String(redirect, "port") == fmt.Sprint(in["port"]) &&
		redirect["host"] == nil && redirect["path"] == nil {
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
			return fmt.Errorf("InvalidConfigurationRequest: The target group %s and the load balancer %s must be in the same VPC", group,
				arn)
		}
		if others := balancersOf(c, group); len(others) > 0 && !slices.Contains(others, any(arn)) {
			return fmt.Errorf("TargetGroupAssociationLimit: The following target groups cannot be associated with more than one load "+
				"balancer: %s", group)
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
		return fmt.Errorf("UnsupportedCertificate: The certificate '%s' must have a fully-qualified domain name, a supported signature, "+
			"and a supported key size (its status is %v)", arn, certificate.State["status"])
	}
	return nil
}

// listenersOf returns the listeners of a load balancer.
func listenersOf(c *double.Call, balancer string) []*world.Resource {
	return slices.DeleteFunc(c.World.List(pulumitype.AwsListener, regional(c)), func(l *world.Resource) bool {
		return l.State["loadBalancerArn"] != balancer
	})
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
