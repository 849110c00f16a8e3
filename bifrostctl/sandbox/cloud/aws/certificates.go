package aws

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/acm"

	"bifrost/bifrostctl/internal/pulumitype"
	"bifrost/bifrostctl/sandbox/cloud/double"
	"bifrost/bifrostctl/world"
)

// certificate is one that ACM issues once DNS proves its names (terraform-provider-aws v5.100, internal/service/acm/certificate.go; AWS
// Certificate Manager user guide, "DNS validation" and "Quotas").
func certificate() *double.Type {
	return taggable(&double.Type{
		Args:  acm.CertificateArgs{},
		Scope: regional,
		Check: func(_ *double.Call, in double.Object, fail double.Fail) {
			switch name := double.String(in, "domainName"); {
			case in["domainName"] == nil || in["validationMethod"] != "DNS":
				fail("validationMethod", "the sandbox models certificates with a domainName that DNS proves")
			case len(name) > 64: // ACM API reference, RequestCertificate
				fail("domainName", "ValidationException: The first domain name can be no longer than 64 characters.")
			case strings.HasSuffix(name, "."):
				fail("domainName", "cannot end with a period")
			}
			names := double.List(in, "subjectAlternativeNames")
			if !slices.Contains(names, in["domainName"]) {
				fail("subjectAlternativeNames", "the sandbox models lists that hold the domainName, too, as ACM answers them")
			}
			if len(names) > 10 {
				fail("subjectAlternativeNames", "LimitExceededException: Error: the maximum number of %d domain names was exceeded", 10)
			}
		},
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			s := sessionOf(c)
			id := s.arn("acm", "certificate/"+world.GUID("certificate", c.World.Next()))
			options := []any{}
			for _, v := range double.List(in, "subjectAlternativeNames") {
				options = append(options, proofWanted(s.account, v.(string)))
			}
			return id, state(in, double.Object{
				"arn": id, "domainValidationOptions": options, "status": "PENDING_VALIDATION",
				"type": "AMAZON_ISSUED", "keyAlgorithm": "RSA_2048", "notAfter": "", "notBefore": "", "pendingRenewal": false,
				"options":            double.Object{"certificateTransparencyLoggingPreference": "ENABLED"},
				"renewalEligibility": "INELIGIBLE", "renewalSummaries": []any{}, "validationEmails": []any{},
			}), nil
		},
		Update: func(_ *double.Call, r *world.Resource, in double.Object) (double.Object, error) {
			return kept(r, in, nil, certificateTable.Computed), nil
		},
		Delete: func(c *double.Call, r *world.Resource, _ double.Object) error {
			for _, l := range c.World.List(pulumitype.AwsListener, regional(c)) {
				if l.State["certificateArn"] == r.ID {
					return fmt.Errorf("deleting ACM Certificate (%s): operation error ACM: DeleteCertificate, ResourceInUseException: "+
						"Certificate %s in account %s is in use", r.ID, r.ID, sessionOf(c).account)
				}
			}
			return nil
		},
	})
}

// proofWanted is the record that proves a name: the same for each certificate of the account, and for the wildcard before the name.
func proofWanted(account, name string) double.Object {
	base := strings.TrimPrefix(name, "*.")
	return double.Object{
		"domainName": name, "resourceRecordType": "CNAME",
		"resourceRecordName":  "_" + world.Hex(32, "proof", account, base) + "." + base + ".",
		"resourceRecordValue": "_" + world.Hex(32, "proof of", account, base) + ".acm-validations.aws.",
	}
}

// certificateValidation waits until a certificate is issued (certificate_validation.go).
func certificateValidation() *double.Type {
	return &double.Type{
		Args:  acm.CertificateValidationArgs{},
		Scope: regional,
		Key:   func(id string, state double.Object) string { return double.String(state, "certificateArn") + " " + id },
		Create: func(c *double.Call, in double.Object) (string, double.Object, error) {
			arn := double.String(in, "certificateArn")
			found := c.World.Get(pulumitype.AwsCertificate, regional(c), arn)
			if found == nil {
				return "", nil, fmt.Errorf("reading ACM Certificate (%s): couldn't find resource", arn)
			}
			if err := proofsNamed(found, double.List(in, "validationRecordFqdns")); err != nil {
				return "", nil, err
			}
			if !allProven(c, found) {
				return "", nil, fmt.Errorf("waiting for ACM Certificate (%s) to be issued: timeout while waiting for state to become "+
					"'ISSUED' (last state: 'PENDING_VALIDATION', timeout: 20m0s)", arn)
			}
			found.State["status"] = "ISSUED"
			// The provider has read the certificate before it was issued.
			return "0001-01-01 00:00:00 +0000 UTC", state(in, nil), nil
		},
	}
}

// proofsNamed: where records are given, each that the certificate wants is among them.
func proofsNamed(certificate *world.Resource, given []any) error {
	var missing []error
	for _, v := range double.List(certificate.State, "domainValidationOptions") {
		option, _ := v.(double.Object)
		if name := recordName(double.String(option, "resourceRecordName")); len(given) > 0 && !slices.Contains(given, any(name)) {
			missing = append(missing, fmt.Errorf("missing %v DNS validation record: %s", option["domainName"], name))
		}
	}
	return errors.Join(missing...)
}

// allProven tells whether public DNS has every record that the certificate wants.
func allProven(c *double.Call, certificate *world.Resource) bool {
	for _, v := range double.List(certificate.State, "domainValidationOptions") {
		option, _ := v.(double.Object)
		proven := slices.ContainsFunc(c.World.List(pulumitype.AwsRecord, global(c)), func(r *world.Resource) bool {
			zone := c.World.Get(pulumitype.AwsZone, global(c), double.String(r.State, "zoneId"))
			return zone != nil && zone.State["delegated"] == true &&
				r.State["fqdn"] == recordName(double.String(option, "resourceRecordName")) &&
				slices.Contains(double.List(r.State, "records"), option["resourceRecordValue"])
		})
		if !proven {
			return false
		}
	}
	return true
}
