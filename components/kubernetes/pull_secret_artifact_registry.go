package kubernetes

import (
	"cmp"
	_ "embed" // the script
	"path"
	"slices"
	"time"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
	"bifrost/internal/iampolicy"
)

// Defaults of a PullSecret for Google's Artifact Registry.
const (
	DefaultArSecretName  = "ar-pull-secret"
	DefaultArCronJobName = "refresh-ar-secret"
	// DefaultArSchedule survives one missed run: a Google access token lives 60 minutes.
	DefaultArSchedule  = "*/20 * * * *"
	DefaultGcloudImage = "gcr.io/google.com/cloudsdktool/google-cloud-cli:573.0.0-stable"

	// DefaultGcpTokenFile is where the vendor's credential configurations look for the ServiceAccount token. The
	// workload-identity webhook leaves these pods alone: they do not carry its label.
	DefaultGcpTokenFile = "/var/run/secrets/azure/tokens/azure-identity-token"

	// DefaultClusterTokenFile is where credential configurations of clusters outside of the clouds look for the token (Google Cloud,
	// "Configure Workload Identity Federation with Kubernetes").
	DefaultClusterTokenFile = "/var/run/service-account/token"

	// DefaultEntraAuthority is the host of Microsoft Entra's token endpoint in Azure's public cloud.
	DefaultEntraAuthority = "https://login.microsoftonline.com"

	credentialConfigKey = "credential-config.json"
	credentialConfigDir = "/etc/gcp"
	azureTokenDir       = "/var/run/secrets/bifrost/azure"
)

// ArtifactRegistryTokenArgs take tokens from Google Cloud with a credential configuration of type external_account, or from GKE's metadata
// server. With a credential configuration Google is shown the ServiceAccount's own token or, with Entra, the managed identity's.
type ArtifactRegistryTokenArgs struct {
	// CredentialConfig is the JSON document; its credential_source.file must be TokenFile. It holds no secret. Give this or Metadata.
	CredentialConfig pulumi.StringInput `pulumi:"credentialConfig,optional"`
	// Metadata takes tokens from GKE's metadata server, on a cluster with workload identity. Give this or CredentialConfig.
	Metadata *MetadataServerArgs `pulumi:"metadata,optional"`
	// TokenAudience of the projected ServiceAccount token. Default api://AzureADTokenExchange; with Entra it is always that.
	TokenAudience string `pulumi:"tokenAudience,optional"`
	// TokenFile is the absolute path at which Google's side is shown a token, in a folder of its own. Default
	// /var/run/secrets/azure/tokens/azure-identity-token.
	TokenFile string `pulumi:"tokenFile,optional"`
	// TokenLifeSeconds is how long Google's token lives, 600 to 43200 seconds, as the credential configuration asks for it
	// (service_account_impersonation.token_lifetime_seconds). Default 3600.
	TokenLifeSeconds int `pulumi:"tokenLifeSeconds,optional"`
	// Entra first exchanges the ServiceAccount's token for a managed identity's.
	Entra *EntraExchangeArgs `pulumi:"entra,optional"`
	// Image with the Google Cloud CLI, and with Entra curl.
	Image string `pulumi:"image,optional"`
}

// EntraExchangeArgs say which managed identity's token Google's side is shown. A federated credential of the identity must trust
// the refresher's ServiceAccount, with the audience api://AzureADTokenExchange.
type EntraExchangeArgs struct {
	// TenantId and ClientId are the managed identity's.
	TenantId pulumi.StringInput `pulumi:"tenantId"`
	ClientId pulumi.StringInput `pulumi:"clientId"`
	// AppIdUri is the Application ID URI of the app registration that the token is for.
	AppIdUri string `pulumi:"appIdUri"`
	// AuthorityHost is the token endpoint's, without a slash at its end. Default https://login.microsoftonline.com.
	AuthorityHost string `pulumi:"authorityHost,optional"`
}

// Validate reports every problem of the arguments, below the path.
func (a *ArtifactRegistryTokenArgs) Validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.CredentialConfig == nil && a.Metadata == nil {
		errs = append(errs, field.Required(p.Child("credentialConfig"), "the credential configuration that the vendor sent"))
	}
	if a.Metadata != nil {
		errs = append(errs, a.validateMetadata(p)...)
	}
	errs = append(errs, validateTokenFile(p.Child("tokenFile"), a.TokenFile)...)
	errs = append(errs, validateImage(p.Child("image"), a.Image)...)
	if a.TokenLifeSeconds != 0 {
		errs = append(errs, check.Between(p.Child("tokenLifeSeconds"), a.TokenLifeSeconds, MinArTokenLife, MaxArTokenLife, "seconds")...)
	}
	if a.Entra == nil {
		return errs
	}
	if a.TokenAudience != "" && a.TokenAudience != iampolicy.AzureTokenExchangeAudience {
		errs = append(errs, field.Invalid(p.Child("tokenAudience"), a.TokenAudience,
			"with entra the token goes to Microsoft Entra, and its audience is "+iampolicy.AzureTokenExchangeAudience))
	}
	return append(errs, a.Entra.Validate(p.Child("entra"))...)
}

