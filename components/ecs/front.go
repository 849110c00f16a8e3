package ecs

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/component"
	"bifrost/internal/gateway"
)

// validateFront checks what stands in front of the tasks: a load balancer made here, an existing target group, or nothing.
func (a *EcsServiceArgs) validateFront(p *field.Path) field.ErrorList {
	errs := check.Arn(p.Child("targetGroupArn"), a.TargetGroupArn, check.TargetGroupArn)
	errs = append(errs, check.Arn(p.Child("loadBalancerArn"), a.LoadBalancerArn, check.LoadBalancerArn)...)
	if (a.TargetGroupArn == "") != (a.LoadBalancerArn == "") {
		errs = append(errs, field.Required(p.Child("loadBalancerArn"),
			"goes with targetGroupArn: the load balancer that the target group hangs on"))
	}
	errs = append(errs, check.Between(p.Child("targetGroupDelaySeconds"), a.targetGroupDelay(), 0, 3600, "seconds")...)
	if a.LoadBalancer == nil {
		return errs
	}
	if a.TargetGroupArn != "" {
		errs = append(errs, field.Forbidden(p.Child("loadBalancer"),
			fmt.Sprintf("%s names an existing load balancer's target group; remove one of them", p.Child("targetGroupArn"))))
	}
	return append(errs, a.validateReach(p)...)
}

// validateReach: given groups say who may reach the load balancer, or given addresses, or the VPC's where it is internal.
func (a *EcsServiceArgs) validateReach(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	balancer, at := a.LoadBalancer, p.Child("loadBalancer")
	if balancer.openToVpc() && len(a.VpcCidrs) == 0 {
		errs = append(errs, field.Required(p.Child("vpcCidrs"),
			"who may reach an internal load balancer without allowedCidrs or securityGroups"))
	}
	switch {
	case len(balancer.SecurityGroups) > 0:
	case len(a.SecurityGroups) > 0:
		errs = append(errs, field.Required(at.Child("securityGroups"),
			"the tasks' given security groups must let the load balancer in on port 8080, so its group must exist, too; or remove both"))
	case balancer.Scheme == SchemeInternetFacing && len(balancer.AllowedCidrs) == 0:
		errs = append(errs, field.Required(at.Child("allowedCidrs"), "who may reach it from the internet; everybody is 0.0.0.0/0"))
	}
	return errs
}

// ecsFront is what stands in front of the tasks: nothing, an existing target group, or what was made here.
type ecsFront struct {
	// targetGroupArn is nil where nothing stands there.
	targetGroupArn pulumi.StringInput
	// loadBalancerSuffix ends the load balancer's ARN: so CloudWatch and Application Auto Scaling name it.
	loadBalancerSuffix pulumi.StringInput
	// targetGroupSuffix ends the target group's ARN.
	targetGroupSuffix pulumi.StringInput
	// listeners made here must exist before the service: ECS refuses a target group that no load balancer uses.
	listeners []pulumi.Resource
	// made tells whether the load balancer was made here.
	made bool
	// url, arn, dnsName and zoneId are of the load balancer made here; empty without one.
	url, arn, dnsName, zoneId pulumi.StringOutput
	// certificateArn is the listener's, given or made here; empty without one.
	certificateArn pulumi.StringOutput
}

// resourceLabel names the target group to Application Auto Scaling (API reference, PredefinedMetricSpecification).
func (f ecsFront) resourceLabel() pulumi.StringPtrInput {
	if f.targetGroupArn == nil {
		return nil
	}
	return pulumi.Sprintf("%s/%s", f.loadBalancerSuffix, f.targetGroupSuffix).ToStringPtrOutput()
}

// newFront makes the load balancer with its target group and listener, or takes what exists.
func (a *EcsServiceArgs) newFront(in component.Scope, groups pulumi.StringArray) (ecsFront, error) {
	if a.LoadBalancer == nil {
		return a.givenTargetGroup(), nil
	}
	balancer, err := a.newLoadBalancer(in, groups)
	if err != nil {
		return ecsFront{}, err
	}
	target, err := a.newTargetGroup(in, balancer)
	if err != nil {
		return ecsFront{}, err
	}
	certificate, err := a.LoadBalancer.certificate(in)
	if err != nil {
		return ecsFront{}, err
	}
	listener, err := a.LoadBalancer.newListener(in, balancer, target, certificate)
	if err != nil {
		return ecsFront{}, err
	}
	return ecsFront{
		targetGroupArn: target.Arn, loadBalancerSuffix: balancer.ArnSuffix, targetGroupSuffix: target.ArnSuffix,
		listeners: []pulumi.Resource{listener}, made: true, url: a.LoadBalancer.url(balancer), certificateArn: certificate,
		arn: balancer.Arn, dnsName: balancer.DnsName, zoneId: balancer.ZoneId,
	}, nil
}

