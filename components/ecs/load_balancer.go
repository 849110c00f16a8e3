package ecs

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"

	"bifrost/internal/check"
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

// EcsLoadBalancerArgs are an Application Load Balancer to make in front of the tasks, which listens on port 443 alone. It passes WebSockets
// and streams on.
type EcsLoadBalancerArgs struct {
	// CertificateArn is an existing certificate of AWS Certificate Manager or IAM, in the load balancer's region: HTTPS on port
	// 443, and nothing on port 80. Required without allowHttp and without dns, which makes one.
	CertificateArn string `pulumi:"certificateArn,optional"`
	// AllowHttp serves plain HTTP on port 80 where there is no certificate: provider keys and prompts in clear, for trials only. Default
	// false.
	AllowHttp bool `pulumi:"allowHttp,optional"`
	// Dns leads names to the load balancer, and makes its certificate where none is given.
	Dns *EcsDnsArgs `pulumi:"dns,optional"`
	// Scheme is internal, or internet-facing, which needs public subnets. Default internal.
	Scheme string `pulumi:"scheme,optional"`
	// Subnets of the load balancer, of at least two zones. Default: the tasks' own.
	Subnets []string `pulumi:"subnets,optional"`
	// SecurityGroups are existing groups of the load balancer. Required where the tasks' own are given. Default: one is made.
	SecurityGroups []string `pulumi:"securityGroups,optional"`
	// AllowedCidrs are the IPv4 blocks that may reach the load balancer through a group made here. Required with scheme internet-facing.
	// Default: the VPC.
	AllowedCidrs []string `pulumi:"allowedCidrs,optional"`
	// IdleTimeoutSeconds is how long a stream may be silent, 1 to 4000. Default 300.
	IdleTimeoutSeconds int `pulumi:"idleTimeoutSeconds,optional"`
	// DeregistrationDelaySeconds is how long a task that is to stop may finish its streams, 0 to 3600. Default 300.
	DeregistrationDelaySeconds *int `pulumi:"deregistrationDelaySeconds,optional"`
	// SslPolicy is a predefined security policy of HTTPS. Default ELBSecurityPolicy-TLS13-1-2-Res-2021-06.
	SslPolicy string `pulumi:"sslPolicy,optional"`
	// DeletionProtection keeps AWS from deleting the load balancer, and with it its DNS name. Default false.
	DeletionProtection bool `pulumi:"deletionProtection,optional"`
	// AccessLogsBucket is a bucket of S3 for the access logs. Its policy must let Elastic Load Balancing write. Default: no access logs.
	AccessLogsBucket string `pulumi:"accessLogsBucket,optional"`
}

// Validate reports every problem, at paths below p. Nil is no load balancer. Who may reach one depends on the service, which checks it.
func (a *EcsLoadBalancerArgs) Validate(p *field.Path) field.ErrorList {
	if a == nil {
		return nil
	}
	var errs field.ErrorList
	if len(a.SecurityGroups) > 0 && len(a.AllowedCidrs) > 0 {
		errs = append(errs, field.Forbidden(p.Child("allowedCidrs"), "the given securityGroups decide; remove one of them"))
	}
	return slices.Concat(errs,
		a.validateTls(p),
		a.validateDns(p.Child("dns")),
		check.OneOf(p.Child("scheme"), a.Scheme, SchemeInternal, SchemeInternetFacing),
		check.OptionalIds(p.Child("subnets"), a.Subnets, check.Subnet),
		check.OptionalIds(p.Child("securityGroups"), a.SecurityGroups, check.SecurityGroup),
		check.Cidrs(p.Child("allowedCidrs"), a.AllowedCidrs),
		check.Between(p.Child("idleTimeoutSeconds"), a.idleTimeout(), 1, 4000, "seconds"),
		check.Between(p.Child("deregistrationDelaySeconds"), a.deregistrationDelay(), 0, 3600, "seconds"),
		check.BucketName(p.Child("accessLogsBucket"), a.AccessLogsBucket),
	)
}

func (a *EcsLoadBalancerArgs) validateTls(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	switch {
	case a.CertificateArn == "" && !a.AllowHttp && a.Dns == nil:
		errs = append(errs, field.Required(p.Child("certificateArn"),
			"HTTPS needs one; see `aws acm list-certificates`, let dns make one, or set allowHttp for a trial"))
	case a.CertificateArn != "" && a.AllowHttp:
		errs = append(errs, field.Forbidden(p.Child("allowHttp"), "with a certificate nothing is served in clear; remove it"))
	case a.CertificateArn != "":
		errs = append(errs, check.Certificate(p.Child("certificateArn"), a.CertificateArn)...)
	}
	if a.SslPolicy != "" && a.AllowHttp {
		errs = append(errs, field.Forbidden(p.Child("sslPolicy"), "nothing here speaks TLS with allowHttp; remove it"))
	}
	return append(errs, check.Optional(p.Child("sslPolicy"), a.SslPolicy, check.SslPolicy)...)
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

// scheme is the listener's, as of a URL. There is one listener alone.
func (a *EcsLoadBalancerArgs) scheme() string {
	if a.AllowHttp {
		return "http"
	}
	return "https"
}

// port is the one that the load balancer listens on.
func (a *EcsLoadBalancerArgs) port() int {
	if a.AllowHttp {
		return lbHttpPort
	}
	return lbHttpsPort
}
