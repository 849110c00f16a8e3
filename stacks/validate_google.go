package stacks

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// What a credential configuration of type external_account holds (Google Cloud, "Workload identity federation").
var (
	wifAudience = check.Rule{
		Pattern: regexp.MustCompile(`^//iam\.googleapis\.com/projects/\d+/locations/global` +
			`/workloadIdentityPools/[a-z0-9-]{4,32}/providers/[a-z0-9-]{4,32}$`),
		Want: "//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER",
	}
	impersonationUrl = check.Rule{
		Pattern: regexp.MustCompile(`^https://iamcredentials\.googleapis\.com/v1/projects/-/serviceAccounts/` +
			`[a-z0-9-]+@[a-z0-9.-]+\.iam\.gserviceaccount\.com:generateAccessToken$`),
		Want: "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/EMAIL:generateAccessToken",
	}
	tokenUrl = check.Rule{Pattern: regexp.MustCompile(`^https://sts\.googleapis\.com/v1/token$`),
		Want: "https://sts.googleapis.com/v1/token"}
)

func (c *Config) federated() bool { return c.Gcp != nil && c.Gcp.Federation != nil }

// federationKeys are where the arguments of Google's side come from.
var federationKeys = keys{
	"projectId": "gcp.federation.projectId", "poolId": "gcp.federation.poolId", "providerId": "gcp.federation.providerId",
	"serviceAccountId": "gcp.federation.serviceAccountId",
}

// madeUp stands for what is not known before the look-ups.
const madeUp = pulumi.String("made up")

func (c *Config) validateFederation(k *checker) {
	if len(c.Gcp.CredentialConfig) > 0 {
		k.add(field.Forbidden(field.NewPath("gcp", "credentialConfig"), "gcp.federation makes the credential configuration; remove one of "+
			"them"))
	}
	if c.imageProblem == nil {
		if _, ok := c.image.ArtifactRegistryRepository(); !ok {
			k.add(field.Invalid(field.NewPath("registry", "image"), c.Registry.Image, "names no repository that gcp.federation could "+
				"open; write "+
				"REGION-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE:TAG"))
		}
	}
	shown := shownToken{}
	shown.issuer, shown.subject, shown.audience, shown.condition = madeUp, madeUp, madeUp, madeUp
	k.arguments(c.federationArgs("0", shown).Validate(nil), federationKeys)
}

// validateCredentialConfig checks the vendor's document: the refresher hands it to gcloud as it is.
func (c *Config) validateCredentialConfig(k *checker) {
	p := field.NewPath("gcp", "credentialConfig")
	if c.Gcp == nil || len(c.Gcp.CredentialConfig) == 0 {
		k.add(field.Required(p, "the credential configuration that the Bifrost team sends after allowlisting; before that set rollout to "+
			"identity, or give gcp.federation to make Google's side here"))
		return
	}
	config := c.Gcp.CredentialConfig
	k.add(credentialKeys.problems(p, config)...)
	text := func(key string) string { s, _ := config[key].(string); return s }
	if t := text("type"); t != "external_account" {
		k.add(check.NotSupported(p.Child("type"), t, []string{"external_account"}))
		return
	}
	k.add(check.Required(p.Child("audience"), text("audience"), wifAudience)...)
	// The audience that a provider without a list of its own allows (Google Cloud IAM API, Oidc.allowedAudiences).
	shown := c.googleToken()
	if own := "https:" + text("audience"); strings.HasPrefix(shown.audience, "https://iam.googleapis.com/") && shown.audience != own {
		k.add(field.Invalid(field.NewPath(shown.place, "tokenAudience"), shown.audience, "names another provider than "+
			"gcp.credentialConfig.audience; write "+own))
	}
	k.add(check.Optional(p.Child("service_account_impersonation_url"), text("service_account_impersonation_url"), impersonationUrl)...)
	if t := text("subject_token_type"); t != "urn:ietf:params:oauth:token-type:jwt" {
		k.add(check.NotSupported(p.Child("subject_token_type"), t, []string{"urn:ietf:params:oauth:token-type:jwt"}))
	}
	k.add(check.Required(p.Child("token_url"), text("token_url"), tokenUrl)...)
	source, _ := config["credential_source"].(map[string]any)
	file, _ := source["file"].(string)
	if file != shown.file {
		k.add(field.Invalid(p.Child("credential_source", "file"), file,
			fmt.Sprintf("the token is mounted at %s; write that here, or set %s.tokenFile to this path", shown.file, shown.place)))
	}
	if format, ok := source["format"].(map[string]any); ok && source["format"] != nil && format["type"] != "text" {
		k.add(check.NotSupported(p.Child("credential_source", "format", "type"), fmt.Sprint(format["type"]), []string{"text"}))
	}
}