func (a *EcsServiceArgs) newLoadBalancer(in component.Scope, groups pulumi.StringArray) (*lb.LoadBalancer, error) {
	args := a.LoadBalancer
	subnets := args.Subnets
	if len(subnets) == 0 {
		subnets = a.Subnets
	}
	balancerArgs := &lb.LoadBalancerArgs{
		LoadBalancerType:         pulumi.String("application"),
		Internal:                 pulumi.Bool(args.Scheme != SchemeInternetFacing),
		Subnets:                  pulumi.ToStringArray(subnets),
		SecurityGroups:           groups,
		IdleTimeout:              pulumi.Int(args.idleTimeout()),
		DropInvalidHeaderFields:  pulumi.Bool(true),
		EnableDeletionProtection: pulumi.Bool(args.DeletionProtection),
	}
	if args.AccessLogsBucket != "" {
		balancerArgs.AccessLogs = &lb.LoadBalancerAccessLogsArgs{
			Bucket: pulumi.String(args.AccessLogsBucket), Prefix: pulumi.String(a.name()), Enabled: pulumi.Bool(true),
		}
	}
	whole, err := wholeBalancer(in)
	if err != nil {
		return nil, err
	}
	// A load balancer stays in its VPC, which the provider does not know of: the subnets of another one make another load balancer.
	balancer, err := lb.NewLoadBalancer(in.Ctx, in.Child("lb"), balancerArgs,
		in.Options(append(whole, pulumi.ReplacementTrigger(pulumi.String(a.VpcId)))...)...)
	if err != nil {
		return nil, in.Failed("load balancer", err)
	}
	return balancer, nil
}

// newTargetGroup makes the target group. It is never behind two load balancers (ELB answers TargetGroupAssociationLimit), so that another
// load balancer, as for another scheme, has one of its own: both stand beside the old ones while the service moves.
func (a *EcsServiceArgs) newTargetGroup(in component.Scope, balancer pulumi.Resource) (*lb.TargetGroup, error) {
	target, err := lb.NewTargetGroup(in.Ctx, in.Child("targets"), &lb.TargetGroupArgs{
		// Fargate's tasks have addresses of their own.
		TargetType:          pulumi.String("ip"),
		Protocol:            pulumi.String("HTTP"),
		Port:                pulumi.Int(gateway.Port),
		VpcId:               pulumi.String(a.VpcId),
		DeregistrationDelay: pulumi.Int(a.LoadBalancer.deregistrationDelay()),
		HealthCheck: &lb.TargetGroupHealthCheckArgs{
			Path: pulumi.String(gateway.HealthPath), Protocol: pulumi.String("HTTP"), Port: pulumi.String("traffic-port"),
			Matcher: pulumi.String("200"), Interval: pulumi.Int(15), Timeout: pulumi.Int(5),
			HealthyThreshold: pulumi.Int(2), UnhealthyThreshold: pulumi.Int(3),
		},
	}, in.Options(pulumi.ReplaceWith([]pulumi.Resource{balancer}))...)
	if err != nil {
		return nil, in.Failed("target group", err)
	}
	return target, nil
}

// givenTargetGroup is an existing target group, or none.
func (a *EcsServiceArgs) givenTargetGroup() ecsFront {
	none := pulumi.String("").ToStringOutput()
	if a.TargetGroupArn == "" {
		return ecsFront{url: none, arn: none, dnsName: none, zoneId: none, certificateArn: none}
	}
	_, balancer, _ := strings.Cut(a.LoadBalancerArn, ":loadbalancer/")
	return ecsFront{
		targetGroupArn:     pulumi.String(a.TargetGroupArn),
		loadBalancerSuffix: pulumi.String(balancer),
		targetGroupSuffix:  pulumi.String(a.TargetGroupArn[strings.LastIndex(a.TargetGroupArn, ":")+1:]),
		url:                none, arn: none, dnsName: none, zoneId: none, certificateArn: none,
	}
}

// newListener makes the one listener: HTTPS, or plain HTTP without a certificate. Beside HTTPS nothing listens on port 80, neither with a
// redirect nor with a fixed response: before either the whole request has come, and with it the key, in clear.
func (a *EcsLoadBalancerArgs) newListener(
	in component.Scope, balancer *lb.LoadBalancer, target *lb.TargetGroup, certificate pulumi.StringOutput,
) (*lb.Listener, error) {
	args := &lb.ListenerArgs{
		LoadBalancerArn: balancer.Arn, Port: pulumi.Int(a.port()),
		DefaultActions: lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{
			Type: pulumi.String("forward"), TargetGroupArn: target.Arn,
		}},
	}
	if a.AllowHttp {
		args.Protocol = pulumi.String("HTTP")
	} else {
		args.Protocol, args.CertificateArn = pulumi.String("HTTPS"), certificate.ToStringPtrOutput()
		args.SslPolicy = pulumi.String(cmp.Or(a.SslPolicy, gateway.LoadBalancerTlsPolicy))
	}
	listener, err := lb.NewListener(in.Ctx, in.Child(a.scheme()), args, in.Options()...)
	if err != nil {
		return nil, in.Failed("listener", err)
	}
	return listener, nil
}
