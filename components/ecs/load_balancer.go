package ecs

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"bifrost/internal/check"
	"bifrost/internal/gateway"
)

// Schemes and defaults of an EcsLoadBalancerArgs.
const (
	SchemeInternal       = "internal"
	SchemeInternetFacing = "internet-facing"
	// DefaultIdleTimeout, in seconds: a model may think that long between two tokens. A load balancer's own default is 60.
	DefaultIdleTimeout = 300
	// DefaultDeregistrationDelay, in seconds, is how long a task that is to stop may finish its streams. Without any it goes at once.
	DefaultDeregistrationDelay = 300
	lbHttpPort                 = 80
	lbHttpsPort                = 443
)

// EcsLoadBalancerArgs are an Application Load Balancer to make in front of the tasks: HTTPS, with a redirect from HTTP. It passes
// WebSockets and streams on.
type EcsLoadBalancerArgs struct {
	// CertificateArn of an existing certificate of AWS Certificate Manager or IAM, in the load balancer's region.
	CertificateArn string `pulumi:"certificateArn,optional"`
	// AllowHttp serves plain HTTP where there is no certificate: provider keys and prompts in clear, for trials only.
	AllowHttp bool `pulumi:"allowHttp,optional"`
	// Scheme is internal, the default, or internet-facing.
	Scheme string `pulumi:"scheme,optional"`
	// Subnets of at least two zones. Default: the tasks' own, which for internet-facing must be public.
	Subnets []string `pulumi:"subnets,optional"`
	// SecurityGroups of the load balancer where they exist already; else AllowedCidrs, IPv4 blocks, may reach the one made here.
	// Internal, the default is the VPC; internet-facing has none.
	SecurityGroups []string `pulumi:"securityGroups,optional"`
	AllowedCidrs   []string `pulumi:"allowedCidrs,optional"`
	// IdleTimeoutSeconds is how long a connection may be silent, 1 to 4000. Default 300.
	IdleTimeoutSeconds int `pulumi:"idleTimeoutSeconds,optional"`
	// DeregistrationDelaySeconds is how long a task that is to stop may finish its requests, 0 to 3600. Default 300.
	DeregistrationDelaySeconds *int `pulumi:"deregistrationDelaySeconds,optional"`
	// SslPolicy is a predefined security policy of HTTPS. Default ELBSecurityPolicy-TLS13-1-2-Res-2021-06.
	SslPolicy string `pulumi:"sslPolicy,optional"`
	// DeletionProtection keeps AWS from deleting the load balancer, and with it its DNS name.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`
	// AccessLogsBucket of S3 takes the access logs; its policy must let Elastic Load Balancing write.
	AccessLogsBucket string `pulumi:"accessLogsBucket,optional"`
}

// Validate reports every problem, at paths below p. taskGroups are the given security groups of the tasks.
func (a *EcsLoadBalancerArgs) Validate(p *field.Path, taskGroups []string) field.ErrorList {
	var errs field.ErrorList
	switch {
	case a.CertificateArn == "" && !a.AllowHttp:
		errs = append(errs, field.Required(p.Child("certificateArn"), "HTTPS needs one; see `aws acm list-certificates`, or set allowHttp for a trial"))
	case a.CertificateArn != "" && a.AllowHttp:
		errs = append(errs, field.Forbidden(p.Child("allowHttp"), "with a certificate HTTP redirects to HTTPS; remove it"))
	case a.CertificateArn != "":
		errs = append(errs, check.Certificate(p.Child("certificateArn"), a.CertificateArn)...)
	}
	errs = append(errs, check.OneOf(p.Child("scheme"), a.Scheme, SchemeInternal, SchemeInternetFacing)...)
	errs = append(errs, check.OptionalIds(p.Child("subnets"), a.Subnets, check.Subnet)...)
	errs = append(errs, check.OptionalIds(p.Child("securityGroups"), a.SecurityGroups, check.SecurityGroup)...)
	errs = append(errs, check.Cidrs(p.Child("allowedCidrs"), a.AllowedCidrs)...)
	switch {
	case len(a.SecurityGroups) > 0 && len(a.AllowedCidrs) > 0:
		errs = append(errs, field.Forbidden(p.Child("allowedCidrs"), "the given securityGroups decide; remove one of them"))
	case len(a.SecurityGroups) > 0:
	case len(taskGroups) > 0:
		errs = append(errs, field.Required(p.Child("securityGroups"), "the tasks' given security groups must let the load balancer in on port 8080, so its group must exist, too; or remove both"))
	case a.Scheme == SchemeInternetFacing && len(a.AllowedCidrs) == 0:
		errs = append(errs, field.Required(p.Child("allowedCidrs"), "who may reach it from the internet; everybody is 0.0.0.0/0"))
	}
	errs = append(errs, check.Between(p.Child("idleTimeoutSeconds"), a.idleTimeout(), 1, 4000, "seconds")...)
	errs = append(errs, check.Between(p.Child("deregistrationDelaySeconds"), a.deregistrationDelay(), 0, 3600, "seconds")...)
	if a.SslPolicy != "" && a.AllowHttp {
		errs = append(errs, field.Forbidden(p.Child("sslPolicy"), "nothing here speaks TLS with allowHttp; remove it"))
	}
	errs = append(errs, check.Optional(p.Child("sslPolicy"), a.SslPolicy, check.SslPolicy)...)
	return append(errs, check.Optional(p.Child("accessLogsBucket"), a.AccessLogsBucket, check.Bucket)...)
}

