package check

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// LogGroupName checks the name of a log group that is made: names below aws/ are AWS's own, and those below /aws/ are not (CloudWatch Logs
// API, CreateLogGroup). An empty one is absent.
func LogGroupName(p *field.Path, name string) field.ErrorList {
	if strings.HasPrefix(name, "aws/") {
		return field.ErrorList{field.Invalid(p, name, "CloudWatch Logs keeps names that begin with aws/ for AWS; write /"+name+", or "+
			"another name")}
	}
	return Optional(p, name, LogGroup)
}

// Parts of names that Amazon S3 keeps for itself ("General purpose bucket naming rules").
var (
	bucketStarts = []string{"xn--", "sthree-", "amzn-s3-demo-"}
	bucketEnds   = []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"}
)

// BucketName checks the name of a bucket of Amazon S3; an empty one is absent.
func BucketName(p *field.Path, name string) field.ErrorList {
	if errs := Optional(p, name, Bucket); len(errs) > 0 || name == "" {
		return errs
	}
	_, notAnAddress := netip.ParseAddr(name)
	wrong := ""
	switch {
	case strings.Contains(name, ".."):
		wrong = "has two dots in a row"
	case notAnAddress == nil:
		wrong = "is an IP address"
	}
	for _, start := range bucketStarts {
		if strings.HasPrefix(name, start) {
			wrong = "begins with " + start
		}
	}
	for _, end := range bucketEnds {
		if strings.HasSuffix(name, end) {
			wrong = "ends with " + end
		}
	}
	if wrong == "" {
		return nil
	}
	return field.ErrorList{field.Invalid(p, name, wrong+", and no bucket of Amazon S3 has such a name; see `aws s3 ls`")}
}

// maxDnsName is the longest name that DNS has, as text without the dot at its end (RFC 1035, 3.1: 255 octets with
// the lengths of its labels).
const maxDnsName = 253

// DnsName refuses a name that is put together and that DNS has no room for; what to shorten is said.
func DnsName(p *field.Path, part, whole, shorten string) field.ErrorList {
	if len(whole) <= maxDnsName {
		return nil
	}
	return field.ErrorList{field.Invalid(p, part, fmt.Sprintf("makes the DNS name %s of %d characters, and DNS has %d at most; %s", whole,
		len(whole), maxDnsName, shorten))}
}

// Derived refuses a name from which a longer one is made that its cloud does not take: with the text before and behind it.
func Derived(p *field.Path, name, before, behind, what string, most int) field.ErrorList {
	if over := len(before) + len(name) + len(behind) - most; over > 0 {
		return field.ErrorList{field.Invalid(p, name, fmt.Sprintf("%s is called %s%s%s, and has %d characters at most; write a name of %d "+
			"at most", what, before, name, behind, most, most-len(before)-len(behind)))}
	}
	return nil
}

// certificateName: a label of at least two characters at the end, and another one before it (ACM API, DomainNameString).
var certificateName = regexp.MustCompile(`^[^.]+(\.[^.]+)*\.[a-z0-9-]{2,63}$`)

// CertificateName checks a name for which AWS Certificate Manager is to issue a certificate.
func CertificateName(p *field.Path, name string) field.ErrorList {
	if certificateName.MatchString(name) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, name, "AWS Certificate Manager issues certificates for names with a domain, such as "+
		"llm.example.com; write that, or give certificateArn")}
}
