package ecs

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"bifrost/internal/awsdns"
	"bifrost/internal/component"
)

const (
	// validationMinutes are how long an up waits for a certificate: ACM looks every few minutes, and for 72 hours in all (AWS Certificate
	// Manager user guide, "DNS validation"). The provider's own 75 would keep whoever named the wrong zone waiting.
	validationMinutes = 20
	// validationTtl is the time to live of the records that prove a domain, in seconds.
	validationTtl = 300
)

// certificate is the one of the HTTPS listener: given, or made and issued; empty over HTTP. Another set of names is another
// certificate, which comes before the former one goes.
func (a *EcsLoadBalancerArgs) certificate(in component.Scope) (pulumi.StringOutput, error) {
	if !a.MakesCertificate() {
		return pulumi.String(a.CertificateArn).ToStringOutput(), nil
	}
	none, d := pulumi.StringOutput{}, a.Dns
	requested, err := acm.NewCertificate(in.Ctx, in.Child("certificate"), &acm.CertificateArgs{
		DomainName: pulumi.String(d.Names[0]),
		// ACM counts the first among them, too.
		SubjectAlternativeNames: pulumi.ToStringArray(d.Names),
		ValidationMethod:        pulumi.String("DNS"),
	}, in.Options()...)
	if err != nil {
		return none, in.Failed("certificate", err)
	}
	proofs, err := d.newProofs(in, requested)
	if err != nil {
		return none, err
	}
	explained, err := in.OnFailedCreate("certificate-not-issued", func(*pulumi.ErrorHookArgs) error {
		// The engine shows the provider's error, and not one of the hook.
		return in.Ctx.Log.Error(d.notIssued(), nil)
	})
	if err != nil {
		return none, err
	}
	issued, err := acm.NewCertificateValidation(in.Ctx, in.Child("certificate-issued"), &acm.CertificateValidationArgs{
		CertificateArn: requested.Arn, ValidationRecordFqdns: proofs,
	}, in.Options(explained, pulumi.Timeouts(&pulumi.CustomTimeouts{Create: fmt.Sprintf("%dm", validationMinutes)}))...)
	if err != nil {
		return none, in.Failed("validation of the certificate", err)
	}
	return issued.CertificateArn, nil
}

// newProofs makes the records by which ACM finds that the names are yours. The proof of a name is the same for every certificate of the
// account, and certificates are renewed by it (AWS Certificate Manager user guide, "DNS validation"): one that is there already is
// taken, and none is ever deleted.
func (d *EcsDnsArgs) newProofs(in component.Scope, requested *acm.Certificate) (pulumi.StringArray, error) {
	var proofs pulumi.StringArray
	for _, name := range d.proven() {
		wanted := requested.DomainValidationOptions.ApplyT(
			func(options []acm.CertificateDomainValidationOption) (pulumi.StringArrayOutput, error) {
				return proofOf(in.Ctx, name, options)
			}).(pulumi.StringArrayOutput)
		proof, err := awsdns.NewRecord(in.Ctx, in.Child("proof-"+labelOf(name)), awsdns.RecordArgs{
			ZoneId: pulumi.String(d.ValidationZone()), Name: wanted.Index(pulumi.Int(0)), Type: pulumi.String("CNAME"),
			Records: pulumi.StringArray{wanted.Index(pulumi.Int(1))}, Ttl: pulumi.Int(validationTtl), AllowOverwrite: pulumi.Bool(true),
		}, in.Options(pulumi.RetainOnDelete(true))...)
		if err != nil {
			return nil, in.Failed("proof of "+name, err)
		}
		proofs = append(proofs, proof.Fqdn)
	}
	return proofs, nil
}

// proven are the names of which ACM wants a record each: a wildcard has that of the name behind it.
func (d *EcsDnsArgs) proven() []string {
	var all, bases []string
	for _, name := range d.Names {
		if base := strings.TrimPrefix(name, "*."); !slices.Contains(bases, base) {
			all, bases = append(all, name), append(bases, base)
		}
	}
	return all
}

// proofOf is the record, by name and value, that ACM wants of a domain. A preview may know the domain before the record.
func proofOf(ctx *pulumi.Context, name string, options []acm.CertificateDomainValidationOption) (pulumi.StringArrayOutput, error) {
	for _, o := range options {
		if o.DomainName != nil && *o.DomainName == name && o.ResourceRecordName != nil && o.ResourceRecordValue != nil {
			return pulumi.ToStringArray([]string{*o.ResourceRecordName, *o.ResourceRecordValue}).ToStringArrayOutput(), nil
		}
	}
	if ctx.DryRun() {
		return pulumi.UnsafeUnknownOutput(nil).ApplyT(func(any) []string { return nil }).(pulumi.StringArrayOutput), nil
	}
	return pulumi.StringArrayOutput{}, fmt.Errorf("AWS Certificate Manager asks for no record of %s; run `pulumi up --refresh`", name)
}

// notIssued says what keeps ACM from issuing.
func (d *EcsDnsArgs) notIssued() string {
	zone := d.ValidationZone()
	return fmt.Sprintf("the certificate for %s was not issued within %d minutes: AWS Certificate Manager asks public DNS. See that the "+
		"name servers that `dig +short NS` tells for the zone's name are those of `aws route53 get-hosted-zone --id %s`, and that no CAA "+
		"record of the domain keeps Amazon out (`dig CAA`). Then run the same up again, which goes on waiting; or give "+
		"loadBalancer.certificateArn (of a stack ecs.loadBalancer.certificateArn)", strings.Join(d.Names, ", "), validationMinutes, zone)
}
