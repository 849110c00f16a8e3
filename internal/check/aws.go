package check

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

var iamNamePattern = regexp.MustCompile(`^[\w+=,.@-]+$`)

// Longest names, in characters (IAM API, CreateRole and CreatePolicy).
const (
	maxRoleName   = 64
	maxPolicyName = 128
)

// RoleName checks the name of an IAM role; an empty one is absent.
func RoleName(p *field.Path, name string) field.ErrorList { return iamName(p, name, maxRoleName) }

// PolicyName checks the name of an IAM policy; an empty one is absent.
func PolicyName(p *field.Path, name string) field.ErrorList { return iamName(p, name, maxPolicyName) }

func iamName(p *field.Path, name string, longest int) field.ErrorList {
	if name == "" || (iamNamePattern.MatchString(name) && len(name) <= longest) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, name, fmt.Sprintf("an IAM name has letters, digits and +=,.@_- and at most %d characters",
		longest))}
}

// ArnForm is the form of the ARNs of one kind of resource.
type ArnForm struct {
	service  string
	resource *regexp.Regexp
	want     string
}

// iamResource are the names of one kind in IAM, with their paths (IAM API, the patterns of path and name).
func iamResource(kind string) *regexp.Regexp {
	return regexp.MustCompile(`^` + kind + `/([\x21-\x7e]+/)?[\w+=,.@-]+$`)
}

// Forms of ARNs. A policy may be AWS's own, of account "aws".
var (
	RoleArn       = ArnForm{"iam", iamResource("role"), "arn:aws:iam::ACCOUNT:role/NAME"}
	PolicyArn     = ArnForm{"iam", iamResource("policy"), "arn:aws:iam::ACCOUNT:policy/NAME"}
	RepositoryArn = ArnForm{"ecr", regexp.MustCompile(`^repository/[a-z0-9]+([._/-][a-z0-9]+)*$`),
		"arn:aws:ecr:REGION:ACCOUNT:repository/NAME"}
	EksClusterArn = ArnForm{"eks", regexp.MustCompile(`^cluster/[A-Za-z0-9_-]+$`), "arn:aws:eks:REGION:ACCOUNT:cluster/NAME"}
	EcsClusterArn = ArnForm{"ecs", regexp.MustCompile(`^cluster/[A-Za-z0-9_-]+$`), "arn:aws:ecs:REGION:ACCOUNT:cluster/NAME"}
	// KmsKeyArn: not of an alias, which IAM policies and log groups do not follow.
	KmsKeyArn      = ArnForm{"kms", regexp.MustCompile(`^key/[a-z0-9-]+$`), "arn:aws:kms:REGION:ACCOUNT:key/ID"}
	TopicArn       = ArnForm{"sns", regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`), "arn:aws:sns:REGION:ACCOUNT:NAME"}
	TargetGroupArn = ArnForm{"elasticloadbalancing", regexp.MustCompile(`^targetgroup/[A-Za-z0-9-]+/[0-9a-f]+$`),
		"arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID"}
	LoadBalancerArn = ArnForm{"elasticloadbalancing", regexp.MustCompile(`^loadbalancer/app/[A-Za-z0-9-]+/[0-9a-f]+$`),
		"arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID"}

	// CertificateArn is of AWS Certificate Manager.
	CertificateArn = ArnForm{"acm", regexp.MustCompile(`^certificate/[a-z0-9-]+$`), "arn:aws:acm:REGION:ACCOUNT:certificate/ID"}
	iamCertificate = ArnForm{"iam", iamResource("server-certificate"), "arn:aws:iam::ACCOUNT:server-certificate/NAME"}
)

// Arn checks an ARN's form; an empty one is absent.
func Arn(p *field.Path, value string, form ArnForm) field.ErrorList {
	if value == "" {
		return nil
	}
	a, err := arn.Parse(value)
	regional := form.service != "iam"
	switch {
	case err != nil, !strings.HasPrefix(a.Partition, "aws"), a.Service != form.service, !form.resource.MatchString(a.Resource),
		!AccountId.Pattern.MatchString(a.AccountID) && (a.AccountID != "aws" || form.service != "iam"),
		regional != Region.Pattern.MatchString(a.Region):
		return field.ErrorList{field.Invalid(p, value, "not an ARN of the form "+form.want)}
	}
	return nil
}

// SameRegion refuses an ARN of another region than the one where it is used; one without a region is of all. What is no ARN is Arn's
// to refuse.
func SameRegion(p *field.Path, value, region string) field.ErrorList {
	a, err := arn.Parse(value)
	if err != nil || a.Region == "" || region == "" || a.Region == region {
		return nil
	}
	return field.ErrorList{field.Invalid(p, value, "of another region than "+region+", where it is used")}
}

// Certificate checks the ARN of a certificate for a load balancer: of AWS Certificate Manager, or of IAM.
func Certificate(p *field.Path, value string) field.ErrorList {
	if len(Arn(p, value, iamCertificate)) == 0 {
		return nil
	}
	return Arn(p, value, CertificateArn)
}