func (a *EcsLoadBalancerArgs) idleTimeout() int {
	return cmp.Or(a.IdleTimeoutSeconds, DefaultIdleTimeout)
}
func (a *EcsLoadBalancerArgs) deregistrationDelay() int {
	return ptr.Deref(a.DeregistrationDelaySeconds, DefaultDeregistrationDelay)
}

// openToVpc tells whether nothing says who may reach it.
func (a *EcsLoadBalancerArgs) openToVpc() bool {
	return a.Scheme != SchemeInternetFacing && len(a.SecurityGroups) == 0 && len(a.AllowedCidrs) == 0
}

// ports are those that the load balancer listens on.
func (a *EcsLoadBalancerArgs) ports() []int {
	if a.AllowHttp {
		return []int{lbHttpPort}
	}
	return []int{lbHttpsPort, lbHttpPort}
}

// ecsFront is what stands in front of the tasks: nothing, an existing target group, or what was made here.
type ecsFront struct {
	targetGroupArn pulumi.StringInput
	// Suffixes of the ARNs, as CloudWatch and Application Auto Scaling name them.
	loadBalancerSuffix, targetGroupSuffix pulumi.StringInput
	// listeners must exist before the service: ECS refuses a target group that no load balancer uses.
	listeners []pulumi.Resource
	// Of the load balancer made here; empty without.
	made                 bool
	url, dnsName, zoneId pulumi.StringOutput
}

// resourceLabel names the target group to Application Auto Scaling (API reference, PredefinedMetricSpecification).
func (f ecsFront) resourceLabel() pulumi.StringPtrInput {
	if f.targetGroupArn == nil {
		return nil
	}
	return pulumi.Sprintf("%s/%s", f.loadBalancerSuffix, f.targetGroupSuffix).ToStringPtrOutput()
}

