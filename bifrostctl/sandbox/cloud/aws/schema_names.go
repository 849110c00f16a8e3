package aws

import "bifrost/bifrostctl/sandbox/cloud/double"

// The tables of the names that lead to a load balancer, and of its certificate.
var (
	recordTable = double.TypeSchema{
		Replace:  []string{"name", "zoneId"},
		Computed: []string{"allowOverwrite", "fqdn"},
		Sets:     []string{"records"},
		Behaviour: double.Behaviour{
			Source: "terraform-provider-aws v5.100, internal/service/route53/record.go (resourceRecordCreate, -Update, -Delete, " +
				"expandRecordName, createRecordImportID)",
			TakenAway: "The whole record is written anew.",
			Half:      "Nothing, or the record, which the state does not know: the next up is told that it exists.",
			Waits:     "Until all name servers of Route 53 have it, 30 minutes.",
			Unique: "Name and type, in a zone. One that exists is an error, unless `allowOverwrite` is set. A name that is not in the " +
				"zone gets the zone's behind it.",
		},
	}
	certificateTable = double.TypeSchema{
		Replace: []string{
			"certificateAuthorityArn", "domainName", "keyAlgorithm", "subjectAlternativeNames", "validationMethod", "validationOptions",
		},
		Computed: []string{
			"arn", "domainName", "domainValidationOptions", "keyAlgorithm", "notAfter", "notBefore", "options", "pendingRenewal",
			"renewalEligibility", "renewalSummaries", "status", "subjectAlternativeNames", "tagsAll", "type", "validationEmails",
			"validationMethod",
		},
		Sets: []string{"domainValidationOptions", "subjectAlternativeNames", "validationOptions"},
		Behaviour: double.Behaviour{
			Source: "terraform-provider-aws v5.100, internal/service/acm/certificate.go (resourceCertificateCreate, -Update, -Delete, " +
				"CustomizeDiff)",
			TakenAway: "Names stay as they are; all but options and tags makes another certificate.",
			Half:      "Nothing, or a certificate that waits for its proofs; the state has its ARN.",
			Waits:     "Until ACM says which records it wants, 5 minutes. A delete is tried again for 20 minutes while something uses it.",
			Unique:    "Nothing: several certificates may have the same names, and the same proofs.",
		},
	}
	validationTable = double.TypeSchema{
		Replace: []string{"certificateArn", "validationRecordFqdns"},
		Sets:    []string{"validationRecordFqdns"},
		Behaviour: double.Behaviour{
			Source: "terraform-provider-aws v5.100, internal/service/acm/certificate_validation.go " +
				"(resourceCertificateValidationCreate, waitCertificateIssued)",
			TakenAway: "Another one is made; a delete does nothing.",
			Half:      "Nothing: the next up waits again.",
			Waits:     "Until ACM has issued the certificate, 75 minutes unless a time-out is given.",
			Unique:    "Nothing.",
		},
	}
)