// Validate reports every problem of the arguments, below the path.
func (a *EntraExchangeArgs) Validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if a.TenantId == nil {
		errs = append(errs, field.Required(p.Child("tenantId"), "the tenant of the managed identity"))
	}
	if a.ClientId == nil {
		errs = append(errs, field.Required(p.Child("clientId"), "the client id of the managed identity"))
	}
	errs = append(errs, check.Required(p.Child("appIdUri"), a.AppIdUri, check.AppIdUri)...)
	return append(errs, check.Optional(p.Child("authorityHost"), a.AuthorityHost, check.Origin)...)
}

// validateTokenFile checks the path at which a token is mounted; an empty one is absent. Its folder becomes a volume, which must
// not cover another.
func validateTokenFile(p *field.Path, file string) field.ErrorList {
	if problems := check.File(p, file); len(problems) > 0 {
		return problems
	}
	if dir := path.Dir(file); slices.Contains([]string{workDir, homeDir, credentialConfigDir, azureTokenDir}, dir) {
		return field.ErrorList{
			field.Invalid(p, file, "something else is mounted at "+dir+"; write the path of a file in a folder of its own"),
		}
	}
	return nil
}

//go:embed scripts/entra.sh
var entraScript string

// How a token comes from Google Cloud, and what the log calls that hop.
const (
	exchangeAtGoogle    = "gcloud auth print-access-token"
	exchangeAtGoogleHop = "exchange at Google Cloud (security token service, then the service account's access token)"
)

func (a *ArtifactRegistryTokenArgs) tokenSource() tokenSource {
	if a.Metadata != nil {
		return a.Metadata.tokenSource(a.Image)
	}
	tokenFile := cmp.Or(a.TokenFile, DefaultGcpTokenFile)
	audience := cmp.Or(a.TokenAudience, iampolicy.AzureTokenExchangeAudience)
	source := tokenSource{
		secretName: DefaultArSecretName, cronJobName: DefaultArCronJobName, schedule: DefaultArSchedule,
		image: cmp.Or(a.Image, DefaultGcloudImage), user: ArUser,
		tokenLife:        cmp.Or(time.Duration(a.TokenLifeSeconds)*time.Second, ArTokenLife),
		credentialConfig: a.CredentialConfig,
		inputs:           pulumi.StringArray{a.CredentialConfig, pulumi.String(audience), pulumi.String(tokenFile)},
		// gcloud does not read GOOGLE_APPLICATION_CREDENTIALS; this property it does.
		env: append(corev1.EnvVarArray{
			env("CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE", pulumi.String(credentialConfigDir+"/"+credentialConfigKey)),
		}, gcloudEnv()...),
	}
	if a.Entra != nil {
		return a.Entra.tokenSource(source, tokenFile)
	}
	source.script = tokenScript("", exchangeAtGoogle, exchangeAtGoogleHop)
	source.mounts = corev1.VolumeMountArray{mount("gcp-token", path.Dir(tokenFile))}
	source.volumes = corev1.VolumeArray{tokenVolume("gcp-token", audience, path.Base(tokenFile))}
	return source
}

// gcloudEnv are the variables that gcloud needs in a pod: a folder that it may write, and nobody to ask.
func gcloudEnv() corev1.EnvVarArray {
	return corev1.EnvVarArray{
		env("CLOUDSDK_CONFIG", pulumi.String(homeDir+"/gcloud")), env("CLOUDSDK_CORE_DISABLE_PROMPTS", pulumi.String("1")),
	}
}

// tokenSource is the given one behind an exchange at Microsoft Entra, whose token goes into the file.
func (a *EntraExchangeArgs) tokenSource(google tokenSource, tokenFile string) tokenSource {
	authority, scope := cmp.Or(a.AuthorityHost, DefaultEntraAuthority), a.AppIdUri+"/.default"
	source := google
	source.script = tokenScript(entraScript, exchangeAtGoogle, exchangeAtGoogleHop)
	source.inputs = append(source.inputs, a.TenantId, a.ClientId, pulumi.String(authority), pulumi.String(scope))
	// The first four have the names that Azure's workload identity gives them; its webhook leaves these pods alone.
	source.env = append(source.env,
		env("AZURE_AUTHORITY_HOST", pulumi.String(authority)),
		env("AZURE_TENANT_ID", a.TenantId),
		env("AZURE_CLIENT_ID", a.ClientId),
		env("AZURE_FEDERATED_TOKEN_FILE", pulumi.String(azureTokenDir+"/token")),
		env("ENTRA_SCOPE", pulumi.String(scope)),
		env("SUBJECT_TOKEN_FILE", pulumi.String(tokenFile)),
	)
	source.mounts = corev1.VolumeMountArray{mount("azure-token", azureTokenDir), writable("gcp-token", path.Dir(tokenFile))}
	source.volumes = corev1.VolumeArray{
		tokenVolume("azure-token", iampolicy.AzureTokenExchangeAudience, "token"), memory("gcp-token", "1Mi"),
	}
	return source
}