func (a *EcsServiceArgs) newLoadBalancer(ctx *pulumi.Context, name string, parent pulumi.Resource, network *ecsNetwork) (ecsFront, error) {
	if a.LoadBalancer == nil {
		return a.givenTargetGroup(), nil
	}
	args := a.LoadBalancer
	subnets := args.Subnets
	if len(subnets) == 0 {
		subnets = a.Subnets
	}
	balancerArgs := &lb.LoadBalancerArgs{
		LoadBalancerType:         pulumi.String("application"),
		Internal:                 pulumi.Bool(args.Scheme != SchemeInternetFacing),
		Subnets:                  pulumi.ToStringArray(subnets),
		SecurityGroups:           network.lbGroups,
		IdleTimeout:              pulumi.Int(args.idleTimeout()),
		DropInvalidHeaderFields:  pulumi.Bool(true),
		EnableDeletionProtection: pulumi.Bool(args.DeletionProtection),
	}
	if args.AccessLogsBucket != "" {
		balancerArgs.AccessLogs = &lb.LoadBalancerAccessLogsArgs{
			Bucket: pulumi.String(args.AccessLogsBucket), Prefix: pulumi.String(a.name()), Enabled: pulumi.Bool(true),
		}
	}
	balancer, err := lb.NewLoadBalancer(ctx, name+"-lb", balancerArgs, pulumi.Parent(parent))
	if err != nil {
		return ecsFront{}, fmt.Errorf("%s: load balancer: %w", name, err)
	}
	target, err := lb.NewTargetGroup(ctx, name+"-targets", &lb.TargetGroupArgs{
		// Fargate's tasks have addresses of their own.
		TargetType:          pulumi.String("ip"),
		Protocol:            pulumi.String("HTTP"),
		Port:                pulumi.Int(gateway.Port),
		VpcId:               pulumi.String(a.VpcId),
		DeregistrationDelay: pulumi.Int(args.deregistrationDelay()),
		HealthCheck: &lb.TargetGroupHealthCheckArgs{
			Path: pulumi.String(gateway.HealthPath), Protocol: pulumi.String("HTTP"), Port: pulumi.String("traffic-port"), Matcher: pulumi.String("200"),
			Interval: pulumi.Int(15), Timeout: pulumi.Int(5), HealthyThreshold: pulumi.Int(2), UnhealthyThreshold: pulumi.Int(3),
		},
	}, pulumi.Parent(parent))
	if err != nil {
		return ecsFront{}, fmt.Errorf("%s: target group: %w", name, err)
	}
	listeners, err := args.newListeners(ctx, name, parent, balancer, target)
	if err != nil {
		return ecsFront{}, err
	}

	scheme := "https"
	if args.AllowHttp {
		scheme = "http"
	}
	return ecsFront{
		targetGroupArn: target.Arn, loadBalancerSuffix: balancer.ArnSuffix, targetGroupSuffix: target.ArnSuffix, listeners: listeners,
		made: true, url: pulumi.Sprintf("%s://%s", scheme, balancer.DnsName), dnsName: balancer.DnsName, zoneId: balancer.ZoneId,
	}, nil
}

// givenTargetGroup is an existing target group, or none.
func (a *EcsServiceArgs) givenTargetGroup() ecsFront {
	none := pulumi.String("").ToStringOutput()
	if a.TargetGroupArn == "" {
		return ecsFront{url: none, dnsName: none, zoneId: none}
	}
	_, balancer, _ := strings.Cut(a.LoadBalancerArn, ":loadbalancer/")
	return ecsFront{
		targetGroupArn:     pulumi.String(a.TargetGroupArn),
		loadBalancerSuffix: pulumi.String(balancer),
		targetGroupSuffix:  pulumi.String(a.TargetGroupArn[strings.LastIndex(a.TargetGroupArn, ":")+1:]),
		url:                none, dnsName: none, zoneId: none,
	}
}

// newListeners makes HTTPS and the redirect to it, or plain HTTP.
func (a *EcsLoadBalancerArgs) newListeners(ctx *pulumi.Context, name string, parent pulumi.Resource, balancer *lb.LoadBalancer, target *lb.TargetGroup) ([]pulumi.Resource, error) {
	forward := lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{Type: pulumi.String("forward"), TargetGroupArn: target.Arn}}
	redirect := lb.ListenerDefaultActionArray{&lb.ListenerDefaultActionArgs{
		Type: pulumi.String("redirect"),
		Redirect: &lb.ListenerDefaultActionRedirectArgs{
			Protocol: pulumi.String("HTTPS"), Port: pulumi.String(fmt.Sprint(lbHttpsPort)), StatusCode: pulumi.String("HTTP_301"),
		},
	}}
	onHttp := &lb.ListenerArgs{
		LoadBalancerArn: balancer.Arn, Port: pulumi.Int(lbHttpPort), Protocol: pulumi.String("HTTP"), DefaultActions: redirect,
	}
	if a.AllowHttp {
		onHttp.DefaultActions = forward
	}
	plain, err := lb.NewListener(ctx, name+"-http", onHttp, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("%s: HTTP listener: %w", name, err)
	}
	if a.AllowHttp {
		return []pulumi.Resource{plain}, nil
	}
	secure, err := lb.NewListener(ctx, name+"-https", &lb.ListenerArgs{
		LoadBalancerArn: balancer.Arn, Port: pulumi.Int(lbHttpsPort), Protocol: pulumi.String("HTTPS"),
		CertificateArn: pulumi.String(a.CertificateArn), SslPolicy: pulumi.String(cmp.Or(a.SslPolicy, gateway.LoadBalancerTlsPolicy)),
		DefaultActions: forward,
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("%s: HTTPS listener: %w", name, err)
	}
	return []pulumi.Resource{plain, secure}, nil
}
