package check

import (
	"net"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/robfig/cron/v3"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// at is where every value of these tests stands.
var at = field.NewPath("some", "key")

// FuzzArn: what is taken is an ARN to AWS's own reader, which writes it as it was, and of one service alone.
func FuzzArn(f *testing.F) {
	forms := map[string]ArnForm{
		"iam role": RoleArn, "iam policy": PolicyArn, "ecr": RepositoryArn, "eks": EksClusterArn, "ecs": EcsClusterArn, "kms": KmsKeyArn,
		"sns": TopicArn, "target group": TargetGroupArn, "load balancer": LoadBalancerArn, "acm": CertificateArn, "iam certificate": iamCertificate,
	}
	for _, form := range forms {
		seed := strings.NewReplacer("ACCOUNT", "111122223333", "REGION", "us-east-1", "NAME", "some-name", "ID", "0a1b2c3d").Replace(form.want)
		require.Empty(f, Arn(at, seed, form), "the form that errors tell is refused")
		f.Add(seed)
	}
	f.Add("arn:aws-cn:iam::aws:policy/AmazonBedrockFullAccess")
	f.Fuzz(func(t *testing.T, text string) {
		var taken []string
		for name, form := range forms {
			problems := Arn(at, text, form)
			require.LessOrEqual(t, len(problems), 1)
			if len(problems) == 1 {
				require.Equal(t, "some.key", problems[0].Field)
				continue
			}
			if text == "" {
				continue
			}
			taken = append(taken, name)
			parsed, err := arn.Parse(text)
			require.NoError(t, err)
			require.Equal(t, text, parsed.String())
			requirePrintable(t, text)
		}
		require.LessOrEqual(t, len(taken), 1, "of several kinds")
	})
}

// requirePrintable: no id of a cloud has blanks, control characters or letters of other scripts.
func requirePrintable(t *testing.T, text string) {
	t.Helper()
	require.Regexp(t, `^[\x21-\x7e]*$`, text)
}

// FuzzSchedule: what is taken has a next time, and five fields as a CronJob has them.
func FuzzSchedule(f *testing.F) {
	for _, seed := range []string{"*/20 * * * *", "0 */4 * * *", "5 4 * * sun", "@hourly", "@every 1h", "TZ=UTC 0 0 * * *", "0 0 31 2 *", "", "60 * * * *"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(Cron(at, text)) > 0 || text == "" {
			return
		}
		schedule, err := cron.ParseStandard(text)
		require.NoError(t, err)
		require.False(t, schedule.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero(), "it never comes")
		require.NotContains(t, text, "TZ=", "a CronJob has a time zone of its own key, and refuses this (Kubernetes, CronJob, timeZone)")
	})
}

// FuzzAddresses: ranges of addresses are those that Go's own readers take, written as they write them.
func FuzzAddresses(f *testing.F) {
	for _, seed := range []string{"10.0.0.0/8", "0.0.0.0/0", "fd00::/8", "fd00:0::/8", "10.0.0.1/8", "::ffff:10.0.0.0/104", "1.2.3.4", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(Cidr(at, text)) == 0 {
			_, block, err := net.ParseCIDR(text)
			require.NoError(t, err)
			require.Equal(t, netip.MustParsePrefix(text).Masked().Addr().String(), block.IP.String(), "two readers see two blocks")
		}
		if len(Cidrs(at, []string{text})) == 0 {
			require.NotContains(t, text, ":")
			require.Empty(t, Cidr(at, text))
		}
	})
}

// FuzzTexts: a rule takes no text with blanks, control characters or letters of another script around what it takes.
func FuzzTexts(f *testing.F) {
	rules := map[string]func(string) field.ErrorList{
		"Label": func(s string) field.ErrorList { return Label(at, s) }, "Subdomain": func(s string) field.ErrorList { return Subdomain(at, s) },
		"Hosts":     func(s string) field.ErrorList { return Hosts(at, []string{s}) },
		"Count":     func(s string) field.ErrorList { return Count(at, s) },
		"RoleName":  func(s string) field.ErrorList { return RoleName(at, s) },
		"UrlPath":   func(s string) field.ErrorList { return UrlPath(at, s) },
		"File":      func(s string) field.ErrorList { return File(at, s) },
		"GcpPool":   func(s string) field.ErrorList { return GcpPool(at, s) },
		"Quantity":  func(s string) field.ErrorList { return Quantity(at, s) },
		"Bytes":     func(s string) field.ErrorList { return Bytes(at, s) },
		"Bucket":    func(s string) field.ErrorList { return BucketName(at, s) },
		"AwsRegion": func(s string) field.ErrorList { return AwsRegion(at, s) },
	}
	for name, rule := range map[string]Rule{
		"AccountId": AccountId, "IamPath": IamPath, "Issuer": Issuer, "EksCluster": EksCluster, "EcsName": EcsName, "Subnet": Subnet,
		"UUID": UUID, "ResourceGroup": ResourceGroup, "AzureScope": AzureScope, "AppIdUri": AppIdUri, "Origin": Origin,
		"GcpProject": GcpProject, "GcpServiceAccountEmail": GcpServiceAccountEmail, "GcpRole": GcpRole, "GkeLocation": GkeLocation,
		"PrometheusDuration": PrometheusDuration, "RegistryHost": RegistryHost, "SecretPrefix": SecretPrefix, "HostedZone": HostedZone,
	} {
		rules[name] = func(s string) field.ErrorList { return Required(at, s, rule) }
	}
	for _, seed := range []string{"a", "team-a.example.com", "111122223333", "/teams/ai/", "https://a.example.com/x", "subnet-0a1b2c3d", "50%", "1.5Gi", "30s",
		"00000000-1111-2222-3333-444444444444", "roles/aiplatform.user", "x@p.iam.gserviceaccount.com", "europe-west1-b", "us-east-1", "é", " a", "a\n"} {
		f.Add(seed)
	}
	odd := regexp.MustCompile(`[^\x21-\x7e]`)
	f.Fuzz(func(t *testing.T, text string) {
		for name, rule := range rules {
			problems := rule(text)
			for _, p := range problems {
				require.True(t, strings.HasPrefix(p.Field, "some.key"), "%s: %s", name, p.Field)
			}
			if len(problems) == 0 && text != "" {
				require.False(t, odd.MatchString(text), "%s takes %q", name, text)
			}
		}
		if len(Optional(at, text, PrometheusDuration)) == 0 && text != "" {
			every, err := time.ParseDuration(text)
			require.NoError(t, err)
			require.Positive(t, every)
		}
	})
}
