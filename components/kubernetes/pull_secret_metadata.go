package kubernetes

import (
	"cmp"
	_ "embed" // the script

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"bifrost/internal/check"
)

// MetadataServerArgs take tokens from GKE's metadata server: of the service account of Google that the refresher's ServiceAccount is let
// act as, or of the ServiceAccount itself. No file holds a credential.
type MetadataServerArgs struct {
	// ServiceAccountEmail is that of the service account. It must let the refresher's ServiceAccount act as it, with the role Workload
	// Identity User. Default: none, and the ServiceAccount signs in as itself, as the principal of its name.
	ServiceAccountEmail pulumi.StringInput `pulumi:"serviceAccountEmail,optional"`
	// ImpersonateServiceAccount is the email of another service account, whose token is taken instead. It must let who signs in make
	// tokens of it, with the role Service Account Token Creator.
	ImpersonateServiceAccount string `pulumi:"impersonateServiceAccount,optional"`
}

// validateMetadata refuses what only a credential configuration needs.
func (a *ArtifactRegistryTokenArgs) validateMetadata(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, given := range []struct {
		name string
		set  bool
	}{
		{"credentialConfig", a.CredentialConfig != nil}, {"tokenAudience", a.TokenAudience != ""}, {"tokenFile", a.TokenFile != ""},
		{"tokenLifeSeconds", a.TokenLifeSeconds != 0}, {"entra", a.Entra != nil},
	} {
		if given.set {
			errs = append(errs, field.Forbidden(p.Child(given.name), "the metadata server needs none; remove it or metadata"))
		}
	}
	return append(errs, a.Metadata.Validate(p.Child("metadata"))...)
}

// Validate reports every problem of the arguments, below the path.
func (a *MetadataServerArgs) Validate(p *field.Path) field.ErrorList {
	var errs field.ErrorList
	if email, plain := a.ServiceAccountEmail.(pulumi.String); plain {
		errs = check.Required(p.Child("serviceAccountEmail"), string(email), check.GcpServiceAccountEmail)
	}
	return append(errs, check.Optional(p.Child("impersonateServiceAccount"), a.ImpersonateServiceAccount,
		check.GcpServiceAccountEmail)...)
}

//go:embed scripts/metadata_server.sh
var metadataServerScript string

// How the token comes, and what the log calls the hop.
const (
	metadataTokenHop     = "getting a token of GKE's metadata server"
	impersonatedToken    = exchangeAtGoogle + ` --impersonate-service-account="$IMPERSONATE_SERVICE_ACCOUNT"`
	impersonatedTokenHop = "impersonating the service account $IMPERSONATE_SERVICE_ACCOUNT"
)

func (a *MetadataServerArgs) tokenSource(image string) tokenSource {
	source := tokenSource{
		secretName: DefaultArSecretName, cronJobName: DefaultArCronJobName, schedule: DefaultArSchedule,
		image: cmp.Or(image, DefaultGcloudImage), user: ArUser, tokenLife: ArTokenLife, agents: metadataServers,
		script: tokenScript(metadataServerScript, exchangeAtGoogle, metadataTokenHop),
		inputs: pulumi.StringArray{pulumi.String("metadata server")},
		env:    gcloudEnv(),
	}
	if a.ServiceAccountEmail != nil {
		source.annotations = pulumi.StringMap{GoogleAccountAnnotation: a.ServiceAccountEmail}
		source.inputs = append(source.inputs, a.ServiceAccountEmail)
	}
	if a.ImpersonateServiceAccount != "" {
		source.script = tokenScript(metadataServerScript, impersonatedToken, impersonatedTokenHop)
		source.env = append(source.env, env("IMPERSONATE_SERVICE_ACCOUNT", pulumi.String(a.ImpersonateServiceAccount)))
	}
	return source
}
