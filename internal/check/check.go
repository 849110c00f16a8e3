// Package check holds the rules that clouds and Kubernetes impose on names and identifiers, for configuration and components
// alike. Every function returns the problems of one value at its path; an empty list means that it is fine.
package check

import (
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Rule is a pattern and what to write instead of a value that does not match it.
type Rule struct {
	Pattern *regexp.Regexp
	Want    string
}

// azureName is the name of a resource of Azure, in which blanks may stand (Azure Resource Manager, "Naming rules and restrictions").
const azureName = `[\x21-\x2e\x30-\x7e]([\x20-\x2e\x30-\x7e]*[\x21-\x2e\x30-\x7e])?`

func rule(pattern, want string) Rule { return Rule{regexp.MustCompile(pattern), want} }

// Rules, each with the document that states it.
var (
	// AccountId: AWS account identifiers.
	AccountId = rule(`^\d{12}$`, "an AWS account id has 12 digits")
	// Region: AWS regions by code.
	Region = rule(`^[a-z]{2,4}(-[a-z]+)+-\d$`, "an AWS region such as us-east-1")
	// IamPath: IAM API, CreateRole.
	IamPath = rule(`^/([\x21-\x7e]{1,510}/)?$`, "an IAM path begins and ends with a slash and has at most 512 characters")
	// Issuer: OpenID Connect discovery.
	Issuer = rule(`^https://[A-Za-z0-9._:\[\]-]+(/[\x21-\x7e]*)?$`, "an issuer is an https:// URL")
	// EksCluster: EKS API, CreateCluster.
	EksCluster = rule(`^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$`, "the name of an existing EKS cluster: letters, digits, - and _, at most 100")
	// EcsName: ECS API, CreateCluster, CreateService and RegisterTaskDefinition.
	EcsName = rule(`^[A-Za-z0-9_-]{1,255}$`, "an ECS name has letters, digits, - and _, at most 255")
	// NamePrefix begins names of roles, services, log groups, secrets, identities and namespaces, of which the last, a DNS label, is the
	// strictest; the shortest limit is that of namespaces, 63 characters.
	NamePrefix = rule(`^[a-z][a-z0-9-]{0,31}$`, "1 to 32 lowercase letters, digits and hyphens, beginning with a letter, such as team-a-")
	// Subnet and SecurityGroup: EC2 resource ids, long and short form.
	Subnet        = rule(`^subnet-([0-9a-f]{8}|[0-9a-f]{17})$`, "a subnet id such as subnet-0123456789abcdef0")
	SecurityGroup = rule(`^sg-([0-9a-f]{8}|[0-9a-f]{17})$`, "a security group id such as sg-0123456789abcdef0")
	// Vpc: EC2 resource ids, long and short form.
	Vpc = rule(`^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`, "a VPC id such as vpc-0123456789abcdef0")
	// SslPolicy: Elastic Load Balancing, "Security policies for your Application Load Balancer".
	SslPolicy = rule(`^ELBSecurityPolicy-[A-Za-z0-9-]+$`, "a security policy such as "+
		"ELBSecurityPolicy-TLS13-1-2-Res-2021-06; see `aws elbv2 describe-ssl-policies`")
	// HostedZone: Route 53 API, ResourceId.
	HostedZone = rule(`^Z[A-Z0-9]{1,31}$`, "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ; see `aws route53 list-hosted-zones`")
	// Bucket: Amazon S3, "General purpose bucket naming rules".
	Bucket = rule(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`, "the name of an S3 bucket: 3 to 63 lowercase letters, digits, dots and hyphens")
	// LogGroup: CloudWatch Logs API, CreateLogGroup.
	LogGroup = rule(`^[.\-_/#A-Za-z0-9]{1,512}$`, "a log group has letters, digits and ._-/# and at most 512 characters")
	// SecretPrefix: Secrets Manager API, CreateSecret; the variable's name comes behind it, of 512 characters in all.
	SecretPrefix = rule(`^[A-Za-z0-9/_+=.@-]{1,256}$`, "letters, digits and /_+=.@-, at most 256 characters")
	// UUID: ids of Azure subscriptions, tenants and applications.
	UUID = rule(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`, "a UUID such as 00000000-1111-2222-3333-444444444444")
	// AzureLocation: Azure regions by programmatic name.
	AzureLocation = rule(`^[a-z][a-z0-9]{2,39}$`, "an Azure region by its programmatic name, such as westeurope")
	// ResourceGroup, AksCluster, ManagedIdentity, FederatedCredential: Azure resource naming rules.
	ResourceGroup = rule(`^[-\w.()]{0,89}[-\w()]$`, "an existing resource group: letters, digits and -_.(), at most 90 characters")
	AksCluster    = rule(`^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?$`, "the name of an existing AKS cluster: letters, digits, - "+
		"and _, at most 63")
	ManagedIdentity     = rule(`^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$`, "3 to 128 letters, digits, - and _, beginning with a letter or digit")
	FederatedCredential = rule(`^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$`, "3 to 120 letters, digits, - and _, beginning with a letter or digit")
	// AzureScope and RoleDefinition: resource ids of Azure Resource Manager.
	AzureScope = rule(`^/subscriptions/[0-9a-fA-F-]{36}(/resourceGroups/[-\w.()]*[-\w()](/providers/[\w.]+(/\w+/`+azureName+`)+)?)?$`,
		"the resource id of a resource, a resource group or a subscription, without a slash at the end; see "+
			"`az resource list --query '[].id'`")
	RoleDefinition = rule(`^(/subscriptions/[0-9a-fA-F-]{36})?/providers/Microsoft\.Authorization/roleDefinitions/[0-9a-fA-F-]{36}$`,
		"the id of a role's definition, as `az role definition list` prints it")
	// AppIdUri: Microsoft Entra, "Restrictions on identifier URIs of applications". A slash at its end would be part of the name.
	AppIdUri = rule(`^(api|https)://[\x21-\x7e]*[\x21-\x2e\x30-\x7e]$`, "the Application ID URI of an app registration, such as "+
		"api://00000000-1111-2222-3333-444444444444")
	// Origin: RFC 6454, of an https URL.
	Origin = rule(`^https://[A-Za-z0-9.-]+(:\d+)?$`, "https://HOST, without a slash at the end")
	// GcpProject and GcpServiceAccount: Google Cloud Resource Manager and IAM, "Creating projects" and "Create service accounts".
	GcpProject = rule(`^[a-z][a-z0-9-]{4,28}[a-z0-9]$`, "a Google Cloud project id (not its number): 6 to 30 lowercase letters, "+
		"digits and hyphens")
	GcpServiceAccount = rule(`^[a-z][a-z0-9-]{4,28}[a-z0-9]$`, "the id of a service account, without @...: 6 to 30 lowercase letters, "+
		"digits "+
		"and hyphens, beginning with a letter")
	// GcpServiceAccountEmail: an account of a project's own, or one that Google makes in it (IAM, "Types of service accounts").
	GcpServiceAccountEmail = rule(`^[a-z0-9][a-z0-9-]{0,61}@([a-z0-9][a-z0-9.-]*\.iam|developer|appspot)\.gserviceaccount\.com$`,
		"the email of a service account, such as NAME@PROJECT.iam.gserviceaccount.com")
	// GcpRole: IAM, "Roles and permissions": a role of Google's, of an organization or of a project.
	GcpRole = rule(`^(roles/[A-Za-z0-9_.]+|(organizations/\d+|projects/[a-z0-9-]+)/roles/[A-Za-z0-9_.]+)$`,
		"a role such as roles/aiplatform.user")
	// GcpDisplayName: IAM API, ServiceAccount.displayName.
	GcpDisplayName = rule(`^[\x20-\x7e]{1,100}$`, "at most 100 letters")
	// GkeWorkloadPool: Google Kubernetes Engine API, WorkloadIdentityConfig.
	GkeWorkloadPool = rule(`^[a-z][a-z0-9-]{4,28}[a-z0-9]\.svc\.id\.goog$`, "PROJECT.svc.id.goog")
	// GkeCluster and GkeLocation: Google Kubernetes Engine API, projects.locations.clusters.
	GkeCluster  = rule(`^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$`, "the name of a GKE cluster: 1 to 40 lowercase letters, digits and hyphens")
	GkeLocation = rule(`^[a-z]+-[a-z]+\d+(-[a-z])?$`, "a region or a zone of Google Cloud, such as europe-west1 or europe-west1-b")
	// ClientBodySize: nginx, client_max_body_size.
	ClientBodySize = rule(`^\d{1,9}[kKmMgG]?$`, "a size as nginx has it, such as 100m")
	// PrometheusDuration: prometheus-operator API reference, Duration, without its compound forms.
	PrometheusDuration = rule(`^[1-9]\d{0,5}(ms|s|m|h)$`, "a duration such as 30s or 1m")
	// RegistryHost: a DNS name with at least one dot, and an optional port.
	RegistryHost = rule(`^[a-z0-9]([a-z0-9.-]*\.[a-z0-9-]+)+(:\d+)?$`, "the host of a registry")
)

// Required refuses an empty value and one that breaks the rule.
func Required(p *field.Path, value string, r Rule) field.ErrorList {
	if value == "" {
		return field.ErrorList{field.Required(p, r.Want)}
	}
	return Optional(p, value, r)
}

// Optional refuses a value that breaks the rule; an empty one is absent.
func Optional(p *field.Path, value string, r Rule) field.ErrorList {
	if value == "" || r.Pattern.MatchString(value) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, value, r.Want)}
}

// Ids refuses an empty list, and what OptionalIDs does.
func Ids(p *field.Path, ids []string, r Rule) field.ErrorList {
	if len(ids) == 0 {
		return field.ErrorList{field.Required(p, "at least one: "+r.Want)}
	}
	return OptionalIds(p, ids, r)
}

// OptionalIds refuses ids that break the rule, and one that is named twice.
func OptionalIds(p *field.Path, ids []string, r Rule) field.ErrorList {
	var errs field.ErrorList
	for i, id := range ids {
		errs = append(errs, Required(p.Index(i), id, r)...)
		if slices.Contains(ids[:i], id) {
			errs = append(errs, field.Duplicate(p.Index(i), id))
		}
	}
	return errs
}

// OneOf refuses a value that is none of the names; an empty one is absent.
func OneOf(p *field.Path, value string, names ...string) field.ErrorList {
	if value == "" || slices.Contains(names, value) {
		return nil
	}
	return field.ErrorList{NotSupported(p, value, names)}
}

// Cidrs checks IPv4 blocks: the addresses' bits behind the prefix must be zero, or EC2 shows another block than was written.
func Cidrs(p *field.Path, cidrs []string) field.ErrorList {
	var errs field.ErrorList
	for i, cidr := range cidrs {
		prefix, err := netip.ParsePrefix(cidr)
		switch {
		case err != nil || !prefix.Addr().Is4():
			errs = append(errs, field.Invalid(p.Index(i), cidr, "an IPv4 block such as 10.0.0.0/8"))
		case prefix != prefix.Masked():
			errs = append(errs, field.Invalid(p.Index(i), cidr, "has address bits behind its prefix; write "+prefix.Masked().String()))
		case slices.Contains(cidrs[:i], cidr):
			errs = append(errs, field.Duplicate(p.Index(i), cidr))
		}
	}
	return errs
}

var gcpPoolPattern = regexp.MustCompile(`^[a-z0-9-]{4,32}$`)

// GcpPool checks the id of a workload identity pool or of a provider in it (Google Cloud IAM API, workloadIdentityPools.create).
func GcpPool(p *field.Path, id string) field.ErrorList {
	const want = "4 to 32 lowercase letters, digits and hyphens, not beginning with gcp-, which Google keeps for itself"
	switch {
	case id == "":
		return field.ErrorList{field.Required(p, want)}
	case !gcpPoolPattern.MatchString(id) || strings.HasPrefix(id, "gcp-"):
		return field.ErrorList{field.Invalid(p, id, want)}
	}
	return nil
}

// File checks the absolute path of a file that is mounted in a folder of its own; an empty one is absent.
func File(p *field.Path, file string) field.ErrorList {
	if file == "" || (path.IsAbs(file) && path.Clean(file) == file && path.Dir(file) != "/") {
		return nil
	}
	return field.ErrorList{field.Invalid(p, file, "the absolute path of a file in a folder")}
}

// Cron checks a schedule in cron's five fields; an empty one is absent.
func Cron(p *field.Path, schedule string) field.ErrorList {
	if schedule == "" {
		return nil
	}
	wrong := ""
	switch parsed, err := cron.ParseStandard(schedule); {
	case err != nil:
		wrong = err.Error()
	case strings.Contains(schedule, "TZ="):
		wrong = "a CronJob takes no time zone here" // pkg/apis/batch/validation, validateCronJobSpec
	case parsed.Next(time.Now()).IsZero():
		wrong = "it never comes"
	default:
		return nil
	}
	return field.ErrorList{field.Invalid(p, schedule, wrong+"; write five fields such as */20 * * * *")}
}

// Between refuses a number outside a range, which the error gives with its unit, if any.
func Between(p *field.Path, n, least, most int, unit ...string) field.ErrorList {
	if n >= least && n <= most {
		return nil
	}
	return field.ErrorList{field.Invalid(p, n, strings.Join(append([]string{fmt.Sprintf("%d to %d", least, most)}, unit...), " "))}
}

// Port checks the number of a port.
func Port(p *field.Path, port int) field.ErrorList { return Between(p, port, 1, 65535) }

// Cidr checks an address range of IPv4 or IPv6, as a NetworkPolicy has it: without bits behind its length. One of IPv4 within IPv6 is two
// to two readers.
func Cidr(p *field.Path, cidr string) field.ErrorList {
	prefix, err := netip.ParsePrefix(cidr)
	switch {
	case err != nil || prefix.Addr().Is4In6():
		return field.ErrorList{field.Invalid(p, cidr, "an address range such as 10.0.0.0/16")}
	case prefix != prefix.Masked():
		return field.ErrorList{field.Invalid(p, cidr, "has address bits behind its prefix; write "+prefix.Masked().String())}
	}
	return nil
}

// UrlPath checks an absolute path of a URL; an empty one is absent.
func UrlPath(p *field.Path, value string) field.ErrorList {
	if value == "" || (path.IsAbs(value) && path.Clean(value) == value) {
		return nil
	}
	return field.ErrorList{field.Invalid(p, value, "an absolute path such as / or /llm, without a slash at its end")}
}

// IfSet checks a value that may be absent.
func IfSet(p *field.Path, value string, rule func(*field.Path, string) field.ErrorList) field.ErrorList {
	if value == "" {
		return nil
	}
	return rule(p, value)
}

// ExactlyOne tells whether one of the choices is made, and no other.
func ExactlyOne(choices ...bool) bool {
	made := 0
	for _, choice := range choices {
		if choice {
			made++
		}
	}
	return made == 1
}
