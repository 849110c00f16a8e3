package ecs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/awsdns"
	"bifrost/internal/check"
	"bifrost/internal/component"
)

const (
	// maxCertificateNames that ACM takes without a raised quota (AWS Certificate Manager user guide, "Quotas").
	maxCertificateNames = 10
	// maxCommonName, in bytes, is how long the first name of a certificate may be (ACM API reference, RequestCertificate).
	maxCommonName = 64
)

// EcsDnsArgs lead names of a zone of Route 53 to the load balancer, and prove them to AWS Certificate Manager, which issues its
// certificate.
type EcsDnsArgs struct {
	// Names lead to the load balancer; the first is the gateway's URL. Without certificateArn and allowHttp a certificate is made for
	// them, 10 at most. Required.
	Names []string `pulumi:"names"`
	// ZoneId is an existing hosted zone that gets the records, such as Z0123456789ABCDEFGHIJ. Default: no records, a certificate alone.
	ZoneId string `pulumi:"zoneId,optional"`
	// ValidationZoneId is the public hosted zone in which AWS Certificate Manager finds that the names are yours. Required for a
	// certificate where zoneId is a private zone, or is not given. Default: zoneId.
	ValidationZoneId string `pulumi:"validationZoneId,optional"`
}

// validateDns reports every problem, at paths below p.
func (a *EcsLoadBalancerArgs) validateDns(p *field.Path) field.ErrorList {
	d := a.Dns
	if d == nil {
		return nil
	}
	errs := slices.Concat(
		check.Optional(p.Child("zoneId"), d.ZoneId, check.HostedZone),
		check.Optional(p.Child("validationZoneId"), d.ValidationZoneId, check.HostedZone),
		check.Hosts(p.Child("names"), d.Names),
	)
	for i, name := range d.Names {
		if slices.Contains(d.Names[:i], name) {
			errs = append(errs, field.Duplicate(p.Child("names").Index(i), name))
		}
	}
	if len(d.Names) > 0 && strings.HasPrefix(d.Names[0], "*") {
		errs = append(errs, field.Invalid(p.Child("names").Index(0), d.Names[0],
			"the first name is the gateway's URL; put one without * first"))
	}
	if a.MakesCertificate() {
		return append(errs, d.validateCertificate(p)...)
	}
	if d.ZoneId == "" {
		errs = append(errs, field.Required(p.Child("zoneId"),
			"no certificate is made here, and without a zone no record; remove dns, or name one"))
	}
	if d.ValidationZoneId != "" {
		errs = append(errs, field.Forbidden(p.Child("validationZoneId"), "no certificate is made here; remove it"))
	}
	return errs
}

// validateCertificate: what ACM asks of the names of a certificate, and where it looks.
func (d *EcsDnsArgs) validateCertificate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if d.ValidationZone() == "" {
		errs = append(errs, field.Required(p.Child("zoneId"), "a hosted zone for the records, or validationZoneId for a certificate "+
			"alone; see `aws route53 list-hosted-zones`"))
	}
	if len(d.Names) > maxCertificateNames {
		errs = append(errs, field.TooMany(p.Child("names"), len(d.Names), maxCertificateNames))
	}
	for i, name := range d.Names {
		errs = append(errs, check.CertificateName(p.Child("names").Index(i), name)...)
	}
	if len(d.Names) > 0 && len(d.Names[0]) > maxCommonName {
		errs = append(errs, field.Invalid(p.Child("names").Index(0), d.Names[0], fmt.Sprintf(
			"AWS Certificate Manager takes %d characters of a first name; put a shorter one first, or give certificateArn", maxCommonName)))
	}
	return errs
}

// MakesCertificate tells whether one is made for the names.
func (a *EcsLoadBalancerArgs) MakesCertificate() bool {
	return a.Dns != nil && a.CertificateArn == "" && !a.AllowHttp
}

// ValidationZone is where ACM finds its proof.
func (d *EcsDnsArgs) ValidationZone() string {
	if d.ValidationZoneId != "" {
		return d.ValidationZoneId
	}
	return d.ZoneId
}

// url is where clients reach the gateway.
func (a *EcsLoadBalancerArgs) url(balancer *lb.LoadBalancer) pulumi.StringOutput {
	if a.Dns != nil {
		return pulumi.Sprintf("%s://%s", a.scheme(), a.Dns.Names[0])
	}
	return pulumi.Sprintf("%s://%s", a.scheme(), balancer.DnsName)
}

// labelOf is a DNS name in the name of a resource. No other DNS name has the same.
func labelOf(name string) string { return strings.ReplaceAll(name, "*", "_") }

// newRecords leads the names to the load balancer, after the service. A record that somebody else has made is not overwritten. Nil is
// no load balancer.
func (a *EcsLoadBalancerArgs) newRecords(in component.Scope, front ecsFront, service pulumi.Resource) error {
	if a == nil || a.Dns == nil || a.Dns.ZoneId == "" {
		return nil
	}
	explained, err := in.OnFailedCreate("name-taken", func(failed *pulumi.ErrorHookArgs) error {
		if !strings.Contains(failed.Errors[0], "already exists") {
			return nil
		}
		// The engine shows the provider's error, and not one of the hook.
		return in.Ctx.Log.Error(a.Dns.nameTaken(in, failed), nil)
	})
	if err != nil {
		return err
	}
	for _, name := range a.Dns.Names {
		_, err := awsdns.NewRecord(in.Ctx, in.Child("name-"+labelOf(name)), awsdns.RecordArgs{
			ZoneId: pulumi.String(a.Dns.ZoneId), Name: pulumi.String(name), Type: pulumi.String("A"),
			Aliases: awsdns.RecordAliasArray{{Name: front.dnsName, ZoneId: front.zoneId, EvaluateTargetHealth: pulumi.Bool(true)}},
		}, in.Options(explained, pulumi.DependsOn([]pulumi.Resource{service}))...)
		if err != nil {
			return in.Failed("record of "+name, err)
		}
	}
	return nil
}

// nameTaken says what to do with a record of the name that exists already.
func (d *EcsDnsArgs) nameTaken(in component.Scope, failed *pulumi.ErrorHookArgs) string {
	name, _ := component.KnownText(failed.NewInputs["name"])
	return fmt.Sprintf("zone %s has a record %s that this stack did not make. See where it leads with `aws route53 "+
		"list-resource-record-sets --hosted-zone-id %s --query \"ResourceRecordSets[?Name=='%s.']\"`. Where clients may be led here "+
		"instead, take it in with `%s` and run `pulumi up` again; where they may not, choose another name in loadBalancer.dns.names (of a "+
		"stack ecs.loadBalancer.dns.names)",
		d.ZoneId, name, d.ZoneId, name, in.ImportCommand(failed, "'"+d.ZoneId+"_"+name+"_A'"))
}
