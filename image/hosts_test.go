package image

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the judges know: the kubelet's ecr-credential-provider (cloud-provider-aws, ecrPrivateHostPattern) and amazon-ecr-credential-helper
// (ecr-login/api/client.go, ecrPattern). Both give the account first and the region third. Neither knows IPv6 in isolated partitions, and
// kubelets know no host of the European Sovereign Cloud yet.
var (
	kubeletPattern = regexp.MustCompile(`^(\d{12})\.dkr[\.\-]ecr(\-fips)?\.([a-zA-Z0-9][a-zA-Z0-9-_]*)\.(amazonaws\.com(?:\.cn)?|` +
		`on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)
	helperPattern = regexp.MustCompile(`^(\d{12})\.dkr[\.\-]ecr(\-fips)?\.([a-zA-Z0-9][a-zA-Z0-9-_]*)\.(amazonaws\.(?:com(?:\.cn)?|eu)|` +
		`on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$`)
)

// TestEcrHosts: every form of a registry's host is known, with its region.
func TestEcrHosts(t *testing.T) {
	t.Parallel()
	const account = "444455556666"
	for _, c := range []struct {
		rest, region             string
		dualStack, kubelet, help bool
	}{
		{"dkr.ecr.us-east-1.amazonaws.com", "us-east-1", false, true, true},
		{"dkr.ecr-fips.us-east-1.amazonaws.com", "us-east-1", false, true, true},
		{"dkr-ecr.us-east-1.on.aws", "us-east-1", true, true, true},
		{"dkr-ecr-fips.us-gov-west-1.on.aws", "us-gov-west-1", true, true, true},
		{"dkr.ecr.us-gov-west-1.amazonaws.com", "us-gov-west-1", false, true, true},
		{"dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1", false, true, true},
		{"dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1", true, true, true},
		{"dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1", false, true, true},
		{"dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1", false, true, true},
		{"dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk", "eu-isoe-west-1", false, true, true},
		{"dkr.ecr.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1", false, true, true},
		{"dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1", false, false, true},
		{"dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu", "eusc-de-east-1", true, false, false},
		{"dkr-ecr.us-iso-west-1.on.aws.ic.gov", "us-iso-west-1", true, false, false},
		{"dkr-ecr.us-isob-east-1.on.aws.scloud", "us-isob-east-1", true, false, false},
		{"dkr-ecr.us-isof-south-1.on.aws.hci.ic.gov", "us-isof-south-1", true, false, false},
		{"dkr-ecr.eu-isoe-west-1.on.cloud-aws.adc-e.uk", "eu-isoe-west-1", true, false, false},
	} {
		host := account + "." + c.rest
		parsed, err := Parse(host + "/acme-hub:1")
		require.NoError(t, err, host)
		got, ok := parsed.Ecr()
		require.True(t, ok, host)
		require.Equal(t, EcrRepository{account, c.region, c.dualStack}, got, host)
		for judge, knows := range map[*regexp.Regexp]bool{kubeletPattern: c.kubelet, helperPattern: c.help} {
			found := judge.FindStringSubmatch(host)
			require.Equal(t, knows, found != nil, "%s by %s", host, judge)
			if knows {
				require.Equal(t, []string{account, c.region}, []string{found[1], found[3]}, host)
			}
		}
	}
}

// TestNoEcrHosts: what serves no private image is none.
func TestNoEcrHosts(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"public.ecr.aws", "ecr-public.aws.com", "44445555666.dkr.ecr.us-east-1.amazonaws.com", "444455556666.dkr.ecr.us-east-1.example.com",
		"444455556666.dkr.ecr.us-east-1.on.aws", "444455556666.dkr-ecr.us-east-1.amazonaws.com",
		"444455556666.dkr.ecr.cn-north-1.amazonaws.com", "444455556666.dkr.ecr.us-east-1.amazonaws.com.cn",
		"444455556666.dkr.ecr.us-east-1.amazonaws.com.example.com", "vpce-0a-b.dkr.ecr.us-east-1.vpce.amazonaws.com",
	} {
		parsed, err := Parse(host + "/acme-hub:1")
		require.NoError(t, err, host)
		_, ok := parsed.Ecr()
		require.False(t, ok, host)
	}
}

// TestGoogleHosts: Artifact Registry's forms, with the repository that each names.
func TestGoogleHosts(t *testing.T) {
	t.Parallel()
	for reference, want := range map[string]*ArtifactRegistryRepository{
		"docker.europe-west1.rep.pkg.dev/acme-images/acme-hub/bifrost:1.0": {"acme-images", "europe-west1", "acme-hub"},
		"gcr.io/acme-images/bifrost:1.0":                                   {"acme-images", "us", "gcr.io"},
		"us.gcr.io/acme-images/bifrost:1.0":                                {"acme-images", "us", "us.gcr.io"},
		"eu.gcr.io/acme-images/hub/bifrost:1.0":                            {"acme-images", "europe", "eu.gcr.io"},
		"asia.gcr.io/acme-images/bifrost:1.0":                              {"acme-images", "asia", "asia.gcr.io"},
		"gcr.io/google.com/cloudsdktool/cli:1.0":                           nil,
		"gcr.io/acme-images:1.0":                                           nil,
		"mirror.gcr.io/acme-images/bifrost:1.0":                            nil,
		"europe-west1-npm.pkg.dev/acme-images/acme-hub/bifrost:1.0":        nil,
	} {
		parsed, err := Parse(reference)
		require.NoError(t, err, reference)
		got, ok := parsed.ArtifactRegistryRepository()
		require.Equal(t, want != nil, ok, reference)
		if want != nil {
			require.True(t, parsed.ArtifactRegistry(), reference)
			require.Equal(t, *want, got, reference)
		}
	}
}
